"""The metrics that are estimated, from counts of who was called and who left: realised, or expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.estimation import ranking

COUNTS = ("true_positive", "true_negative", "false_positive", "false_negative")
METRICS = ("roc_auc", "average_precision", "f1", "precision", "recall", "accuracy", "specificity", "brier", *COUNTS)


@dataclass(frozen=True)
class Confused:
    """Who was called and who left: counts, or sums of chances."""

    true_positive: float
    false_positive: float
    false_negative: float
    true_negative: float

    @property
    def n(self) -> float:
        """All rows."""
        return self.true_positive + self.false_positive + self.false_negative + self.true_negative


@dataclass(frozen=True)
class Counted:
    """A metric of `Confused`, the variance of it, and by how much a stayer turned leaver would move it."""

    value: float
    #: of as many rows drawn anew with their outcomes (delta method)
    variance: float
    #: what one more chance of leaving adds, where the row is called and where it is not
    called: float
    not_called: float


def counted(at: Confused, metric: str) -> Counted:
    """One metric from the counts; NaN where it divides by nothing.

    Each of them is a ratio of means over the rows, so that its variance follows from what each kind of row adds.
    """
    tp, fp, fn, tn, n = at.true_positive, at.false_positive, at.false_negative, at.true_negative, at.n
    if metric == "accuracy":
        value = _ratio(tp + tn, n)
        return Counted(value, _ratio(value * (1 - value), n), _ratio(1, n), _ratio(-1, n))
    if metric == "precision":
        value = _ratio(tp, tp + fp)
        return Counted(value, _ratio(value * (1 - value), tp + fp), _ratio(1, tp + fp), 0.0)
    if metric == "recall":
        value, left = _ratio(tp, tp + fn), tp + fn
        return Counted(value, _ratio(value * (1 - value), left), _ratio(1 - value, left), _ratio(-value, left))
    if metric == "specificity":
        value, stayed = _ratio(tn, tn + fp), tn + fp
        return Counted(value, _ratio(value * (1 - value), stayed), _ratio(value, stayed), _ratio(value - 1, stayed))
    if metric == "f1":
        both = 2 * tp + fp + fn
        value = _ratio(2 * tp, both)
        spread = tp * 4 * (1 - value) ** 2 + (fp + fn) * value**2
        return Counted(value, _ratio(spread, both**2), _ratio(2 - value, both), _ratio(-value, both))
    count: float = getattr(at, metric)
    adds = {"true_positive": (1, 0), "false_positive": (-1, 0), "false_negative": (0, 1), "true_negative": (0, -1)}
    return Counted(count, count * (1 - _ratio(count, n)), *map(float, adds[metric]))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def confused(outcome: np.ndarray, called: np.ndarray) -> Confused:
    """Counts of outcomes (n,) of 0/1 and of whom was called (n,)."""
    both, left, said = float(outcome[called].sum()), float(outcome.sum()), float(called.sum())
    return Confused(both, said - both, left - both, len(outcome) - left - said + both)


@dataclass(frozen=True, eq=False)
class Realised:
    """Outcomes that are known, with the risks and calls they are held against."""

    at: Confused
    #: leavers and rows at each different risk, lowest first (k,)
    hits: np.ndarray
    rows: np.ndarray
    #: squared distance of risk and outcome, row by row (n,)
    losses: np.ndarray

    @property
    def both_kinds(self) -> bool:
        """Whether some left and some stayed."""
        return self.at.true_positive + self.at.false_negative > 0 and self.at.false_positive + self.at.true_negative > 0

    def value(self, metric: str) -> float:
        """The metric as scikit-learn computes it; NaN where its kind of row is absent, as nannyml has it."""
        if metric == "brier":
            return float(self.losses.mean()) if len(self.losses) else float("nan")
        if metric == "roc_auc":
            return ranking.roc_auc(self.hits, self.rows).value if self.both_kinds else float("nan")
        if metric == "average_precision":
            return ranking.average_precision(self.hits, self.rows).value if self.hits.sum() else float("nan")
        called = self.at.true_positive + self.at.false_positive
        if metric in {"f1", "precision", "recall"} and not (self.both_kinds and 0 < called < self.at.n):
            return float("nan")
        return counted(self.at, metric).value

    def error(self, metric: str) -> tuple[float, float]:
        """A standard deviation s and a share of rows q, so that s / sqrt(n q) is the sampling error on n rows.

        As nannyml takes them from the reference: of what each row that the metric speaks of adds to it, ddof 0. Of a
        count it is s * sqrt(n). average_precision: of the rows' influence (nannyml resamples fifty times, without a
        seed); brier: of the squared distances.
        """
        at = self.at
        if metric == "brier":
            return float(self.losses.std()) if len(self.losses) else float("nan"), 1.0
        if metric == "roc_auc":
            return ranking.placements(self.hits, self.rows) if self.both_kinds else (float("nan"), 0.0)
        if metric == "average_precision":
            if not self.hits.sum():
                return float("nan"), 0.0
            return float(
                np.sqrt(ranking.average_precision(self.hits, self.rows).variance(self.hits, self.rows) * at.n)
            ), 1.0
        if metric in COUNTS:
            return _deviation(_ratio(getattr(at, metric), at.n)), 1.0
        if metric == "accuracy":
            return _deviation(_ratio(at.true_positive + at.true_negative, at.n)), 1.0
        if metric == "f1":
            spoken = at.true_positive + at.false_positive + at.false_negative
            weight = _ratio(spoken, at.true_positive + (at.false_positive + at.false_negative) / 2)
            return _deviation(_ratio(at.true_positive, spoken)) * weight, _ratio(spoken, at.n)
        spoken = {
            "precision": at.true_positive + at.false_positive,
            "recall": at.true_positive + at.false_negative,
            "specificity": at.true_negative + at.false_positive,
        }[metric]
        return _deviation(counted(at, metric).value), _ratio(spoken, at.n)


def _deviation(share: float) -> float:
    return float(np.sqrt(share * (1 - share)))


def realised(outcome: np.ndarray, risk: np.ndarray, called: np.ndarray) -> Realised:
    """Outcomes (n,) of 0/1 held against risks (n,) and calls (n,) of true/false; none of them unknown."""
    order = np.argsort(risk)
    ranked = risk[order]
    begins = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)])
    if len(begins) == len(ranked):
        hits, rows = outcome[order], np.ones(len(ranked))
    else:
        hits = np.add.reduceat(outcome[order], begins)
        rows = np.diff(begins, append=len(ranked)).astype(np.float64)
    return Realised(confused(outcome, called), hits, rows, (risk - outcome) ** 2)
