"""What each real file becomes: figures under our names and units, each with its field; all else null with a reason."""

import json
from typing import Any

import pytest
from imported_samples import NAMES, changed, content, imported, read

from generator.errors import ImportFileError
from generator.imported import IMPORTED, Imported
from generator.imports.tools import TOOLS, tools_of


def at(value: Any, path: str) -> Any:
    """What stands in a file at a path like a[0].b; names may have points in them, as n-samples has none."""
    for part in path.replace("[", ".[").strip(".").split("."):
        value = value[int(part[1:-1])] if part.startswith("[") else value[part]
    return value


@pytest.mark.parametrize("name", NAMES)
def test_each_figure_is_what_stood_in_its_field_times_the_factor(name: str) -> None:
    file = json.loads(content(name))
    for record in imported(name):
        for quantity, reading in record.readings.items():
            stood = at(file, reading.field)
            expected = reading.factor / stood if reading.inverted else stood * reading.factor
            assert record.figures.known[quantity] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_recognised_by_one_tool_alone(name: str) -> None:
    assert len(tools_of(json.loads(content(name)))) == 1


def test_each_tool_has_a_file_that_it_really_wrote() -> None:
    assert {record.source.tool for name in NAMES for record in imported(name)} == {tool.name for tool in TOOLS}


@pytest.mark.parametrize("name", NAMES)
def test_an_imported_record_reads_back_the_same(name: str) -> None:
    for record in imported(name):
        assert IMPORTED.validate_json(IMPORTED.dump_json(record)) == record


@pytest.mark.parametrize("name", NAMES)
def test_what_a_file_does_not_say_has_a_reason_and_is_never_zero(name: str) -> None:
    for record in imported(name):
        for part in (record.subject, record.figures):
            nulls = {field for field, value in part if value is None}
            assert nulls == set(part.absent)
            assert all(part.absent.values())


def only(name: str) -> Imported:
    (record,) = imported(name)
    return record


def test_vllm_s_latency_is_that_of_a_batch_whose_size_nobody_knows() -> None:
    record = only("vllm-bench-latency.json")

    assert record.figures.latency_mean_s == pytest.approx(0.16984825680265203)
    assert record.figures.latency_p99_s == pytest.approx(0.20589950948487967)
    assert record.figures.output_tokens_per_s is None
    assert "batch" in record.figures.absent["concurrency"]
    assert record.subject.engine == "vLLM"
    assert record.source.tool_version is None


def test_vllm_s_throughput_counts_prompts_too_and_is_not_the_speed_of_output() -> None:
    record = only("vllm-bench-throughput.json")

    assert record.figures.total_tokens_per_s == pytest.approx(187.1513389545496)
    assert record.figures.output_tokens_per_s is None
    assert record.figures.requests_completed == 16


def test_vllm_s_milliseconds_become_seconds() -> None:
    record = only("vllm-bench-serve-4.json")

    assert record.figures.concurrency == 4
    assert record.figures.ttft_p99_s == pytest.approx(0.49563869910198266)
    assert record.figures.latency_p95_s == pytest.approx(0.4956423495004856)
    assert record.readings["ttft_p99_s"].unit == "ms"


def test_a_percentile_that_nobody_asked_vllm_for_is_null() -> None:
    record = only("vllm-bench-serve-1.json")

    assert record.figures.ttft_p50_s == pytest.approx(0.05058441100118216)
    assert record.figures.ttft_p90_s is None
    assert record.figures.latency_mean_s is None


def test_a_date_without_a_time_zone_is_no_time() -> None:
    subject = only("vllm-bench-serve-4.json").subject

    assert subject.measured_at is None
    assert subject.absent["measured_at"] == "the file has 20261126-035540, without a time zone"


def test_requests_that_were_sent_as_fast_as_they_could_have_no_rate() -> None:
    assert only("vllm-bench-serve-4.json").figures.request_rate_per_s is None
    assert only("vllm-bench-serve-rate.json").figures.request_rate_per_s == 4.0
    assert only("vllm-bench-serve-rate.json").figures.concurrency is None


