"""The week's list: whom to call now, how many, and what earlier lists caught."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import worklist
from core.worklist import CONTACTED, DUE, LEFT, OPEN, SNOOZED, WAITING, catching, weeks

#: a Wednesday; its week began on 5 January
NOW = datetime(2026, 1, 7, 10, tzinfo=UTC)
WEEK = worklist.week_of(NOW, ZoneInfo("UTC"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAST_WEEK = NOW - 5 * DAY


def test_a_week_begins_on_monday_in_the_zone_of_the_installation_also_where_clocks_change() -> None:
    assert doctest.testmod(weeks).failed == 0
    assert doctest.testmod(catching).failed == 0
    spring = worklist.week_of(datetime(2026, 3, 29, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert spring.name == "2026-W13"
    assert spring.ends - spring.begins == 7 * DAY - HOUR


def noted(**told: object) -> pd.DataFrame:
    row = {
        "risk": 0.5, "as_of": NOW - 30 * DAY, "contacted_at": pd.NaT, "result": None, "next_at": pd.NaT,
        "until_at": pd.NaT, "rises_by": np.nan, "risk_then": np.nan, "snoozed": False,
    }  # fmt: skip
    frame = pd.DataFrame([row | told])
    for name in ("as_of", "contacted_at", "next_at", "until_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({}, OPEN),
        ({"contacted_at": NOW - HOUR, "result": "undecided"}, CONTACTED),
        ({"contacted_at": LAST_WEEK, "result": "undecided"}, OPEN),
        ({"contacted_at": LAST_WEEK, "result": "saved", "next_at": NOW + 60 * DAY}, WAITING),
        ({"contacted_at": NOW - DAY, "result": "saved", "next_at": NOW + 60 * DAY}, CONTACTED),
        ({"contacted_at": NOW - DAY, "result": "not reached", "next_at": NOW + HOUR}, DUE),
        ({"contacted_at": NOW - DAY, "result": "not reached", "next_at": WEEK.today_ends}, CONTACTED),
        ({"contacted_at": LAST_WEEK, "result": "leaving", "next_at": NOW - 3 * DAY}, DUE),
        ({"contacted_at": LAST_WEEK, "result": "left"}, LEFT),
        ({"contacted_at": NOW - 40 * DAY, "result": "left"}, OPEN),  # seen again since
        ({"snoozed": True, "until_at": NOW + DAY}, SNOOZED),
        ({"snoozed": True, "until_at": NOW}, OPEN),
        ({"snoozed": True, "until_at": NOW + DAY, "rises_by": 0.1, "risk_then": 0.41}, SNOOZED),
        ({"snoozed": True, "until_at": NOW + DAY, "rises_by": 0.1, "risk_then": 0.4}, OPEN),
        ({"snoozed": True, "rises_by": 0.2, "risk_then": 0.4}, SNOOZED),
        ({"snoozed": True, "rises_by": 0.2, "risk_then": np.nan}, SNOOZED),
        ({"snoozed": True, "until_at": NOW + DAY, "contacted_at": LAST_WEEK, "next_at": NOW - DAY}, SNOOZED),
        ({"snoozed": True, "until_at": NOW + DAY, "contacted_at": NOW, "result": "left"}, LEFT),
    ],
)
def test_whether_a_client_is_to_be_called_follows_from_what_was_noted(told: dict, state: str) -> None:
    assert worklist.states(noted(**told), NOW, WEEK).tolist() == [state]


@given(st.data())
def test_each_manager_gets_as_many_clients_as_there_is_room_for_promised_ones_first(data: st.DataObject) -> None:
    n, managers = data.draw(st.integers(0, 30)), data.draw(st.integers(1, 4))
    owner = np.array(data.draw(st.lists(st.integers(0, managers - 1), min_size=n, max_size=n)), dtype=np.int64)
    off, first = (np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool) for _ in range(2))
    room = np.array(data.draw(st.lists(st.integers(0, 5), min_size=managers, max_size=managers)))
    chosen = worklist.pick(owner, off, first, room).tolist()
    wanted = []
    for place in [p for p in range(n) if first[p]] + [p for p in range(n) if not first[p]]:
        taken = sum(owner[one] == owner[place] for one in wanted)
        if not off[place] and taken < room[owner[place]]:
            wanted.append(place)
    assert chosen == wanted


def test_the_list_of_a_week_holds_what_is_left_of_the_capacity_after_those_who_were_spoken_to() -> None:
    clients = [f"C{number}" for number in range(8)]
    table = pa.table(
        {
            "client": clients,
            "owner": pa.array(["Ada", "Bo"] * 4).dictionary_encode(),
            "risk": [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1],
            "as_of": pa.array([NOW - 30 * DAY] * 8, type=pa.timestamp("us", "UTC")),
        }
    )
    last = pd.DataFrame(
        [
            ("C0", NOW - HOUR, "Ada", "call", "undecided", "", pd.NaT),
            ("C6", LAST_WEEK, "Ada", "call", "not reached", "", NOW - HOUR),
            ("gone", LAST_WEEK, "Ada", "call", "saved", "", pd.NaT),
        ],
        columns=["client", "contacted_at", "who", "how", "result", "note", "next_at"],
    )
    last["next_at"] = pd.to_datetime(last["next_at"], utc=True)
    snoozes = pd.DataFrame(
        [("C1", NOW + DAY, np.nan, 0.7, "Bo", "on holiday")],
        columns=["client", "until_at", "rises_by", "risk", "who", "reason"],
    )
    found = worklist.week_list(table, last, snoozes, now=NOW, week=WEEK, capacity=3)
    assert found.owners == ("Ada", "Bo")
    assert found.done.tolist() == [1, 0]
    listed = [clients[place] for place in found.places]
    assert [one for one in listed if int(one[1]) % 2 == 0] == ["C6", "C2"]  # Ada: promised, then the riskiest; one done
    assert [one for one in listed if int(one[1]) % 2 == 1] == ["C3", "C5", "C7"]
    assert found.due.tolist() == [one == "C6" for one in listed]
    assert dict(zip(found.noted["client"], found.noted["state"], strict=True)) == {
        "C0": CONTACTED, "C1": SNOOZED, "C6": DUE,
    }  # fmt: skip
    nothing = worklist.week_list(table, last.head(0), snoozes.head(0), now=NOW, week=WEEK, capacity=3)
    assert [clients[place] for place in nothing.places] == clients[:6]


def test_what_a_list_caught_counts_only_outcomes_that_came_after_it() -> None:
    lists = pd.DataFrame(
        [
            ("2026-W01", "Ada", "A", NOW, 0.8),
            ("2026-W01", "Ada", "B", NOW, 0.6),
            ("2026-W01", "Ada", "C", NOW, 0.4),
            ("2026-W01", "Bo", "D", NOW, 0.5),
        ],
        columns=["week", "owner", "client", "as_of", "risk"],
    ).assign(known_at=NOW + HOUR)
    outcomes = pd.DataFrame(
        [
            ("A", NOW, 1.0, NOW + 30 * DAY),
            ("B", NOW, 0.0, NOW + 30 * DAY),
            ("C", LAST_WEEK, 1.0, NOW + 30 * DAY),
            ("D", NOW, 1.0, NOW),
        ],
        columns=["client", "as_of", "outcome", "ripe_at"],
    )
    found = worklist.catches(lists, outcomes).set_index("owner")
    assert found.loc["Ada", ["listed", "known", "left"]].tolist() == [3, 2, 1]
    assert found.loc["Ada", "expected"] == pytest.approx(1.8)
    assert found.loc["Ada", "expected_of_known"] == pytest.approx(1.4)
    assert found.loc["Bo", ["known", "left"]].tolist() == [0, 0]
    assert worklist.catch_sentence(found.loc[["Bo"]].reset_index()) == ""
