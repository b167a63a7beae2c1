"""Whether the risks of a chunk were worth less than the champion's own: a verdict by interval and tolerance."""

from __future__ import annotations

import math

from core.statistics import Interval, z
from core.wording import percent, plural

FINE, WATCH, DROP, TOO_FEW = "fine", "watch", "drop", "not enough data"

#: a chunk is judged once so large a share of it is known, or half of it with so many leavers
_COVERAGE, _HALF, _LEAVERS = 0.8, 0.5, 50


def judge_drop(
    metric: str, chunk: Interval, reference: Interval, tolerance: float, *,
    n: int, leavers: int, coverage: float, worse_before: bool,
) -> tuple[str, str]:  # fmt: skip
    """Verdict and sentence on a metric of which more is better.

    `chunk` and `reference` with their 95 % intervals; `coverage`: the share of the chunk's rows that were told a
    risk and whose outcome is known. Drop: even the nearer ends of the difference's interval lie more than `tolerance`
    apart; or, in two chunks running (`worse_before`), the value lies more than `tolerance` below and the difference is
    beyond chance at one in a hundred, which alone is watched. Judged from 80 % of the rows on, or from half of them
    with 50 leavers: a smaller part may well be the part of the chunk that left early.
    """
    known = f"{metric} {chunk.value:.3f} ({chunk.low:.3f} to {chunk.high:.3f}) of {plural(n, 'outcome')}"
    if math.isnan(chunk.value) or math.isnan(reference.value):
        return (
            TOO_FEW,
            f"{metric} cannot be told yet: {plural(n, 'outcome')} with {plural(leavers, 'leaver')} are known.",
        )
    if coverage < _HALF or (coverage < _COVERAGE and leavers < _LEAVERS):
        return TOO_FEW, (
            f"{known}: too early for a verdict, for that is {percent(coverage)} of the chunk with "
            f"{plural(leavers, 'leaver')}."
        )
    below = reference.value - chunk.value
    spread = math.hypot(chunk.high - chunk.value, reference.value - reference.low) / z(0.95)
    beside = f"{known}, {reference.value:.3f} out of fold"
    if below > tolerance + z(0.95) * spread:
        return DROP, f"{beside}: surely more than {tolerance:g} worse."
    if below > tolerance and below > z(0.99) * spread:
        if worse_before:
            return DROP, f"{beside}: worse beyond chance in two chunks running."
        return WATCH, f"{beside}: worse beyond chance; one more chunk like this is a drop."
    return FINE, f"{beside}: no drop beyond {tolerance:g} that chance does not explain."
