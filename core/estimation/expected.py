"""What to expect of a chunk whose outcomes are not known, if each row leaves with the chance its risk stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.estimation import ranking
from core.estimation.calibrating import Calibrator, Steps
from core.estimation.grouping import Groups, grouped
from core.estimation.measures import Confused, counted

#: how finely the order of a chunk's rows is looked at for the variance of a ranking
_PIECES = 2000


@dataclass(frozen=True)
class Expectation:
    """A metric to expect, with its variance."""

    value: float
    #: of the metric that such a chunk realises: its rows and their outcomes are one draw (delta method)
    chunk_variance: float
    #: of the value: the outcomes of the reference, which the chances rest on, are one draw too (delta method)
    reference_variance: float


@dataclass(frozen=True, eq=False)
class Expected:
    """A chunk with the chances its rows leave with; see `expected`."""

    #: (n,)
    risk: np.ndarray
    calibrator: Calibrator | None
    groups: Groups
    #: sums of chances
    at: Confused
    #: what the reference shows
    steps: Steps

    def of(self, metric: str) -> Expectation:
        """A metric; NaN where it cannot be said, see `obstacle`."""
        if self.obstacle(metric):
            return Expectation(*[float("nan")] * 3)
        if metric == "brier":
            return self._brier()
        if metric in {"roc_auc", "average_precision"}:
            return self._ranking(metric)
        ratio, called = counted(self.at, metric), self.groups.called
        moved = ratio.called * called + ratio.not_called * (self.groups.rows - called)
        return Expectation(ratio.value, ratio.variance, self._passed_on(self.groups.step, moved))

    def obstacle(self, metric: str) -> str:
        """Why a metric cannot be said, in a sentence; empty where it can."""
        at = self.at
        if len(self.risk) == 0:
            return "No row of this chunk has a risk."
        leave, stay = at.true_positive + at.false_negative, at.false_positive + at.true_negative
        if metric in {"roc_auc", "average_precision", "recall"} and leave <= 0:
            return "By their risks nobody of this chunk leaves."
        if metric in {"roc_auc", "specificity"} and stay <= 0:
            return "By their risks nobody of this chunk stays."
        called = at.true_positive + at.false_positive
        if (metric == "precision" and called <= 0) or (metric == "f1" and called + leave <= 0):
            return "Nobody of this chunk is called."
        return ""

    def _ranking(self, metric: str) -> Expectation:
        # rows of one chance are not tied: once their outcomes come, their risks put them in an order
        own = self.groups.in_pieces(_PIECES)
        hits = own.chance * own.rows
        if metric == "roc_auc":
            found = ranking.roc_auc(hits, own.rows)
            value = found.value
        else:
            found = ranking.average_precision(hits, own.rows)
            value = ranking.average_precision_row_by_row(self.groups.chance, self.groups.rows)
        moved = self._passed_on(own.step, own.rows * (found.leaver - found.stayer))
        return Expectation(value, found.variance(hits, own.rows), moved)

    def _brier(self) -> Expectation:
        risk, n = np.sort(self.risk), len(self.risk)
        chance = risk if self.calibrator is None else self.calibrator.chances(risk)
        left, stayed = (1 - risk) ** 2, risk**2
        value = float(np.sum(chance * left + (1 - chance) * stayed)) / n
        squares = float(np.sum(chance * left**2 + (1 - chance) * stayed**2)) / n
        step = np.searchsorted(self.steps.starts[1:], risk, side="right")
        return Expectation(value, max(0.0, squares - value**2) / n, self._passed_on(step, (left - stayed) / n))

    def _passed_on(self, step: np.ndarray, moves: np.ndarray) -> float:
        """Variance of a value that moves by this much (k,) where the chances of these steps (k,) rise by one."""
        moved = np.bincount(step, moves, minlength=len(self.steps.rows))
        share = np.asarray(self.steps.share)
        return float(np.sum(moved**2 * share * (1 - share) / np.asarray(self.steps.rows)))


def expected(risk: np.ndarray, called: np.ndarray, calibrator: Calibrator | None, steps: Steps) -> Expected:
    """A chunk of risks (n,) and calls (n,) of true/false, none of them unknown."""
    groups = grouped(risk, called, calibrator, steps)
    silent = groups.rows - groups.called
    said, unsaid = float(groups.called.sum()), float(silent.sum())
    caught, missed = (float(np.sum(groups.chance * part)) for part in (groups.called, silent))
    return Expected(risk, calibrator, groups, Confused(caught, said - caught, missed, unsaid - missed), steps)
