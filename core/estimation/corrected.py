"""Estimates less what they miss on the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.estimation.estimator import Estimate, Estimator, estimate
from core.estimation.measures import COUNTS


def estimate_corrected(estimator: Estimator, risk: np.ndarray, predicted: np.ndarray) -> dict[str, Estimate]:
    """As `estimate`, less what the same estimate says of the reference above what was realised there; no counts.

    Risks that are shrunk towards the base rate make every estimate of a ranking too low, on the reference as on a
    chunk. What an estimate tells most surely is the difference between the two.
    """
    return {
        metric: _moved(found, estimator.metrics[metric].realised - estimator.metrics[metric].estimated)
        for metric, found in estimate(estimator, risk, predicted).items()
        if metric not in COUNTS
    }


def _moved(found: Estimate, by: float) -> Estimate:
    if np.isnan(by):
        return found
    value, low, high = np.clip([found.value + by, found.band_low + by, found.band_high + by], 0, 1).tolist()
    return replace(found, value=value, band_low=low, band_high=high)
