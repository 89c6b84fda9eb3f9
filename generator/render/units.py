"""The one place where a number becomes text.

A figure with a 95% interval has no digit below the second of half that interval's width: 3,193.1 between 2,638 and
3,627 is 3,190 (Guide to the Expression of Uncertainty in Measurement, JCGM 100:2008, 7.2.6: an uncertainty has two
digits at most). The pages of single runs and the files give all digits. So do ratios: how near to 1 an end of the
interval lies must be seen.
"""

from math import ceil, floor, log10
from typing import Final

from generator.analyse.quality import Interval
from generator.analyse.statistics import Comparison, Stat

# Quantity → (label, unit, digits after the point). The label is what tables and axes call it.
LABELS: Final[dict[str, tuple[str, str, int]]] = {
    "gpu_memory_used_mib": ("GPU memory used", "MiB", 0),
    "gpu_memory_used_percent": ("GPU memory used", "% of the card", 1),
    "gpu_memory_occupied_percent": ("GPU memory occupied, other programs included", "%", 1),
    "gpu_memory_free_mib": ("GPU memory free", "MiB", 0),
    "gpu_memory_baseline_mib": ("GPU memory used before", "MiB", 0),
    "gpu_utilisation_peak_percent": ("Peak GPU utilisation", "%", 0),
    "weights_gib": ("Weights", "GiB", 2),
    "kv_cache_gib": ("KV cache", "GiB", 2),
    "kv_cache_tokens": ("KV cache", "tokens", 0),
    "kv_cache_bytes_per_token": ("KV cache of a token", "B", 0),
    "perplexity": ("Perplexity", "", 3),
    "context_capacity_tokens": ("Context that fits", "tokens", 0),
    "document_tokens": ("Context of one user that fits", "tokens", 0),
    "smallest_card_gib": ("Smallest card for one user with 4,096 tokens", "GiB", 2),
    "activation_peak_gib": ("Peak activations", "GiB", 2),
    "cuda_graphs_gib": ("CUDA graphs", "GiB", 2),
    "non_torch_gib": ("CUDA context and libraries", "GiB", 2),
    "import_time_s": ("Import time", "s", 1),
    "load_time_s": ("Load time", "s", 1),
    "weights_load_time_s": ("of it, weights", "s", 1),
    "compile_time_s": ("of it, compiling", "s", 1),
    "graph_capture_time_s": ("of it, capturing CUDA graphs", "s", 1),
    "cold_load_time_s": ("Load time, compiled anew", "s", 1),
    "first_token_time_s": ("First token after that", "s", 2),
    "warmup_time_s": ("Warm-up time", "s", 1),
    "output_tokens_per_s": ("Speed", "tokens/s", 1),
    "one_user_tokens_per_s": ("Speed for one user", "tokens/s", 1),
    "decode_tokens_per_s": ("Speed after the first token", "tokens/s", 1),
    "longest_prompt_tokens": ("Longest prompt that was answered", "tokens", 0),
    "longest_prompt_ttft_s": ("Time to its first token", "s", 1),
    "per_user_tokens_per_s": ("Speed for each user", "tokens/s", 1),
    "service_tokens_per_s": ("Speed of at least eight users together", "tokens/s", 1),
    "crowd_tokens_per_s": ("Speed of all users together", "tokens/s", 1),
    "output_tokens_total": ("Total tokens generated", "tokens", 0),
    "energy_per_token_j": ("Energy per token, above idle", "J", 2),
    "energy_total_per_token_j": ("Energy per token, idle included", "J", 2),
    "limit_percent": ("Share of the physical limit, one user", "%", 0),
    "system_ram_increase_mib": ("System RAM increase", "MiB", 0),
    "system_ram_percent": ("System RAM in use", "%", 1),
    "process_memory_peak_mib": ("Peak process memory", "MiB", 0),
    "ttft_p50_s": ("Time to first token, median", "s", 3),
    "ttft_p90_s": ("Time to first token, 90th percentile", "s", 3),
    "ttft_p99_s": ("Time to first token, 99th percentile", "s", 3),
    "tpot_p50_s": ("Time per output token, median", "s", 4),
    "tpot_p90_s": ("Time per output token, 90th percentile", "s", 4),
    "tpot_p99_s": ("Time per output token, 99th percentile", "s", 4),
    "itl_p50_s": ("Inter-token latency, median", "s", 4),
    "itl_p90_s": ("Inter-token latency, 90th percentile", "s", 4),
    "itl_p99_s": ("Inter-token latency, 99th percentile", "s", 4),
    "latency_p50_s": ("End-to-end latency, median", "s", 2),
    "latency_p90_s": ("End-to-end latency, 90th percentile", "s", 2),
    "latency_p99_s": ("End-to-end latency, 99th percentile", "s", 2),
    # Of imported results alone.
    "concurrency": ("Requests at once, as asked for", "requests", 0),
    "request_rate_per_s": ("Requests sent, as asked for", "requests/s", 2),
    "requests_completed": ("Requests answered", "requests", 0),
    "requests_failed": ("Requests failed", "requests", 0),
    "duration_s": ("Duration", "s", 2),
    "prompt_tokens_total": ("Prompts, all together", "tokens", 0),
    "prompt_tokens_mean": ("Prompt, mean", "tokens", 1),
    "output_tokens_mean": ("Output of a request, mean", "tokens", 1),
    "total_tokens_per_s": ("Speed, prompts and output together", "tokens/s", 1),
    "prompt_tokens_per_s": ("Speed of reading prompts", "tokens/s", 1),
    "requests_per_s": ("Requests answered", "requests/s", 2),
    "ttft_mean_s": ("Time to first token, mean", "s", 3),
    "ttft_p95_s": ("Time to first token, 95th percentile", "s", 3),
    "tpot_mean_s": ("Time per output token, mean", "s", 4),
    "tpot_p95_s": ("Time per output token, 95th percentile", "s", 4),
    "itl_mean_s": ("Inter-token latency, mean", "s", 4),
    "itl_p95_s": ("Inter-token latency, 95th percentile", "s", 4),
    "latency_mean_s": ("End-to-end latency, mean", "s", 2),
    "latency_p95_s": ("End-to-end latency, 95th percentile", "s", 2),
    "gpu_memory_device_peak_mib": ("GPU memory used, peak, of the whole device", "MiB", 0),
    "gpu_memory_process_peak_mib": ("GPU memory used, peak, by the process", "MiB", 0),
    "gpu_power_mean_w": ("GPU power, mean", "W", 0),
    "energy_machine_per_token_j": ("Energy per token, the whole machine", "J", 2),
}


