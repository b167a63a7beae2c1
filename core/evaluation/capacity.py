"""What a ranking is worth to people who can call so many clients and no more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import statistics
from core.statistics import Interval
from core.wording import percent, plural

#: points of a gain curve, as shares of the clients called
_POINTS = 100


@dataclass(frozen=True)
class AtCapacity:
    """What calling the `called` clients of the highest risk would have brought."""

    called: int
    #: leavers among them; with ties at the border, as many as are to be expected
    caught: float
    leavers: int
    #: share of the called who would have left
    precision: Interval
    #: share of all leavers who were among the called
    recall: Interval
    #: precision over the rate of leavers
    lift: float
    sentence: str


def caught_by_rank(y_true: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Leavers among the 0, 1, ... n highest risks (n + 1,), expected where equal risks lie across the border."""
    order = np.argsort(-risk, kind="stable")
    ranked, left = risk[order], y_true[order].astype(np.float64)
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])) if len(ranked) else np.array([], dtype=int)
    sizes = np.diff(np.append(starts, len(ranked)))
    even = np.repeat(np.add.reduceat(left, starts) / sizes, sizes) if len(ranked) else left
    return np.append(0.0, np.cumsum(even))


def at_capacity(y_true: np.ndarray, risk: np.ndarray, capacity: int) -> AtCapacity:
    """What calling the `capacity` highest risks of n clients would have brought; fewer where there are fewer."""
    n, leavers = len(y_true), int(y_true.sum())
    called = max(0, min(capacity, n))
    return of_called(called, float(caught_by_rank(y_true, risk)[called]), leavers, n)


def of_called(called: int, caught: float, leavers: int, n: int) -> AtCapacity:
    """The same of counts: `caught` among the `called` clients of the highest risk, of `leavers` among `n`."""
    precision, recall = statistics.wilson(caught, called), statistics.wilson(caught, leavers)
    lift = precision.value / (leavers / n) if called and leavers else float("nan")
    sentence = (
        f"Of {plural(called, 'client')} called, about {round(caught)} would have left: {percent(recall.value)} of "
        f"all {plural(leavers, 'leaver')}, {lift:.1f} times as many as by chance."
        if called and leavers
        else f"Nothing can be said: {plural(called, 'client')} called, {plural(leavers, 'leaver')}."
    )
    return AtCapacity(called, caught, leavers, precision, recall, lift, sentence)


def gains(y_true: np.ndarray, risk: np.ndarray) -> pd.DataFrame:
    """Gain curve: `share` of the clients called, highest risk first, `caught` share of the leavers, `lift`.

    With Wilson's interval of the caught share (`low`, `high`). Empty without a leaver.
    """
    n, leavers = len(y_true), int(y_true.sum())
    if leavers == 0:
        return pd.DataFrame(columns=["share", "called", "caught", "low", "high", "lift"])
    caught = caught_by_rank(y_true, risk)
    called = np.unique(np.round(np.linspace(0, n, min(n, _POINTS) + 1)).astype(int))
    ends = [statistics.wilson(float(caught[count]), leavers) for count in called]
    share = called / n
    lift = np.divide(caught[called] / leavers, share, out=np.full(len(called), np.nan), where=called > 0)
    return pd.DataFrame(
        {
            "share": share, "called": called, "caught": caught[called] / leavers,
            "low": [at.low for at in ends], "high": [at.high for at in ends], "lift": lift,
        }
    )  # fmt: skip
