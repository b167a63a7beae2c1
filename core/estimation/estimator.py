"""Confidence-based performance estimation (CBPE): metrics of a chunk before its outcomes have come.

As NannyML 0.13.1 does it (nannyml.readthedocs.io, "How it works: performance estimation"): on a reference of rows that
the model has not learned from, risks are calibrated, should they need it, and the realised metrics of its chunks give
thresholds. It assumes that the rule which links columns and outcome is still the one of the reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.estimation.calibrating import Calibrator, Steps, calibrated, levels, needs_calibration
from core.estimation.expected import Expected, expected
from core.estimation.measures import COUNTS, METRICS, realised
from core.statistics import Interval
from core.statistics.intervals import z

#: the published reach of thresholds, in standard deviations, and of an estimate, in sampling errors
_REACH = 3
#: chunks of the reference where the caller names none
_CHUNKS = 10


@dataclass(frozen=True, kw_only=True)
class MetricReference:
    """What the reference shows of one metric; NaN where it cannot be said."""

    #: realised on the whole reference
    realised: float
    #: what the estimate says of the reference itself
    estimated: float
    #: of what each row adds to the metric, and the share of rows that the metric speaks of
    deviation: float
    share: float
    #: what the estimate of the reference itself says above what it realised; per row, of a count. Isotonic regression
    #: follows chance a little, and so ranks its own rows better than the risks do; 0 without a calibrator
    optimism: float
    #: mean less and plus three standard deviations of the metric realised in the reference's chunks
    lower_threshold: float
    upper_threshold: float

    def sampling_error(self, metric: str, n: int) -> float:
        """Standard error of the metric on n rows like those of the reference."""
        if metric in COUNTS:
            return self.deviation * float(np.sqrt(n))
        return self.deviation / float(np.sqrt(n * self.share)) if n * self.share else float("nan")


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """What was learned from the reference; plain values, see `as_dict`."""

    #: rows of the reference whose risk and outcome are known
    n: int
    #: None where risks come true as they are
    calibrator: Calibrator | None
    steps: Steps
    metrics: Mapping[str, MetricReference]

    def as_dict(self) -> dict[str, Any]:
        """Values that JSON takes; `from_dict` gives the same estimator, to the bit."""
        return {
            "n": self.n,
            "calibrator": None if self.calibrator is None else asdict(self.calibrator),
            "steps": asdict(self.steps),
            "metrics": {
                metric: {name: None if np.isnan(value) else value for name, value in asdict(own).items()}
                for metric, own in self.metrics.items()
            },
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Estimator:
        """The estimator that `as_dict` told, before or after it went through JSON."""
        line = stored["calibrator"]
        return cls(
            n=stored["n"],
            calibrator=None if line is None else Calibrator(**_tuples(line)),
            steps=Steps(**_tuples(stored["steps"])),
            metrics={
                metric: MetricReference(
                    **{name: float("nan") if value is None else value for name, value in own.items()}
                )
                for metric, own in stored["metrics"].items()
            },
        )


def _tuples(stored: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(values) for name, values in stored.items()}


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One metric of a chunk, estimated before its outcomes have come; NaN where it cannot be said."""

    metric: str
    #: rows of the chunk whose risk is known
    n: int
    value: float
    #: standard error of the metric on n rows like those of the reference
    sampling_error: float
    #: value less and plus three sampling errors
    low: float
    high: float
    #: where the metric comes out 95 times of 100 once the outcomes are known, if the rule is still the same: the rows
    #: of the chunk and their outcomes are a sample, and so are those of the reference; with `optimism` on its side
    band_low: float
    band_high: float
    #: what is usual in the chunks of the reference
    lower_threshold: float
    upper_threshold: float
    #: whether the value is outside of what is usual
    alert: bool
    #: why something cannot be said, for a person; "" where everything can
    reason: str = ""

    @property
    def band(self) -> Interval:
        """The value with the ends of its band."""
        return Interval(self.value, self.band_low, self.band_high)


