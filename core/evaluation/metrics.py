"""Outcomes and risks become metrics with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core import statistics
from core.evaluation.calibration import calibration_error
from core.records import Metric
from core.statistics import Interval


@dataclass(frozen=True)
class Confusion:
    """Counts at a threshold: who was said to leave, and who left."""

    threshold: float
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int


def confusion(y_true: np.ndarray, risk: np.ndarray, threshold: float) -> Confusion:
    """Confusion matrix when every risk at or above `threshold` is called "would leave"."""
    called, left = risk >= threshold, y_true == 1
    return Confusion(
        threshold, int((called & left).sum()), int((called & ~left).sum()), int((~called & left).sum()),
        int((~called & ~left).sum()),
    )  # fmt: skip


def f1(y_true: np.ndarray, risk: np.ndarray, threshold: float) -> float:
    """Harmonic mean of precision and recall at a threshold; 0 when nobody who left was called.

    >>> f1(np.array([1, 1, 1, 1, 0]), np.array([0, .9, .9, .9, .1]), 0.5).__round__(4)
    0.8571
    """
    at = confusion(y_true, risk, threshold)
    wrong = at.false_positive + at.false_negative
    return 2 * at.true_positive / (2 * at.true_positive + wrong) if at.true_positive else 0.0


def best_threshold(y_true: np.ndarray, risk: np.ndarray) -> float:
    """The risk from which calling clients leavers gives the highest f1; 0.5 where one class is absent."""
    if len(np.unique(y_true)) < 2:
        return 0.5
    order = np.argsort(-risk, kind="stable")
    ranked, hits = risk[order], np.cumsum(y_true[order])
    scores = 2 * hits / (np.arange(1, len(order) + 1) + hits[-1])
    last_of_its_risk = np.append(ranked[1:] != ranked[:-1], True)
    return float(ranked[int(np.argmax(np.where(last_of_its_risk, scores, -1.0)))])


def average_precision(y_true: np.ndarray, risk: np.ndarray, counts: np.ndarray | None = None) -> float:
    """Area under the precision-recall steps, as scikit-learn defines it; `counts` (n,): how often each row counts."""
    order = np.argsort(-risk, kind="stable")
    weight = np.ones(len(order), dtype=np.int64) if counts is None else counts[order]
    ranked, left = risk[order], y_true[order] * weight
    last_of_its_risk = np.append(ranked[1:] != ranked[:-1], True)
    hits = np.cumsum(left)[last_of_its_risk]
    called = np.cumsum(weight)[last_of_its_risk]
    steps = np.sum(np.diff(hits, prepend=0) * hits / np.maximum(called, 1))
    return float(steps / hits[-1]) if hits[-1] else float("nan")


def evaluate(
    y_true: np.ndarray, risk: np.ndarray, *, threshold: float, seed: int, cluster: np.ndarray | None = None
) -> list[Metric]:
    """All metrics of `risk` (n,) against outcomes `y_true` (n,) of 0/1, each with its n and a 95 % interval.

    `cluster` (n,): rows that are not independent, such as the months of one client. roc_auc by DeLong; brier,
    log_loss and mean_risk_gap as means of what each row adds; precision, recall and accuracy at the threshold by
    Wilson, of as many rows as they are shares of; average_precision, f1 and calibration_error by a seeded bootstrap.
    NaN where a metric needs rows, or an outcome, that is not there.
    """
    y_true = np.asarray(y_true, dtype=np.int64)
    called, left = risk >= threshold, y_true == 1
    groups = (lambda rows: None) if cluster is None else (lambda rows: cluster[rows])

    def share(hit: np.ndarray, among: np.ndarray) -> tuple[int, Interval]:
        return int(among.sum()), statistics.share(hit[among], groups(among))

    n = len(y_true)
    rows = np.ones(n, dtype=bool)
    found = {
        "roc_auc": (n, statistics.roc_auc(y_true, risk, cluster=cluster)),
        "average_precision": (n, _average_precision_interval(y_true, risk, seed, cluster)),
        "brier": (n, statistics.mean((risk - y_true) ** 2, cluster=cluster)),
        "log_loss": (n, statistics.mean(statistics.log_losses(y_true, risk), cluster=cluster)),
        "f1": (n, f1_interval(y_true, risk, threshold, cluster)),
        "precision": share(left, called),
        "recall": share(called, left),
        "accuracy": share(called == left, rows),
        "calibration_error": (n, calibration_error(y_true, risk, seed=seed, cluster=cluster)),
        "mean_risk_gap": (n, statistics.mean(risk - y_true, cluster=cluster)),
    }
    return [
        Metric(metric=name, n=count, value=at.value, low=at.low, high=at.high) for name, (count, at) in found.items()
    ]


def _average_precision_interval(
    y_true: np.ndarray, risk: np.ndarray, seed: int, cluster: np.ndarray | None
) -> Interval:
    """Draws with as many leavers as chance has it, for average precision rises with the rate of leavers."""
    rows = np.arange(len(y_true)) if cluster is None else cluster
    return statistics.bootstrap(average_precision, y_true, risk, seed=seed, cluster=rows, of_share=True)


def f1_interval(y_true: np.ndarray, risk: np.ndarray, threshold: float, cluster: np.ndarray | None) -> Interval:
    """f1 at a threshold; NaN where nobody left or nobody stayed.

    Twice the true positives are a share of (called + left), so that its interval is that of a ratio, on the logit
    scale (delta method).
    """
    if len(np.unique(y_true)) < 2:
        return statistics.NOTHING
    called, left = risk >= threshold, y_true == 1
    part, whole = 2.0 * (called & left), called * 1.0 + left
    value = float(part.sum() / whole.sum())
    if value in (0.0, 1.0):
        reach = statistics.wilson(round(part.sum() / 2), round(whole.sum() / 2))
        return Interval(value, min(reach.low, value), max(reach.high, value))
    spread = statistics.mean((part - value * whole) / whole.mean(), cluster=cluster)
    steep = (spread.high - spread.value) / (value * (1 - value))
    logit = float(np.log(value / (1 - value)))
    return Interval(value, float(1 / (1 + np.exp(steep - logit))), float(1 / (1 + np.exp(-steep - logit))))
