"""Whether the columns still go together as they did: the error of rebuilding a row from its principal components."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.drift.telling import short
from core.drift.verdicts import ALARM, STABLE, TOO_FEW, WATCH
from core.schema import CATEGORICAL, DATE, NUMERIC
from core.wording import plural

#: share of the variance that the components keep, as NannyML does
_KEPT = 0.65
#: an error is told when it leaves the band of so many standard errors, and is so many standard deviations of a row's
#: error away: the size of a shift whose Kolmogorov-Smirnov distance is .1; half of that is watched
_BAND, THRESHOLD = 5.0, 0.25
_MIN_ROWS = 30
#: parts of the reference whose errors are measured by what was fitted on the others
_FOLDS = 5
#: the outermost thousandth of a column's values is drawn in, so that one wild value is not the whole error
_OUTERMOST = 0.001
#: what rounding alone makes of an error of nothing
_ROUNDING = 1e-6


@dataclass(frozen=True)
class EncodedColumn:
    """How a column becomes a standardised number: a missing value counts as `fill`."""

    name: str
    #: of numbers the median, of levels the share of the most frequent one
    fill: float
    #: numbers beyond are drawn in
    low: float
    high: float
    mean: float
    deviation: float
    #: share of the reference's rows with each level, one never seen has none; None: the column holds numbers
    shares: dict[str, float] | None


@dataclass(frozen=True)
class Reconstruction:
    """What rebuilds a row of the reference from fewer components, and how well it did on rows it was not fitted on."""

    columns: tuple[EncodedColumn, ...]
    #: components by row, each with a weight a column
    components: tuple[tuple[float, ...], ...]
    #: rows of the reference
    rows: int
    #: of the rows' errors: the mean, and the standard deviation; that of a chunk's mean is `deviation` / sqrt(n)
    mean: float
    deviation: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values of JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Reconstruction:
        """Back from `to_dict`: the same errors to the bit."""
        columns = tuple(EncodedColumn(**one) for one in stored["columns"])
        components = tuple(tuple(one) for one in stored["components"])
        return Reconstruction(columns, components, stored["rows"], stored["mean"], stored["deviation"])


@dataclass(frozen=True)
class ReconstructionError:
    """The mean error of a chunk, and the band it lies in when the columns go together as they did."""

    value: float
    n: int
    low: float
    high: float
    #: how far it is from the reference's, in standard deviations of a row's error
    effect: float
    verdict: str
    sentence: str


def fit_reconstruction(reference: pd.DataFrame, kinds: Mapping[str, str], seed: int) -> Reconstruction:
    """Components that keep 65 % of the variance of the reference's numbers, dates (in days) and levels.

    Missing numbers are replaced by the median, missing levels by the most frequent one, levels by how frequent they
    are, and all is standardised: the data reconstruction method of NannyML. Columns with a single value or none are
    left out. Components fit their own rows too well; by how much is measured in five parts, each by what was fitted on
    the other four (`seed` deals the rows out), and added to the mean error.
    """
    frame = reference[[name for name, kind in kinds.items() if kind in (NUMERIC, DATE, CATEGORICAL)]]
    columns, components = _fit(frame, kinds)
    errors = _errors(columns, components, frame)
    mean, deviation = (float(errors.mean()), float(errors.std(ddof=1))) if len(frame) > 1 else (0.0, 0.0)
    mean += _optimism(frame, kinds, len(components), seed)
    stored = tuple(tuple(float(weight) for weight in one) for one in components)
    return Reconstruction(columns, stored, len(frame), mean, deviation)


def _optimism(frame: pd.DataFrame, kinds: Mapping[str, str], kept: int, seed: int) -> float:
    """How much larger the mean error is on rows that components were not fitted on, for as many rows as these.

    Told by components fitted on four fifths, on either side of their own split: components that explain nearly the
    same turn from fit to fit, and would make the errors of two fits differ by more than what is looked for.
    """
    if len(frame) < _MIN_ROWS:
        return 0.0
    part = np.random.default_rng(seed).permutation(len(frame)) % _FOLDS
    gaps = []
    for number in range(_FOLDS):
        own = part == number
        fitted = _fit(frame[~own], kinds, kept)
        gaps.append(float(_errors(*fitted, frame[own]).mean() - _errors(*fitted, frame[~own]).mean()))
    return max(0.0, math.fsum(gaps) / _FOLDS) * (_FOLDS - 1) / _FOLDS


def reconstruction_error(fitted: Reconstruction, current: pd.DataFrame) -> ReconstructionError:
    """The mean error of the current rows against the band of a chunk of as many rows: mean -+ 5 standard errors.

    Alarm: outside of the band and at least a quarter of a standard deviation of the rows' errors away; watch: half
    of that. The band counts the uncertainty of both sides.
    """
    n = len(current)
    if min(n, fitted.rows) < _MIN_ROWS or not fitted.columns:
        few = (
            f"{plural(n, 'row')} against {fitted.rows:,} are too few to say whether the columns go together as before."
        )
        if not fitted.columns:
            few = "No column of the reference varies, so there is nothing that could go together."
        return ReconstructionError(math.nan, n, math.nan, math.nan, math.nan, TOO_FEW, few)
    value = float(_errors(fitted.columns, np.array(fitted.components), current).mean())
    spread = max(fitted.deviation, _ROUNDING)
    reach = _BAND * spread * math.sqrt(1 / n + 1 / fitted.rows)
    low, high = max(0.0, fitted.mean - reach), fitted.mean + reach
    effect = abs(value - fitted.mean) / spread
    outside = not low - _ROUNDING <= value <= high + _ROUNDING
    verdict = STABLE if not outside or effect < THRESHOLD / 2 else ALARM if effect >= THRESHOLD else WATCH
    return ReconstructionError(value, n, low, high, effect, verdict, _sentence(value, n, low, high, verdict))


def _sentence(value: float, n: int, low: float, high: float, verdict: str) -> str:
    told = {
        STABLE: "The columns go together as in the reference",
        WATCH: "The columns go together a little differently from the reference",
        ALARM: "The columns do not go together as in the reference",
    }[verdict]
    usual = f"{short(value)}, usual {short(low)} to {short(high)}"
    return f"{told}: the error of rebuilding a row is {usual} ({plural(n, 'row')})."


def _fit(
    frame: pd.DataFrame, kinds: Mapping[str, str], kept: int | None = None
) -> tuple[tuple[EncodedColumn, ...], np.ndarray]:
    """The columns that vary, and the components (kept, columns) of their correlations; None: as many as it takes."""
    described = [_describe(name, values, kinds[str(name)] == CATEGORICAL) for name, values in frame.items()]
    columns = tuple(one for one in described if one is not None)
    if not columns:
        return (), np.empty((0, 0))
    z = _standardised(columns, frame)
    variances, axes = np.linalg.eigh(z.T @ z / len(z))
    variances, axes = variances[::-1].clip(min=0), axes[:, ::-1]
    if kept is None:
        kept = int(np.searchsorted(np.cumsum(variances) / variances.sum(), _KEPT, side="right")) + 1
    return columns, axes[:, :kept].T


def _describe(name: Any, values: pd.Series, levels: bool) -> EncodedColumn | None:
    """How to encode a column; None where it holds a single value or none."""
    shares: dict[str, float] | None = None
    low, high = 0.0, 1.0
    if levels:
        counts = values.value_counts()
        shares = {str(level): count / max(len(values), 1) for level, count in counts.items() if count}
        encoded, fill = _shares_of(values, shares), max(shares.values(), default=math.nan)
    else:
        encoded = _numbers(values)
        known = encoded[~np.isnan(encoded)]
        if len(known) == 0:
            return None
        low, high = np.quantile(known, [_OUTERMOST, 1 - _OUTERMOST], method="inverted_cdf").tolist()
        encoded, fill = encoded.clip(low, high), float(np.median(known))
    filled = np.where(np.isnan(encoded), fill, encoded)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = (float(filled.mean()), float(filled.std())) if len(filled) else (math.nan, math.nan)
    if not (math.isfinite(deviation) and deviation > 1e-12 * abs(mean)):
        return None
    return EncodedColumn(str(name), fill, low, high, mean, deviation, shares)


def _numbers(values: pd.Series) -> np.ndarray:
    """As float64; what is not finite counts as missing."""
    found = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(found), found, np.nan)


def _shares_of(values: pd.Series, shares: Mapping[str, float]) -> np.ndarray:
    codes, levels = pd.factorize(values)
    found = np.array([shares.get(str(level), 0.0) for level in levels] + [math.nan])
    return found[codes]


def _standardised(columns: tuple[EncodedColumn, ...], frame: pd.DataFrame) -> np.ndarray:
    z = np.empty((len(frame), len(columns)))
    for place, column in enumerate(columns):
        values = frame[column.name]
        if column.shares is None:
            encoded = _numbers(values).clip(column.low, column.high)
        else:
            encoded = _shares_of(values, column.shares)
        z[:, place] = (np.where(np.isnan(encoded), column.fill, encoded) - column.mean) / column.deviation
    return z


def _errors(columns: tuple[EncodedColumn, ...], components: np.ndarray, frame: pd.DataFrame) -> np.ndarray:
    """The distance of each row from what the components make of it: |z - zWW'|, where |.|^2 is |z|^2 - |zW|^2."""
    if not columns:
        return np.zeros(len(frame))
    z = _standardised(columns, frame)
    squares = np.einsum("ij,ij->i", z, z) - np.square(z @ components.T).sum(axis=1)
    return np.sqrt(squares.clip(min=0))
