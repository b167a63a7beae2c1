"""Quality by segment: for whom the risks are worse."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

import numpy as np
import pandas as pd

from core import statistics
from core.wording import days_text, number, percent, plural

#: bands of a column of numbers, of as many rows each
_BANDS = 4
#: segments of a column of levels, the largest
_LEVELS = 12
_LEAST = 30
_FALSE_DISCOVERIES = 0.05

COLUMNS = [
    "column", "segment", "n", "left", "rate", "risk", "gap", "gap_low", "gap_high", "roc_auc", "low", "high",
    "q", "off",
]  # fmt: skip


def segments(
    y_true: np.ndarray, risk: np.ndarray, features: pd.DataFrame, cluster: np.ndarray | None = None,
    least: int = _LEAST, dates: Collection[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """Quality in each category and in each band of the numbers, `COLUMNS`, worst first.

    `gap`: mean risk less the rate of leavers, with its interval; `q`: how likely such a gap is by chance, corrected
    for the number of segments (Benjamini & Hochberg 1995, JRSS B 57:289); `off`: q below .05. Then come the segments
    of the lowest roc_auc. Segments of fewer than `least` rows are left out. `dates`: the columns that hold days from
    a date to the snapshot.
    """
    made = []
    for name in features:
        for segment, rows in _parts(features[name], least, days=name in dates):
            own = None if cluster is None else cluster[rows]
            gap = statistics.mean(risk[rows] - y_true[rows], cluster=own)
            auc = statistics.roc_auc(y_true[rows], risk[rows], cluster=own)
            error = (gap.high - gap.low) / 2
            made.append(
                {
                    "column": str(name), "segment": segment, "n": int(rows.sum()), "left": int(y_true[rows].sum()),
                    "rate": float(y_true[rows].mean()), "risk": float(risk[rows].mean()),
                    "gap": gap.value, "gap_low": gap.low, "gap_high": gap.high,
                    "roc_auc": auc.value, "low": auc.low, "high": auc.high, "q": _by_chance(gap.value, error),
                }
            )  # fmt: skip
    found = pd.DataFrame(made, columns=COLUMNS[:-1])
    found["q"] = _corrected(found["q"].to_numpy(dtype=np.float64))
    found["off"] = found["q"] < _FALSE_DISCOVERIES
    return found.assign(_size=-found["gap"].abs().where(found["off"], 0.0)).sort_values(
        ["_size", "roc_auc", "column", "segment"], kind="stable", ignore_index=True
    )[COLUMNS]


def worst_sentence(found: pd.DataFrame) -> str:
    """For whom the risks are furthest off, in a sentence; of `segments`."""
    off = found[found["off"]]
    if len(off) == 0:
        return f"In none of {plural(len(found), 'segment')} do the risks surely lie above or below what happened."
    worst = off.iloc[0]
    way = "too high" if worst["gap"] > 0 else "too low"
    return (
        f"For {worst['column']} {worst['segment']} the risks are {way}: {percent(worst['risk'])} on average, while "
        f"{percent(worst['rate'])} of {plural(int(worst['n']), 'row')} left; {plural(len(off), 'segment')} of "
        f"{len(found):,} are surely off."
    )


def _parts(values: pd.Series, least: int, *, days: bool) -> list[tuple[str, np.ndarray]]:
    """(name, rows as mask) of each part of a column that has enough rows."""
    absent = values.isna().to_numpy()
    parts = [("unknown", absent)]
    if not pd.api.types.is_numeric_dtype(values):
        texts = values.astype(object).to_numpy()
        parts += [(str(level), texts == level) for level in values.value_counts().index[:_LEVELS]]
    elif not absent.all():
        known = values.to_numpy(dtype=np.float64, na_value=np.nan)
        edges = np.unique(np.nanquantile(known, np.arange(_BANDS + 1) / _BANDS))
        bands = np.searchsorted(edges[1:-1], known, side="right")
        for place, (low, high) in enumerate(pairwise(edges.tolist())):
            # more days from the snapshot: an earlier date
            name = f"{days_text(high)} to {days_text(low)}" if days else f"{number(low)} to {number(high)}"
            parts.append((name, ~absent & (bands == place)))
    return [(name, rows) for name, rows in parts if rows.sum() >= least]


def _by_chance(gap: float, reach: float) -> float:
    """Two-sided p-value of a gap whose 95 % interval reaches so far."""
    from scipy.stats import norm

    if not reach > 0:
        return 1.0
    return float(2 * norm.sf(abs(gap) / reach * norm.ppf(0.975)))


def _corrected(p: np.ndarray) -> np.ndarray:
    from scipy.stats import false_discovery_control

    return false_discovery_control(p) if len(p) else p
