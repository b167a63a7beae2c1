"""Where there was nothing like a client among those that were learned from, and a confident number would be a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.model import AdditiveModel, Bins, Encoded, ModelColumn
from core.scoring.reasons import own_text
from core.wording import listed

#: a value further beyond the range that was learned from than this share of it is like nothing there
_BEYOND = 0.05


@dataclass(frozen=True, eq=False)
class Unfamiliar:
    """Which values were never seen."""

    #: column -> clients (mask, n,) whose value of it is like nothing that was learned from
    columns: dict[str, np.ndarray]

    def any(self) -> np.ndarray:
        """Clients (mask, n,) with at least one such value."""
        masks = list(self.columns.values())
        found: np.ndarray = np.logical_or.reduce(masks)
        return found


def unfamiliar(model: AdditiveModel, encoded: Encoded) -> Unfamiliar:
    """Values beyond the range that was learned from or in a stretch of it where nobody was, levels that hardly anybody
    had, and values that are missing where none was.
    """
    used = {name for term in model.terms for name in term.columns}
    return Unfamiliar({column.name: _strange(column, encoded) for column in model.columns if column.name in used})


def _strange(column: ModelColumn, encoded: Encoded) -> np.ndarray:
    if column.categorical:
        numbers = Bins(column.name, None, column.levels).number(encoded)
        strange = numbers == len(column.levels) + 1
        return strange | (numbers == 0) if column.always_known else strange
    values = encoded[column.name][0]
    if not column.low <= column.high:  # no value was ever seen
        return ~np.isnan(values)
    margin = _BEYOND * (column.high - column.low)
    strange = (values < column.low - margin) | (values > column.high + margin)
    for low, high in column.gaps:
        strange |= (values > low) & (values < high)
    return strange | np.isnan(values) if column.always_known else strange


def told(model: AdditiveModel, found: Unfamiliar, features: Any) -> list[list[str]]:
    """Of each client what is like nothing before, in words; most have nothing. `features`: column -> values (n,)."""
    made: list[list[str]] = [[] for _ in next(iter(found.columns.values()))]
    for column in model.columns:
        places = np.flatnonzero(found.columns.get(column.name, np.array([], dtype=bool)))
        values = list(features[column.name]) if len(places) else []
        for place in places.tolist():
            made[place].append(_says(column, values[place]))
    return made


def sentence(said: list[str]) -> str:
    """
    >>> sentence(["a is 480, the most seen was 120"])
    'There was nothing like this among the clients learned from: a is 480, the most seen was 120.'
    """
    return f"There was nothing like this among the clients learned from: {listed(said)}."


def _says(column: ModelColumn, value: Any) -> str:
    text = own_text(column, value)
    if text == "unknown":
        return f"{column.name} is unknown, it was known of all"
    if column.categorical:
        return f"{column.name} is {text}, which hardly anybody had"
    if not column.low <= column.high:
        return f"{column.name} is {text}, it was known of nobody"
    if value > column.high or value < column.low:
        most, end = ("most", column.high) if value > column.high else ("least", column.low)
        if column.kind == "date":
            most = "earliest" if value > column.high else "latest"
        return f"{column.name} is {text}, the {most} seen was {own_text(column, end)}"
    low, high = next(gap for gap in column.gaps if gap[0] < value < gap[1])
    return f"{column.name} is {text}, nobody was between {own_text(column, low)} and {own_text(column, high)}"
