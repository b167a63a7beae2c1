"""Risks without outcomes become estimated performance."""

from core.estimation.calibrating import Calibrator, Steps
from core.estimation.corrected import estimate_corrected
from core.estimation.estimator import Estimate, Estimator, MetricReference, estimate, fit
from core.estimation.measures import COUNTS, METRICS
from core.estimation.verdicts import Gap, dropped, gap, low
from core.estimation.weighted import LEAST_WORTH, effective_size, estimate_weighted

__all__ = [
    "COUNTS",
    "LEAST_WORTH",
    "METRICS",
    "Calibrator",
    "Estimate",
    "Estimator",
    "Gap",
    "MetricReference",
    "Steps",
    "dropped",
    "effective_size",
    "estimate",
    "estimate_corrected",
    "estimate_weighted",
    "fit",
    "gap",
    "low",
]
