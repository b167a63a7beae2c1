"""Intervals by drawing the rows anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from core.statistics.intervals import NOTHING, Interval, z
from core.statistics.losses import log_losses

#: shares are kept this far from 0 and 1 on the logit scale
_EDGE = 1e-6

#: rows that are drawn for a paired interval, all draws together
_ROWS_DRAWN = 20_000_000

#: of outcomes (n,), scores (n,) from the highest on, and how often each row was drawn (n,)
Statistic = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def resampled(y_true: np.ndarray, cluster: np.ndarray | None, seed: int, draws: int) -> Iterator[np.ndarray]:
    """How often each row (n,) is drawn, `draws` times over.

    As many of either outcome as there are; with `cluster` (n,) whole clusters, as many as there are.
    """
    random = np.random.default_rng(seed)
    if cluster is not None:
        clusters, number = np.unique(cluster, return_inverse=True)
        for _ in range(draws):
            yield np.bincount(random.integers(0, len(clusters), len(clusters)), minlength=len(clusters))[number]
        return
    classes = [np.flatnonzero(y_true == label) for label in (0, 1)]
    for _ in range(draws):
        drawn = np.zeros(len(y_true), dtype=np.int64)
        for rows in classes:
            drawn += np.bincount(rows[random.integers(0, len(rows), len(rows))], minlength=len(drawn))
        yield drawn


def bootstrap(
    statistic: Statistic,
    y_true: np.ndarray,
    score: np.ndarray,
    *,
    seed: int,
    draws: int = 200,
    cluster: np.ndarray | None = None,
    of_share: bool = False,
) -> Interval:
    """A statistic of outcomes (n,) of 0/1 and scores (n,) with its percentile bootstrap interval; see `resampled`.

    `of_share`: a statistic between 0 and 1 gets a normal interval on the logit scale instead, as wide as the draws
    are spread there: average precision comes out higher on drawn rows, which are told more than once, and percentiles
    would follow it (Boyd, Eng & Page 2013, ECML PKDD).
    """
    if len(np.unique(y_true)) < 2:
        return NOTHING
    order = np.argsort(-score, kind="stable")
    outcome, ranked = y_true[order], score[order]
    groups = None if cluster is None else cluster[order]
    values = [statistic(outcome, ranked, drawn) for drawn in resampled(outcome, groups, seed, draws)]
    value = statistic(outcome, ranked, np.ones(len(order), dtype=np.int64))
    if of_share and 0 < value < 1:
        from scipy.special import expit, logit

        reach = z(0.95) * float(np.nanstd(logit(np.clip(values, _EDGE, 1 - _EDGE)), ddof=1))
        return Interval(value, float(expit(logit(value) - reach)), float(expit(logit(value) + reach)))
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Interval(value, float(low), float(high))


@dataclass(frozen=True)
class Differences:
    """The first risk less the second, on the same rows."""

    roc_auc: Interval
    #: below zero: the first is better
    log_loss: Interval


def differences(
    y_true: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    *,
    seed: int,
    draws: int = 0,
    cluster: np.ndarray | None = None,
) -> Differences:
    """What two risks (n,) differ by, each draw of the rows for both, with percentile intervals; see `resampled`.

    `draws` 0: a thousand, fewer of very many rows, 200 at least.
    """
    if len(np.unique(y_true)) < 2:
        return Differences(NOTHING, NOTHING)
    draws = draws or int(np.clip(_ROWS_DRAWN // len(y_true), 200, 1000))
    gap = log_losses(y_true, first) - log_losses(y_true, second)
    ranks = _Ranks(first), _Ranks(second)
    whole = np.ones(len(y_true), dtype=np.int64)
    found = np.empty((draws, 2))
    for place, drawn in enumerate(resampled(y_true, cluster, seed, draws)):
        found[place] = _area(ranks[0], y_true, drawn) - _area(ranks[1], y_true, drawn), np.average(gap, weights=drawn)
    lows, highs = np.nanquantile(found, [0.025, 0.975], axis=0).tolist()
    value = _area(ranks[0], y_true, whole) - _area(ranks[1], y_true, whole)
    return Differences(Interval(value, lows[0], highs[0]), Interval(float(gap.mean()), lows[1], highs[1]))


class _Ranks:
    """Rows in the order of a score, highest first, and where each of its values begins."""

    def __init__(self, score: np.ndarray) -> None:
        self.order = np.argsort(-score, kind="stable")
        ranked = score[self.order]
        self.starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))


def _area(ranks: _Ranks, y_true: np.ndarray, drawn: np.ndarray) -> float:
    """Area under the ROC curve when each row counts as often as it was drawn; ties half; NaN with one class."""
    counts, left = drawn[ranks.order], y_true[ranks.order]
    leavers = np.add.reduceat(counts * left, ranks.starts).astype(np.float64)
    stayers = np.add.reduceat(counts, ranks.starts) - leavers
    all_pairs = leavers.sum() * stayers.sum()
    above = np.cumsum(leavers) - leavers / 2
    return float(np.sum(stayers * above) / all_pairs) if all_pairs else float("nan")
