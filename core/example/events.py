"""What can happen to the example company from a given snapshot on, each event acting on one of its three parts.

How clients evolve (`Shift`), what makes them leave (`EffectsTurn`), how the table is written (`UnitChange`,
`Emptying`, `NewLevel`). Whom the last two strike is a matter of luck that a client keeps for good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.example.evolving import Book, Habits
from core.example.leaving import Effects

#: first word of the seed of luck that belongs to a client and not to a month
_CLIENTS = 3
#: standard deviation in the company's book: of log(1 + days) of delay, of tickets, of points of satisfaction
DELAY_SPREAD, TICKETS_SPREAD, SATISFACTION_SPREAD = 0.91, 2.45, 1.31
#: columns that are written in some unit
_NUMBERS = (
    "number_of_employees", "annual_revenue", "lastmonth_activity", "lastyear_activity", "support_tickets_90d",
    "satisfaction", "payment_delay_days",
)  # fmt: skip
#: columns that can lose their values, and the state that is hidden then; without one: it makes nobody leave
_CAN_EMPTY = {
    "payment_delay_days": "delay", "support_tickets_90d": "tickets", "satisfaction": "satisfaction",
    "industry": "industry", "annual_revenue": "", "region": "",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Sight:
    """What an event sees of a snapshot, in its own month or later."""

    book: Book
    #: of the snapshot, counted from year 0
    month: int
    #: months since the event
    passed: int
    #: a number 0-1 of each client, the same in every month
    luck: np.ndarray


@dataclass(frozen=True)
class Event:
    """Something that happens from snapshot `month` (0: the oldest) on; by itself it does nothing."""

    month: int

    def __post_init__(self) -> None:
        if self.month < 0:
            raise ValueError(f"An event acts from a snapshot on, counted from 0; got {self.month}.")

    def habits(self, habits: Habits) -> Habits:
        """How clients evolve once it has happened."""
        return habits

    def effects(self, effects: Effects) -> Effects:
        """What makes clients leave once it has happened."""
        return effects

    def strike(self, book: Book, rng: np.random.Generator) -> Book:
        """The book of `month`, when it happens."""
        del rng
        return book

    def write(self, table: pd.DataFrame, sight: Sight) -> pd.DataFrame:
        """The client table once it has happened."""
        del sight
        return table

    def hidden(self, sight: Sight) -> dict[str, np.ndarray]:
        """States of clients (by name, bool for each client) that the table no longer tells."""
        del sight
        return {}


@dataclass(frozen=True)
class Shift(Event):
    """Columns move to the worse by `size` of their standard deviations, at once and for good.

    `payment_delay_days` (on the scale of log(1 + days)) and `support_tickets_90d` grow, `satisfaction` falls. What
    makes clients leave stays as it is; more of them leave, for more of them have reason to.
    """

    columns: tuple[str, ...] = ("payment_delay_days", "support_tickets_90d")
    size: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        unknown = set(self.columns) - {"payment_delay_days", "support_tickets_90d", "satisfaction"}
        if unknown or not self.columns or self.size <= 0:
            raise ValueError(
                "A shift moves payment_delay_days, support_tickets_90d or satisfaction by more than 0; "
                f"got {', '.join(self.columns)} by {self.size:g}."
            )

    def _by(self, column: str, spread: float) -> float:
        return self.size * spread if column in self.columns else 0.0

    def habits(self, habits: Habits) -> Habits:
        """The same pull, but to the new means."""
        tickets = self._by("support_tickets_90d", TICKETS_SPREAD)
        return replace(
            habits,
            delay_mean=habits.delay_mean + self._by("payment_delay_days", DELAY_SPREAD),
            satisfaction_mean=habits.satisfaction_mean - self._by("satisfaction", SATISFACTION_SPREAD),
            tickets_usual=habits.tickets_usual + tickets,
            # what keeps the mean where it is: a third of tickets grow old in a month, some call forth others
            tickets_base=habits.tickets_base + tickets * (1 / 3 - habits.tickets_echo),
        )

    def strike(self, book: Book, rng: np.random.Generator) -> Book:
        """Everyone moved at once."""
        late = np.log1p(book["delay"]) + self._by("payment_delay_days", DELAY_SPREAD)
        happy = book["satisfaction"] - self._by("satisfaction", SATISFACTION_SPREAD)
        if "satisfaction" in self.columns:  # rounded by chance to tenths, the mean moves by what it should
            happy += rng.uniform(-0.05, 0.05, len(happy))
        more = rng.poisson(self._by("support_tickets_90d", TICKETS_SPREAD), len(book["tickets"]))
        return book | {
            "delay": np.minimum(np.rint(np.expm1(late)), 180).astype(np.int64),
            "satisfaction": np.clip(np.round(happy, 1), 1, 10),
            "tickets": book["tickets"] + more,
        }


@dataclass(frozen=True)
class EffectsTurn(Event):
    """The two strongest effects change their sign: the satisfied leave, and those who are more active than usual.

    How clients evolve is as before. Who stays is not: as the satisfied and the active leave now, those who stay are
    a little less so from month to month, and this alone moves the columns.
    """

    terms: tuple[str, ...] = ("satisfaction", "unhappy_at_contract_end", "activity", "collapse")

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers = [term for term, value in vars(Effects()).items() if isinstance(value, float) and term != "base"]
        if not self.terms or not set(self.terms) <= set(numbers):
            raise ValueError(f"Turn at least one of {', '.join(numbers)}; got {', '.join(self.terms) or 'none'}.")

    def effects(self, effects: Effects) -> Effects:
        """The terms with the other sign."""
        return replace(effects, **{term: -getattr(effects, term) for term in self.terms})


@dataclass(frozen=True)
class UnitChange(Event):
    """A column is written in another unit: every value is `factor` times what it was."""

    column: str = "payment_delay_days"
    factor: float = 24.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.column not in _NUMBERS or self.factor <= 0:
            raise ValueError(
                f"The unit of one of {', '.join(_NUMBERS)} changes by a factor above 0; "
                f"got {self.column} by {self.factor:g}."
            )

    def write(self, table: pd.DataFrame, sight: Sight) -> pd.DataFrame:
        """Whole numbers stay whole where the factor is; others are written with six decimals."""
        del sight
        values = table[self.column]
        if values.dtype.kind == "i" and self.factor == int(self.factor):
            return table.assign(**{self.column: values * int(self.factor)})
        return table.assign(**{self.column: (values * self.factor).round(6)})


@dataclass(frozen=True)
class Emptying(Event):
    """A column loses its values over `over` months: a further 1 / `over` of the clients every month, then all."""

    column: str = "payment_delay_days"
    over: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.column not in _CAN_EMPTY or self.over < 1:
            raise ValueError(
                f"One of {', '.join(_CAN_EMPTY)} empties over 1 month or more; got {self.column} over {self.over}."
            )

    def _lost(self, sight: Sight) -> np.ndarray:
        return sight.luck < (sight.passed + 1) / self.over

    def write(self, table: pd.DataFrame, sight: Sight) -> pd.DataFrame:
        """Once lost, a client's value does not come back."""
        return table.assign(**{self.column: table[self.column].where(~self._lost(sight))})

    def hidden(self, sight: Sight) -> dict[str, np.ndarray]:
        """The column's state, of those whose value is lost."""
        state = _CAN_EMPTY[self.column]
        return {state: self._lost(sight)} if state else {}


