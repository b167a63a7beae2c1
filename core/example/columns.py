"""Plainer worlds, for studies over hundreds of them: rows without a past, of some twenty columns as they occur.

Skewed, heavy-tailed, counted, graded, mostly zero, nearly constant, of two thousand levels, mostly missing, in pairs
that go together; dates stand as days to the snapshot, as a model sees them. A fixed rule says who leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from core.example.shapes import Shape, drawn, scaled, written

#: first word of a seed: what a world is, its rows in a month, its rows for finding the base of the rule
_WORLD, _ROWS, _TRIAL = 11, 12, 13
_TRIAL_ROWS = 20_000
#: what can happen to a world
SHIFT, TURN, UNIT, EMPTYING, LEVEL = "shift", "turn", "unit", "emptying", "level"
NEW_LEVEL = "never seen before"

#: shapes that the strongest effects are drawn from, and those whose unit may change
_STRONG, _MEASURED = ("lognormal", "heavy", "normal", "counts", "grades", "days"), ("lognormal", "normal")


@dataclass(frozen=True)
class Change:
    """What is different in a month, by `kind`, and how much by `size`.

    SHIFT: the columns of the two strongest effects lie higher, in standard deviations (on the scale on which they are
    near normal). TURN: these two effects have the other sign; the size says nothing. UNIT: the factor by which a
    column's values are multiplied. EMPTYING: the share of rows in which a column has lost its value. LEVEL: the share
    of rows that a level takes over which was never seen before.
    """

    kind: str
    size: float = 0.5

    def __post_init__(self) -> None:
        if self.kind not in {SHIFT, TURN, UNIT, EMPTYING, LEVEL}:
            raise ValueError(f"A change is one of shift, turn, unit, emptying and level; got {self.kind!r}.")
        if not self.size > 0 or (self.kind in {EMPTYING, LEVEL} and self.size > 1):
            raise ValueError(f"The size of a change is above 0, and a share at most 1; got {self.size:g}.")


@dataclass(frozen=True)
class World:
    """A world whose columns and rule stay as they are from month to month, unless something is told to change."""

    seed: int
    columns: tuple[Shape, ...]
    #: share of rows that leave
    leavers: float

    @property
    def kinds(self) -> dict[str, str]:
        """Column -> "numeric", "categorical", "date" (days to the snapshot)."""
        return {column.name: column.kind for column in self.columns}

    def month(self, k: int, rows: int, change: Change | None = None) -> pd.DataFrame:
        """`rows` clients of month `k` (0 or more): the columns, `truth` (risk, 0-1) and who has `exited` (0 or 1).

        The truth is that of the clients as they are: a value that is written in another unit, under another name or
        not at all counts as what it was. Same arguments, same rows to the bit; months have nothing in common.
        """
        moved = dict.fromkeys(self.struck(change), change.size) if change and change.kind == SHIFT else {}
        values = self._values([_ROWS, self.seed, k], rows, moved)
        turned = self.struck(change) if change and change.kind == TURN else ()
        truth = _chance(self._base + self._log_odds(values, turned))
        luck = np.random.default_rng([_ROWS, self.seed, k, len(self.columns)])
        exited = (luck.random(rows) < truth).astype(np.int64)
        table = pd.DataFrame({column.name: written(column, values[column.name]) for column in self.columns})
        if change is not None:
            table = self._changed(table, change, luck)
        return table.assign(exited=exited, truth=truth)

    def struck(self, change: Change) -> tuple[str, ...]:
        """The columns that a change is about, those with the strongest effects of all it could be about."""
        able = {
            SHIFT: [column for column in self.columns if column.form in _STRONG],
            TURN: [column for column in self.columns if column.form in _STRONG],
            UNIT: [column for column in self.columns if column.form in _MEASURED and not column.missing],
            EMPTYING: [column for column in self.columns if column.missing < 0.1],
            LEVEL: [column for column in self.columns if column.form == "levels" and column.parameters[0] <= 10],
        }[change.kind]
        order = sorted(able, key=lambda column: (-abs(column.weight), column.name))
        return tuple(column.name for column in order[: 2 if change.kind in {SHIFT, TURN} else 1])

    def _changed(self, table: pd.DataFrame, change: Change, luck: np.random.Generator) -> pd.DataFrame:
        if change.kind in {SHIFT, TURN}:
            return table
        (name,) = self.struck(change)
        if change.kind == UNIT:
            return table.assign(**{name: table[name] * change.size})
        hit = luck.random(len(table)) < change.size
        return table.assign(**{name: table[name].mask(hit, None if change.kind == EMPTYING else NEW_LEVEL)})

    def _values(self, seed: list[int], rows: int, moved: dict[str, float]) -> dict[str, np.ndarray]:
        """Numbers behind the columns (levels by rank), NaN where missing; each column has luck of its own."""
        found: dict[str, np.ndarray] = {}
        normal: dict[str, np.ndarray] = {}
        for place, column in enumerate(self.columns):
            rng = np.random.default_rng([*seed, place])
            own = rng.standard_normal(rows)
            if column.beside:
                own = column.correlation * normal[column.beside] + (1 - column.correlation**2) ** 0.5 * own
            normal[column.name] = own
            found[column.name] = drawn(column, own, rng, moved.get(column.name, 0.0))
        return found

    @cached_property
    def _trial(self) -> dict[str, np.ndarray]:
        return self._values([_TRIAL, self.seed, 0], _TRIAL_ROWS, {})

    @cached_property
    def _standards(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation of each column that has an effect, on its scale."""
        found = {}
        for column in self.columns:
            if column.weight and column.form != "levels":
                values = scaled(column, self._trial[column.name])
                found[column.name] = (float(np.nanmean(values)), float(np.nanstd(values)))
        return found

    @cached_property
    def _base(self) -> float:
        """Log-odds of a client average in everything: so many leave as should."""
        others = self._log_odds(self._trial, ())
        low, high = -20.0, 20.0
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if _chance(middle + others).mean() < self.leavers else (low, middle)
        return low

    def _log_odds(self, values: dict[str, np.ndarray], turned: tuple[str, ...]) -> np.ndarray:
        """The sum of all effects, without the base; a missing value has none."""
        total = np.zeros(len(next(iter(values.values()))))
        for place, column in enumerate(self.columns):
            if not column.weight:
                continue
            own = values[column.name]
            if column.form == "levels":
                effects = np.random.default_rng([_WORLD, self.seed, place]).standard_normal(int(column.parameters[0]))
                known = ~np.isnan(own)
                signal = np.where(known, effects[np.where(known, own, 0).astype(np.int64)], 0.0)
            else:
                mean, spread = self._standards[column.name]
                signal = (scaled(column, own) - mean) / spread
            total += column.weight * np.nan_to_num(signal) * (-1 if column.name in turned else 1)
        return total


