"""This week's lists of all client managers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.worklist.picking import pick
from core.worklist.states import CONTACTED, DUE, LEFT, SNOOZED, WAITING, states
from core.worklist.weeks import Week

_OFF = (CONTACTED, WAITING, SNOOZED, LEFT)
_CONTACT = ["client", "contacted_at", "who", "how", "result", "note", "next_at"]
_SNOOZE = ["client", "until_at", "rises_by", "risk_then", "snoozed", "snoozed_by", "snooze_reason"]


@dataclass(frozen=True, eq=False)
class WeekList:
    """Whom to call this week, and whom not, and why."""

    week: Week
    #: names of client managers; "" where a client has none
    owners: tuple[str, ...]
    #: places in the roster of the clients to call (k,): promised ones first, then by priority
    places: np.ndarray
    #: which of these were promised a call for today or earlier (k,)
    due: np.ndarray
    #: number of the client manager of each (k,)
    owner: np.ndarray
    #: how many clients each manager can call in a week, and was done with this week
    capacity: int
    done: np.ndarray
    #: clients on the roster of whom something was noted: client, place, risk, state, last contact, snooze
    noted: pd.DataFrame


def week_list(
    roster: pa.Table, last: pd.DataFrame, snoozes: pd.DataFrame, *, now: datetime, week: Week, capacity: int
) -> WeekList:
    """The lists of a week as they stand now.

    `roster`: client, owner (dictionary), risk, as_of, in order of priority. `last`: the newest contact with each.
    `snoozes`: client, until_at, rises_by, risk, who, reason. `capacity`: clients that a manager can call in a week.
    """
    owner_column = roster["owner"].combine_chunks()
    owner = owner_column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    owners = tuple(str(name) for name in owner_column.dictionary.to_pylist())
    noted = _noted(roster, last, snoozes)
    noted = noted.assign(state=states(noted, now, week))
    off, first = np.zeros(len(roster), dtype=bool), np.zeros(len(roster), dtype=bool)
    off[noted.loc[noted["state"].isin(_OFF), "place"].to_numpy()] = True
    first[noted.loc[noted["state"] == DUE, "place"].to_numpy()] = True
    this_week = noted["contacted_at"] >= pd.Timestamp(week.begins)
    spoken = noted.loc[this_week & noted["state"].isin(_OFF), "place"].to_numpy()
    done = np.bincount(owner[spoken], minlength=len(owners))
    places = pick(owner, off, first, np.maximum(capacity - done, 0))
    return WeekList(week, owners, places, first[places], owner[places], capacity, done, noted)


def _noted(roster: pa.Table, last: pd.DataFrame, snoozes: pd.DataFrame) -> pd.DataFrame:
    told = snoozes.rename(columns={"risk": "risk_then", "who": "snoozed_by", "reason": "snooze_reason"})
    told = told.assign(snoozed=True)[_SNOOZE]
    noted = last[_CONTACT].merge(told, on="client", how="outer", sort=True)
    noted["snoozed"] = noted["snoozed"].eq(True)
    found = pc.index_in(roster["client"], value_set=pa.array(noted["client"].tolist(), type=pa.string()))
    number = found.combine_chunks().to_numpy(zero_copy_only=False) if len(noted) else np.array([])
    places = np.flatnonzero(~np.isnan(number.astype("float64"))) if len(noted) else np.array([], dtype=np.int64)
    own = noted.iloc[number[places].astype(np.int64)].reset_index(drop=True)
    told_risk = roster.select(["risk", "as_of"]).take(pa.array(places)).to_pandas()
    made = own.assign(place=places, risk=told_risk["risk"].to_numpy(), as_of=told_risk["as_of"].to_numpy())
    return made.astype({"as_of": "datetime64[us, UTC]", "rises_by": "float64", "risk_then": "float64"})
