"""How the clients of the example company evolve from month to month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.example.names import INDUSTRIES, INDUSTRY_SHARES, OWNERS, REGION_SHARES, REGIONS

#: months in which an exit counts for the outcome of a snapshot: 90 days
HORIZON = 3
#: state of every client in the book in one month: arrays of equal length, by name
Book = dict[str, np.ndarray]


@dataclass(frozen=True)
class Habits:
    """How clients evolve from month to month when they stay: stationary first-order processes."""

    #: share of a month's deviation from the usual activity that is left a month later
    activity_memory: float = 0.8
    #: standard deviation of the monthly surprise in log activity
    activity_noise: float = 0.24
    #: monthly pull of activity to what a client of this size would use, in log units per log unit
    activity_pull: float = 0.05
    satisfaction_mean: float = 7.4
    satisfaction_memory: float = 0.92
    satisfaction_noise: float = 0.55
    #: points of satisfaction that each open ticket (up to 12) costs per month
    satisfaction_per_ticket: float = -0.03
    #: share of clients who do not answer in a month
    unanswered: float = 0.08
    #: tickets in 90 days that leave satisfaction where it is; newcomers start with as many
    tickets_usual: float = 3.0
    #: new tickets a month of a client with 80 employees: regardless of, and per, tickets in the last 90 days
    tickets_base: float = 0.38
    tickets_echo: float = 0.2
    #: of log(1 + days)
    delay_mean: float = 1.4
    delay_memory: float = 0.92
    delay_noise: float = 0.38


def advance(book: Book, month: int, habits: Habits, rng: np.random.Generator) -> Book:
    """The same clients in `month`, one month on, given that all of them stay."""
    count = len(book["number"])
    # noise of fixed length first: the counts further down take more or fewer random numbers from case to case
    noise = rng.standard_normal((3, count))
    answered = rng.random(count) >= habits.unanswered
    renewed = book["end_month"] < month
    price_noise = rng.standard_normal(count)

    active = next_activity(book, habits, noise[0])
    happy = habits.satisfaction_mean + habits.satisfaction_memory * (book["satisfaction"] - habits.satisfaction_mean)
    happy += habits.satisfaction_per_ticket * (np.minimum(book["tickets"], 12) - habits.tickets_usual)
    late = habits.delay_mean + habits.delay_memory * (np.log1p(book["delay"]) - habits.delay_mean)
    late += habits.delay_noise * noise[2]
    # each ticket of the last 90 days has one chance in three to be older than that a month later
    still_counted = rng.binomial(book["tickets"], 2 / 3)
    base = habits.tickets_base * (book["employees"] / 80) ** 0.2
    price = list_price(book["employees"])
    return book | {
        "history": np.column_stack([book["history"][:, 1:], active]),
        "lastyear": book["lastyear"] - book["history"][:, 0] + active,
        "satisfaction": np.clip(np.round(happy + habits.satisfaction_noise * noise[1], 1), 1, 10),
        "answered": answered,
        "tickets": still_counted + rng.poisson(base + habits.tickets_echo * book["tickets"]),
        "delay": np.rint(np.expm1(np.clip(late, 0, np.log1p(180)))).astype(np.int64),
        "end_month": book["end_month"] + np.where(renewed, book["term"], 0),
        "revenue": np.where(renewed, reprice(book["revenue"], price, price_noise), book["revenue"]),
    }


def next_activity(book: Book, habits: Habits, noise: np.ndarray) -> np.ndarray:
    """Next month's activity: near last month's, drawn to the usual and to what the size would use."""
    # the log of a mean lies above the mean of logs; left in, everyone's activity would creep upwards
    spread = habits.activity_noise**2 / (1 - habits.activity_memory**2)
    usual = np.log(book["lastyear"] / 12) - spread / 2
    expected = usual + habits.activity_memory * (np.log(book["history"][:, -1]) - usual)
    expected += habits.activity_pull * (np.log(size_activity(book["employees"])) - usual)
    return np.maximum(np.rint(np.exp(expected + habits.activity_noise * noise)), 1).astype(np.int64)


def size_activity(employees: np.ndarray) -> np.ndarray:
    """Activity in a month to expect of a client with that many employees."""
    return 12 * employees**0.6


def list_price(employees: np.ndarray) -> np.ndarray:
    """EUR a year to expect from a client with that many employees."""
    return 950 * employees**0.75


def reprice(revenue: np.ndarray, price: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """EUR a year after a renewal: most of the old discount stays, some is negotiated anew."""
    return np.round(price * (revenue / price) ** 0.9 * np.exp(0.2 * noise), 2)


def newcomers(count: int, first: int, month: int, habits: Habits, rng: np.random.Generator) -> Book:
    """`count` clients, numbered from `first`, who signed in the month before `month`.

    Each has a pilot year behind it, so the yearly count of activity is complete from the first day.
    """
    employees = np.maximum(np.rint(rng.lognormal(np.log(80), 1.1, count)), 2).astype(np.int64)
    term = rng.choice([12, 24, 36], count, p=[0.6, 0.25, 0.15])
    usual = np.maximum(np.rint(size_activity(employees) * rng.lognormal(0, 0.5, count)), 1).astype(np.int64)
    price = list_price(employees)
    book = {
        "number": np.arange(first, first + count),
        "owner": rng.integers(len(OWNERS), size=count),
        "industry": rng.choice(len(INDUSTRIES), count, p=INDUSTRY_SHARES),
        "region": rng.choice(len(REGIONS), count, p=REGION_SHARES),
        "employees": employees,
        "start_month": np.full(count, month - 1),
        "start_day": rng.integers(1, 29, count),
        "term": term,
        "end_month": month - 1 + term,
        "revenue": np.round(price * rng.lognormal(0, 0.45, count), 2),
        "history": np.repeat(usual[:, None], 12, axis=1),
        "lastyear": usual * 12,
        "satisfaction": np.clip(np.round(habits.satisfaction_mean + rng.standard_normal(count), 1), 1, 10),
        "answered": np.ones(count, dtype=bool),
        "tickets": rng.poisson(habits.tickets_usual, count),
        "delay": np.rint(np.expm1(np.maximum(rng.normal(habits.delay_mean, 1, count), 0))).astype(np.int64),
    }
    for pilot_month in range(month - 11, month + 1):
        book = advance(book, pilot_month, habits, rng)
    return book
