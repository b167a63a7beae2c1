"""How well scores rank: the area under the ROC curve, and the difference of two."""

from __future__ import annotations

import numpy as np

from core.statistics.intervals import NOTHING, Interval, spread_of_mean, z


def _placements(y_true: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of stayers below each leaver and of leavers above each stayer, ties half (Sun & Xu 2014)."""
    from scipy.stats import rankdata

    positive = y_true == 1
    leavers, stayers = int(positive.sum()), int((~positive).sum())
    together = rankdata(score)
    above = (together[positive] - rankdata(score[positive])) / stayers
    below = 1 - (together[~positive] - rankdata(score[~positive])) / leavers
    return above, below


def _reach(
    y_true: np.ndarray, above: np.ndarray, below: np.ndarray, confidence: float, cluster: np.ndarray | None
) -> float:
    """Half-width of the interval of an area, or of a difference of two, whose placements these are."""
    if cluster is None:
        spread = spread_of_mean(above, None) + spread_of_mean(below, None)
    else:
        influence = np.empty(len(y_true))
        influence[y_true == 1] = (above - above.mean()) * len(y_true) / len(above)
        influence[y_true != 1] = (below - below.mean()) * len(y_true) / len(below)
        spread = spread_of_mean(influence, cluster)
    return float(z(confidence) * np.sqrt(spread))


def roc_auc(
    y_true: np.ndarray, score: np.ndarray, confidence: float = 0.95, cluster: np.ndarray | None = None
) -> Interval:
    """Area under the ROC curve with DeLong's interval, in O(n log n) with mid-ranks.

    `y_true` (n,) of 0/1, `score` (n,) of any scale, `cluster` (n,): rows that are not independent, such as those of
    one client. NaN where there is one class only; the interval is NaN with fewer than two of a class. DeLong et al.
    1988, Biometrics 44:837; Sun & Xu 2014, IEEE SPL 21:1389; with clusters Obuchowski 1997, Biometrics 53:567.

    >>> roc_auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])).value
    0.75
    """
    if len(np.unique(y_true)) < 2:
        return NOTHING
    above, below = _placements(y_true, score)
    value = float(above.mean())
    reach = _reach(y_true, above, below, confidence, cluster)
    return Interval(value, float(np.clip(value - reach, 0, 1)), float(np.clip(value + reach, 0, 1)))


def roc_auc_difference(
    y_true: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    confidence: float = 0.95,
    cluster: np.ndarray | None = None,
) -> Interval:
    """roc_auc(first) - roc_auc(second) on the same rows, with DeLong's paired interval."""
    if len(np.unique(y_true)) < 2:
        return NOTHING
    pairs = zip(_placements(y_true, first), _placements(y_true, second), strict=True)
    above, below = (one - other for one, other in pairs)
    value = float(above.mean())
    reach = _reach(y_true, above, below, confidence, cluster)
    return Interval(value, float(value - reach), float(value + reach))
