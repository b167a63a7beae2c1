"""Factors between units, and what it is called when one stands in place of another."""

from __future__ import annotations

import math

from core.wording import number

#: factor, the smaller unit, the larger one: a value of the larger unit is so many of the smaller. Of several with the
#: same factor the one that the column's name speaks of is taken, else the first.
_UNITS: tuple[tuple[float, str, str], ...] = (
    (24, "hours", "days"), (7, "days", "weeks"), (30, "days", "months"), (12, "months", "years"),
    (365, "days", "years"), (60, "minutes", "hours"), (60, "seconds", "minutes"), (3600, "seconds", "hours"),
    (1440, "minutes", "days"), (86_400, "seconds", "days"), (4.345, "weeks", "months"),
    (1000, "single units", "thousands"), (1000, "grams", "kilograms"), (1000, "metres", "kilometres"),
    (1_000_000, "single units", "millions"), (1.609344, "kilometres", "miles"), (2.20462, "pounds", "kilograms"),
    (2.54, "centimetres", "inches"),
)  # fmt: skip
_SHORT = {
    "km": "kilometres", "kg": "kilograms", "g": "grams", "m": "metres", "cm": "centimetres", "lbs": "pounds",
    "lb": "pounds", "mi": "miles", "inch": "inches", "hrs": "hours", "min": "minutes", "sec": "seconds",
}  # fmt: skip
_PLACES = 6
_TENFOLDS = {10.0**k for k in range(-_PLACES, _PLACES + 1) if k}
#: factors from below and above one, the nearest to one first
FACTORS: tuple[float, ...] = tuple(
    sorted(
        _TENFOLDS | {f for factor, *_ in _UNITS if factor not in _TENFOLDS for f in (factor, 1 / factor)},
        key=lambda factor: abs(math.log(factor)),
    )
)
#: degrees: current = factor * reference + offset, and what that is
AFFINE: tuple[tuple[float, float, str], ...] = (
    (1.8, 32.0, "degrees Fahrenheit instead of Celsius"),
    (1 / 1.8, -32 / 1.8, "degrees Celsius instead of Fahrenheit"),
)


def called(factor: float, column: str, *, shares: bool) -> str:
    """What stands in the column instead of what: current values are `factor` times those before.

    `shares`: the smaller ones lie between 0 and 1.

    >>> called(24, "payment_delay_days", shares=False), called(1 / 1000, "revenue", shares=False)
    ('hours instead of days', 'thousands instead of single units')
    >>> called(100, "utilisation", shares=True), called(10, "price", shares=False)
    ('percent instead of shares', 'a decimal point moved by 1 place')
    """
    larger = max(factor, 1 / factor)
    if math.isclose(larger, 100):
        if shares:
            return _instead("percent", "shares", more=factor > 1)
        return f"{_instead('cents', 'whole amounts', more=factor > 1)}, or a decimal point moved by 2 places"
    words = _words(column)
    fitting = [(small, large) for one, small, large in _UNITS if math.isclose(one, larger, rel_tol=1e-6)]
    named = [pair for pair in fitting if pair[factor > 1] in words]  # the unit the column was in
    if fitting:
        return _instead(*(named or fitting)[0], more=factor > 1)
    places = round(math.log10(larger))
    return f"a decimal point moved by {places} place" + ("" if places == 1 else "s")


def hinted(column: str) -> frozenset[float]:
    """Factors by which the values change when the unit that the column's name speaks of is left.

    >>> sorted(hinted("distance_km"))
    [0.621371192237334, 1000]
    """
    words = _words(column)
    left = {1 / factor for factor, small, _ in _UNITS if small in words}
    return frozenset(left | {factor for factor, _, large in _UNITS if large in words})


def _words(column: str) -> set[str]:
    words = {_SHORT.get(word, word) for word in column.lower().replace("-", "_").replace(" ", "_").split("_")}
    return words | {f"{word}s" for word in words}


def _instead(small: str, large: str, *, more: bool) -> str:
    return f"{small} instead of {large}" if more else f"{large} instead of {small}"


def times(factor: float) -> str:
    """How large a value is beside what it was.

    >>> times(24), times(1 / 24)
    ('24 times', '1/24 of')
    """
    return f"{number(factor)} times" if factor > 1 else f"1/{number(1 / factor)} of"
