"""Risks, values, contacts and capacity become the week's list."""

from core.worklist.catching import catch_sentence, catches, expected_sentence
from core.worklist.listing import WeekList, week_list
from core.worklist.picking import pick
from core.worklist.states import AGAIN_DAYS, CONTACTED, DUE, LEFT, OPEN, SNOOZED, WAITING, states
from core.worklist.weeks import Week, week_of

__all__ = [
    "AGAIN_DAYS",
    "CONTACTED",
    "DUE",
    "LEFT",
    "OPEN",
    "SNOOZED",
    "WAITING",
    "Week",
    "WeekList",
    "catch_sentence",
    "catches",
    "expected_sentence",
    "pick",
    "states",
    "week_list",
    "week_of",
]
