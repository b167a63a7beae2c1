"""CBPE under a shift of the clients: the reference is weighted until it looks like the chunk, and calibrated anew."""

from __future__ import annotations

import numpy as np

from core.estimation.calibrating import calibrated, levels
from core.estimation.estimator import Estimate, Estimator, chunk, estimates, untold

#: independent rows that a weighted reference must be worth
LEAST_WORTH = 1000


def effective_size(weights: np.ndarray) -> float:
    """How many equally weighted rows these weights (n,) are worth (Kish 1965): (sum w)^2 / sum w^2; 0 of none.

    >>> effective_size(np.array([1.0, 1.0, 0.0])), effective_size(np.array([3.0, 1.0]))
    (2.0, 1.6)
    """
    squares = float(np.sum(weights**2))
    return float(np.sum(weights)) ** 2 / squares if squares else 0.0


def estimate_weighted(
    estimator: Estimator,
    outcome: np.ndarray,
    risk: np.ndarray,
    weights: np.ndarray,
    risk_now: np.ndarray,
    predicted_now: np.ndarray,
    *,
    least: float = LEAST_WORTH,
) -> dict[str, Estimate]:
    """The metrics to expect of a chunk, risks (m,) and calls (m,) of 0/1, by a calibration made for its clients.

    `outcome`, `risk` and `weights`, all (n,), are the reference: a weight is how many times more frequent rows of its
    kind are in the chunk than in the reference (the density ratio, from a classifier that tells the two apart). The
    open form of the calibration of M-CBPE (Bialek et al., arXiv 2401.08348): isotonic regression on the weighted
    reference, for this chunk alone. What the estimator knows of thresholds and sampling errors stays.

    Better than `estimate` where the same risk comes true otherwise among the chunk's clients than among the
    reference's; worse where the two have little in common. Hence nothing is said, and the reason given, where the
    weights are worth fewer than `least` independent rows. Rows of unknown outcome, risk or weight are left out, and
    those of weight 0.
    """
    known = np.isfinite(outcome) & np.isfinite(risk) & np.isfinite(weights) & (weights > 0)
    own = weights[known].astype(np.float64)
    worth = effective_size(own)
    if worth < least or worth == 0:
        return untold(
            estimator,
            len(risk_now),
            f"Too few clients of the reference are like those of this chunk: they are worth {worth:,.0f} independent "
            f"rows, and {least:,.0f} are needed.",
        )
    left = outcome[known].astype(np.float64)
    found = levels(risk[known].astype(np.float64), left, own)
    line, steps = calibrated(found, np.bincount(found.level, own**2))
    return estimates(estimator, chunk(risk_now, predicted_now, line, steps))
