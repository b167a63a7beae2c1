"""Logistic regression (scikit-learn), turned into the additive form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.config import ModelConfig
from core.model import AdditiveModel, BinnedTerm, Bins, Encoded, LinearTerm, ModelColumn, Term, warped
from core.training.rows import TrainingSet

#: |skewness| above which a column is warped: "highly skewed" (Bulmer 1979)
_SKEWED = 1.0


@dataclass(frozen=True)
class _Warp:
    """How numbers are bent before they are weighted, see `LinearTerm`; scale 0: not."""

    middle: float = 0.0
    scale: float = 0.0

    def __call__(self, values: np.ndarray) -> np.ndarray:
        return warped(values, self.middle, self.scale)


@dataclass(frozen=True, eq=False)
class _Number:
    """How a column of numbers enters the design: its value, warped or not, and a flag where it is missing."""

    column: ModelColumn
    warp: _Warp
    #: what stands for missing, as warped
    usual: float
    #: of the values as they enter, before they are standardised
    centre: float
    spread: float
    absent_share: float

    def block(self, encoded: Encoded) -> np.ndarray:
        """Standardised values and flags (n, 2)."""
        values = encoded[self.column.name][0]
        absent = np.isnan(values)
        filled = np.where(absent, self.usual, self.warp(values))
        return np.column_stack([(filled - self.centre) / self.spread, absent])

    def term(self, weights: np.ndarray) -> tuple[Term, float]:
        """The readable term of the weights (2,), and what it hands over to the intercept."""
        slope, flag = float(weights[0]) / self.spread, float(weights[1])
        offset = -flag * self.absent_share
        missing = slope * (self.usual - self.centre) + flag + offset
        known = self.column.low <= self.column.high  # else no value was ever seen
        low, high = (self.column.low, self.column.high) if known else (float("-inf"), float("inf"))
        name, warp = self.column.name, self.warp
        term = LinearTerm(name, self.centre, slope, offset, missing, low, high, warp.middle, warp.scale)
        return term, -offset


@dataclass(frozen=True, eq=False)
class _Levels:
    """How a column of levels enters the design: one column per level."""

    bins: Bins
    shares: np.ndarray

    def block(self, encoded: Encoded) -> np.ndarray:
        """One column per bin (n, bins), single precision."""
        hot = np.zeros((len(encoded[self.bins.column][0]), self.bins.count), dtype=np.float32)
        hot[np.arange(len(hot)), self.bins.number(encoded)] = 1
        return hot

    def term(self, weights: np.ndarray) -> tuple[Term, float]:
        """The readable term of the weights (bins,), and what it hands over to the intercept."""
        usual = float(weights @ self.shares)
        return BinnedTerm((self.bins,), weights - usual), usual


def _number(column: ModelColumn, encoded: Encoded) -> _Number:
    values = encoded[column.name][0]
    absent = np.isnan(values)
    warp = least_skewed(values[~absent])
    usual = float(warp(np.array([column.usual if isinstance(column.usual, float) else 0.0]))[0])
    filled = np.where(absent, usual, warp(values))
    centre, spread = float(filled.mean()), float(filled.std())
    if filled.min() == filled.max():  # the mean of equal numbers may miss them by a rounding error
        centre, spread = float(filled[0]), 1.0
    return _Number(column, warp, usual, centre, spread, float(absent.mean()))


def least_skewed(known: np.ndarray) -> _Warp:
    """Of no warp and a few warps of known values (n,), the one that leaves the least skew; none where there is little.

    The warps are linear near the low end, the median or the high end, as far as a quarter or half of the other
    values reach, and logarithmic beyond.
    """
    from scipy.stats import skew

    if len(known) == 0 or known.min() == known.max() or abs(skew(known)) <= _SKEWED:
        return _Warp()
    tried = [_Warp()]
    for middle in (known.min(), np.median(known), known.max()):
        away = np.abs(known - middle)
        tried += [_Warp(float(middle), float(np.quantile(away[away > 0], share))) for share in (0.25, 0.5)]
    return min(tried, key=lambda warp: abs(float(skew(warp(known)))))


def _levels(column: ModelColumn, encoded: Encoded) -> _Levels:
    bins = Bins(column.name, None, column.levels)
    numbers = bins.number(encoded)
    return _Levels(bins, np.bincount(numbers, minlength=bins.count) / len(numbers))


def fit_logistic(
    columns: tuple[ModelColumn, ...], rows: TrainingSet, config: ModelConfig
) -> tuple[AdditiveModel, np.ndarray]:
    """Standardised numbers (median for missing, and a flag for it) and one-hot levels, ridge penalty C = 1.

    Numbers with a long tail are warped (see `LinearTerm`). Also the library's own log-odds of the rows (n,).
    """
    from sklearn.linear_model import LogisticRegression

    encoded = AdditiveModel("logistic", columns, (), 0.0).encode(rows.features)
    parts = [_levels(column, encoded) if column.categorical else _number(column, encoded) for column in columns]
    blocks = [part.block(encoded) for part in parts]
    design = np.hstack(blocks)
    machine = LogisticRegression(C=1.0, max_iter=1000, random_state=config.seed)
    fitted = machine.fit(design, rows.outcome, sample_weight=rows.weight)
    weights = np.split(fitted.coef_[0], np.cumsum([block.shape[1] for block in blocks])[:-1])
    terms, shares = zip(*(part.term(own) for part, own in zip(parts, weights, strict=True)), strict=True)
    intercept = float(fitted.intercept_[0]) + sum(shares)
    return AdditiveModel("logistic", columns, terms, intercept), fitted.decision_function(design)
