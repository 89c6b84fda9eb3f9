"""Quantities of which neither more nor less is better: a ratio of them would say nothing of a method."""

from typing import Final

NEUTRAL: Final = frozenset(
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
