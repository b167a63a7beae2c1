"""The example company: a made B2B company whose months are replayed through the real pipeline.

The simulation is Markov in what the client table shows: next month's activity, satisfaction, tickets and
payment delay follow from this month's *written* (rounded) values. That makes `Company.true_risk` the risk
given the visible columns. Two things in a client's state cannot be read off one row: a satisfaction nobody
answered, and the months of activity about to fall out of the yearly count. `fill_unseen` draws both from
clients that look alike.

Three parts stand apart, so that an event can act on one of them from a given month on: how clients evolve
(`evolving`), what makes them leave (`leaving`), and how the table is written (`table`). `events` names what can
happen. Without events nothing is seasonal, and no habit moves with the calendar.

Months are counted from year 0 (`year * 12 + month - 1`). An exit takes effect in the middle of a month, so
"within 90 days of the first of a month" and "in that month or the two after it" are the same thing.

`columns` makes plainer worlds: rows that have nothing to do with each other, of twenty columns as they occur.
"""

from core.example.company import Company, make_company
from core.example.events import EffectsTurn, Emptying, Event, NewLevel, Shift, UnitChange
from core.example.evolving import HORIZON, Book, Habits, advance, size_activity
from core.example.leaving import Effects, monthly_hazard
from core.example.names import INDUSTRIES, OWNERS, REGIONS, company_names
from core.example.table import render
from core.example.unseen import fill_unseen

__all__ = [
    "HORIZON",
    "INDUSTRIES",
    "OWNERS",
    "REGIONS",
    "Book",
    "Company",
    "Effects",
    "EffectsTurn",
    "Emptying",
    "Event",
    "Habits",
    "NewLevel",
    "Shift",
    "UnitChange",
    "advance",
    "company_names",
    "fill_unseen",
    "make_company",
    "monthly_hazard",
    "render",
    "size_activity",
]
