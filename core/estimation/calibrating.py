"""Risks become chances that come true: isotonic regression on the reference, and whether it is needed at all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.estimation import ranking

#: the test of calibration, as published: ten stratified splits, a tenth of the rows held out, ten bins
_SPLITS, _BINS, _SEED = 10, 10, 42
#: above this the outcomes are all but told apart, and there is nothing to calibrate
_SURE = 0.999


@dataclass(frozen=True, eq=False)
class Levels:
    """Rows by their risk, lowest first; equal risks are one level."""

    #: the different risks (k,)
    risk: np.ndarray
    #: rows at each (k,), or the sum of their weights
    rows: np.ndarray
    #: leavers among them (k,), or the sum of their weights
    hits: np.ndarray
    #: the level of each row (n,)
    level: np.ndarray


def levels(risk: np.ndarray, outcome: np.ndarray, weights: np.ndarray | None = None) -> Levels:
    """Rows of these risks (n,) and outcomes (n,) of 0/1, each counting as often as its weight (n,) says."""
    order = np.argsort(risk)
    ranked = risk[order]
    new = np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)]
    level = np.empty(len(risk), dtype=np.int64)
    level[order] = np.cumsum(new) - 1
    own = np.ones(len(risk)) if weights is None else weights
    return Levels(ranked[new], np.bincount(level, own), np.bincount(level, own * outcome), level)


@dataclass(frozen=True)
class Calibrator:
    """A never falling line from risk to chance, level beyond its ends."""

    #: where the line bends
    risk: tuple[float, ...]
    #: the chance of leaving there
    chance: tuple[float, ...]

    def chances(self, risk: np.ndarray) -> np.ndarray:
        """The chance of leaving (n,) at these risks (n,)."""
        return np.interp(risk, self.risk, self.chance)


@dataclass(frozen=True)
class Steps:
    """The steps of isotonic regression: what the reference shows about ranges of risk, each by rows of its own."""

    #: lowest risk of each step, ascending
    starts: tuple[float, ...]
    #: share of leavers in it, drawn half a row towards either side so that no step is sure
    share: tuple[float, ...]
    #: how many rows show it
    rows: tuple[float, ...]


def isotonic(risk: np.ndarray, hits: np.ndarray, rows: np.ndarray) -> Calibrator:
    """The line of scikit-learn's `IsotonicRegression(out_of_bounds="clip")` through levels (k,), ascending in risk."""
    fitted = _rising(hits, rows)
    return _line(risk, fitted)


def _rising(hits: np.ndarray, rows: np.ndarray) -> np.ndarray:
    from scipy.optimize import isotonic_regression

    return np.asarray(isotonic_regression(hits / rows, weights=rows).x)


def _line(risk: np.ndarray, fitted: np.ndarray) -> Calibrator:
    changed = fitted[1:] != fitted[:-1]
    bends = np.append(True, changed) | np.append(changed, True)
    return Calibrator(tuple(risk[bends].tolist()), tuple(fitted[bends].tolist()))


def calibrated(found: Levels, worth: np.ndarray | None = None) -> tuple[Calibrator, Steps]:
    """The line and its steps; `worth` (k,): sums of squared weights, for what the rows of a step are worth (Kish)."""
    fitted = _rising(found.hits, found.rows)
    begins = np.flatnonzero(np.append(True, fitted[1:] != fitted[:-1]))
    rows, hits = np.add.reduceat(found.rows, begins), np.add.reduceat(found.hits, begins)
    if worth is not None:
        effective = rows**2 / np.add.reduceat(worth, begins)
        rows, hits = effective, hits / rows * effective
    share = (hits + 0.5) / (rows + 1)
    steps = Steps(tuple(found.risk[begins].tolist()), tuple(share.tolist()), tuple(rows.tolist()))
    return _line(found.risk, fitted), steps


def needs_calibration(risk: np.ndarray, outcome: np.ndarray, found: Levels) -> bool:
    """Whether isotonic regression brings risks (n,) nearer to outcomes (n,) on rows held out, as nannyml decides it.

    The expected calibration error of ten pooled held-out tenths, before and after, in bins of equally many rows. No,
    where there is one kind of outcome, too few rows to hold out both, or nothing left to tell apart.
    """
    counts = np.bincount(outcome.astype(np.int64), minlength=2)
    if counts.min() < 2 or _held_out_rows(len(outcome)) < 2 or ranking.roc_auc(found.hits, found.rows).value > _SURE:
        return False
    told, before, after = [], [], []
    for test in held_out(outcome):
        level, left = found.level[test], outcome[test]
        rows = found.rows - np.bincount(level, minlength=len(found.rows))
        hits = found.hits - np.bincount(level, left, minlength=len(found.rows))
        known = rows > 0
        told.append(left)
        before.append(risk[test])
        after.append(isotonic(found.risk[known], hits[known], rows[known]).chances(risk[test]))
    left = np.concatenate(told)
    return _calibration_error(left, np.concatenate(before)) > _calibration_error(left, np.concatenate(after))


def held_out(outcome: np.ndarray) -> Iterator[np.ndarray]:
    """The test rows of scikit-learn's `StratifiedShuffleSplit(n_splits=10, test_size=0.1, random_state=42)`.

    In the same order, and some five times as fast: it keeps the rows in arrays, not in lists.
    """
    from sklearn.utils import check_random_state

    random = check_random_state(_SEED)
    kinds = [np.flatnonzero(outcome == kind) for kind in (0, 1)]
    counts = np.array([len(kind) for kind in kinds])
    test_rows = _held_out_rows(len(outcome))
    for _ in range(_SPLITS):
        train = _shares(counts, len(outcome) - test_rows, random)
        test = _shares(counts - train, test_rows, random)
        drawn = []
        for rows, first, many in zip(kinds, train, test, strict=True):
            drawn.append(rows[random.permutation(len(rows))[first : first + many]])
        random.permutation(int(train.sum()))  # the rows to learn from, in whatever order
        yield random.permutation(np.concatenate(drawn))


def _held_out_rows(n: int) -> int:
    return math.ceil(0.1 * n)


def _shares(counts: np.ndarray, draws: int, random: np.random.RandomState) -> np.ndarray:
    """How many of either kind are drawn: in proportion, the odd row to the larger remainder, by lot between equals."""
    exact = counts / counts.sum() * draws
    whole = np.floor(exact)
    odd = int(draws - whole.sum())
    left = exact - whole
    for remainder in np.unique(left)[::-1] if odd else ():
        equals = np.flatnonzero(left == remainder)
        added = random.choice(equals, size=min(len(equals), odd), replace=False)
        whole[added] += 1
        odd -= len(added)
        if not odd:
            break
    return whole.astype(np.int64)


def _calibration_error(outcome: np.ndarray, chance: np.ndarray) -> float:
    """Mean gap between chance and share of leavers, over bins of equally many rows; the last takes what is left."""
    n = len(outcome)
    bins = _BINS if n > 2 * _BINS else n // 2
    order = np.argsort(chance)  # the same sort as the peer's, for ties fall into bins as it leaves them
    edges = np.arange(0, n + 1, n // bins)
    gaps = np.add.reduceat((chance - outcome)[order], edges[:-1])
    return float(np.abs(gaps).sum() / n)
