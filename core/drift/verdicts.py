"""Effect and significance together become a verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: verdicts, from calm to loud
STABLE, WATCH, ALARM, TOO_FEW = "stable", "watch", "alarm", "not enough data"
#: loudest first
LOUDNESS = (ALARM, WATCH, STABLE, TOO_FEW)


def corrected(p_values: Sequence[float]) -> list[float]:
    """Benjamini-Hochberg q values (1995): the share of false discoveries, were this and all lower ones called.

    NaN, where nothing was tested, counts for nothing and stays.

    >>> [round(q, 3) for q in corrected([0.01, 0.04, float("nan"), 0.03])]
    [0.03, 0.04, nan, 0.04]
    """
    p = np.array(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    raw = p[order] * len(order) / np.arange(1, len(order) + 1)
    q = np.full(len(p), np.nan)
    q[order] = np.minimum.accumulate(raw[::-1])[::-1].clip(max=1)
    found: list[float] = q.tolist()
    return found


def verdict(effect: float, q: float, *, threshold: float, least_q: float) -> str:
    """Alarm where the effect reaches its threshold and chance does not explain it, watch from half of it on.

    Large samples make every trifle significant, small ones let chance look large: neither is enough alone.
    """
    if not (q < least_q and effect >= threshold / 2):
        return STABLE
    return ALARM if effect >= threshold else WATCH