def make_world(seed: int) -> World:
    """A world of 22 columns, drawn by `seed` (0 or more): parameters, pairs, weights, and 10 to 20 % that leave."""
    rng = np.random.default_rng([_WORLD, seed])
    u = rng.uniform
    pair = [float(u(0.3, 0.9) * rng.choice([-1, 1])) for _ in range(4)]
    shapes = [
        Shape("revenue", "numeric", "lognormal", (u(5, 12), u(0.5, 1.5))),
        Shape("seats", "numeric", "lognormal", (u(1, 5), u(0.4, 1.2)), beside="revenue", correlation=pair[0]),
        Shape("balance", "numeric", "heavy", (u(-50, 50), u(10, 1000), u(0.1, 0.3))),
        Shape("margin", "numeric", "heavy", (u(0, 5), u(1, 5), u(0.05, 0.2)), beside="balance", correlation=pair[1]),
        Shape("usage", "numeric", "normal", (u(20, 200), u(5, 40))),
        Shape("logins", "numeric", "normal", (u(20, 200), u(5, 40)), beside="usage", correlation=pair[2]),
        Shape("tickets", "numeric", "counts", (u(0.5, 6),)),
        Shape("complaints", "numeric", "counts", (u(0.05, 0.5),)),
        Shape("rating", "numeric", "grades", (u(2.5, 4), u(0.7, 1.3))),
        Shape("refunds", "numeric", "often_zero", (u(0, 1.5), u(2, 5), u(0.5, 1.2))),
        Shape("discount", "numeric", "share", (u(-2, 0), u(0.5, 1)), beside="seats", correlation=pair[3]),
        Shape("surveyed", "numeric", "normal", (u(0, 10), u(1, 3)), missing=0.4),
        Shape("estimate", "numeric", "lognormal", (u(2, 6), u(0.5, 1)), missing=u(0.3, 0.5)),
        Shape("version", "numeric", "constant", (float(rng.integers(1, 9)),)),
        Shape("trial", "numeric", "nearly_constant", (0.0, u(0.001, 0.01))),
        Shape("client_for", "date", "days", (u(5, 7), u(0.5, 1))),
        Shape("contract_end", "date", "days_ahead", (u(300, 1100),)),
        Shape("city", "categorical", "levels", (float(rng.integers(200, 2001)), u(0.7, 1.2))),
        Shape("industry", "categorical", "levels", (float(rng.integers(5, 11)), u(0.2, 1))),
        Shape("region", "categorical", "levels", (float(rng.integers(3, 7)), u(0.1, 0.8)), missing=u(0, 0.08)),
        Shape("plan", "categorical", "levels", (float(rng.integers(2, 5)), u(0.1, 1))),
        Shape("status", "categorical", "levels", (2.0, u(7, 9))),
    ]
    strong = rng.choice([column.name for column in shapes if column.form in _STRONG and not column.missing], 2, False)
    columns = []
    for column in shapes:
        weight = float(u(0.8, 1.1) if column.name in strong else u(0.05, 0.3)) * rng.choice([-1, 1])
        weighs = column.form not in {"constant", "nearly_constant"} and column.name != "status"
        columns.append(_weighing(column, float(weight) if weighs else 0.0))
    return World(seed, tuple(columns), float(u(0.1, 0.2)))


def _weighing(column: Shape, weight: float) -> Shape:
    parameters = tuple(float(one) for one in column.parameters)
    return replace(column, parameters=parameters, missing=float(column.missing), weight=weight)


def _chance(log_odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-log_odds))
