"""What happened to a column, in a sentence with its own unit."""

from __future__ import annotations

from core.drift.levels import Level, LevelDistances
from core.drift.numeric import NumericDistances
from core.drift.profile import PREDICTION
from core.records import ColumnDrift
from core.schema import DATE
from core.wording import days_text, listed, number, percent, plural

#: last words of a column's name that are a unit
_UNITS = {
    "days": "days", "weeks": "weeks", "months": "months", "years": "years", "hours": "hours", "minutes": "minutes",
    "eur": "EUR", "usd": "USD", "gbp": "GBP", "chf": "CHF", "pct": "%", "percent": "%", "km": "km", "kg": "kg",
}  # fmt: skip
_TOLD = 2
#: what a statistic is called in a sentence
METHODS = {
    "ks": "KS", "psi": "PSI", "wasserstein": "Wasserstein", "jensen_shannon": "Jensen-Shannon",
    "total_variation": "total variation", "l_infinity": "L-infinity", "cohen_h": "Cohen's h",
    "reconstruction": "deviations", "domain": "roc_auc above .5",
}  # fmt: skip


def figure(value: float, column: str, kind: str) -> str:
    """A value with the unit of its column, which the last word of its name tells.

    >>> figure(21.0, "payment_delay_days", "numeric"), figure(0.12, "", "prediction"), figure(-45, "ends", "date")
    ('21 days', '12 %', 'in 45 days')
    """
    if kind == PREDICTION:
        return percent(value)
    if kind == DATE:
        return days_text(value)
    unit = _UNITS.get(column.lower().replace("-", "_").rsplit("_", 1)[-1])
    return f"{number(value)} {unit}" if unit else number(value)


def name_of(column: str, kind: str) -> str:
    """What a column is called in a sentence."""
    return "the risk" if kind == PREDICTION else column


def numeric_sentence(column: str, kind: str, found: NumericDistances, rows: int) -> str:
    """Direction and size of a change of numbers or dates."""
    ks = found.ks
    was, now = (
        figure(quartiles[1], column, kind) for quartiles in (found.reference_quartiles, found.current_quartiles)
    )
    median = f"median {now}, was {was}" if was != now else f"median {now} as before"
    point = figure(ks.point, column, kind)
    before, after, side = 1 - ks.reference_share, 1 - ks.current_share, f"above {point}"
    if kind == DATE:  # more days from the snapshot: an earlier date
        side = f"earlier than {point}"
    if not ks.higher:
        before, after = ks.reference_share, ks.current_share
        side = f"{point} or later" if kind == DATE else f"at or below {point}"
    return (
        f"{name_of(column, kind)} is {_direction(kind, higher=ks.higher)}: {percent(after)} lie {side}, where "
        f"{percent(before)} did ({median}; KS {short(ks.distance)}, {plural(rows, 'row')})"
    )


def calm_sentence(one: ColumnDrift) -> str:
    """What is said of a column without a change that matters."""
    effect = f"{METHODS[one.method]} {short(max(one.effect, 0.0))}"
    return f"{name_of(one.column, one.kind)} is as before ({effect}, {plural(one.current_n, 'row')})."


def _direction(kind: str, *, higher: bool) -> str:
    if kind == DATE:
        return "earlier" if higher else "later"
    return "higher" if higher else "lower"


def level_sentence(column: str, found: LevelDistances, reference_n: int, current_n: int) -> str:
    """Which levels grew and shrank, came and went."""
    parts = [f"{_name(level)} is new with {percent(level.current / current_n)}" for level in found.new[:_TOLD]]
    parts += [
        f"{_name(level)} is gone, was {percent(level.reference / reference_n)}" for level in found.vanished[:_TOLD]
    ]
    said = {level.name for level in (*found.new, *found.vanished)}
    room = max(0, _TOLD - len(parts))
    for levels, verb in ((found.grown, "rose"), (found.shrunk, "fell")):
        parts += [
            f"{_name(one)} {verb} from {percent(one.reference / reference_n)} to {percent(one.current / current_n)}"
            for one in [level for level in levels if level.name not in said][:room]
        ]
    change = listed(parts) or "the same levels in the same shares"
    return f"{column}: {change} (total variation {short(found.total_variation)}, {plural(current_n, 'row')})"


def _name(level: Level) -> str:
    return "missing" if level.name is None else f'"{level.name}"'


def short(effect: float) -> str:
    """A distance without its leading zero.

    >>> short(0.312), short(1.2), short(-0.004)
    ('.31', '1.20', '-.00')
    """
    return f"{effect:.2f}".replace("0.", ".", 1) if abs(effect) < 1 else f"{effect:.2f}"
