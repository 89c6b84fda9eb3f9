"""What quantisation costs in quality: how well an engine predicts a text, and how far its predictions are from FP16's.

Every number comes from the logits that the serving engine itself computes. The text is cut into windows of equal
length that do not overlap; the first token of each is context only. The baseline's predictions are kept beside the
logs, whole where the vocabulary is small, else its most likely tokens and one bucket for all the rest: that lowers a
divergence, and the record says how many were kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file

from generator.samples import QualityWindows

# A vocabulary of up to so many is kept whole: for 12,000 tokens, 100 MB.
KEPT_AT_MOST: Final = 2048


@dataclass(frozen=True, slots=True)
class Reference:
    """The baseline's predictions: for each scored position the log-probabilities [positions, kept] of the tokens `ids`
    that it kept, or of the whole vocabulary in its order where `ids` is None; and its most likely token."""

    log_probabilities: torch.Tensor
    ids: torch.Tensor | None
    first: torch.Tensor

    @property
    def kept(self) -> int:
        """How many tokens stand for a prediction."""
        return int(self.log_probabilities.shape[1])

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        tensors = {"log_probabilities": self.log_probabilities, "first": self.first}
        save_file(tensors | ({} if self.ids is None else {"ids": self.ids}), temporary)
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Reference | None":
        """The reference that an earlier launch wrote; None when there is none."""
        if not path.is_file():
            return None
        tensors = load_file(path)
        return cls(tensors["log_probabilities"], tensors.get("ids"), tensors["first"])

    @classmethod
    def of(cls, log_probabilities: torch.Tensor, kept_at_most: int = KEPT_AT_MOST) -> "Reference":
        """What is kept of predictions [positions, vocabulary]."""
        first = log_probabilities.argmax(1)
        if log_probabilities.shape[1] <= kept_at_most:
            return cls(log_probabilities, None, first)
        values, ids = log_probabilities.topk(kept_at_most)
        return cls(values, ids.to(torch.int32), first)

    def rows(self, start: int, stop: int) -> "Reference":
        """A part of the positions."""
        ids = None if self.ids is None else self.ids[start:stop]
        return Reference(self.log_probabilities[start:stop], ids, self.first[start:stop])


def score(
    windows: list[list[int]], predictions: Iterable[Any], reference: Reference | None
) -> tuple[QualityWindows, Reference]:
    """`predictions` has a tensor of log-probabilities [length − 1, vocabulary] for each window; row i predicts token
    i + 1. The windows' figures, and these predictions as a reference for others. Without a reference there is no
    divergence and no agreement."""
    nll: list[float] = []
    kl: list[float] = []
    agreed: list[float] = []
    kept: list[Reference] = []
    done = 0
    for ids, log_probabilities in zip(windows, predictions, strict=True):
        truth = torch.tensor(ids[1:])
        nll.append(float(-log_probabilities.gather(1, truth[:, None]).mean()))
        ours = Reference.of(log_probabilities)
        kept.append(ours)
        if reference is not None:
            base = reference.rows(done, done + len(truth))
            kl.append(float(divergence(base, log_probabilities).mean()))
            agreed.append(float((base.first == ours.first).float().mean()))
        done += len(truth)
    found = QualityWindows(
        nll_per_token=tuple(nll),
        kl_divergence_per_token=tuple(kl) if reference else None,
        top1_agreement=tuple(agreed) if reference else None,
    )
    ids_kept = [part.ids for part in kept if part.ids is not None]
    whole = Reference(
        torch.cat([part.log_probabilities for part in kept]),
        torch.cat(ids_kept) if ids_kept else None,
        torch.cat([part.first for part in kept]),
    )
    return found, whole


def divergence(base: Reference, log_probabilities: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence of the predictions from the baseline's, in nats for each position: over the tokens
    that the baseline kept, and one bucket for all others where it did not keep all."""
    ours = log_probabilities if base.ids is None else log_probabilities.gather(1, base.ids.long())
    found = (base.log_probabilities.exp() * (base.log_probabilities - ours)).sum(1)
    if base.kept < log_probabilities.shape[1]:
        base_rest, our_rest = ((1 - kept.exp().sum(1)).clamp_min(1e-9) for kept in (base.log_probabilities, ours))
        found = found + base_rest * (base_rest / our_rest).log()
    return found.clamp_min(0)
