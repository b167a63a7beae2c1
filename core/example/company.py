"""The made company: its book month by month, its tables, its outcomes and its true risks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from core.example.events import Event, Sight, luck_of
from core.example.evolving import HORIZON, Book, Habits, advance, newcomers
from core.example.leaving import Effects, monthly_hazard
from core.example.names import client_ids
from core.example.table import render
from core.example.unseen import fill_unseen

#: months simulated before the first snapshot; by then hardly anyone of the first cohort is left
BURN_IN = 120
#: futures behind `true_risk`; the error of one client's risk is then 0.003, for the riskiest tenth 0.01
FUTURES = 100
#: what the first word of a seed means, so that no two uses share random numbers
_MONTHLY, _FUTURE = 1, 2


@dataclass(frozen=True)
class Rules:
    """The rules of the company in every month; months are counted from year 0."""

    seed: int
    #: month of the first snapshot
    first_month: int
    effects: Effects
    habits: Habits
    events: tuple[Event, ...] = ()

    def effects_in(self, month: int) -> Effects:
        """What makes clients leave in that month."""
        effects = self.effects
        for event in self.events:
            effects = event.effects(effects) if month >= self.first_month + event.month else effects
        return effects

    def habits_in(self, month: int) -> Habits:
        """How the clients of that month's snapshot evolve from it on."""
        habits = self.habits
        for event in self.events:
            habits = event.habits(habits) if month >= self.first_month + event.month else habits
        return habits

    def hazard(self, book: Book, month: int) -> np.ndarray:
        """The chance, 0-1, that each client of the book of `month` leaves within that month."""
        return monthly_hazard(book, month, self.effects_in(month))

    def next_book(self, book: Book, month: int, rng: np.random.Generator) -> Book:
        """The same clients in `month`, one month on, given that all of them stay."""
        # an event moves those who are there by itself, at the end of the month in which they still had their old habits
        book = advance(book, month, self.habits_in(month - 1), rng)
        for event in self.events:
            if month == self.first_month + event.month:
                book = event.strike(book, rng)
        return book

    def sights(self, book: Book, month: int) -> Iterator[tuple[Event, Sight]]:
        """The events that have happened by the snapshot of `month`, with what each sees of it."""
        for place, event in enumerate(self.events):
            passed = month - self.first_month - event.month
            if passed >= 0:
                yield event, Sight(book, month, passed, luck_of(book["number"], self.seed, place))


@dataclass(frozen=True, eq=False)
class Company:
    """A made company: its client book at every snapshot, and who left afterwards."""

    seed: int
    #: month of the first snapshot, counted from year 0
    first_month: int
    #: number of snapshots
    months: int
    effects: Effects
    habits: Habits
    #: one for each snapshot and for the `HORIZON` months after the last
    books: tuple[Book, ...]
    events: tuple[Event, ...] = ()

    @property
    def rules(self) -> Rules:
        """The rules it lives by."""
        return Rules(self.seed, self.first_month, self.effects, self.habits, self.events)

    @property
    def snapshot_dates(self) -> tuple[date, ...]:
        """The first of every month with a snapshot, oldest first."""
        counted = range(self.first_month, self.first_month + self.months)
        return tuple(date(month // 12, month % 12 + 1, 1) for month in counted)

    def clients(self, k: int) -> pd.DataFrame:
        """The client table of snapshot `k` (0 is the oldest): one row a client, columns as in `render`."""
        book, month = self.books[self._at(k)], self.first_month + k
        table = render(book, month)
        for event, sight in self.rules.sights(book, month):
            table = event.write(table, sight)
        return table

    def outcomes(self, k: int) -> pd.DataFrame:
        """Who of snapshot `k` left within 90 days of it (`exited`, 0 or 1); rows as in `clients(k)`.

        In a replay this is known 90 days after the snapshot, not earlier.
        """
        book, later = self.books[self._at(k)], self.books[k + HORIZON]
        return pd.DataFrame(
            {
                "client_id": client_ids(book["number"]),
                "snapshot_date": self.snapshot_dates[k].isoformat(),
                "exited": (~np.isin(book["number"], later["number"])).astype(np.int64),
            }
        )

    def true_risk(self, k: int) -> np.ndarray:
        """The probability, 0-1, that each row of `clients(k)` leaves within 90 days, given its columns.

        The mean over `FUTURES` futures of 1 - product of the monthly chances to stay, under the events that happen
        until then. Every call and every snapshot uses the same random numbers, so that differences between two
        calls are not noise.
        """
        book, month, rules = self.books[self._at(k)], self.first_month + k, self.rules
        hidden: dict[str, np.ndarray] = {}
        for event, sight in rules.sights(book, month):
            for state, rows in event.hidden(sight).items():
                hidden[state] = hidden.get(state, False) | rows
        stayed = np.zeros(len(book["number"]))
        for future in range(FUTURES):
            rng = np.random.default_rng([_FUTURE, self.seed, future])
            ahead = fill_unseen(book, rng, hidden)
            stays = 1 - rules.hazard(ahead, month)
            for step in range(1, HORIZON):
                ahead = rules.next_book(ahead, month + step, rng)
                stays *= 1 - rules.hazard(ahead, month + step)
            stayed += stays
        return 1 - stayed / FUTURES

    def _at(self, k: int) -> int:
        if not 0 <= k < self.months:
            raise IndexError(f"snapshot {k} is not among 0 to {self.months - 1}")
        return k


def make_company(
    seed: int, end: date, months: int = 24, clients: int = 10_000, events: Sequence[Event] = ()
) -> Company:
    """Make the company whose last of `months` snapshots is the first of `end`'s month.

    `clients` is the size its book keeps around; `seed` is 0 or more. Same arguments, same tables to the bit. Until
    the first of the events the tables are those of the company without events; the outcomes, until it is 90 days off.
    """
    effects, habits = Effects(), Habits()
    first_month = end.year * 12 + end.month - months
    rules = Rules(seed, first_month, effects, habits, tuple(events))
    month = first_month - BURN_IN
    rng = np.random.default_rng([_MONTHLY, seed, 0])
    book = newcomers(clients, 0, month, habits, rng)
    age = (rng.exponential(45, clients) % 180).astype(np.int64)  # as if the company had already been there
    book["start_month"] -= age
    book["end_month"] += book["term"] * (age // book["term"]) - age
    known, books = clients, []
    for passed in range(1, BURN_IN + months + HORIZON + 1):
        if month >= first_month:
            books.append(book)
        # a generator for each month: what happens in one month leaves the luck of the others alone
        rng = np.random.default_rng([_MONTHLY, seed, passed])
        month += 1
        stays = rng.random(len(book["number"])) >= rules.hazard(book, month - 1)
        book = rules.next_book({name: column[stays] for name, column in book.items()}, month, rng)
        joining = rng.poisson(max(clients - len(book["number"]), 0))
        new = newcomers(joining, known, month, rules.habits_in(month), rng)
        book = {name: np.concatenate([book[name], new[name]]) for name in book}
        known += joining
    books.append(book)
    return Company(seed, first_month, months, effects, habits, tuple(books), tuple(events))
