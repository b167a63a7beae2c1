"""Reference and current become distances and verdicts, column by column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.config import MonitoringConfig
from core.records import ColumnDrift
from core.schema import CATEGORICAL, Contract

#: verdicts, from calm to loud
STABLE, WATCH, ALARM, TOO_FEW = "stable", "watch", "alarm", "not enough data"

_BINS = 10


def psi(reference: np.ndarray, current: np.ndarray) -> float:
    """Population stability index of two histograms (counts per bin) less its mean under no drift.

    Half a count is added to every bin, so that an empty one stays finite. Under no drift PSI is about
    (1/n + 1/m) chi-square with bins - 1 degrees of freedom (Yurdakul 2018); that mean is taken off, so small
    samples do not look like drift. May be slightly negative.

    >>> round(psi(np.array([5000, 5000]), np.array([5000, 5000])), 4)
    -0.0002
    """
    expected, seen = reference + 0.5, current + 0.5
    expected, seen = expected / expected.sum(), seen / seen.sum()
    raw = float(np.sum((seen - expected) * np.log(seen / expected)))
    return raw - float((len(reference) - 1) * (1 / reference.sum() + 1 / current.sum()))


def histograms(reference: pd.Series, current: pd.Series, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Counts of both sides in the same bins; missing is a bin of its own where either side has it.

    Numbers and dates: deciles of the reference with open ends. Categories: their levels, seen or new.
    """
    if kind == CATEGORICAL:
        counted = [
            side.astype(object).where(side.notna(), None).value_counts(dropna=False) for side in (reference, current)
        ]
        levels = list(dict.fromkeys([*counted[0].index, *counted[1].index]))
        both = tuple(counts.reindex(levels, fill_value=0).to_numpy(dtype=float) for counts in counted)
        return both[0], both[1]
    sides = [side.to_numpy(dtype=np.float64, na_value=np.nan) for side in (reference, current)]
    known = sides[0][~np.isnan(sides[0])]
    distinct = np.unique(known)
    if len(distinct) > _BINS:
        distinct = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)))
        cuts = distinct[1:-1]
    else:
        cuts = (distinct[1:] + distinct[:-1]) / 2
    made = []
    for side in sides:
        inside = side[~np.isnan(side)]
        counts = np.bincount(np.searchsorted(cuts, inside, side="right"), minlength=len(cuts) + 1)
        made.append(np.append(counts, len(side) - len(inside)).astype(float))
    if made[0][-1] + made[1][-1] == 0:
        made = [counts[:-1] for counts in made]
    return made[0], made[1]


def _usual(series: pd.Series, kind: str) -> str:
    known = series.dropna()
    if len(known) == 0:
        return "missing"
    return str(known.mode().iloc[0]) if kind == CATEGORICAL else f"{float(known.median()):.6g}"


def verdict(distance: float, reference_n: int, current_n: int, config: MonitoringConfig) -> str:
    """Stable, watch or alarm by PSI; "not enough data" below the minimum of rows on either side."""
    if min(reference_n, current_n) < config.min_rows:
        return TOO_FEW
    if distance >= config.psi_alarm:
        return ALARM
    return WATCH if distance >= config.psi_watch else STABLE


def compare(
    reference: pd.DataFrame, current: pd.DataFrame, kinds: dict[str, str], config: MonitoringConfig
) -> list[ColumnDrift]:
    """Drift of every column in `kinds` (name -> numeric, categorical or date), strongest first."""
    found = []
    for name, kind in kinds.items():
        before, now = reference[name], current[name]
        counts = histograms(before, now, kind)
        enough = min(counts[0].sum(), counts[1].sum()) > 0
        distance = psi(*counts) if enough else float("nan")
        found.append(
            ColumnDrift(
                column=name, kind=kind, reference_n=len(before), current_n=len(now), psi=distance,
                reference_missing=float(before.isna().mean()), current_missing=float(now.isna().mean()),
                reference_usual=_usual(before, kind), current_usual=_usual(now, kind),
                verdict=verdict(distance, len(before), len(now), config),
            )
        )  # fmt: skip
    return sorted(found, key=lambda drift: (-np.nan_to_num(drift.psi, nan=-9), drift.column))


def feature_kinds(contract: Contract) -> dict[str, str]:
    """The columns that are compared: every feature by its kind."""
    return {column.name: column.kind for column in contract.columns}
