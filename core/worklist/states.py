"""Whether a client is to be called now, by what people wrote down about it."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from core.worklist.weeks import Week

#: to be called; promised for today or earlier; spoken to this week; to be called again later; put off; gone
OPEN, DUE, CONTACTED, WAITING, SNOOZED, LEFT = "open", "due", "contacted", "waiting", "snoozed", "left"

#: days after which a client is to be contacted again, as proposed to the person who notes it
AGAIN_DAYS = {"saved": 90, "undecided": 7, "leaving": 2, "not reached": 1, "not a risk": 90}


def states(noted: pd.DataFrame, now: datetime, week: Week) -> pd.Series:
    """State of each client of whom something was noted.

    `noted`: `risk` and `as_of` of its snapshot; its newest contact `contacted_at`, `result`, `next_at`; its snooze
    `until_at`, `rises_by`, `risk_then`. What was not noted is missing (NaT, NaN, None).

    "left" counts until the client is seen in a later snapshot. A contact with a next date keeps the client off the list
    until that day, on which it is due; one without keeps it off for the rest of the week. A snooze ends at its instant,
    or as soon as the risk has risen by its amount; one without either lasts until it is ended.
    """
    moment = pd.Timestamp(now)
    left = (noted["result"] == "left") & (noted["contacted_at"] >= noted["as_of"])
    risen = (noted["risk"] - noted["risk_then"] >= noted["rises_by"] - 1e-12).fillna(False)
    over = noted["until_at"].notna() & (noted["until_at"] <= moment)
    asleep = noted["snoozed"].astype(bool) & ~risen & ~over
    planned = noted["next_at"].notna()
    due = planned & (noted["next_at"] < pd.Timestamp(week.today_ends))
    this_week = noted["contacted_at"] >= pd.Timestamp(week.begins)
    conditions = [left, asleep, planned & due, planned & ~due & this_week, planned & ~due, this_week]
    choices = [LEFT, SNOOZED, DUE, CONTACTED, WAITING, CONTACTED]
    return pd.Series(np.select(conditions, choices, OPEN), index=noted.index)
