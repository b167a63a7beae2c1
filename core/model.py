"""The fitted model: an additive sum of exact, readable terms, whatever family it was fitted by.

Both deployable families (logistic regression, explainable boosting machine) are stored in this one form, so
that a risk never depends on the library that fitted it: arrays in, arrays out. Stored model files import
their classes from here; keep the names.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from core.errors import DamagedVersion

#: Stored check-scores must reproduce to this.
CHECK_TOLERANCE = 1e-9

Encoded = dict[str, tuple[np.ndarray, np.ndarray | None]]


@dataclass(frozen=True, eq=False)
class ModelColumn:
    """What the model knows of one column from training: how to read it, and what is usual."""

    name: str
    #: "numeric", "categorical", "date" (as days)
    kind: str
    #: categorical: the levels that have a weight of their own, sorted
    levels: tuple[str, ...] = ()
    #: numeric: cuts between tenths of the training rows, for words
    cuts: tuple[float, ...] = ()
    #: numeric: the distinct values between the cuts, where they are few
    distinct: tuple[float, ...] = ()
    #: median, or most frequent level
    usual: float | str | None = None
    #: range seen in training (numeric)
    low: float = float("nan")
    high: float = float("nan")
    #: stretches of that range, wide ones, in which there was no training row (numeric)
    gaps: tuple[tuple[float, float], ...] = ()
    #: whether no training row lacked a value
    always_known: bool = False

    @property
    def categorical(self) -> bool:
        """Whether values are levels rather than numbers."""
        return self.kind == "categorical"


@dataclass(frozen=True, eq=False)
class Bins:
    """Maps one column to bin numbers. Bin 0: missing. Numeric: 1 + number of cuts at or below the value.
    Categorical: 1 + position of the level; the last bin is for levels never seen in training.
    """

    column: str
    cuts: np.ndarray | None
    levels: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many bins there are."""
        return len(self.levels) + 2 if self.cuts is None else len(self.cuts) + 2

    def number(self, encoded: Encoded) -> np.ndarray:
        """Bin number of each row (n,) int32."""
        values, distinct = encoded[self.column]
        if self.cuts is not None:
            bins = (np.searchsorted(self.cuts, values, side="right") + 1).astype(np.int32)
            bins[np.isnan(values)] = 0
            return bins
        place = {level: position for position, level in enumerate(self.levels, start=1)}
        unseen = len(self.levels) + 1
        numbers = [place.get(level, unseen) for level in (() if distinct is None else distinct)]
        return np.array([*numbers, 0], np.int32)[values]  # code -1 (missing) takes the last entry


@dataclass(frozen=True, eq=False)
class BinnedTerm:
    """A weight per bin of one column, or per pair of bins of two columns (log-odds)."""

    bins: tuple[Bins, ...]
    weights: np.ndarray

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return tuple(bins.column for bins in self.bins)

    def contribution(self, encoded: Encoded) -> np.ndarray:
        """Log-odds that this term adds to each row (n,)."""
        if len(self.bins) == 1:
            return self.weights[self.bins[0].number(encoded)]
        return self.weights[self.bins[0].number(encoded), self.bins[1].number(encoded)]


@dataclass(frozen=True, eq=False)
class LinearTerm:
    """slope * (value - centre) + offset; a missing value adds `missing` instead (log-odds).

    A value beyond [`low`, `high`], the range that was learned from, counts as the end of it: nothing is known of what
    lies further out. With `scale` above zero, asinh((value - middle) / scale) stands for the value: close to
    linear near the middle and logarithmic far from it on either side, so that a long tail does not rule the weight.
    """

    column: str
    centre: float
    slope: float
    offset: float
    missing: float
    low: float = float("-inf")
    high: float = float("inf")
    middle: float = 0.0
    scale: float = 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        """The column it reads."""
        return (self.column,)

    def contribution(self, encoded: Encoded) -> np.ndarray:
        """Log-odds that this term adds to each row (n,)."""
        values = encoded[self.column][0]
        inside = warped(np.clip(values, self.low, self.high), self.middle, self.scale)
        return np.where(np.isnan(values), self.missing, self.slope * (inside - self.centre) + self.offset)


def warped(values: np.ndarray, middle: float, scale: float) -> np.ndarray:
    """asinh((value - middle) / scale) of each value (n,); the values themselves where `scale` is zero.

    The inverse hyperbolic sine transform: Burbidge, Magee & Robb 1988, JASA 83:123.
    """
    return np.arcsinh((values - middle) / scale) if scale > 0 else values


Term = BinnedTerm | LinearTerm


