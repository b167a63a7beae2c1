"""How much the list of clients to call changes when another model takes over."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

#: the top of the list: this share of the clients, and at least so many of them
_TOP_SHARE, _TOP_LEAST = 0.05, 10


@dataclass(frozen=True)
class ListChange:
    """Two lists of the same clients beside each other."""

    #: clients at the top of a list
    size: int
    #: share of them (0-1) that are others in the second list; NaN without clients
    changed: float
    #: Spearman's rank correlation of the two risks; NaN where either is the same for all
    correlation: float


def list_change(before: np.ndarray, after: np.ndarray) -> ListChange:
    """What becomes of the list when the risks `before` (n,) of the same clients become `after` (n,).

    Equal risks stand in the order that the clients are given in, as they do in the list.
    """
    from scipy.stats import rankdata

    n = len(before)
    size = min(n, max(math.ceil(_TOP_SHARE * n), _TOP_LEAST))
    if n == 0:
        return ListChange(0, float("nan"), float("nan"))
    first, second = (set(np.argsort(-risk, kind="stable")[:size].tolist()) for risk in (before, after))
    ranks = rankdata(before), rankdata(after)
    told = all(np.ptp(rank) > 0 for rank in ranks)
    correlation = float(np.corrcoef(*ranks)[0, 1]) if told else float("nan")
    return ListChange(size, len(second - first) / size, correlation)
