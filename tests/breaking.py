"""For each law of what can't be true, the smallest edit of a genuine run that breaks it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from generator.analyse.physics.contradiction import Law
from generator.folders import CHECKOUT
from torture.forgeries.records import Json, Records, records_of

CARD: Final = "2026-11-25-llama-3.1-8b-synthetic"
DEMO: Final = "2026-11-24-demo"
OLDER: Final = "2026-11-24-llama-3.1-8b-synthetic-2"
ROUNDS: Final = 3


def run_of(name: str) -> Records:
    """The first rounds of a run: it may get more."""
    run = records_of(CHECKOUT / "measurements" / name)
    run.launches[:] = [launch for launch in run.launches if launch["round"] <= ROUNDS]
    run.manifest["profile"]["rounds"] = min(ROUNDS, run.manifest["profile"]["rounds"])
    return run


def launch_of(run: Records, cell: str, round_: int = 1) -> Json:
    parts = cell.split("-")
    return next(
        one
        for one in run.launches
        if [one["cell"]["method"], one["cell"]["engine"]] == parts and one["round"] == round_
    )


def awq(run: Records) -> Json:
    return launch_of(run, "awq-vllm")


def change(*path: str | int, to: Callable[[Any], Any], cell: str = "awq-vllm") -> Callable[[Records], None]:
    """An edit of one figure of one launch."""

    def edit(run: Records) -> None:
        *above, last = path
        holder: Any = launch_of(run, cell)
        for step in above:
            holder = holder[step]
        holder[last] = to(holder[last])

    return edit


def of_manifest(*path: str, to: Callable[[Any], Any]) -> Callable[[Records], None]:
    """An edit of one setting of the manifest."""

    def edit(run: Records) -> None:
        *above, last = path
        holder: Any = run.manifest
        for step in above:
            holder = holder[step]
        holder[last] = to(holder[last])

    return edit


def turn_the_rounds(run: Records) -> None:
    for launch in run.launches:
        launch["round"] = 4 - launch["round"]


def copy_the_gaps(run: Records) -> None:
    first, second = (launch_of(run, "awq-vllm", round_) for round_ in (1, 2))
    for mine, its in zip(second["points"], first["points"], strict=True):
        mine["gaps"] = its["gaps"]


def repeat_alike(run: Records) -> None:
    for sample in awq(run)["points"][0]["samples"]:
        sample["duration_s"] = awq(run)["points"][0]["samples"][0]["duration_s"]


def leave_a_hole(run: Records) -> None:
    before = awq(run)["started_at"]
    for launch in run.launches:
        if launch["started_at"] > before:
            moved = datetime.fromisoformat(launch["started_at"]) + timedelta(seconds=90)
            launch["started_at"] = f"{moved:%Y-%m-%dT%H:%M:%SZ}"


def turn_a_window(run: Records) -> None:
    windows = awq(run)["quality"]["windows"]["nll_per_token"]
    windows[:] = [one - 0.25 for one in windows]


def another_round(run: Records) -> None:
    copy = {**awq(run), "round": 2, "quality": {**awq(run)["quality"]}}
    copy["quality"]["windows"] = {**copy["quality"]["windows"]}
    copy["quality"]["windows"]["nll_per_token"] = [one + 0.25 for one in copy["quality"]["windows"]["nll_per_token"]]
    run.manifest["profile"]["rounds"] = 2
    run.launches.append(copy)


LOOP = 1  # the lone user's
CROWD = 6  # 64 users
NLL = ("quality", "windows", "nll_per_token")
KL = ("quality", "windows", "kl_divergence_per_token")
AGREED = ("quality", "windows", "top1_agreement")

EDITS: Final[dict[Law, tuple[str, Callable[[Records], None]]]] = {
    "stages_in_launch": (CARD, change("duration_s", to=lambda it: it / 2)),
    "parts_in_launch": (OLDER, change("duration_s", to=lambda it: it / 2)),
    "launch_explained": (OLDER, change("duration_s", to=lambda it: it * 2)),
    "parts_in_stage": (CARD, change("stages_s", "load", to=lambda it: it / 2)),
    "stage_explained": (CARD, change("stages_s", "load", to=lambda it: it + 9)),
    "parts_in_load": (CARD, change("quantities", "compile_time_s", to=lambda it: it * 9)),
    "first_token_in_warm_up": (CARD, change("quantities", "first_token_time_s", to=lambda it: it * 99)),
    "first_token_is_cold": (CARD, change("quantities", "first_token_time_s", to=lambda it: it / 99)),
    "requests_in_loop": (CARD, change("points", CROWD, "samples", 0, "duration_s", to=lambda it: it / 9)),
    "users_in_loop": (CARD, change("points", CROWD, "samples", 0, "duration_s", to=lambda it: it / 2)),
    "users_busy": (CARD, change("points", CROWD, "samples", 0, "duration_s", to=lambda it: it * 3)),
    "tokens_of_requests": (CARD, change("points", CROWD, "samples", 0, "output_tokens", to=lambda it: it + 1)),
    "gaps_of_tokens": (CARD, change("points", LOOP, "gaps", "counts", "395", to=lambda it: it + 1)),
    "gaps_of_latencies": (CARD, change("points", LOOP, "requests", "latency_s", 0, to=lambda it: it * 1.2)),
    "one_after_another": (CARD, change("started_at", to=lambda it: it.replace(":49:", ":48:"))),
    "no_holes": (CARD, leave_a_hole),
    "after_its_run": (CARD, of_manifest("created_at", to=lambda _: "2026-11-25T18:30:00Z")),
    "rounds_in_order": (CARD, turn_the_rounds),
    "card_bandwidth": (CARD, change("limits", "copy_gb_per_s", to=lambda it: it * 2)),
    "card_arithmetic": (CARD, change("limits", "matmul_tflop_per_s", to=lambda it: it * 2)),
    "card_memory": (CARD, of_manifest("hardware", "gpu_memory_mib", to=lambda it: it / 2)),
    "card_capability": (CARD, of_manifest("hardware", "gpu_compute_capability", to=lambda _: "8.0")),
    "device_speed": (CARD, change("points", 0, "samples", 0, "duration_s", to=lambda it: it / 9)),
    "device_latency": (CARD, change("points", LOOP, "requests", "latency_s", 0, to=lambda it: it / 5)),
    "memory_of_card": (CARD, change("quantities", "kv_cache_gib", to=lambda it: it * 2)),
    "memory_share": (CARD, change("quantities", "gpu_memory_free_mib", to=lambda it: it + 512)),
    "memory_parts": (CARD, change("quantities", "cuda_graphs_gib", to=lambda it: it + 8)),
    "memory_of_machine": (CARD, change("quantities", "system_ram_increase_mib", to=lambda it: it + 9000)),
    "whole_bytes": (CARD, change("quantities", "weights_gib", to=lambda it: it * 1.01)),
    "whole_pages": (CARD, change("quantities", "process_memory_peak_mib", to=lambda it: it + 0.001)),
    "weights_of_shape": (CARD, change("quantities", "weights_gib", to=lambda it: it / 2)),
    "cache_per_token": (CARD, change("configuration", "kv_cache_bytes_per_token", to=lambda it: it // 2)),
    "cache_tokens": (CARD, change("quantities", "kv_cache_tokens", to=lambda it: it * 2)),
    "cache_asked": (CARD, change("quantities", "kv_cache_gib", to=lambda it: it + 9)),
    "utilisation_asked": (CARD, change("configuration", "arguments", "gpu_memory_utilization", to=lambda _: 0.5)),
    "metered_window": (CARD, change("points", 0, "energy", "window_s", to=lambda it: it * 2)),
    "power_limit": (CARD, change("points", 0, "energy", "energy_j", to=lambda it: it * 2)),
    "power_idle": (CARD, change("points", 0, "energy", "energy_j", to=lambda it: it / 9)),
    "power_readings": (CARD, change("telemetry", "power_w_mean", to=lambda it: it / 2)),
    "readings_in_time": (CARD, change("telemetry", "readings", to=lambda it: it * 2)),
    "idle_read_once": (CARD, change("points", 0, "energy", "idle_w", to=lambda it: it + 9)),
    "idle_below_work": (CARD, change("points", 0, "energy", "idle_w", to=lambda it: it * 4)),
    "temperature": (CARD, change("telemetry", "temperature_c_max", to=lambda _: 150.0)),
    "clock": (CARD, change("telemetry", "sm_clock_mhz_median", to=lambda it: it * 3)),
    "fault_missing": (CARD, change("telemetry", "throttled_percent", to=lambda _: 20.0)),
    "counter_step": (CARD, change("points", 0, "energy", "energy_j", to=lambda it: it + 0.0004)),
    "in_profile": (CARD, change("points", to=lambda it: it[:-1])),
    "method_of_cell": (CARD, change("configuration", "weight_bits", to=lambda _: 16)),
    "tokens_asked": (CARD, change("points", 0, "samples", 0, "output_tokens", to=lambda it: it * 2)),
    "requests_asked": (CARD, of_manifest("profile", "workloads", to=lambda it: [*it[:2], {**it[2], "requests": 999}])),
    "repeats_asked": (DEMO, change("points", 0, "samples", to=lambda it: it[1:])),
    "time_asked": (CARD, change("points", 0, "samples", to=lambda it: it[3:])),
    "rounds_asked": (CARD, of_manifest("profile", "rounds", to=lambda _: 2)),
    "context": (CARD, change("quantities", "kv_cache_tokens", to=lambda _: 200)),
    "worse_than_guessing": (DEMO, change(*NLL, 0, to=lambda _: 99.0)),
    "baseline_differs_from_itself": (DEMO, change(*KL, to=lambda it: [0.25] * len(it), cell="fp16-vllm")),
    "agreement_of_divergence": (DEMO, change(*KL, to=lambda it: [0.0] * len(it))),
    "better_than_baseline": (DEMO, turn_a_window),
    "same_predictions": (DEMO, another_round),
    "single_precision": (DEMO, change(*NLL, 0, to=lambda it: it * 0.99)),
    "whole_positions": (DEMO, change(*AGREED, 0, to=lambda it: it - 0.001)),
    "copied": (CARD, copy_the_gaps),
    "typed": (CARD, change("quantities", "load_time_s", to=lambda _: 84.5)),
    "finer_than_the_clock": (CARD, change("points", 0, "samples", 0, "duration_s", to=lambda it: it * 0.99)),
    "no_spread": (DEMO, repeat_alike),
    "environment": (CARD, of_manifest("versions", "torch", to=lambda _: "2.12.0")),
}
