"""Quantities of which neither more nor less is better: a ratio of them would say nothing of a method."""

from typing import Final

from generator.manifest import MeasuredRun, ReportedRun

_ALWAYS: Final = frozenset(
    {
        # What was asked for, what was there before, and the machine's other programs.
        "output_tokens_total",
        "gpu_memory_baseline_mib",
        "gpu_memory_occupied_percent",
        "system_ram_percent",
        # What memory used leaves: the same told twice.
        "gpu_memory_free_mib",
        # That a kernel ran, however well.
        "gpu_utilisation_peak_percent",
        # Of a limit that each method has for itself, and of a prompt that each method has of its own.
        "limit_percent",
        "longest_prompt_ttft_s",
    }
)

# A set share of the card, which vLLM fills whatever the method: the paradox. The size of its cache may be set instead.
_FILLED: Final = frozenset({"gpu_memory_used_mib", "gpu_memory_used_percent"})


def neutral_in(manifest: MeasuredRun | ReportedRun) -> frozenset[str]:
    """The quantities that are neutral in a run with such settings."""
    is_filled = isinstance(manifest, ReportedRun) or manifest.profile.engine.kv_cache_gib is None
    return _ALWAYS | _FILLED if is_filled else _ALWAYS
