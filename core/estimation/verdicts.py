"""What an estimate says once outcomes have come, and while they have not: concept drift, and an estimated drop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.estimation.estimator import Estimate
from core.statistics import Interval
from core.statistics.intervals import z


@dataclass(frozen=True)
class Gap:
    """How realised performance compares with what was estimated."""

    #: True: the rule has probably changed; False: no sign of it; None: it cannot be said
    changed: bool | None
    #: realised less estimated
    difference: float
    #: for a person, complete in itself
    sentence: str


def gap(estimate: Estimate, realised: Interval, *, tolerance: float = 0.0, confidence: float = 0.99) -> Gap:
    """Whether outcomes left the band of the estimate (value and 95 % interval, both).

    Changed, if the two intervals do not overlap, and the difference is larger than `tolerance` and than both standard
    errors together allow at this confidence. A standard error is the half of the interval that faces the other value,
    divided by 1.96. Performance that came out better counts as well: the rule has changed either way.
    """
    band = estimate.band
    difference = realised.value - band.value
    facing = (band.high - band.value, realised.value - realised.low)
    if difference < 0:
        facing = (band.value - band.low, realised.high - realised.value)
    if np.isnan([difference, *facing]).any():
        sentence = f"{estimate.metric} cannot be held against its estimate: one of them, or its interval, is not known."
        return Gap(None, difference, sentence)
    apart = abs(difference) > sum(facing)
    beyond = abs(difference) > z(confidence) * float(np.hypot(*facing)) / z(0.95)
    changed = bool(apart and beyond and abs(difference) > tolerance)
    came = (
        f"{estimate.metric} was estimated at {_figure(band, estimate.metric)} and came out at "
        f"{_figure(realised, estimate.metric)}: "
    )
    if changed:
        return Gap(
            True,
            difference,
            f"{came}the rule that links columns and outcome has probably changed (concept drift), for the estimate "
            "assumes it has not.",
        )
    return Gap(False, difference, f"{came}no sign that the rule that links columns and outcome has changed.")


def _figure(told: Interval, metric: str) -> str:
    form = ",.0f" if metric.startswith(("true_", "false_")) else ".3f"
    return f"{told.value:{form}} ({told.low:{form}} to {told.high:{form}})"


def low(estimate: Estimate, reference: float, tolerance: float) -> bool:
    """Whether a metric of which more is better is estimated more than `tolerance` below the reference, and even the
    upper end of its band lies below the reference."""
    return bool(reference - estimate.value > tolerance and estimate.band_high < reference)


def dropped(estimates: Sequence[Estimate], reference: float, tolerance: float) -> bool:
    """Whether a metric is estimated to have dropped: `low` on the two newest chunks, newest last.

    A chunk that could not be estimated confirms nothing, nor do fewer than two chunks or an unknown reference.
    """
    newest = estimates[-2:]
    return len(newest) == 2 and all(low(one, reference, tolerance) for one in newest)
