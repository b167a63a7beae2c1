"""Columns that move with the calendar: the same client's value grows by the days that pass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.drift.profile import PREDICTION
from core.schema import CATEGORICAL

#: days that one unit of such a column may be
_UNITS = (1.0, 7.0, 30.4375, 365.25)
#: pairs of snapshots it takes to say so, and at most so many are looked at
_LEAST, _MOST = 100, 20_000
#: share of pairs that must keep pace, and how exactly they do so together
_SHARE, _PACE = 0.95, 0.05


def calendar_columns(
    client: np.ndarray, as_of: np.ndarray, features: pd.DataFrame, kinds: Mapping[str, str]
) -> set[str]:
    """Names of columns that grow, or shrink, by construction as time passes, such as the days since a client joined.

    `client` (n,), `as_of` (n,) as datetime64, `features` of the same n rows. Of the clients seen twice, nearly all
    must have moved by the time between, in days, weeks, months or years. Such a column drifts from any reference
    without the clients having changed.
    """
    order = np.lexsort([as_of, client])
    pairs = np.flatnonzero(client[order][1:] == client[order][:-1])[:_MOST]
    first, second = order[pairs], order[pairs + 1]
    days = (as_of[second] - as_of[first]) / np.timedelta64(1, "D")
    first, second, days = first[days > 0], second[days > 0], days[days > 0]
    found = set()
    for name, kind in kinds.items():
        if kind in (CATEGORICAL, PREDICTION):
            continue
        values = features[name].to_numpy(dtype=np.float64, na_value=np.nan)
        grown = values[second] - values[first]
        if _keeps_pace(grown[~np.isnan(grown)], days[~np.isnan(grown)]):
            found.add(name)
    return found


def _keeps_pace(grown: np.ndarray, days: np.ndarray) -> bool:
    if len(grown) < _LEAST:
        return False
    for unit in _UNITS:
        passed = days / unit
        for sign in (1, -1):
            together = sign * grown.sum() / passed.sum()
            near = (np.abs(sign * grown - passed) <= 1 + 1e-9).mean()
            if abs(together - 1) <= _PACE and near >= _SHARE:
                return True
    return False
