"""Intervals, tests and corrections that more than one room needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

#: risks are kept this far from 0 and 1 when their log is taken
_EDGE = 1e-12


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its 95 % interval; NaN where it cannot be said."""

    value: float
    low: float
    high: float


NOTHING = Interval(float("nan"), float("nan"), float("nan"))


def _z(confidence: float) -> float:
    """Half-width of a two-sided interval, in standard errors."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _placements(y_true: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of stayers below each leaver and of leavers above each stayer, ties half (Sun & Xu 2014)."""
    from scipy.stats import rankdata

    positive = y_true == 1
    leavers, stayers = int(positive.sum()), int((~positive).sum())
    together = rankdata(score)
    above = (together[positive] - rankdata(score[positive])) / stayers
    below = 1 - (together[~positive] - rankdata(score[~positive])) / leavers
    return above, below


def _spread(values: np.ndarray) -> float:
    return float(np.var(values, ddof=1)) / len(values) if len(values) > 1 else float("nan")


def roc_auc(y_true: np.ndarray, score: np.ndarray, confidence: float = 0.95) -> Interval:
    """Area under the ROC curve with DeLong's interval, in O(n log n) with mid-ranks.

    `y_true` (n,) of 0/1, `score` (n,) of any scale. NaN where there is one class only; the interval is NaN
    with fewer than two of a class. DeLong et al. 1988, Biometrics 44:837; Sun & Xu 2014, IEEE SPL 21:1389.

    >>> roc_auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])).value
    0.75
    """
    if len(np.unique(y_true)) < 2:
        return NOTHING
    above, below = _placements(y_true, score)
    value = float(above.mean())
    reach = _z(confidence) * np.sqrt(_spread(above) + _spread(below))
    return Interval(value, float(np.clip(value - reach, 0, 1)), float(np.clip(value + reach, 0, 1)))


def roc_auc_difference(y_true: np.ndarray, first: np.ndarray, second: np.ndarray, confidence: float = 0.95) -> Interval:
    """roc_auc(first) - roc_auc(second) on the same rows, with DeLong's paired interval."""
    if len(np.unique(y_true)) < 2:
        return NOTHING
    pairs = zip(_placements(y_true, first), _placements(y_true, second), strict=True)
    above, below = (one - other for one, other in pairs)
    value = float(above.mean())
    reach = _z(confidence) * np.sqrt(_spread(above) + _spread(below))
    return Interval(value, float(value - reach), float(value + reach))


def mean(values: np.ndarray, confidence: float = 0.95) -> Interval:
    """Mean with its normal interval."""
    if len(values) == 0:
        return NOTHING
    value = float(np.mean(values))
    reach = float(_z(confidence) * np.sqrt(_spread(values)))
    return Interval(value, value - reach, value + reach)


def wilson(hits: int, n: int, confidence: float = 0.95) -> Interval:
    """A share with Wilson's score interval (Wilson 1927, JASA 22:209).

    >>> share = wilson(8, 10)
    >>> round(share.low, 4), round(share.high, 4)
    (0.4902, 0.9433)
    """
    if n == 0:
        return NOTHING
    z2 = _z(confidence) ** 2
    share = hits / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Interval(share, min(share, max(0.0, float(centre - reach))), max(share, min(1.0, float(centre + reach))))


def bootstrap(
    statistic: Callable[[np.ndarray, np.ndarray], float],
    y_true: np.ndarray,
    score: np.ndarray,
    *,
    seed: int,
    draws: int = 200,
) -> Interval:
    """A statistic of outcomes and scores with its percentile bootstrap interval, stratified by outcome."""
    if len(np.unique(y_true)) < 2:
        return NOTHING
    random = np.random.default_rng(seed)
    order = np.argsort(-score, kind="stable")  # draws kept in this order are sorted anew in no time
    classes = [np.flatnonzero(y_true[order] == label) for label in (0, 1)]
    values = []
    for _ in range(draws):
        drawn = np.zeros(len(order), dtype=np.int64)
        for rows in classes:
            drawn += np.bincount(rows[random.integers(0, len(rows), len(rows))], minlength=len(order))
        rows = np.repeat(order, drawn)
        values.append(statistic(y_true[rows], score[rows]))
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(statistic(y_true, score), float(low), float(high))


def log_losses(y_true: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Log loss of each row (n,), in nats."""
    kept = np.clip(risk, _EDGE, 1 - _EDGE)
    return -np.where(y_true == 1, np.log(kept), np.log1p(-kept))
