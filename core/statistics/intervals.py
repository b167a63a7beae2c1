"""Estimates with their 95 % intervals: means and shares."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its 95 % interval; NaN where it cannot be said."""

    value: float
    low: float
    high: float


NOTHING = Interval(float("nan"), float("nan"), float("nan"))


def z(confidence: float) -> float:
    """Half-width of a two-sided interval, in standard errors."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def spread_of_mean(influence: np.ndarray, cluster: np.ndarray | None) -> float:
    """Variance of a mean whose rows have these influences (n,), mean 0; rows of one `cluster` (n,) go together.

    Without clusters var / n with n - 1; with them the sandwich over the clusters' sums (Liang & Zeger 1986). NaN
    with fewer than two.
    """
    n = len(influence)
    if cluster is None:
        return float(np.var(influence, ddof=1)) / n if n > 1 else float("nan")
    _, number = np.unique(cluster, return_inverse=True)
    sums = np.bincount(number, influence)
    count = len(sums)
    return float(count / (count - 1) * np.sum(sums**2)) / n**2 if count > 1 else float("nan")


def mean(values: np.ndarray, confidence: float = 0.95, cluster: np.ndarray | None = None) -> Interval:
    """Mean of values (n,) with its normal interval; rows of one `cluster` (n,), a client say, go together."""
    if len(values) == 0:
        return NOTHING
    value = float(np.mean(values))
    reach = float(z(confidence) * np.sqrt(spread_of_mean(values - value, cluster)))
    return Interval(value, value - reach, value + reach)


def wilson(hits: float, n: float, confidence: float = 0.95) -> Interval:
    """A share with Wilson's score interval (Wilson 1927, JASA 22:209).

    >>> share = wilson(8, 10)
    >>> round(share.low, 4), round(share.high, 4)
    (0.4902, 0.9433)
    """
    if n == 0:
        return NOTHING
    z2 = z(confidence) ** 2
    share = hits / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Interval(share, min(share, max(0.0, float(centre - reach))), max(share, min(1.0, float(centre + reach))))


def share(hit: np.ndarray, cluster: np.ndarray | None = None) -> Interval:
    """Share of rows that are hits (n,), with Wilson's interval for as many independent rows as these are worth.

    With clusters: n divided by the design effect (Kish 1965; Dean & Pagano 2015, JSSM 3:484).
    """
    n, hits = len(hit), int(hit.sum())
    if n == 0 or cluster is None or hits in (0, n):
        return wilson(hits, n)
    rate = hits / n
    plain = rate * (1 - rate) / n
    worth = n * min(1.0, plain / spread_of_mean(hit - rate, cluster))
    found = wilson(rate * worth, worth)
    return Interval(rate, found.low, found.high)
