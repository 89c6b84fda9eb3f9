"""What a lazy cheat does: one figure, or one column, and no thought of what else tells of it."""

from torture.forgeries.edits import need, points_with, scale, scale_work
from torture.forgeries.records import Json, Records


def the_first_workload_twice_as_fast(run: Records) -> None:
    for launch in run.favoured:
        for sample in launch["points"][0]["samples"]:
            scale(sample, "duration_s", 1 / 2)


def all_workloads_twice_as_fast(run: Records) -> None:
    for launch in run.favoured:
        scale_work(launch, 1 / 2)


def all_workloads_a_fifth_faster(run: Records) -> None:
    for launch in run.favoured:
        scale_work(launch, 1 / 1.2)


def a_whole_machine_three_times_as_fast(run: Records) -> None:
    for launch in run.completed:
        scale_work(launch, 1 / 3)


def twice_as_many_tokens_in_the_same_time(run: Records) -> None:
    for launch in run.favoured:
        for sample in launch["points"][0]["samples"]:
            sample["output_tokens"] *= 2


def first_tokens_in_half_the_time(run: Records) -> None:
    for launch in run.favoured:
        for point in points_with(launch, "requests"):
            scale(point["requests"], "ttft_s", 1 / 2)


def answers_in_two_thirds_of_the_time(run: Records) -> None:
    for launch in run.favoured:
        for point in points_with(launch, "requests"):
            requests = point["requests"]
            scale(requests, "latency_s", 2 / 3)
            requests["ttft_s"] = [min(pair) for pair in zip(requests["ttft_s"], requests["latency_s"], strict=True)]


