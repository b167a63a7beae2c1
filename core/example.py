"""The example company: a made B2B company whose months are replayed through the real pipeline.

The simulation is Markov in what the client table shows: next month's activity, satisfaction, tickets and
payment delay follow from this month's *written* (rounded) values. That makes `Company.true_risk` the risk
given the visible columns. Two things in a client's state cannot be read off one row: a satisfaction nobody
answered, and the months of activity about to fall out of the yearly count. `fill_unseen` draws both from
clients that look alike.

Three parts stand apart, so that an event can later act on one of them from a given month on: how clients
evolve (`Habits`, `advance`), what makes them leave (`Effects`, `monthly_hazard`), and how the table is
written (`render`). Nothing is seasonal, and no habit moves with the calendar.

Months are counted from year 0 (`year * 12 + month - 1`). An exit takes effect in the middle of a month, so
"within 90 days of the first of a month" and "in that month or the two after it" are the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

#: state of every client in the book in one month: arrays of equal length, by name
Book = dict[str, np.ndarray]

#: months simulated before the first snapshot; by then hardly anyone of the first cohort is left
BURN_IN = 120
#: months in which an exit counts for the outcome of a snapshot: 90 days
HORIZON = 3
#: futures behind `true_risk`; the error of one client's risk is then 0.003, for the riskiest tenth 0.01
FUTURES = 100
#: what the first word of a seed means, so that no two uses share random numbers
_MONTHLY, _FUTURE = 1, 2

OWNERS = (
    "Anna Berger",
    "Marek Dvorak",
    "Ines Carvalho",
    "Jonas Lindqvist",
    "Claire Fontaine",
    "Pieter de Wit",
    "Sofia Marchetti",
    "Daniel Okafor",
)
REGIONS = ("DACH", "France and Benelux", "Nordics", "Southern Europe", "UK and Ireland")
REGION_SHARES = (0.34, 0.22, 0.14, 0.16, 0.14)
#: industry and the words its companies have in their names
INDUSTRIES = {
    "Manufacturing": ("Maschinenbau", "Components", "Precision", "Industries"),
    "Logistics": ("Freight", "Logistics", "Spedition", "Shipping"),
    "Retail": ("Stores", "Retail", "Markets", "Trading"),
    "Software": ("Software", "Systems", "Digital", "Data"),
    "Healthcare": ("Medical", "Pharma", "Diagnostics", "Care"),
    "Construction": ("Bau", "Construction", "Interiors", "Timber"),
    "Energy": ("Energy", "Solar", "Power", "Grid"),
    "Professional services": ("Consulting", "Partners", "Advisory", "Engineering"),
}
INDUSTRY_SHARES = (0.20, 0.12, 0.15, 0.13, 0.10, 0.11, 0.06, 0.13)
_SYLLABLES = (
    "Al An Ar Bel Ber Bran Bru Cal Car Cor Dal Del Dor El Em Fal Fen Gal Gor Hal Har Hel Il Jor "
    "Kal Kor Lam Lin Lor Mal Mar Mer Nor Or Pel Ran Ros Sal Sol Tal Tor Val Ver Wel; "
    "bach bera borg cano dane dara dino dona fina gard garo hagen heim holm kova land lano lena "
    "lind mann mara mark mont mora nau nesa nova rath reno rium sano sberg stad stein tano tena "
    "tera tora vald vanta vera vik vona zano"
)
_HEADS, _TAILS = (syllables.split() for syllables in _SYLLABLES.split(";"))
_FORMS = ("GmbH", "AG", "SA", "BV", "Ltd", "AB", "SpA")


@dataclass(frozen=True)
class Effects:
    """What makes a client leave: terms of the log-odds of leaving within the month."""

    base: float = -5.6
    #: per unit of log(last month / usual month); more activity, less risk
    activity: float = -1.2
    #: per log unit that activity has fallen below 70 % of the usual: beyond it, risk climbs steeply
    collapse: float = 3.0
    #: per point of satisfaction above 7
    satisfaction: float = -0.5
    #: per log(1 + tickets in 90 days)
    tickets: float = 0.5
    #: per log(1 + days of payment delay)
    delay: float = 0.4
    #: in the month the contract ends, fading to nothing six months ahead
    contract_end: float = 0.8
    #: per point of satisfaction below 6.5, in the month the contract ends, fading likewise
    unhappy_at_contract_end: float = 0.6
    #: of a client who signed today, fading by a factor e a year
    newness: float = 0.9
    #: by industry, in the order of `INDUSTRIES`
    industry: tuple[float, ...] = (-0.1, 0.05, 0.25, 0.1, -0.25, 0.2, -0.2, 0.0)


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
    #: new tickets a month of a client with 80 employees: regardless of, and per, tickets in the last 90 days
    tickets_base: float = 0.38
    tickets_echo: float = 0.2
    #: of log(1 + days)
    delay_mean: float = 1.4
    delay_memory: float = 0.92
    delay_noise: float = 0.38


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

    @property
    def snapshot_dates(self) -> tuple[date, ...]:
        """The first of every month with a snapshot, oldest first."""
        counted = range(self.first_month, self.first_month + self.months)
        return tuple(date(month // 12, month % 12 + 1, 1) for month in counted)

    def clients(self, k: int) -> pd.DataFrame:
        """The client table of snapshot `k` (0 is the oldest): one row a client, columns as in `render`."""
        return render(self.books[self._at(k)], self.first_month + k)

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

        The mean over `FUTURES` futures of 1 - product of the monthly chances to stay. Every call and every
        snapshot uses the same random numbers, so that differences between two calls are not noise.
        """
        book, month = self.books[self._at(k)], self.first_month + k
        stayed = np.zeros(len(book["number"]))
        for future in range(FUTURES):
            rng = np.random.default_rng([_FUTURE, self.seed, future])
            ahead = fill_unseen(book, rng)
            stays = 1 - monthly_hazard(ahead, month, self.effects)
            for step in range(1, HORIZON):
                ahead = advance(ahead, month + step, self.habits, rng)
                stays *= 1 - monthly_hazard(ahead, month + step, self.effects)
            stayed += stays
        return 1 - stayed / FUTURES

    def _at(self, k: int) -> int:
        if not 0 <= k < self.months:
            raise IndexError(f"snapshot {k} is not among 0 to {self.months - 1}")
        return k