def fit(
    outcome: np.ndarray,
    risk: np.ndarray,
    predicted: np.ndarray,
    *,
    chunks: np.ndarray | None = None,
    chunk_size: int | None = None,
    metrics: Sequence[str] = METRICS,
) -> Estimator:
    """An estimator from a reference: outcomes (n,) of 0/1, the model's risks (n,) and calls (n,) of 0/1.

    Rows whose outcome or risk is unknown (NaN) are left out. `chunks` (n,) names the chunk of each row; or else every
    `chunk_size` rows are one, in their order, with what is left over; or else a tenth of the rows.
    """
    known = np.isfinite(outcome) & np.isfinite(risk) & np.isfinite(predicted)
    rows: Any = slice(None) if known.all() else known
    left, scored, called = outcome[rows].astype(np.float64), risk[rows].astype(np.float64), predicted[rows] == 1
    parts = _parts(known, chunks, chunk_size)
    found = levels(scored, left)
    needed = bool(len(left)) and needs_calibration(scored, left, found)
    line, steps = calibrated(found) if len(left) else (None, Steps((), (), ()))
    whole = realised(left, scored, called)
    by_part = [realised(left[part], scored[part], called[part]) for part in parts]
    calibrator = line if needed else None
    itself = expected(scored, called, calibrator, steps)
    own = {}
    for metric in metrics:
        told = itself.of(metric).value if len(left) else float("nan")
        above = told - whole.value(metric) if calibrator else 0.0
        deviation, share = whole.error(metric)
        lower, upper = _usual([part.value(metric) for part in by_part], float("inf") if metric in COUNTS else 1.0)
        own[metric] = MetricReference(
            realised=whole.value(metric),
            estimated=told,
            deviation=deviation,
            share=share,
            optimism=above / max(1, len(left)) if metric in COUNTS else above,
            lower_threshold=lower,
            upper_threshold=upper,
        )
    return Estimator(n=len(left), calibrator=calibrator, steps=steps, metrics=own)


def _parts(known: np.ndarray, chunks: np.ndarray | None, size: int | None) -> list[Any]:
    """The rows of each chunk of the reference."""
    n = int(known.sum())
    if chunks is not None:
        _, number = np.unique(np.asarray(chunks)[known], return_inverse=True)
        order = np.argsort(number, kind="stable")
        return np.split(order, np.cumsum(np.bincount(number))[:-1]) if n else []
    size = size or max(1, n // _CHUNKS)
    return [slice(start, start + size) for start in range(0, n, size)]


def _usual(values: list[float], most: float) -> tuple[float, float]:
    """Mean less and plus three standard deviations (ddof 0) of what can be said, within 0 and `most`."""
    said = np.array([value for value in values if not np.isnan(value)])
    if len(said) == 0:
        return float("nan"), float("nan")
    middle, reach = float(said.mean()), _REACH * float(said.std())
    return max(0.0, middle - reach), min(most, middle + reach)


def estimate(estimator: Estimator, risk: np.ndarray, predicted: np.ndarray) -> dict[str, Estimate]:
    """The metrics to expect of a chunk: risks (n,) of the model, and its calls (n,) of 0/1.

    Rows whose risk is unknown (NaN) are left out; what cannot be said is NaN, with the reason.
    """
    if estimator.n == 0:
        return untold(estimator, len(risk), "The reference has no row whose risk and outcome are known.")
    return estimates(estimator, chunk(risk, predicted, estimator.calibrator, estimator.steps))


def chunk(risk: np.ndarray, predicted: np.ndarray, calibrator: Calibrator | None, steps: Steps) -> Expected:
    """A chunk of risks (n,) and calls (n,) of 0/1, without the rows where either is unknown (NaN)."""
    known = np.isfinite(risk) & np.isfinite(predicted)
    return expected(risk[known].astype(np.float64), predicted[known] == 1, calibrator, steps)


def estimates(estimator: Estimator, found: Expected) -> dict[str, Estimate]:
    """Each metric of the estimator for a chunk."""
    return {metric: _estimate(metric, own, found) for metric, own in estimator.metrics.items()}


def _estimate(metric: str, own: MetricReference, found: Expected) -> Estimate:
    n, told = len(found.risk), found.of(metric)
    most = float(n) if metric in COUNTS else 1.0
    error = own.sampling_error(metric, n)
    spread = z(0.95) * float(np.sqrt(told.chunk_variance + told.reference_variance))
    optimism = 0.0 if np.isnan(own.optimism) else own.optimism * (n if metric in COUNTS else 1)
    low, high = told.value - spread - max(0.0, optimism), told.value + spread - min(0.0, optimism)
    reason = found.obstacle(metric)
    if not reason and np.isnan(own.realised):
        reason = "The reference does not show what is usual: it lacks one of the outcomes, or nobody was called."
    return Estimate(
        metric=metric, n=n, value=told.value, sampling_error=error,
        low=_within(told.value - _REACH * error, most), high=_within(told.value + _REACH * error, most),
        band_low=_within(low, most), band_high=_within(high, most),
        lower_threshold=own.lower_threshold, upper_threshold=own.upper_threshold,
        alert=told.value < own.lower_threshold or told.value > own.upper_threshold, reason=reason,
    )  # fmt: skip


def _within(value: float, most: float) -> float:
    return float(np.clip(value, 0.0, most))


def untold(estimator: Estimator, n: int, reason: str) -> dict[str, Estimate]:
    """Estimates of a chunk of n rows about which nothing can be said, for this reason."""
    nothing = float("nan")
    return {
        metric: Estimate(
            metric=metric, n=n, value=nothing, sampling_error=nothing, low=nothing, high=nothing, band_low=nothing,
            band_high=nothing, lower_threshold=own.lower_threshold, upper_threshold=own.upper_threshold, alert=False,
            reason=reason,
        )
        for metric, own in estimator.metrics.items()
    }  # fmt: skip
