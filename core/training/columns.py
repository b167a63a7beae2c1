"""What is usual in the rows that are learned from, column by column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.model import ModelColumn
from core.schema import CATEGORICAL, Contract

#: levels with fewer training rows share one weight with levels never seen
RARE = 5
#: levels of one column with a weight of their own, the most frequent; all others share one
MOST_LEVELS = 100
#: numbers with at most this many distinct values are named value by value
_FEW_VALUES = 10
#: share of the range without a training row that is worth a word
_WIDE = 0.2


def describe_columns(features: pd.DataFrame, contract: Contract) -> tuple[ModelColumn, ...]:
    """What is usual in the training rows, column by column."""
    described = []
    for column in contract.columns:
        series = features[column.name]
        if column.kind == CATEGORICAL:
            counts = series.value_counts()
            usual = min(counts[counts == counts.max()].index) if len(counts) else None
            described.append(
                ModelColumn(
                    column.name, column.kind, levels=frequent_levels(counts), usual=usual,
                    always_known=bool(series.notna().all()),
                )
            )  # fmt: skip
            continue
        known = series.dropna().to_numpy(dtype=np.float64)
        if len(known) == 0:
            described.append(ModelColumn(column.name, column.kind))
            continue
        distinct = np.unique(known)
        described.append(
            ModelColumn(
                column.name, column.kind, cuts=tuple(float(cut) for cut in cuts(known, np.arange(0.1, 0.95, 0.1))),
                distinct=tuple(float(value) for value in distinct) if len(distinct) <= _FEW_VALUES else (),
                usual=float(np.median(known)), low=float(distinct[0]), high=float(distinct[-1]),
                gaps=_gaps(distinct), always_known=len(known) == len(series),
            )
        )  # fmt: skip
    return tuple(described)


def _gaps(distinct: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Stretches without a value that take up more than a fifth of the range; none where values are few by nature."""
    if len(distinct) <= _FEW_VALUES:
        return ()
    wide = np.flatnonzero(np.diff(distinct) > _WIDE * (distinct[-1] - distinct[0]))
    return tuple((float(distinct[place]), float(distinct[place + 1])) for place in wide)


def frequent_levels(counts: pd.Series, most: int = MOST_LEVELS) -> tuple[str, ...]:
    """Levels (sorted) that get a weight of their own: those with enough rows, of many the `most` frequent."""
    often = sorted((-int(count), str(level)) for level, count in counts.items() if count >= RARE)
    return tuple(sorted(level for _, level in often[:most]))


def cuts(known: np.ndarray, shares: Sequence[float] | np.ndarray) -> np.ndarray:
    """Cut points that part values into ranges of about these cumulative shares, ties kept together.

    A value that takes up more than one of the ranges gets one to itself. Few distinct values: a cut between
    each two of them.
    """
    distinct = np.unique(known)
    between = (distinct[1:] + distinct[:-1]) / 2
    if len(distinct) <= _FEW_VALUES:
        return between
    edges = np.quantile(known, [0.0, *shares, 1.0])
    heavy = edges[1:][edges[1:] == edges[:-1]]
    above = np.searchsorted(distinct, edges[1:-1], side="right") - 1
    below = np.searchsorted(distinct, heavy) - 1
    places = np.unique(np.concatenate([above, below]))
    return between[places[(places >= 0) & (places < len(between))]]
