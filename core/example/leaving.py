"""What makes a client of the example company leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.example.evolving import Book


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
