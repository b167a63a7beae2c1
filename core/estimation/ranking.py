"""How well risks rank leavers above stayers, from how many of either stand at each risk; with what each row adds.

Everything here takes `hits` (k,), the leavers at each risk, and `rows` (k,), all rows there, lowest risk first. Hits
may be counts, where outcomes are known, or sums of chances, where they are not. Products are summed by numpy, not by
BLAS, which shares them among threads: the last bit would hang on how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Ranking:
    """A ranking metric, and by how much one row more would move it (its influence, of mean 0, over all rows)."""

    value: float
    #: influence of a leaver at each risk (k,)
    leaver: np.ndarray
    #: influence of a stayer at each risk (k,)
    stayer: np.ndarray

    def variance(self, hits: np.ndarray, rows: np.ndarray) -> float:
        """Variance of the metric on as many rows, drawn anew with their outcomes (delta method)."""
        return float(np.sum(hits * self.leaver**2 + (rows - hits) * self.stayer**2))


def roc_auc(hits: np.ndarray, rows: np.ndarray) -> Ranking:
    """Area under the ROC curve with the placements of DeLong et al. 1988 (Biometrics 44:837); a tie counts half."""
    misses = rows - hits
    leavers, stayers = float(hits.sum()), float(misses.sum())
    beaten = (np.cumsum(misses) - misses / 2) / stayers
    beaten_by = 1 - (np.cumsum(hits) - hits / 2) / leavers
    value = float(np.sum(hits * beaten)) / leavers
    return Ranking(value, (beaten - value) / leavers, (beaten_by - value) / stayers)


def placements(hits: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """Standard deviation of the placements of the rarer kind (ddof 0; ties half), and that kind's share of all rows.

    The deviation from which CBPE takes the sampling error of roc_auc; leavers where both kinds are as frequent.
    """
    misses = rows - hits
    rare, common = (misses, hits) if 2 * hits.sum() > rows.sum() else (hits, misses)
    n = float(rare.sum())
    place = (np.cumsum(common) - common / 2) / common.sum()
    middle = float(np.sum(rare * place)) / n
    return float(np.sqrt(np.sum(rare * (place - middle) ** 2) / n)), n / float(rows.sum())


def average_precision(hits: np.ndarray, rows: np.ndarray) -> Ranking:
    """Area under the precision-recall steps, as scikit-learn defines it, each risk one step.

    The influence is the derivative of E[y P(s)] / E[y], where P(s) is the precision of calling all that score s or
    more: a row moves its own term and the precision of all that stand below it.
    """
    leavers = float(hits.sum())
    called = np.cumsum(rows[::-1])[::-1]
    precision = np.cumsum(hits[::-1])[::-1] / called
    value = float(np.sum(hits * precision)) / leavers
    each = hits / called
    diluted = np.cumsum(each * precision)
    return Ranking(value, (precision - value + np.cumsum(each) - diluted) / leavers, -diluted / leavers)


def average_precision_row_by_row(chance: np.ndarray, rows: np.ndarray) -> float:
    """Average precision of rows that are told apart, each a step of its own; rows of one group leave alike.

    Below H leavers among R rows, the i-th of a group of chance p adds p (H + p i) / (R + i); the sum over a group of m
    is p (p m + (H - p R) (psi(R + m + 1) - psi(R + 1))), psi the digamma function.
    """
    hits = chance * rows
    above = np.cumsum(rows[::-1])[::-1] - rows
    caught = np.cumsum(hits[::-1])[::-1] - hits
    adds = chance * (caught + chance) / (above + 1)
    many = rows > 1
    if many.any():
        from scipy.special import digamma

        p, m, r, h = chance[many], rows[many], above[many], caught[many]
        adds[many] = p * (p * m + (h - p * r) * (digamma(r + m + 1) - digamma(r + 1)))
    return float(adds.sum() / hits.sum())