def make_company(seed: int, end: date, months: int = 24, clients: int = 10_000) -> Company:
    """Make the company whose last of `months` snapshots is the first of `end`'s month.

    `clients` is the size its book keeps around; `seed` is 0 or more. Same arguments, same tables to the bit.
    """
    effects, habits = Effects(), Habits()
    first_month = end.year * 12 + end.month - months
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
        stays = rng.random(len(book["number"])) >= monthly_hazard(book, month - 1, effects)
        book = advance({name: column[stays] for name, column in book.items()}, month, habits, rng)
        joining = rng.poisson(max(clients - len(book["number"]), 0))
        new = newcomers(joining, known, month, habits, rng)
        book = {name: np.concatenate([book[name], new[name]]) for name in book}
        known += joining
    books.append(book)
    return Company(seed, first_month, months, effects, habits, tuple(books))


def monthly_hazard(book: Book, month: int, effects: Effects) -> np.ndarray:
    """The chance, 0-1, that each client of the book of `month` leaves within that month."""
    relative = np.log(book["history"][:, -1] * 12 / book["lastyear"])
    satisfaction = book["satisfaction"]
    nearness = np.clip(1 - (book["end_month"] - month) / 6, 0, 1)
    log_odds = (
        effects.base
        + effects.activity * relative
        + effects.collapse * np.maximum(np.log(0.7) - relative, 0)
        + effects.satisfaction * (satisfaction - 7)
        + effects.tickets * np.log1p(book["tickets"])
        + effects.delay * np.log1p(book["delay"])
        + effects.contract_end * nearness
        + effects.unhappy_at_contract_end * nearness * np.maximum(6.5 - satisfaction, 0)
        + effects.newness * np.exp((book["start_month"] - month) / 12)
        + np.array(effects.industry)[book["industry"]]
    )
    return 1 / (1 + np.exp(-log_odds))


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
    happy += habits.satisfaction_per_ticket * (np.minimum(book["tickets"], 12) - 3)
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
        "tickets": rng.poisson(3, count),
        "delay": np.rint(np.expm1(np.maximum(rng.normal(habits.delay_mean, 1, count), 0))).astype(np.int64),
    }
    for pilot_month in range(month - 11, month + 1):
        book = advance(book, pilot_month, habits, rng)
    return book