@dataclass(frozen=True)
class NewLevel(Event):
    """A level nobody had before: given to `share` of those who sign from then on, or of all clients at once.

    It only replaces the name of the industry or region: whom it is given to is chance, and they leave as they would
    have under the old name.
    """

    column: str = "region"
    level: str = "Eastern Europe"
    share: float = 0.2
    newcomers_only: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.column not in {"region", "industry"} or not 0 < self.share <= 1:
            raise ValueError(
                f"A region or an industry takes over a share above 0, at most 1; got {self.column}, {self.share:g}."
            )

    def _named(self, sight: Sight) -> np.ndarray:
        given = sight.luck < self.share
        # who is in a snapshot's book for the first time has signed in the month before
        signed_since = sight.month - sight.book["start_month"] <= sight.passed + 1
        return given & signed_since if self.newcomers_only else given

    def write(self, table: pd.DataFrame, sight: Sight) -> pd.DataFrame:
        """The new name where it is given."""
        return table.assign(**{self.column: table[self.column].mask(self._named(sight), self.level)})

    def hidden(self, sight: Sight) -> dict[str, np.ndarray]:
        """Which industry it would have been."""
        return {"industry": self._named(sight)} if self.column == "industry" else {}


def luck_of(numbers: np.ndarray, seed: int, place: int) -> np.ndarray:
    """A number 0-1 for each client (by number), the same in every month; `place` of the event among the events."""
    drawn = np.random.default_rng([_CLIENTS, seed, place]).random(int(numbers.max()) + 1)
    return drawn[numbers]