def the_slowest_tenth_of_the_answers_cut_to_the_median(run: Records) -> None:
    for launch in run.favoured:
        for point in points_with(launch, "requests"):
            latencies = sorted(point["requests"]["latency_s"])
            most, middle = latencies[int(0.9 * len(latencies)) - 1], latencies[len(latencies) // 2]
            cut = [middle if one > most else one for one in point["requests"]["latency_s"]]
            first = point["requests"]["ttft_s"]
            point["requests"]["latency_s"] = [max(pair) for pair in zip(cut, first, strict=True)]


def the_slowest_repeat_dropped(run: Records) -> None:
    for launch in run.favoured:
        samples = launch["points"][0]["samples"]
        samples.remove(max(samples, key=lambda sample: float(sample["duration_s"])))


def the_fastest_repeat_alone(run: Records) -> None:
    for launch in run.favoured:
        samples = launch["points"][0]["samples"]
        launch["points"][0]["samples"] = [min(samples, key=lambda sample: float(sample["duration_s"]))]


def the_slowest_requests_dropped(run: Records) -> None:
    for launch in run.favoured:
        for point in points_with(launch, "requests"):
            requests = point["requests"]
            kept = sorted(range(len(requests["latency_s"])), key=lambda at: float(requests["latency_s"][at]))
            kept = sorted(kept[: max(1, len(kept) * 3 // 4)])
            point["requests"] = {name: [column[at] for at in kept] for name, column in requests.items()}


def lighter_weights(run: Records) -> None:
    for launch in run.favoured:
        scale(launch["quantities"], "weights_gib", 0.8)


def less_memory_used(run: Records) -> None:
    for launch in run.favoured:
        need(launch["quantities"]["gpu_memory_used_mib"])
        scale(launch["quantities"], "gpu_memory_used_mib", 0.7)


def a_smaller_process(run: Records) -> None:
    for launch in run.favoured:
        scale(launch["quantities"], "process_memory_peak_mib", 0.6)


def a_cache_of_twice_the_tokens(run: Records) -> None:
    for launch in run.favoured:
        launch["quantities"]["kv_cache_tokens"] = 2 * need(launch["quantities"]["kv_cache_tokens"])


def half_the_energy(run: Records) -> None:
    for launch in run.favoured:
        for point in points_with(launch, "energy"):
            scale(point["energy"], "energy_j", 1 / 2)


def half_the_energy_in_whole_joules(run: Records) -> None:
    for launch in run.favoured:
        for point in points_with(launch, "energy"):
            point["energy"]["energy_j"] = float(round(point["energy"]["energy_j"] / 2))


def more_power_at_rest_for_less_above_it(run: Records) -> None:
    for launch in run.favoured:
        for point in points_with(launch, "energy"):
            scale(point["energy"], "idle_w", 3)


def a_model_that_loads_in_half_the_time(run: Records) -> None:
    for launch in run.favoured:
        scale(launch["quantities"], "load_time_s", 1 / 2)


def a_first_token_at_once(run: Records) -> None:
    for launch in run.favoured:
        scale(launch["quantities"], "first_token_time_s", 1 / 100)


def milliseconds_for_seconds(run: Records) -> None:
    for launch in run.favoured:
        for point in points_with(launch, "requests"):
            scale(point["requests"], "ttft_s", 1000)
            scale(point["requests"], "latency_s", 1000)


def megabytes_for_mebibytes(run: Records) -> None:
    for launch in run.completed:
        need(launch["quantities"]["gpu_memory_used_mib"])
        scale(launch["quantities"], "gpu_memory_used_mib", 2**20 / 1e6)


def gigabytes_for_gibibytes(run: Records) -> None:
    for launch in run.completed:
        for name in ("weights_gib", "kv_cache_gib", "activation_peak_gib"):
            scale(launch["quantities"], name, 2**30 / 1e9)


def limits_in_megabytes(run: Records) -> None:
    for launch in run.completed:
        scale(need(launch["limits"]), "copy_gb_per_s", 1000)


def doubts_removed(run: Records) -> None:
    for launch in run.completed:
        launch["faults"] = []


def a_point_of_fewer_users_under_the_name_of_more(run: Records) -> None:
    for launch in run.favoured:
        few, many = need([point for point in launch["points"] if point["workload"] == "many-users"])[-2:]
        launch["points"].remove(many)
        few["concurrency"] = many["concurrency"]


def shorter_prompts_than_asked(run: Records) -> None:
    for launch in run.favoured:
        for point in points_with(launch, "requests"):
            point["requests"]["prompt_tokens"] = [max(1, one // 4) for one in point["requests"]["prompt_tokens"]]
            point["samples"][0]["prompt_tokens"] = sum(point["requests"]["prompt_tokens"])


def durations_typed_by_hand(run: Records) -> None:
    for launch in run.favoured:
        for sample in launch["points"][0]["samples"]:
            sample["duration_s"] = max(0.01, round(sample["duration_s"] * 0.7, 2))


def everything_rounded(run: Records) -> None:
    for launch in run.completed:
        for name, value in launch["quantities"].items():
            if isinstance(value, float):
                launch["quantities"][name] = max(0.001, round(value, 3))
        for point in launch["points"]:
            for sample in point["samples"]:
                sample["duration_s"] = max(0.001, round(sample["duration_s"], 3))


def a_lower_perplexity(run: Records) -> None:
    for windows in _predictions(run):
        scale(windows, "nll_per_token", 0.95)


def a_perplexity_typed_by_hand(run: Records) -> None:
    for windows in _predictions(run):
        windows["nll_per_token"] = [round(one - 0.03, 2) for one in windows["nll_per_token"]]


def half_the_divergence(run: Records) -> None:
    for windows in _predictions(run):
        windows["kl_divergence_per_token"] = [one / 2 + 1e-4 for one in windows["kl_divergence_per_token"]]


def almost_perfect_agreement(run: Records) -> None:
    for windows in _predictions(run):
        windows["top1_agreement"] = [0.99 for _ in windows["top1_agreement"]]


def no_divergence_at_all(run: Records) -> None:
    for windows in _predictions(run):
        windows["kl_divergence_per_token"] = [0.0 for _ in windows["kl_divergence_per_token"]]


def _predictions(run: Records) -> list[Json]:
    return [need(launch["quality"])["windows"] for launch in run.favoured]
