"""Whether a column's numbers are those of before in another unit: all of them, or a part."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.diagnostics.conversions import AFFINE, FACTORS
from core.diagnostics.rules import FaultRules
from core.statistics import wilson

_QUARTILES = np.array([0.25, 0.5, 0.75])
#: a smaller factor may well be the world's (prices rise), so it must fit to within a hundredth, and surely
_LARGE, _PRECISE, _SURE = 5.0, 0.01, 0.005
#: the same where the column's name speaks of the unit
_HINTED = 0.03
#: share of values other than zero with one sign from which a column is said to have this sign
_ONE_SIGN = 0.9
#: share of the reference that may lie on the far side of where two units part
_BEYOND = 0.01
#: degrees Celsius, cold or hot, that no weather and no room passes
_HOTTEST = 90.0
#: standard errors by which a quartile may be off
_DOUBTS = 4
#: binary digits of a value that count: 11 decimal ones
_BITS = 36


@dataclass(frozen=True)
class UnitChange:
    """The current values are `factor` times those of the reference, plus `offset`."""

    factor: float
    offset: float
    #: share of the current values (zeros aside) that are so
    share: float
    #: Kolmogorov-Smirnov distance to the reference as it is, and once put right
    ks_before: float
    ks_after: float
    #: medians of the values other than zero: of the reference, and of those in the other unit
    reference_median: float
    current_median: float
    #: what it is called, where that does not follow from the factor
    called: str = ""


def unit_change(
    reference: np.ndarray, current: np.ndarray, rules: FaultRules, hints: frozenset[float] = frozenset()
) -> UnitChange | None:
    """Find the unit the current values (m,) are in, if it is not that of the reference (n,); both finite, in any order.

    A factor is looked for among the usual ones (tenfolds, hours a day, pounds a kilogram ...): the quartiles of the
    sizes of values other than zero must all agree with it, and the Kolmogorov-Smirnov distance must all but vanish
    once it is taken off. Zero is zero in every unit, so its share must have stayed. `hints`: factors that the name of
    the column lets expect; others below 5 must fit more nearly, for the world itself may grow so much.
    """
    was, now = reference[reference != 0], current[current != 0]
    if min(len(was), len(now)) < rules.min_rows:
        return None
    if abs(len(was) / len(reference) - len(now) / len(current)) > rules.ks_after:
        return None
    steps, doubts = _steps(np.abs(was), np.abs(now))
    if np.all(np.abs(steps) <= math.log1p(rules.factor_tolerance)) and not _tails_differ(was, now):
        return None
    was, now = np.sort(was), np.sort(now)
    before = distance(was, now)
    if before < rules.ks_before and not _tails_differ(was, now):
        return None
    found = _scaled(was, now, before, (steps, doubts), rules, hints) or _affine(reference, current, rules)
    return found or _partly(was, now, before, rules)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of two sorted samples; values that only rounding tells apart are the same."""
    sides = [_rounded(side) for side in (first, second)]
    points = np.concatenate(sides)
    shares = [np.searchsorted(side, points, side="right") / len(side) for side in sides]
    return float(np.abs(shares[0] - shares[1]).max())


def _rounded(values: np.ndarray) -> np.ndarray:
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(mantissa, _BITS)), exponent - _BITS)