MUST_SUFFICE: Final = frozenset({"smallest_card_gib"})


def label(quantity: str) -> str:
    """What a quantity is called, without its unit."""
    return LABELS[quantity][0]


def unit(quantity: str) -> str:
    """The unit of a quantity."""
    return LABELS[quantity][1]


def bare(value: float | Stat, quantity: str) -> str:
    """A number with its thousands separated and the digits that its quantity deserves; rounded up where it is what must
    suffice."""
    if quantity in MUST_SUFFICE:
        return upward(value.median if isinstance(value, Stat) else value)
    return number(value, LABELS[quantity][2])


def mean(figure: Stat, quantity: str) -> str:
    """The geometric mean, which ratios are made of, as `bare` has a median; that where there is none."""
    value = figure.geometric_mean or figure.median
    return upward(value) if quantity in MUST_SUFFICE else number(value, LABELS[quantity][2], half_width(figure))


def with_unit(value: float | Stat, quantity: str) -> str:
    """A number with its unit."""
    name = unit(quantity)
    return f"{bare(value, quantity)}{name if name.startswith('%') else ' ' + name}"


def number(value: float | Stat, digits: int = 0, spread: float = 0.0) -> str:
    """A number with its thousands separated; small ones keep two significant digits instead of becoming 0. Of a `Stat`
    the median, with as many digits as its own spread supports."""
    if isinstance(value, Stat):
        return number(value.median, digits, half_width(value))
    is_small = value != 0 and abs(value) < 10 ** (1 - digits) and digits > 0
    if spread and value:
        return _supported(value, 1 - _magnitude(value) if is_small else digits, spread)
    return f"{value:.2g}" if is_small else f"{value:,.{digits}f}"


def half_width(figure: Stat | Interval | Comparison) -> float:
    """Half the width of a figure's 95% interval; 0 where it has none."""
    low, high = (figure.interval or (0.0, 0.0)) if isinstance(figure, Stat) else (figure.low, figure.high)
    return 0.0 if low is None or high is None else (high - low) / 2


def _supported(value: float, digits: int, spread: float) -> str:
    """With the digits that `spread` leaves, but at least the first."""
    digits = min(digits, max(1 - _magnitude(spread), -_magnitude(value)))
    return f"{round(value, digits):,.{max(0, digits)}f}"


def _magnitude(value: float) -> int:
    """Where the first digit stands: 0 for units, −1 for tenths."""
    return floor(log10(abs(value)))


def upward(value: float, digits: int = 2) -> str:
    """A number rounded up, for what must suffice."""
    return f"{ceil(value * 10**digits) / 10**digits:,.{digits}f}".replace("-", "−")


def asked(value: float) -> str:
    """A number that somebody chose, with the digits that they gave."""
    return f"{value:,.10g}"


def field(value: float) -> str:
    """A number as a field of a form takes it."""
    return f"{value:.10g}"


def lasting(duration_s: float) -> str:
    """A time to wait, no finer than anybody plans by."""
    if duration_s < 90:
        return f"{max(1, round(duration_s))} s"
    minutes = round(duration_s / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def times(ratio: float) -> str:
    """A ratio as a factor: 12.4 becomes "12×", 2.34 "2.3×", 1.764 "1.76×", 0.0162 "0.016×"."""
    digits = 0 if ratio >= 10 else 1 if ratio >= 1.95 else 2 if ratio >= 0.0995 else 1 - _magnitude(ratio)
    return f"{ratio:,.{digits}f}×"


def change(percent: float | Comparison, spread: float = 0.0) -> str:
    """A signed difference in percent, with a true minus sign; of a comparison, with the digits that its own spread
    supports."""
    if isinstance(percent, Comparison):
        return change(percent.change_percent, 100 * half_width(percent))
    digits = 0 if abs(percent) >= 9.5 else 1
    text = _supported(percent, digits, spread) if spread and percent else f"{percent:z,.{digits}f}"
    return f"{text.replace('-', '−') if text.startswith('-') else f'+{text}'}%"


def share(part: float) -> str:
    """A part of 1 in percent, with two digits or three."""
    return f"{100 * part:,.{0 if part >= 0.0995 else 1}f}%"


def plain(value: float) -> str:
    """A number for programs: no separators, a point before its decimals, more digits than any figure deserves."""
    return f"{value:.12g}"
