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
#: a distance that chance alone reaches more often than this is not called drift
_FALSE_ALARMS = 0.001


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

    Numbers and dates: deciles of the reference with open ends, a value that fills more than one decile in a
    bin of its own; up to ten different values are a bin each, and what lies beyond them another. Categories:
    their levels, seen or new.
    """
    sides = (reference, current)
    if kind == CATEGORICAL:
        counted = [side.dropna().astype(str).value_counts() for side in sides]
        levels = list(dict.fromkeys([*counted[0].index, *counted[1].index]))
        known = [counts.reindex(levels, fill_value=0).to_numpy() for counts in counted]
    else:
        numbers = [side.to_numpy(dtype=np.float64, na_value=np.nan) for side in sides]
        inside = [values[~np.isnan(values)] for values in numbers]
        cuts = _cuts(inside[0])
        known = [np.bincount(np.searchsorted(cuts, values, side="right"), minlength=len(cuts) + 1) for values in inside]
    first, second = (
        np.append(counts, side.isna().sum()).astype(float) for counts, side in zip(known, sides, strict=True)
    )
    used = first + second > 0
    return first[used], second[used]


def _cuts(known: np.ndarray) -> np.ndarray:
    """Where the bins of a numeric reference begin, but for the lowest, which is open."""
    distinct = np.unique(known)
    if len(distinct) == 0:
        return distinct
    lowest, above = distinct[0], np.nextafter(distinct[-1], np.inf)
    if len(distinct) <= _BINS:
        return np.concatenate([[lowest], (distinct[1:] + distinct[:-1]) / 2, [above]])
    deciles, times = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]), return_counts=True)
    cuts = np.union1d(deciles, np.nextafter(deciles[times > 1], np.inf))
    return cuts[(cuts > lowest) & (cuts < above)]


def _usual(series: pd.Series, kind: str) -> str:
    known = series.dropna()
    if len(known) == 0:
        return "missing"
    return str(known.mode().iloc[0]) if kind == CATEGORICAL else f"{float(known.median()):.6g}"


def chance(reference: np.ndarray, current: np.ndarray) -> float:
    """The `psi` of two histograms that no drift exceeds but once in a thousand times, by the same law."""
    freedom = len(reference) - 1
    if freedom == 0:
        return 0.0
    from scipy.special import chdtri

    return float((chdtri(freedom, _FALSE_ALARMS) - freedom) * (1 / reference.sum() + 1 / current.sum()))


def verdict(
    distance: float, reference_n: int, current_n: int, config: MonitoringConfig, by_chance: float = 0.0
) -> str:  # fmt: skip
    """Stable, watch or alarm by PSI; stable where chance explains it; "not enough data" below the minimum of rows."""
    if min(reference_n, current_n) < config.min_rows:
        return TOO_FEW
    if distance < by_chance:
        return STABLE
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
                verdict=verdict(distance, len(before), len(now), config, chance(*counts) if enough else 0.0),
            )
        )  # fmt: skip
    return sorted(found, key=lambda drift: (-np.nan_to_num(drift.psi, nan=-9), drift.column))


def feature_kinds(contract: Contract) -> dict[str, str]:
    """The columns that are compared: every feature by its kind."""
    return {column.name: column.kind for column in contract.columns}
