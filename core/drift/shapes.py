"""The shape of a column on both sides in a few bins or levels: to look at, not to judge by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.drift.cells import Counted

#: bins of numbers, the open ones at both ends included; levels that are named
BINS, LEVELS = 20, 12
_ENDS = 0.01


def number_shape(reference: Counted, current: Counted) -> dict[str, Any]:
    """Rows of both sides in at most `BINS` bins of equal width between the outer hundredths, and beyond.

    `edges`: where one bin ends and the next begins, ascending; a value on an edge is above it. The outer bins are
    open, so that no client's own value is told. `reference` and `current`: rows in each bin, one more than edges.
    Made of counts that a comparison has already: exact where an edge lies between cells, as all do here.
    """
    sides = [side for side in (reference, current) if side.n]
    low = min(int(side.holding(np.array([int(_ENDS * (side.n - 1))]))[0]) for side in sides)
    high = max(int(side.holding(np.array([int(np.ceil((1 - _ENDS) * (side.n - 1)))]))[0]) for side in sides)
    grid = reference.grid
    step = _step((high - low + 1) / (BINS - 3), lattice=grid.lattice)
    # on a lattice bins begin at round values
    low -= int((grid.first + low) % step) if grid.lattice else 0
    borders = np.arange(low, high + step + 1, step)
    borders = borders[(borders > 0) & (borders < grid.size)]
    counts = [np.diff(np.concatenate([[0], side.below[borders], [side.n]])) for side in (reference, current)]
    both = counts[0] + counts[1]
    filled = np.flatnonzero(both)
    first, last = (int(filled[0]), int(filled[-1])) if len(filled) else (0, 0)
    # what lies beyond the bins that hold anything is left out, so that the outermost of them are the open ones
    kept = borders[first:last]
    half = 0.0 if (reference.lattice and current.lattice) or not grid.lattice else 0.5
    shown = [count[first : last + 1].tolist() for count in counts]
    edges = [float(edge) for edge in grid.begin(kept - half)]
    return {"edges": edges, "reference": shown[0], "current": shown[1]}


def _step(least: float, *, lattice: bool) -> int:
    """Cells of a bin: at least so many; on a lattice 1, 2 or 5 times a power of ten, so that edges are round."""
    whole = max(1, int(np.ceil(least)))
    if not lattice:
        return whole
    ten = 10 ** int(np.floor(np.log10(whole)))
    return next(times * ten for times in (1, 2, 5, 10) if times * ten >= whole)


def level_shape(reference: Mapping[str | None, int], current: Mapping[str | None, int]) -> dict[str, Any]:
    """Rows of both sides of the `LEVELS` most frequent levels, of all others together, and missing ones apart.

    `levels`: names; `reference` and `current`: rows of each; `others` and `missing`: rows of both sides.
    """
    totals = [max(sum(side.values()), 1) for side in (reference, current)]
    names = [name for name in dict.fromkeys([*reference, *current]) if name is not None]
    weight = {name: sum(side.get(name, 0) / n for side, n in zip((reference, current), totals, strict=True))
              for name in names}  # fmt: skip
    named = sorted(names, key=lambda name: (-weight[name], name))[:LEVELS]
    told = [[side.get(name, 0) for name in named] for side in (reference, current)]
    missing = [side.get(None, 0) for side in (reference, current)]
    others = [
        sum(side.values()) - sum(own) - gone
        for side, own, gone in zip((reference, current), told, missing, strict=True)
    ]
    return {"levels": named, "reference": told[0], "current": told[1], "others": others, "missing": missing}