@dataclass(frozen=True, eq=False)
class AdditiveModel:
    """Risk = calibrated(log_odds), log_odds = intercept + sum of the terms' contributions.

    The calibration map, fitted out of fold, is strictly rising: it keeps the order of the clients and the order of
    their reasons. Where there are `knots` it is the line through them, else expit(slope * log_odds + shift);
    slope 1 and shift 0: none needed.
    """

    family: str
    columns: tuple[ModelColumn, ...]
    terms: tuple[Term, ...]
    intercept: float
    slope: float = 1.0
    shift: float = 0.0
    #: (log-odds, calibrated log-odds), both rising; see `through_knots`
    knots: tuple[tuple[float, float], ...] = ()
    #: rows (column -> values), their log-odds and their risks at fitting time; see `verify`
    check_rows: dict[str, list[float | str | None]] = field(default_factory=dict)
    check_log_odds: tuple[float, ...] = ()
    check_risks: tuple[float, ...] = ()

    def encode(self, clients: pd.DataFrame) -> Encoded:
        """Columns as arrays: numbers as float64 with NaN, levels as (codes, distinct levels)."""
        encoded: Encoded = {}
        for column in self.columns:
            series = clients[column.name]
            if not column.categorical:
                encoded[column.name] = (series.to_numpy(dtype=np.float64, na_value=np.nan), None)
            elif isinstance(series.dtype, pd.CategoricalDtype):
                encoded[column.name] = (series.cat.codes.to_numpy(), series.cat.categories.to_numpy())
            else:
                codes, distinct = pd.factorize(series)
                encoded[column.name] = (codes, np.asarray(distinct))
        return encoded

    def contributions(self, encoded: Encoded) -> np.ndarray:
        """Exact contribution of each term to each row's log-odds, (rows, terms)."""
        rows = len(next(iter(encoded.values()))[0])
        matrix = np.empty((len(self.terms), rows))
        for number, term in enumerate(self.terms):
            matrix[number] = term.contribution(encoded)
        return matrix.T

    def log_odds(self, contributions: np.ndarray) -> np.ndarray:
        """Uncalibrated log-odds of rows with these contributions: their sum and the intercept."""
        total = np.full(len(contributions), self.intercept)
        for number in range(contributions.shape[1]):
            total += contributions[:, number]
        return total

    def calibrated(self, log_odds: np.ndarray) -> np.ndarray:
        """Risk (0-1) of uncalibrated log-odds."""
        return to_risk(log_odds, self.slope, self.shift, self.knots)

    def risk(self, clients: pd.DataFrame) -> np.ndarray:
        """Risk (0-1) of each client (n,)."""
        return self.calibrated(self.log_odds(self.contributions(self.encode(clients))))

    def with_checks(self, clients: pd.DataFrame) -> AdditiveModel:
        """The same model with check-scores of these rows inside."""
        wanted = clients[[column.name for column in self.columns]].astype(object)
        rows = {str(name): [None if pd.isna(v) else v for v in wanted[name]] for name in wanted}
        scores = self.log_odds(self.contributions(self.encode(clients)))
        return replace(
            self, check_rows=rows, check_log_odds=tuple(scores.tolist()),
            check_risks=tuple(self.calibrated(scores).tolist()),
        )  # fmt: skip

    def verify(self) -> None:
        """Raise `DamagedVersion` unless the check-scores come out as they were at fitting time."""
        if not self.check_log_odds:
            return
        rows = pd.DataFrame(self.check_rows)
        scores = self.log_odds(self.contributions(self.encode(rows)))
        gap = float(np.max(np.abs(scores - np.array(self.check_log_odds))))
        if self.check_risks:
            gap = max(gap, float(np.max(np.abs(self.calibrated(scores) - np.array(self.check_risks)))))
        if not gap <= CHECK_TOLERANCE:
            raise DamagedVersion(
                f"The model gives other scores than when it was stored (largest gap {gap:.1e}); "
                "install the package versions in its manifest.json, or roll back."
            )


def to_risk(log_odds: np.ndarray, slope: float, shift: float, knots: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Risk (0-1) of each log-odds (n,) by a calibration map; see `AdditiveModel`."""
    from scipy.special import expit

    risk: np.ndarray = expit(through_knots(log_odds, knots) if knots else slope * log_odds + shift)
    return risk


def through_knots(log_odds: np.ndarray, knots: tuple[tuple[float, float], ...]) -> np.ndarray:
    """The piecewise linear line through `knots` at each place (n,); beyond the outer ones it goes on with slope 1.

    >>> through_knots(np.array([-3.0, 0.5, 4.0]), ((-1.0, -2.0), (2.0, 1.0)))
    array([-4. , -0.5,  3. ])
    """
    places, heights = np.array(knots).T
    beyond = log_odds - np.clip(log_odds, places[0], places[-1])
    return np.interp(log_odds, places, heights) + beyond
