"""Rows that a version can be judged on, because it could not know their outcomes."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

_KEY = ["_client", "_as_of"]


def rows_to_judge_on(
    rows: pd.DataFrame, usable_since: pd.Series, learned: pd.DataFrame, fitted_at: datetime, horizon_days: int, *,
    dated: bool,
) -> np.ndarray:  # fmt: skip
    """Which `rows` of the dataset tell something that a version fitted at `fitted_at` could not know (n,).

    Their outcome was not usable then (`usable_since`, (n,)), and where snapshots are `dated`, their horizon began after
    the last one it learned from had passed: an exit falls into the horizons of several snapshots of a client, and a
    version that saw it once would be judged by its memory. A snapshot it `learned` from is none of them, also when it
    was delivered again or its outcome corrected. See docs/decisions/0002-rows-the-gate-judges-on.md.
    """
    fresh = (usable_since > fitted_at).to_numpy()
    if dated and len(learned):
        fresh = fresh & (rows["_as_of"] >= learned["_as_of"].max() + timedelta(days=horizon_days)).to_numpy()
    known = pd.MultiIndex.from_frame(learned[_KEY])
    judging: np.ndarray = fresh & ~pd.MultiIndex.from_frame(rows[_KEY]).isin(known)
    return judging
