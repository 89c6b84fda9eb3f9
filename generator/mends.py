"""What mends a launch that measured nothing: the one table of reasons."""

from typing import Final

from generator.record import FailureReason

MENDS: Final[dict[FailureReason, str]] = {
    "out_of_memory": "free the card of other programs, lower max_model_len in the profile, or take a smaller model",
    "missing_package": "install this machine's engine packages with `make setup`",
    "checkpoint_unavailable": "accept the model's licence on its page, log in with `hf auth login`, check the network, "
    "or measure the profile llama-3.1-8b-synthetic, which needs no download",
    "unsupported": "measure this method on other hardware or leave it out with --method",
    "wrong_kernel": "use a checkpoint whose shapes the fast kernel accepts (symmetric 4 bits, groups of 128)",
    "time_out": "look at the log for where it hung, then run again with --retry-failed",
    "crashed": "look at the log; if the system was out of memory, close other programs; run again with --retry-failed",
    "no_room": "give the KV cache more room (a higher gpu_memory_utilization, a larger kv_cache_gib), or ask for less "
    "context or fewer users",
    "gpu_lost": "restart the machine, look at the card's power, slot and heat, then run again with --retry-failed",
    "engine_error": "look at the log for the engine's own words, then run again with --retry-failed",
}
