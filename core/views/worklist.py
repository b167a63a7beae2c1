"""Whom to call this week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from core import worklist
from core.store import contacts, notes, worklists
from core.views.clients import ClientList, client_list
from core.worklist import WeekList
from core.workspace import Workspace

#: so much must a risk have changed to be told as moved
MOVED = 0.10


@dataclass(frozen=True, eq=False)
class Today:
    """This week's lists."""

    found: ClientList
    listed: WeekList
    #: the clients to call, in order: see `ClientList.rows`; `due` (promised), `fresh` (on no list last week), last
    #: contact `contacted_at`, `contacted_by`, `how`, `result`, and `override`, a sentence
    calls: pd.DataFrame
    #: contacts of this week, newest first: id, client, name, owner, contacted_at, who, how, result, note, next_at
    done: pd.DataFrame
    #: clients that are put off, or to be called again later: client, name, owner, state, until, why
    away: pd.DataFrame
    #: what became of earlier weeks' lists: see `worklists.CATCH_COLUMNS`
    catches: pd.DataFrame
    #: each client manager's week: owner, calls, done, due (promised), room, expected (to leave, of those to call)
    load: pd.DataFrame

    def room(self, owner: str | None) -> tuple[int, int]:
        """How many clients one manager (or all: None) can call in a week, and was done with this week."""
        if owner is None:
            return self.listed.capacity * max(len(self.listed.owners), 1), int(self.listed.done.sum())
        place = self.listed.owners.index(owner) if owner in self.listed.owners else None
        return self.listed.capacity, 0 if place is None else int(self.listed.done[place])


def today(workspace: Workspace) -> Today:
    """This week's lists as they stand now."""
    now = workspace.now()
    week = worklist.week_of(now, workspace.config.schedule.zone)
    found = client_list(workspace)
    with workspace.store.reading() as db:
        last, snoozes, overrides = contacts.last_contacts(db), notes.snoozes(db), notes.overrides(db)
        spoken = contacts.contacts_since(db, week.begins)
        before = worklists.list_worklists(db, worklists.last_weeks(db, week.name, 1))
        caught = worklists.list_catches(db)
    listed = worklist.week_list(
        found.roster, last, snoozes, now=now, week=week, capacity=workspace.config.worklist.capacity
    )
    calls = found.rows(listed.places).assign(due=listed.due)
    calls["fresh"] = ~calls["client"].isin(before["client"]) if len(before) else False
    named = ["client", "contacted_at", "who", "how", "result"]
    calls = calls.merge(last[named].rename(columns={"who": "contacted_by"}), on="client", how="left")
    calls["override"] = said_of_overrides(calls["client"], overrides, now)
    away = listed.noted[listed.noted["state"].isin([worklist.SNOOZED, worklist.WAITING])]
    return Today(found, listed, calls, _done(found, spoken), _away(found, away), caught, _load(listed, calls))


def _load(listed: WeekList, calls: pd.DataFrame) -> pd.DataFrame:
    grouped = calls.groupby("owner", sort=False)
    counted = grouped.agg(calls=("owner", "size"), due=("due", "sum"), expected=("risk", "sum"))
    load = counted.reindex(listed.owners, fill_value=0).rename_axis("owner").reset_index()
    load.insert(2, "done", listed.done)
    load["room"] = listed.capacity
    return load.sort_values("owner", ignore_index=True)


def _done(found: ClientList, spoken: pd.DataFrame) -> pd.DataFrame:
    newest = spoken.iloc[::-1].reset_index(drop=True)
    places = found.places_of(newest["client"].tolist())
    told = found.rows(np.array([place or 0 for place in places], dtype=np.int64)) if found.size else None
    for name in ("name", "owner"):
        newest[name] = [
            client if place is None or told is None else told[name].iloc[row]
            for row, (client, place) in enumerate(zip(newest["client"], places, strict=True))
        ]
    return newest


def _away(found: ClientList, away: pd.DataFrame) -> pd.DataFrame:
    told = found.rows(away["place"].to_numpy(dtype=np.int64))[["client", "name", "owner", "risk", "band"]]
    snoozed = (away["state"] == worklist.SNOOZED).to_numpy()
    told["state"] = np.where(snoozed, worklist.SNOOZED, worklist.WAITING)
    told["until"] = away["until_at"].where(snoozed, away["next_at"]).to_numpy()
    told["until"] = pd.to_datetime(told["until"], utc=True)
    told["rises_by"] = away["rises_by"].to_numpy()
    told["why"] = away["snooze_reason"].where(snoozed, away["result"]).fillna("").to_numpy()
    told["who"] = away["snoozed_by"].where(snoozed, away["who"]).fillna("").to_numpy()
    return told.sort_values(["until", "client"]).reset_index(drop=True)


def standing_override(overrides: pd.DataFrame, client: str, now: datetime) -> dict[str, Any] | None:
    """What a person says of a client's risk as long as it holds; None where nobody does."""
    own = overrides[(overrides["client"] == client) & (overrides["expires_at"] > pd.Timestamp(now))]
    return None if len(own) == 0 else {str(name): value for name, value in own.iloc[0].items()}


def said_of_overrides(clients: pd.Series, overrides: pd.DataFrame, now: datetime) -> list[str]:
    """What people say of these clients' risks, in a sentence each; "" where nobody does."""
    standing = overrides[overrides["expires_at"] > pd.Timestamp(now)]
    told = {
        str(one.client): f"{one.who} says {one.band}: {one.reason} (until {one.expires_at:%Y-%m-%d})."
        for one in standing.itertuples()
    }
    return [told.get(client, "") for client in clients]