def test_what_guidellm_and_aiperf_call_itl_is_our_time_per_output_token() -> None:
    guidellm, aiperf = imported("guidellm.json")[1], only("aiperf-4.json")

    for record in (guidellm, aiperf):
        figures = record.figures
        assert figures.itl_mean_s is None
        assert figures.tpot_mean_s
        assert figures.ttft_mean_s
        assert figures.latency_mean_s
        assert figures.output_tokens_mean
        whole_s = figures.ttft_mean_s + figures.tpot_mean_s * (figures.output_tokens_mean - 1)
        assert figures.latency_mean_s == pytest.approx(whole_s, rel=0.03)


def test_each_load_of_a_guidellm_report_is_a_measurement() -> None:
    one, four = imported("guidellm.json")

    assert (one.figures.concurrency, four.figures.concurrency) == (1, 4)
    assert (one.place, four.place) == ("benchmarks[0]", "benchmarks[1]")
    assert four.subject.measured_at == "2026-11-26T03:57:22Z"
    assert four.source.tool_version == "0.8.1"


def test_the_zeros_of_requests_that_none_answered_are_not_figures() -> None:
    def none_answered(file: Any) -> None:
        for metric in file["benchmarks"][0]["metrics"].values():
            if isinstance(metric, dict) and "successful" in metric and isinstance(metric["successful"], dict):
                metric["successful"] = metric["errored"]
        file["benchmarks"][0]["metrics"]["request_totals"] |= {"successful": 0, "errored": 6}

    record, _ = read("guidellm.json", changed("guidellm.json", none_answered))

    assert record.figures.requests_failed == 6
    assert record.figures.ttft_mean_s is None
    assert record.figures.output_tokens_per_s is None


def test_the_energy_of_aiperf_is_taken_in_joules() -> None:
    def with_energy(file: Any) -> None:
        file["nvidia_energy_per_output_token"] = {"unit": "mJ/token", "avg": 210.0}

    (record,) = read("aiperf-4.json", changed("aiperf-4.json", with_energy))

    assert record.figures.energy_total_per_token_j == pytest.approx(0.21)


def test_llama_bench_times_prompts_output_and_both_together() -> None:
    prompt, output, both = imported("llama-bench.json")

    assert prompt.figures.prompt_tokens_per_s == pytest.approx(7204.647131)
    assert output.figures.output_tokens_per_s
    assert output.figures.prompt_tokens_per_s is None
    assert both.figures.total_tokens_per_s
    assert both.figures.output_tokens_per_s is None
    assert output.figures.weights_gib == pytest.approx(7349248 / 2**30)
    assert output.subject.card is None
    assert output.subject.processor == "AMD EPYC"
    assert output.subject.measured_at


def test_optimum_benchmark_s_megabytes_and_kilowatt_hours_become_ours() -> None:
    def with_energy(file: Any) -> None:
        file["report"]["decode"]["efficiency"] = {"unit": "tokens/kWh", "value": 3.6e6}

    (record,) = read("optimum-benchmark.json", changed("optimum-benchmark.json", with_energy))

    assert record.figures.process_memory_peak_mib == pytest.approx(883.945472e6 / 2**20)
    assert record.figures.energy_machine_per_token_j == pytest.approx(1.0)
    assert record.figures.load_time_s == pytest.approx(0.3081788449999294)
    assert record.figures.output_tokens_per_s is None
    assert record.figures.itl_mean_s is None


def test_lm_eval_s_tasks_come_with_their_errors_and_documents() -> None:
    record = only("lm_eval.json")
    scores = {(score.task, score.metric): score for score in record.tasks}

    assert scores["tiny-choice", "acc"].value == 0.75
    assert scores["tiny-choice", "acc"].standard_error == 0.25
    assert scores["tiny-choice", "acc"].documents == 4
    assert scores["tiny-text", "bits_per_byte"].standard_error is None
    assert record.figures.known == {}
    assert record.subject.precision == "float32"


