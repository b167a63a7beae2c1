"""When a chunk's risks are called worse than the champion's own."""

from __future__ import annotations

from typing import Any

import pytest

from core.evaluation import DROP, FINE, TOO_FEW, WATCH, judge_drop
from core.statistics import NOTHING, Interval

REFERENCE = Interval(0.80, 0.79, 0.81)


def judged(value: float, reach: float, **changes: Any) -> tuple[str, str]:
    given = {"n": 900, "leavers": 120, "coverage": 1.0, "worse_before": False} | changes
    chunk = Interval(value, value - reach, value + reach)
    return judge_drop("roc_auc", chunk, given.pop("reference", REFERENCE), 0.02, **given)


@pytest.mark.parametrize(
    ("value", "reach", "changes", "verdict"),
    [
        (0.80, 0.02, {}, FINE),
        (0.7801, 0.0002, {"reference": Interval(0.80, 0.7999, 0.8001)}, FINE),  # within the tolerance
        # the reaches of both together: (.03^2 + .01^2)^.5 = .0316; a drop is sure from .02 + .0316 below on
        (0.7485, 0.03, {}, WATCH),
        (0.7480, 0.03, {}, DROP),
        # beyond chance at one in a hundred: from 2.576 / 1.96 x .0316 = .0416 below on
        (0.7590, 0.03, {}, FINE),
        (0.7580, 0.03, {}, WATCH),
        (0.7580, 0.03, {"worse_before": True}, DROP),
        (0.7590, 0.03, {"worse_before": True}, FINE),
        (0.85, 0.01, {"worse_before": True}, FINE),
        # too early: less than half of the chunk, or less than 80 % with fewer than 50 leavers
        (0.60, 0.03, {"coverage": 0.49}, TOO_FEW),
        (0.60, 0.03, {"coverage": 0.5, "leavers": 50}, DROP),
        (0.60, 0.03, {"coverage": 0.79, "leavers": 49}, TOO_FEW),
        (0.60, 0.03, {"coverage": 0.8, "leavers": 3}, DROP),
        (float("nan"), 0.0, {}, TOO_FEW),
        (0.60, 0.03, {"reference": NOTHING}, TOO_FEW),
    ],
)
def test_the_verdict_follows_from_interval_tolerance_and_coverage(
    value: float, reach: float, changes: dict[str, Any], verdict: str
) -> None:
    assert judged(value, reach, **changes)[0] == verdict


def test_the_verdict_is_told_with_its_figures() -> None:
    assert judged(0.70, 0.03)[1] == (
        "roc_auc 0.700 (0.670 to 0.730) of 900 outcomes, 0.800 out of fold: surely more than 0.02 worse."
    )
    assert judged(0.60, 0.03, coverage=0.3)[1] == (
        "roc_auc 0.600 (0.570 to 0.630) of 900 outcomes: too early for a verdict, for that is 30 % of the chunk with "
        "120 leavers."
    )