def _steps(was: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the ratios of quartiles, and their standard errors from the order statistics around."""
    middle, spread = [], []
    for sizes in (was, now):
        reach = np.sqrt(_QUARTILES * (1 - _QUARTILES) / len(sizes))
        found = np.log(np.quantile(sizes, np.concatenate([_QUARTILES, _QUARTILES - reach, _QUARTILES + reach])))
        middle.append(found[:3])
        spread.append((found[6:] - found[3:6]) / 2)
    return middle[1] - middle[0], np.hypot(*spread)


def _tails_differ(was: np.ndarray, now: np.ndarray) -> bool:
    """Whether more than a few of the current sizes lie far beyond nearly all of the reference's."""
    low, high = np.quantile(np.abs(was), [_BEYOND, 1 - _BEYOND])
    sizes = np.abs(now)
    return bool(np.mean((sizes > 2 * high) | (sizes < low / 2)) > _BEYOND)


def _fits(before: float, after: float, rules: FaultRules) -> bool:
    return before >= rules.ks_before and after < rules.ks_after and after * rules.ks_ratio <= before


def _scaled(
    was: np.ndarray, now: np.ndarray, before: float, quartiles: tuple[np.ndarray, np.ndarray], rules: FaultRules,
    hints: frozenset[float],
) -> UnitChange | None:  # fmt: skip
    steps, doubts = quartiles
    found = []
    for factor in FACTORS:
        off = np.abs(steps - math.log(factor))
        if max(factor, 1 / factor) < _LARGE:
            near, sure = (_HINTED, _HINTED) if factor in hints else (_PRECISE, _SURE)
            agrees = np.all(off <= math.log1p(near)) and np.all(doubts <= sure)
        else:
            agrees = np.all(off <= np.maximum(math.log1p(rules.factor_tolerance), _DOUBTS * doubts))
        if not agrees:
            continue
        after = distance(was, now / factor)
        if _fits(before, after, rules):
            found.append((round(after, 3), float(off.max()), factor, after))
    if not found:
        return None
    *_, factor, after = min(found)
    return UnitChange(factor, 0.0, 1.0, before, after, float(np.median(was)), float(np.median(now)))


def _affine(reference: np.ndarray, current: np.ndarray, rules: FaultRules) -> UnitChange | None:
    """Degrees: zero is not zero in every unit. Only of values that can be temperatures."""
    was, now = np.sort(reference), np.sort(current)
    before = distance(was, now)
    middle, other = np.quantile(was, _QUARTILES), np.quantile(now, _QUARTILES)
    width = middle[2] - middle[0]
    if width <= 0:
        return None
    reach = max(math.log1p(rules.factor_tolerance), _DOUBTS / math.sqrt(min(len(was), len(now))))
    for factor, offset, called in AFFINE:
        celsius = was if factor > 1 else (was - 32) / 1.8
        if np.abs(celsius).max() > _HOTTEST:
            continue
        # no quartile is further off than the tolerance allows, in widths of the middle half
        if np.abs(other - (factor * middle + offset)).max() > reach * width * factor:
            continue
        after = distance(was, (now - offset) / factor)
        if _fits(before, after, rules) and before >= 2 * rules.ks_before:
            medians = float(middle[1]), float(other[1])
            return UnitChange(factor, offset, 1.0, before, after, *medians, called)
    return None


def _partly(was: np.ndarray, now: np.ndarray, before: float, rules: FaultRules) -> UnitChange | None:
    """A part of the rows in another unit, where the units are so far apart that hardly a value could be of both."""
    if was[0] < 0 or now[0] < 0:
        return None
    low, high = np.quantile(was, [_BEYOND, 1 - _BEYOND])
    found = []
    for factor in FACTORS:
        far = factor * low > high if factor > 1 else factor * high < low
        if not far or max(factor, 1 / factor) < _LARGE:
            continue
        border = math.sqrt(factor * low * high)
        other = now > border if factor > 1 else now < border
        parts = now[~other], now[other]
        share = wilson(len(parts[1]), len(now))
        if min(map(len, parts)) < rules.min_rows or share.low < rules.partial_share or share.high > 1 - share.low:
            continue
        steps, doubts = _steps(was, parts[1])
        off = np.abs(steps - math.log(factor))
        apart = distance(was, parts[0]), distance(was, parts[1] / factor)
        agrees = np.all(off <= np.maximum(math.log1p(rules.factor_tolerance), _DOUBTS * doubts))
        if agrees and max(apart) < rules.ks_after:
            found.append(
                (round(apart[1], 3), float(off.max()), factor, share.value, apart[1], float(np.median(parts[1])))
            )
    if not found:
        return None
    *_, factor, share_of_rows, after, median = min(found)
    return UnitChange(factor, 0.0, share_of_rows, before, after, float(np.median(was)), median)


def sign_flipped(reference: np.ndarray, current: np.ndarray, rules: FaultRules) -> bool:
    """Whether the current values (m,) are those of the reference (n,) times -1, of a column that has one sign."""
    was, now = reference[reference != 0], current[current != 0]
    if min(len(was), len(now)) < rules.min_rows:
        return False
    one, other = float((was > 0).mean()), float((now > 0).mean())
    opposite = (one >= _ONE_SIGN and other <= 1 - _ONE_SIGN) or (one <= 1 - _ONE_SIGN and other >= _ONE_SIGN)
    if not opposite:
        return False
    was, now = np.sort(was), np.sort(now)
    return _fits(distance(was, now), distance(was, -now[::-1]), rules)
