"""How far the levels of the current rows lie from those of the reference; missing is a level of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.drift import histograms
from core.statistics import wilson

#: a level is new, or told of, when its share surely exceeds this
NEW_SHARE = 0.005
#: a level has vanished when this many rows of it were to be expected and none is there
_VANISHED = 5


@dataclass(frozen=True)
class Level:
    """A level and its rows on both sides; `name` None: missing."""

    name: str | None
    reference: int
    current: int


@dataclass(frozen=True, kw_only=True)
class LevelDistances:
    """What two samples of levels are apart."""

    #: of the chi-square statistic under no drift, rare levels taken together
    p: float
    #: total variation less its mean under no drift, rare levels taken together
    excess: float
    total_variation: float
    chi_square: float
    l_infinity: float
    jensen_shannon: float
    #: rare levels taken together, less its mean under no drift
    psi: float
    #: levels whose share grew, by how much, the most first
    grown: tuple[Level, ...]
    shrunk: tuple[Level, ...]
    #: levels the reference lacks whose share surely exceeds half a percent
    new: tuple[Level, ...]
    vanished: tuple[Level, ...]


def count_levels(values: pd.Series) -> dict[str | None, int]:
    """Rows of each level, most frequent first, equals by name; the level None counts those missing."""
    known = values.dropna()
    found = (known.astype(str) if known.dtype == object else known).value_counts()
    pairs = zip([str(name) for name in found.index], found.tolist(), strict=True)
    counts: dict[str | None, int] = dict(
        sorted((pair for pair in pairs if pair[1]), key=lambda pair: (-pair[1], pair[0]))
    )
    if len(known) < len(values):
        counts[None] = len(values) - len(known)
    return counts


def level_distances(reference: Mapping[str | None, int], current: Mapping[str | None, int]) -> LevelDistances:
    """All distances of the counts of two sides (see `count_levels`), each with at least one row."""
    names = list(dict.fromkeys([*reference, *current]))
    sides = [np.array([side.get(name, 0) for name in names], dtype=np.float64) for side in (reference, current)]
    first, second = sides
    n, m = first.sum(), second.sum()
    joined = histograms.merged(first, second)
    _, p = histograms.chi_square(*joined)
    gained = second / m - first / n
    order = np.argsort(-np.abs(gained), kind="stable")
    told = [(Level(names[at], int(first[at]), int(second[at])), float(gained[at])) for at in order[:20]]
    new = [at for at in np.flatnonzero(first == 0) if wilson(second[at], m).low > NEW_SHARE]
    gone = np.flatnonzero((second == 0) & (first / n * m >= _VANISHED))
    return LevelDistances(
        p=p, excess=histograms.total_variation(*joined) - histograms.total_variation_by_chance(*joined),
        total_variation=histograms.total_variation(first, second), chi_square=histograms.chi_square(first, second)[0],
        l_infinity=histograms.l_infinity(first, second), jensen_shannon=histograms.jensen_shannon(first, second),
        psi=histograms.psi(*joined),
        grown=tuple(level for level, by in told if by > 0), shrunk=tuple(level for level, by in told if by < 0),
        new=tuple(Level(names[at], 0, int(second[at])) for at in new),
        vanished=tuple(Level(names[at], int(first[at]), 0) for at in gone),
    )  # fmt: skip
