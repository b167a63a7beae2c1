"""What is wrong with one column of numbers."""

from __future__ import annotations

import math

import numpy as np

from core.diagnostics.conversions import called, hinted, times
from core.diagnostics.rules import CONSTANT, DEFAULT, SIGN, UNIT, FaultRules
from core.diagnostics.units import UnitChange, sign_flipped, unit_change
from core.records import Fault
from core.wording import number, percent, plural

#: of more values every second, third and so on says enough of a unit
_ENOUGH = 250_000
_ASK = (
    "Ask whoever fills the column; until someone answers, these values count as a fault of the data and not as drift."
)


def numeric_faults(
    column: str, reference: np.ndarray, current: np.ndarray, rules: FaultRules = DEFAULT, *, measured: bool = True
) -> list[Fault]:
    """Faults of a column of numbers: known values of the reference (n,), current ones (m,; NaN where missing).

    At most one: constant, sign flipped, or another unit. `measured`: the numbers have a unit; dates have none.
    """
    was, now = (side[np.isfinite(side)] for side in (reference, current))
    rows = len(now)
    if min(len(was), rows) < rules.min_rows:
        return []
    if now.min() == now.max():
        return constant(column, number(float(now[0])), int((was == now[0]).sum()), len(was), rows, rules)
    if not measured:
        return []
    was, now = (side[:: len(side) // _ENOUGH + 1] for side in (was, now))
    if sign_flipped(was, now, rules):
        return [_sign(column, was, now, rows)]
    found = unit_change(was, now, rules, hinted(column))
    return [_unit(column, found, was, rows)] if found else []


def constant(column: str, value: str, had: int, reference_n: int, n: int, rules: FaultRules) -> list[Fault]:
    """A column with one value in `n` rows, which `had` of the reference's rows had: a fault unless chance does that."""
    expected = (had + 1) / (reference_n + 2)
    if had == reference_n or n * math.log(expected) > math.log(rules.constant_p):
        return []
    sentence = (
        f"{column} is {value} in {plural(n, 'row')}, all that have a value; {percent(had / reference_n)} were {value} "
        "before."
    )
    cause = "Probably a default or a placeholder in place of the values. Ask whoever fills the column."
    return [Fault(CONSTANT, column, sentence, cause, {"n": n, "value": value, "reference_share": had / reference_n})]


def _sign(column: str, was: np.ndarray, now: np.ndarray, n: int) -> Fault:
    medians = float(np.median(was)), float(np.median(now))
    usual = f"median {number(medians[1])}, was {number(medians[0])}"
    sentence = f"{column} has the other sign ({usual}; {plural(n, 'row')})."
    figures = {"n": n, "factor": -1.0, "reference_median": medians[0], "current_median": medians[1]}
    cause = f"Probably what is owed and what is due, or before and after, are counted the other way round. {_ASK}"
    return Fault(SIGN, column, sentence, cause, figures)


def _unit(column: str, found: UnitChange, was: np.ndarray, n: int) -> Fault:
    shares = bool((was >= 0).all() and (was * min(1.0, found.factor) <= 1).all())
    change = found.called or called(found.factor, column, shares=shares)
    medians = f"median {number(found.current_median)}, was {number(found.reference_median)}"
    rows = plural(n, "row")
    if found.share < 1:
        whole = f"{percent(found.share)} of {rows} of {column} are {times(found.factor)} what they were ({medians})"
        sentence = f"{whole}, the others as before."
    elif found.offset:
        sentence = f"{column} is {found.factor:.3g} times what it was and {found.offset:+.3g} ({medians}; {rows})."
    else:
        sentence = f"{column} is {times(found.factor)} what it was ({medians}), in all quartiles alike ({rows})."
    figures = {
        "n": n, "factor": found.factor, "offset": found.offset, "share": found.share, "ks_before": found.ks_before,
        "ks_after": found.ks_after, "reference_median": found.reference_median, "current_median": found.current_median,
    }  # fmt: skip
    return Fault(UNIT, column, sentence, f"Probably {change}. {_ASK}", figures)
