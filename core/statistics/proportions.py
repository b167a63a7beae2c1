"""Two shares of independent rows: how far apart, and whether chance explains it."""

from __future__ import annotations

import numpy as np

from core.statistics.intervals import NOTHING, Interval, wilson


def newcombe(hits: float, n: float, other_hits: float, other_n: float, confidence: float = 0.95) -> Interval:
    """hits / n - other_hits / other_n with Newcombe's hybrid score interval (1998, Stat Med 17:873, method 10).

    >>> found = newcombe(56, 70, 48, 80)  # the first example of the paper
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    if min(n, other_n) == 0:
        return NOTHING
    one, other = wilson(hits, n, confidence), wilson(other_hits, other_n, confidence)
    value = one.value - other.value
    below = float(np.hypot(one.value - one.low, other.high - other.value))
    above = float(np.hypot(one.high - one.value, other.value - other.low))
    return Interval(value, value - below, value + above)


def fisher_above(hits: int, n: int, other_hits: int, other_n: int) -> float:
    """How often chance alone puts so many or more of all hits among the n rows (Fisher's exact test, one-sided).

    >>> round(fisher_above(3, 3, 1, 7), 4)
    0.0333
    """
    from scipy.stats import hypergeom

    if min(n, other_n) == 0:
        return 1.0
    return float(hypergeom.sf(hits - 1, n + other_n, hits + other_hits, n))
