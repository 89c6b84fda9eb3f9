"""Memory against the card, the machine and the model: the parts fill the whole, and every byte is one."""

from collections.abc import Iterator
from typing import Final

from generator.analyse.memory import GIB, GIB_IN_MIB, MEMORY_PARTS
from generator.analyse.physics.contradiction import Contradiction, at_least, at_most, exactly, within
from generator.cells import Cell
from generator.manifest import MeasuredRun, ReportedRun
from generator.methods import CHANNEL, method_of
from generator.model import linear_parameters
from generator.record import Completed, Quantities, Reported, Shape

# Readings of one driver call, in other units.
CLOSE: Final = 1e-3
# Reported figures are rounded to a tenth of a percent.
ROUNDED: Final = 0.1

# RAM comes in pages of 4 KiB, or multiples of that.
PAGED: Final = ("system_ram_increase_mib", "process_memory_peak_mib")
PAGES_OF_A_MIB: Final = 256

# From here on a measurement marks its own memory as unexplained, see `measure.account`.
PARTS_APART: Final = 0.03
# What the engine profiles is not just what it takes later.
CARD_APART: Final = 0.05

# Norms, a table of positions, scales that are kept unpacked: up to 6% of NF4 in vLLM, and some MiB of any model.
MORE_WEIGHTS: Final = 0.08
MORE_WEIGHTS_BYTES: Final = 64 * 2**20
# GPTQ without zero points stores 1% less.
FEWER_WEIGHTS: Final = 0.04
# Of models that are no Llama, other numbers of matrices follow from the same dimensions; but not so few.
LEAST_OF_SHAPE: Final = 0.6

# The cache holds whole blocks.
BLOCKS: Final = 0.02
BYTES_OF_A_NUMBER: Final = 2


def is_dense(launches: tuple[Completed, ...]) -> bool:
    """Whether the dimensions explain the weights of any launch, and so all of its model's: each weight is read for each
    token. Those of a mixture of experts don't."""
    return any(
        low <= launch.quantities.weights_gib <= high
        for launch in launches
        if launch.configuration.shape is not None and launch.quantities.weights_gib is not None
        for low, high in [weights_gib(launch, launch.configuration.shape)]
    )


def weights_gib(launch: Completed, shape: Shape) -> tuple[float, float]:
    """The least and the most that the weights of a Llama of these dimensions take, or one card's share of them."""
    stored = stored_bytes(launch, shape) / launch.configuration.ranks
    return stored * (1 - FEWER_WEIGHTS) / GIB, (stored * (1 + MORE_WEIGHTS) + MORE_WEIGHTS_BYTES) / GIB


def stored_bytes(launch: Completed, shape: Shape) -> float:
    """What the weights of a Llama of these dimensions take: the embeddings and the head are not quantised."""
    head = shape.vocabulary * shape.hidden
    blocks = linear_parameters(shape) - head
    tables = head if shape.tied_embeddings else 2 * head
    return tables * BYTES_OF_A_NUMBER + blocks * _bits(launch.cell) / 8


def _bits(cell: Cell) -> float:
    """What a weight takes in the cell's method, with its part of what weights share."""
    method = method_of(cell.method)
    stored = method.stored.get(cell.engine)
    if stored is None:
        return method.weight_bits
    return stored.bits + sum(bits / many for many, bits in stored.shared if many != CHANNEL)


def of_launch(launch: Completed, manifest: MeasuredRun, *, dense: bool) -> Iterator[Contradiction]:
    """Every contradiction in the memory of one launch."""
    quantities = launch.quantities
    yield from _whole_bytes(quantities)
    yield from _of_card(launch, manifest)
    yield from _of_machine(quantities, manifest)
    yield from _of_model(launch, dense=dense)
    yield from _of_cache(launch, manifest)


def of_reported(launch: Reported, manifest: ReportedRun) -> Iterator[Contradiction]:
    """What somebody published fits the card as well."""
    quantities, card_mib = launch.quantities, manifest.hardware.gpu_memory_mib
    used_mib, percent = quantities.gpu_memory_used_mib, quantities.gpu_memory_used_percent
    yield from at_most("memory_of_card", "quantities.gpu_memory_used_mib", used_mib, card_mib)
    if used_mib is not None and card_mib is not None:
        share = 100 * used_mib / card_mib
        yield from within(
            "memory_share", "quantities.gpu_memory_used_percent", percent, share - ROUNDED, share + ROUNDED
        )


def _whole_bytes(quantities: Quantities) -> Iterator[Contradiction]:
    """Sizes were counted in bytes: in their own unit, a power of two of them, they still are."""
    for name in Quantities.model_fields:
        unit = GIB if name.endswith("_gib") else 2**20 if name.endswith("_mib") else None
        size = getattr(quantities, name)
        if name in PAGED and size is not None and not float(size * PAGES_OF_A_MIB).is_integer():
            yield from exactly("whole_pages", f"quantities.{name}", size, round(size * PAGES_OF_A_MIB) / PAGES_OF_A_MIB)
        elif unit is not None and size is not None and not float(size * unit).is_integer():
            yield from exactly("whole_bytes", f"quantities.{name}", size, round(size * unit) / unit)


