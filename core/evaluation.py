"""Outcomes and risks become metrics with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core import statistics
from core.records import Metric


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


def average_precision(y_true: np.ndarray, risk: np.ndarray) -> float:
    """Area under the precision-recall steps, as scikit-learn defines it."""
    order = np.argsort(-risk, kind="stable")
    ranked, left = risk[order], y_true[order]
    last_of_its_risk = np.append(ranked[1:] != ranked[:-1], True)
    hits = np.cumsum(left)[last_of_its_risk]
    called = np.flatnonzero(last_of_its_risk) + 1
    return float(np.sum(np.diff(hits, prepend=0) * hits / called) / hits[-1])


def evaluate(y_true: np.ndarray, risk: np.ndarray, *, threshold: float, seed: int) -> list[Metric]:
    """All metrics of `risk` (n,) against outcomes `y_true` (n,) of 0/1, each with n and a 95 % interval.

    roc_auc by DeLong; brier and log_loss as means of per-row losses; average_precision and f1 by a seeded
    stratified bootstrap. Metrics that need both classes are NaN where there is one.
    """
    y_true = np.asarray(y_true, dtype=np.int64)
    found = {
        "roc_auc": statistics.roc_auc(y_true, risk),
        "average_precision": statistics.bootstrap(average_precision, y_true, risk, seed=seed),
        "brier": statistics.mean((risk - y_true) ** 2),
        "log_loss": statistics.mean(statistics.log_losses(y_true, risk)),
        "f1": statistics.bootstrap(lambda y, r: f1(y, r, threshold), y_true, risk, seed=seed),
    }
    return [Metric(metric=name, n=len(y_true), value=at.value, low=at.low, high=at.high) for name, at in found.items()]
