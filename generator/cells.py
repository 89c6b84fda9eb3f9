"""What one launch measures: a method, in an engine, in a mode. A run is rounds of cells."""

from collections.abc import Sequence
from typing import Final, Literal

from generator.frozen import Frozen
from generator.methods import BASELINE, ENGINES, EngineId, MethodId, method_of

Mode = Literal["eager", "graphs"]

MODES: Final[dict[Mode, str]] = {"eager": "eager", "graphs": "CUDA graphs"}

# Engine apart from format: what the four methods at home leave mixed, these two take apart.
CONTROLS: Final[tuple[tuple[MethodId, EngineId], ...]] = (("fp16", "transformers"), ("nf4", "vllm"))


class Cell(Frozen):
    """A method in an engine in a mode. `twin` marks a second cell of the same kind: the two differ by noise alone.

    eager   every step launches its kernels one by one
    graphs  compiled, with CUDA graphs, as a server runs; Transformers has only the eager mode
    """

    method: MethodId
    engine: EngineId
    mode: Mode
    twin: bool = False

    @property
    def id(self) -> str:
        """As in file names: "awq-vllm-graphs"."""
        return "-".join([self.method, self.engine, self.mode, *(["twin"] if self.twin else [])])

    @property
    def name(self) -> str:
        """What it is called beside the others of its run: the method, and the engine where it is not at home."""
        method = method_of(self.method)
        return method.name if self.at_home else f"{method.name} in {ENGINES[self.engine]}"

    @property
    def label(self) -> str:
        """As people read it: "AWQ, vLLM, CUDA graphs"."""
        return ", ".join(
            [method_of(self.method).name, ENGINES[self.engine], MODES[self.mode], *(["twin"] if self.twin else [])]
        )

    @property
    def at_home(self) -> bool:
        """Whether the engine is the one that the method is known for running in."""
        return self.engine == method_of(self.method).engine

    @property
    def is_baseline(self) -> bool:
        """What the others of its mode are compared with: FP16 in vLLM."""
        return (self.method, self.engine, self.twin) == (BASELINE, method_of(BASELINE).engine, False)


def cells_of(methods: Sequence[MethodId], modes: Sequence[Mode], *, controls: bool, twin: bool) -> tuple[Cell, ...]:
    """The cells of a run, without repetition: each method at home in each mode, then the controls, then the twin of
    the baseline in the last mode."""
    pairs = [(method, method_of(method).engine) for method in methods]
    pairs += [pair for pair in CONTROLS if controls and pair[0] in methods]
    cells = [
        Cell(method=method, engine=engine, mode="eager" if engine == "transformers" else mode)
        for mode in modes
        for method, engine in pairs
    ]
    if twin:
        cells += [cell.model_copy(update={"twin": True}) for cell in cells if cell.is_baseline][-1:]
    return tuple(dict.fromkeys(cells))