def test_a_group_of_tasks_has_the_documents_of_its_members() -> None:
    def grouped(file: Any) -> None:
        file["results"]["both"] = {"acc,none": 0.5, "acc_stderr,none": 0.1}
        file["group_subtasks"] = {"both": ["inner", "tiny-text"], "inner": ["tiny-choice", "both"]}

    (record,) = read("lm_eval.json", changed("lm_eval.json", grouped))

    assert next(score for score in record.tasks if score.task == "both").documents == 6


UNKNOWN = {
    "guidellm.json": lambda file: file["metadata"].update(version=3),
    "aiperf-1.json": lambda file: file.update(schema_version="2.0"),
    "optimum-benchmark.json": lambda file: file["config"]["environment"].update(optimum_benchmark_version="1.0.0"),
    "lm_eval.json": lambda file: file.update(lm_eval_version="1.0"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_version_whose_form_is_not_known_is_refused(name: str) -> None:
    with pytest.raises(ImportFileError, match="known here"):
        read(name, changed(name, UNKNOWN[name]))


def in_seconds(file: dict[str, Any]) -> dict[str, float]:
    """What a file of milliseconds has, in seconds under the same names."""
    return {name: value / 1000 for name, value in file.items() if name.endswith("_ms") and isinstance(value, float)}


WRONG_UNITS = {
    "aiperf-1.json": (lambda file: file["time_to_first_token"].update(unit="sec"), "time_to_first_token.unit"),
    "optimum-benchmark.json": (lambda file: file["report"]["decode"]["throughput"].update(unit="samples/s"), "unit"),
    "llama-bench.json": (lambda file: file[1].update(samples_ns=[1.0] * 5), "samples_ts"),
    "vllm-bench-serve-4.json": (lambda file: file.update(mean_e2el_ms=0.2685), "mean_e2el_ms"),
    "vllm-bench-serve-1.json": (lambda file: file.update(in_seconds(file)), "request_throughput"),
    "vllm-bench-throughput.json": (lambda file: file.update(tokens_per_second=file["tokens_per_second"] * 1000), "tok"),
    "vllm-bench-latency.json": (lambda file: file.update(avg_latency=file["avg_latency"] * 1000), "avg_latency"),
    "guidellm.json": (lambda file: file["benchmarks"][1].update(duration=259.3), "requests_per_second"),
}


@pytest.mark.parametrize("name", WRONG_UNITS)
def test_a_figure_in_another_unit_is_refused_by_its_field(name: str) -> None:
    change, field = WRONG_UNITS[name]
    with pytest.raises(ImportFileError, match=field):
        read(name, changed(name, change))


def test_a_share_in_percent_is_refused() -> None:
    data = changed("lm_eval.json", lambda file: file["results"]["tiny-choice"].update({"acc,none": 75.0}))
    with pytest.raises(ImportFileError, match="at most 1"):
        read("lm_eval.json", data)


def test_a_rate_that_was_raised_step_by_step_is_the_last_one_and_says_so() -> None:
    ramp = {"ramp_up_strategy": "linear", "ramp_up_start_rps": 0, "ramp_up_end_rps": 5}
    (record,) = read("a.json", changed("vllm-bench-serve-4.json", lambda file: file.update(ramp)))

    assert record.figures.request_rate_per_s == 5
    assert record.readings["request_rate_per_s"].field == "ramp_up_end_rps"
    assert record.remarks == ("the rate of requests was raised step by step, to what stands here",)


def test_a_run_that_aiperf_broke_off_is_refused() -> None:
    with pytest.raises(ImportFileError, match="is_complete"):
        read("aiperf-1.json", changed("aiperf-1.json", lambda file: file.update(is_complete=False)))


@pytest.mark.parametrize("path", ["/home/someone/models/llama", "~/llama", "C:\\Users\\someone\\llama", "../../llama"])
def test_of_a_model_s_path_that_may_name_a_user_the_last_part_is_kept(path: str) -> None:
    (record,) = read("x.json", changed("vllm-bench-serve-4.json", lambda file: file.update(model_id=path)))

    assert record.subject.model == "llama"
