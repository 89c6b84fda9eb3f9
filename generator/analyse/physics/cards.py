"""What cards can do by their data sheets. A card that is not here gets bounds that no card exceeds."""

from dataclasses import dataclass
from typing import Final

from generator.manifest import Hardware


@dataclass(frozen=True, slots=True)
class Card:
    """Of one card: memory, its bandwidth, FP16 on tensor cores without sparsity, CUDA's compute capability, and the
    memory that its driver shows (nvidia-smi), which error correction on GDDR makes a sixteenth less; 0 of no card."""

    memory_gib: float
    bandwidth_gb_per_s: float
    fp16_tflop_per_s: float
    compute_capability: str
    shown_mib: int = 0


# By the name that the driver gives, from NVIDIA's data sheets and architecture white papers (Turing, Ampere, Ada,
# Hopper, Blackwell), https://resources.nvidia.com/en-us-data-center-overview and
# https://www.nvidia.com/en-us/geforce/graphics-cards/compare/. Of GeForce cards the rate is that with FP16 sums.
CARDS: Final[dict[str, Card]] = {
    "Tesla T4": Card(16, 320, 65, "7.5", 15360),
    "Tesla V100-SXM2-16GB": Card(16, 900, 125, "7.0", 16160),
    "Tesla V100-SXM2-32GB": Card(32, 900, 125, "7.0", 32510),
    "NVIDIA A10": Card(24, 600, 125, "8.6", 23028),
    "NVIDIA A10G": Card(24, 600, 125, "8.6", 23028),
    "NVIDIA A100-SXM4-40GB": Card(40, 1555, 312, "8.0", 40960),
    "NVIDIA A100-SXM4-80GB": Card(80, 2039, 312, "8.0", 81920),
    "NVIDIA A100 80GB PCIe": Card(80, 1935, 312, "8.0", 81920),
    "NVIDIA RTX A6000": Card(48, 768, 155, "8.6", 49140),
    "NVIDIA GeForce RTX 3090": Card(24, 936, 142, "8.6", 24576),
    "NVIDIA GeForce RTX 4080": Card(16, 717, 195, "8.9", 16376),
    "NVIDIA GeForce RTX 4090": Card(24, 1008, 330, "8.9", 24564),
    "NVIDIA GeForce RTX 5090": Card(32, 1792, 419, "12.0", 32607),
    "NVIDIA L4": Card(24, 300, 121, "8.9", 23034),
    "NVIDIA L40S": Card(48, 864, 362, "8.9", 46068),
    "NVIDIA RTX 6000 Ada Generation": Card(48, 960, 364, "8.9", 49140),
    "NVIDIA H100 PCIe": Card(80, 2039, 756, "9.0", 81559),
    "NVIDIA H100 80GB HBM3": Card(80, 3350, 989, "9.0", 81559),
    "NVIDIA H100 NVL": Card(94, 3938, 835, "9.0", 95830),
    "NVIDIA H200": Card(141, 4800, 989, "9.0", 143771),
    "NVIDIA B200": Card(180, 8000, 2250, "10.0", 183359),
}

# Factory overclocks, and memory that its owner runs faster.
OVER_DATA_SHEET: Final = 1.15
# Of the nominal memory, drivers show less: error correction on GDDR takes a sixteenth of it.
MEMORY_SHOWN: Final = (0.9, 1.01)

# Several times what the fastest of 2026 do: 8 TB/s and 2.5 PFLOP/s a GPU; a few hundred GB/s and some ten TFLOP/s a CPU
# socket, whose caches may hold all that is copied.
WIDEST: Final = {"cuda": Card(1024, 40_000, 20_000, ""), "cpu": Card(0, 20_000, 1_000, "")}


def named(part: str) -> tuple[str, ...]:
    """The cards whose name has `part` in it, whatever its letters' case; of those that end with it, these alone: "A10"
    is that card, though the names of others begin with it."""
    words = part.casefold().split()
    found = tuple(card for card in CARDS if part.casefold() in card.casefold())
    return tuple(card for card in found if card.casefold().split()[-len(words) :] == words) or found


def card_of(hardware: Hardware) -> Card | None:
    """The card's row; None of one that is not known."""
    return CARDS.get(hardware.gpu_name or "")


def bound_of(hardware: Hardware) -> Card:
    """What the device can't exceed."""
    card = card_of(hardware)
    if card is None:
        return WIDEST[hardware.device]
    return Card(
        card.memory_gib,
        card.bandwidth_gb_per_s * OVER_DATA_SHEET,
        card.fp16_tflop_per_s * OVER_DATA_SHEET,
        card.compute_capability,
    )