def _of_card(launch: Completed, manifest: MeasuredRun) -> Iterator[Contradiction]:
    """The card, or the budget that stands in for it, is what was used before, what is used now and what is free."""
    quantities, card_mib = launch.quantities, manifest.hardware.gpu_memory_mib
    used_mib, free_mib = quantities.gpu_memory_used_mib, quantities.gpu_memory_free_mib
    before_mib = quantities.gpu_memory_baseline_mib
    if card_mib is None or used_mib is None:
        return
    parts_mib = {name: (getattr(quantities, name) or 0) * GIB_IN_MIB for name in MEMORY_PARTS}
    yield from at_most("memory_of_card", "quantities.gpu_memory_used_mib", used_mib, card_mib)
    for name, part_mib in parts_mib.items():
        field, part_gib = f"quantities.{name}", part_mib / GIB_IN_MIB
        yield from at_most("memory_of_card", field, part_gib, card_mib * (1 + CARD_APART) / GIB_IN_MIB)
    whole_mib = min(card_mib, (manifest.memory_budget_gib or card_mib) * GIB_IN_MIB)
    if free_mib is not None and before_mib is not None and used_mib > 0:
        left_mib = whole_mib - before_mib - free_mib
        yield from within("memory_share", "quantities.gpu_memory_used_mib", used_mib, left_mib - 1, left_mib + 1)
    share = 100 * used_mib / whole_mib
    percent = quantities.gpu_memory_used_percent
    yield from within("memory_share", "quantities.gpu_memory_used_percent", percent, share - CLOSE, share + CLOSE)
    yield from _of_parts(launch, parts_mib, used_mib)


def _of_parts(launch: Completed, parts_mib: dict[str, float], used_mib: float) -> Iterator[Contradiction]:
    """What the parts add up to is used, unless the launch says itself that it is not explained."""
    if any(fault.kind == "memory_unexplained" for fault in launch.faults):
        return
    quantities, field = launch.quantities, "quantities.gpu_memory_used_mib"
    most_mib, apart_mib = sum(parts_mib.values()), PARTS_APART * used_mib
    # The largest step's activations may be given back; with a fixed cache nobody asks how large they are.
    least_mib = most_mib - parts_mib["activation_peak_gib"]
    yield from at_least("memory_parts", field, used_mib, least_mib - apart_mib)
    if quantities.activation_peak_gib is not None and quantities.non_torch_gib is not None:
        yield from at_most("memory_parts", field, used_mib, most_mib + apart_mib)


def _of_machine(quantities: Quantities, manifest: MeasuredRun) -> Iterator[Contradiction]:
    """One process has no more RAM than the machine, and grew by no more than it had at its peak."""
    ram_mib = None if manifest.hardware.ram_gib is None else (manifest.hardware.ram_gib + ROUNDED) * GIB_IN_MIB
    peak_mib, more_mib = quantities.process_memory_peak_mib, quantities.system_ram_increase_mib
    yield from at_most("memory_of_machine", "quantities.process_memory_peak_mib", peak_mib, ram_mib)
    if peak_mib is not None:
        yield from at_most("memory_of_machine", "quantities.system_ram_increase_mib", more_mib, peak_mib)


def _of_model(launch: Completed, *, dense: bool) -> Iterator[Contradiction]:
    """The weights are as large as the model's dimensions and the method's bits make them."""
    shape, found_gib = launch.configuration.shape, launch.quantities.weights_gib
    if shape is None or found_gib is None:
        return
    low_gib, high_gib = weights_gib(launch, shape)
    if dense:
        yield from within("weights_of_shape", "quantities.weights_gib", found_gib, low_gib, high_gib)
    else:
        yield from at_least("weights_of_shape", "quantities.weights_gib", found_gib, LEAST_OF_SHAPE * low_gib)
    if dense and launch.configuration.kv_cache_bytes_per_token is not None:
        heads = max(1, shape.kv_heads // launch.configuration.ranks)  # where cards are more, several have the same one
        per_token = 2 * shape.layers * heads * shape.head * BYTES_OF_A_NUMBER
        field = "configuration.kv_cache_bytes_per_token"
        yield from exactly("cache_per_token", field, launch.configuration.kv_cache_bytes_per_token, per_token)


def _of_cache(launch: Completed, manifest: MeasuredRun) -> Iterator[Contradiction]:
    """The pre-allocated cache holds no more tokens than it has room for, and is no larger than it was asked to be."""
    quantities, per_token = launch.quantities, launch.configuration.kv_cache_bytes_per_token
    cache_gib, tokens = quantities.kv_cache_gib, quantities.kv_cache_tokens
    if cache_gib is None or tokens is None or not per_token:
        return
    room = cache_gib * GIB / per_token
    yield from at_most("cache_tokens", "quantities.kv_cache_tokens", tokens, room * (1 + BLOCKS))
    asked = launch.configuration.arguments.get("kv_cache_memory_bytes")
    if isinstance(asked, int):
        yield from at_most("cache_asked", "quantities.kv_cache_gib", cache_gib, asked / GIB)
    share, card_mib = launch.configuration.arguments.get("gpu_memory_utilization"), manifest.hardware.gpu_memory_mib
    if not isinstance(share, float) or card_mib is None:
        return
    most_gib = share * card_mib / GIB_IN_MIB * (1 + CARD_APART) - (quantities.weights_gib or 0)
    yield from at_most("cache_asked", "quantities.kv_cache_gib", cache_gib, most_gib)
    budget_mib = min(card_mib, (manifest.memory_budget_gib or card_mib) * GIB_IN_MIB)
    wanted = manifest.profile.engine.gpu_memory_utilization * budget_mib / card_mib
    field = "configuration.arguments.gpu_memory_utilization"
    yield from within("utilisation_asked", field, share, wanted * (1 - CARD_APART), wanted * (1 + CARD_APART))