def fill_unseen(book: Book, rng: np.random.Generator) -> Book:
    """The book with what one row of the client table does not tell drawn from clients that look alike."""
    answered = book["answered"]
    alike = draw_alike(book["tickets"][answered], book["tickets"], rng)
    satisfaction = np.where(answered, book["satisfaction"], book["satisfaction"][answered][alike])
    # the oldest months as shares of the year, from clients whose last month is the same share of theirs
    shares = book["history"] / book["lastyear"][:, None]
    alike = draw_alike(shares[:, -1], shares[:, -1], rng)
    leaving = shares[alike, : HORIZON - 1] * book["lastyear"][:, None]
    history = np.column_stack([leaving, book["history"][:, -1]])
    return book | {"satisfaction": satisfaction, "history": history}


def draw_alike(known: np.ndarray, wanted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each wanted value the index of a known one, drawn from among the equal and nearest."""
    order = np.argsort(known, kind="stable")
    low, high = (np.searchsorted(known, wanted, side=side, sorter=order) for side in ("left", "right"))
    reach = len(known) // 200
    # among many equals any will do; otherwise a neighbour a little to either side
    at = low + (rng.random(len(wanted)) * (high - low)).astype(np.int64)
    at += np.where(high - low > reach, 0, rng.integers(-reach, reach + 1, len(wanted)))
    return order[np.clip(at, 0, len(known) - 1)]


def render(book: Book, month: int) -> pd.DataFrame:
    """The client table of `month`: one row a client, texts, whole numbers, EUR a year, dates in ISO form.

    Activity is counted in uses, payment delay in days, satisfaction from 1 to 10 (missing: no answer).
    """
    return pd.DataFrame(
        {
            "client_id": client_ids(book["number"]),
            "snapshot_date": date(month // 12, month % 12 + 1, 1).isoformat(),
            "name": company_names(book["number"], book["industry"]),
            "owner": np.array(OWNERS)[book["owner"]],
            "industry": np.array(list(INDUSTRIES))[book["industry"]],
            "region": np.array(REGIONS)[book["region"]],
            "number_of_employees": book["employees"],
            "contract_start": iso_dates(book["start_month"], book["start_day"]),
            "contract_end": iso_dates(book["end_month"], book["start_day"]),
            "annual_revenue": book["revenue"],
            "lastmonth_activity": book["history"][:, -1],
            "lastyear_activity": book["lastyear"],
            "support_tickets_90d": book["tickets"],
            "satisfaction": np.where(book["answered"], book["satisfaction"], np.nan),
            "payment_delay_days": book["delay"],
        }
    )


def client_ids(numbers: np.ndarray) -> list[str]:
    """Names of clients for machines, such as "C0000123"."""
    return [f"C{number + 1:07d}" for number in numbers.tolist()]


def company_names(numbers: np.ndarray, industries: np.ndarray) -> list[str]:
    """Names of clients for people, unique by number, with a word from the industry."""
    words = list(INDUSTRIES.values())
    sizes = (len(_HEADS), len(_TAILS), len(words[0]), len(_FORMS))
    total = int(np.prod(sizes))
    # 7919 is prime to `total`: neighbours in number get names far apart, and none twice within `total`
    parts = np.unravel_index(numbers * 7919 % total, sizes)
    rows = zip(*(part.tolist() for part in (*parts, industries, numbers // total)), strict=True)
    return [
        f"{_HEADS[head]}{_TAILS[tail]} {words[industry][word]} {_FORMS[form]}" + (f" {lap + 1}" if lap else "")
        for head, tail, word, form, industry, lap in rows
    ]


def iso_dates(months: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Dates such as "2024-03-17" from months counted from year 0 and days of the month."""
    firsts = (months - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]")
    return np.datetime_as_string(firsts + (days - 1))
