"""A ratio over pairs: its median, its range, and the goal that it is held against."""

from collections.abc import Sequence
from statistics import median


def said(what: str, goal: str, pairs: Sequence[tuple[float, float]], unit: str) -> str:
    """One line. Each pair is ours and theirs, measured one right after the other."""
    ratios = [ours / theirs for ours, theirs in pairs]
    ours, theirs = (median(values) for values in zip(*pairs, strict=True))
    return (
        f"{what}: {median(ratios):.3f} (goal {goal}; {min(ratios):.3f} to {max(ratios):.3f} over "
        f"{len(pairs)} {'pair' if len(pairs) == 1 else 'pairs'}; {ours:,.2f} {unit} against {theirs:,.2f} {unit})"
    )
