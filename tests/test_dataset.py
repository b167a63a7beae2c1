from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import dataset as datasets
from core.dataset import Dataset, chunked, resolve, ripe_since, rows_of
from core.pipeline import full
from core.schema import NUMERIC, Column, Contract
from core.workspace import Workspace
from tests.builders import START, Clock, arrive, drop, make_workspace


def known(workspace: Workspace) -> Dataset:
    found = workspace.dataset()
    assert found is not None
    return found


def outcome_of(workspace: Workspace, client: str, day: str = "") -> tuple[float, str]:
    """A snapshot's outcome and the day since which it is known."""
    rows = known(workspace).rows
    row = rows[(rows["_client"] == client) & rows["_as_of"].astype(str).str.startswith(day)].iloc[-1]
    return row["_outcome"], str(row["_outcome_known_at"])[:10]


def names(rows: pd.DataFrame) -> list[str]:
    return sorted(rows["_client"])


def current(workspace: Workspace) -> tuple[list[str], list[str]]:
    """Clients that are current, and those that went missing."""
    here, missing = known(workspace).current(workspace.now(), workspace.config.data.stale_after)
    return names(here), names(missing)


# --- snapshots


def test_without_a_date_column_a_row_is_about_the_instant_it_arrived(workspace: Workspace) -> None:
    arrive(workspace, "1.csv", "client_id,x,exited\nA,1,0\nB,2,0\n")
    assert known(workspace).rows["_as_of"].tolist() == [pd.Timestamp(START)] * 2


def test_an_unchanged_row_is_dropped_yet_seen(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", "client_id,x,exited\nA,1,0\nB,2,0\n")
    later = clock.forward(days=30)
    arrive(workspace, "2.csv", "x,client_id,exited\n1.0,A,0\n")
    found = known(workspace)
    assert len(found.rows) == 2
    assert found.last_seen().to_dict() == {"A": pd.Timestamp(later), "B": pd.Timestamp(START)}
    assert sorted(zip(found.deliveries["_client"], found.deliveries["_batch"], strict=True)) == [
        ("A", 1), ("A", 2), ("B", 1),
    ]  # fmt: skip
    assert set(found.deliveries["_as_of"]) == {pd.Timestamp(START)}


def test_a_client_that_changes_back_has_three_snapshots(workspace: Workspace, clock: Clock) -> None:
    for day, x in enumerate([1, 2, 1]):
        arrive(workspace, f"{day}.csv", f"client_id,x,exited\nA,{x},0\nB{day},5,0\n")
        clock.forward(days=1)
    rows = known(workspace).rows
    assert rows.loc[rows["_client"] == "A", "x"].tolist() == [1.0, 2.0, 1.0]
    assert rows.loc[rows["_client"] == "A", "_as_of"].tolist() == [
        pd.Timestamp(START + timedelta(days=day)) for day in range(3)
    ]


DATED = "client_id,snapshot_date,x,exited\n"


def test_a_later_batch_with_the_same_key_counts_and_both_stay(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", DATED + "A,2026-01-01,1,0\nB,2026-01-01,2,0\n")
    between = clock.forward(days=1)
    clock.forward(days=1)
    assert arrive(workspace, "2.csv", DATED + "A,2026-01-01,7,0\n").accepted == 1
    found = known(workspace)
    assert dict(zip(found.rows["_client"], found.rows["x"], strict=True)) == {"A": 7.0, "B": 2.0}
    assert sorted(found.deliveries["_client"]) == ["A", "A", "B"]
    assert set(known(workspace.at(between)).rows["x"]) == {1.0, 2.0}


def test_of_two_files_that_arrive_together_the_later_name_counts(workspace: Workspace) -> None:
    drop(workspace, "clients10.csv", "client_id,x,exited\nA,10,0\nB,5,0\n")
    drop(workspace, "clients9.csv", "client_id,x,exited\nA,9,0\nB,4,0\n")
    full.ingest_run(workspace)
    assert known(workspace).rows.set_index("_client")["x"].to_dict() == {"A": 10.0, "B": 5.0}


def test_a_snapshot_may_arrive_after_a_newer_one(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", DATED + "A,2026-01-01,1,\nB,2026-01-01,3,\n")
    clock.forward(days=1)
    arrive(workspace, "2.csv", DATED + "A,2025-12-01,2,\n")
    found = known(workspace)
    assert len(found.rows) == 3
    assert found.newest().set_index("_client")["x"].to_dict() == {"A": 1.0, "B": 3.0}


def test_the_past_shows_what_was_known_then(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", "client_id,x,exited\nA,1,0\nB,2,1\n")
    first = clock.forward(days=1)
    clock.forward(days=1)
    arrive(workspace, "2.csv", "client_id,x,exited\nA,5,1\nC,3,0\n")
    assert names(known(workspace.at(first)).rows) == ["A", "B"]
    assert names(known(workspace).rows) == ["A", "A", "B", "C"]
    assert workspace.at(START - timedelta(seconds=1)).dataset() is None


def test_replayed_history_can_be_looked_at(workspace: Workspace, clock: Clock) -> None:
    clock.forward(days=100)
    arrive(workspace, "1.csv", "client_id,x,exited\nA,7,0\nB,8,1\n")
    drop(workspace, "0.csv", "client_id,x,exited\nA,1,0\nB,2,1\n")
    full.ingest_run(workspace, known_at=START)
    assert names(known(workspace.at(START + timedelta(days=1))).rows) == ["A", "B"]


def test_a_replayed_batch_is_no_duplicate_of_a_later_one(workspace: Workspace, clock: Clock) -> None:
    clock.forward(days=100)
    arrive(workspace, "1.csv", "client_id,x,exited\nA,1,0\nB,2,1\n")
    drop(workspace, "0.csv", "client_id,x,exited\nA,1,0\nB,3,1\n")
    full.ingest_run(workspace, known_at=START)
    assert names(known(workspace).rows) == ["A", "A", "B", "B"]


# --- a source without ids is one book


def test_without_ids_each_batch_replaces_the_book(tmp_path: Path, clock: Clock) -> None:
    workspace = make_workspace(tmp_path, {"data": {"client_id": ""}}, clock)
    arrive(workspace, "1.csv", "x,y,exited\n1,1,0\n2,2,0\n3,3,0\n")
    first = {x: client for client, x in zip(*known(workspace).rows[["_client", "x"]].T.to_numpy(), strict=True)}
    clock.forward(days=1)
    batch = arrive(workspace, "2.csv", "x,y,exited\n2,2,0\n3,3,0\n4,4,0\n")
    assert (batch.accepted, batch.duplicate) == (1, 2)
    here, missing = known(workspace).current(workspace.now(), 0)
    assert sorted(here["x"]) == [2.0, 3.0, 4.0]
    assert missing["_client"].tolist() == [first[1.0]]


def test_of_two_books_that_arrive_together_the_later_replaces_the_earlier(tmp_path: Path, clock: Clock) -> None:
    workspace = make_workspace(tmp_path, {"data": {"client_id": ""}}, clock)
    drop(workspace, "1.csv", "x,y,exited\n1,1,0\n2,2,0\n")
    drop(workspace, "2.csv", "x,y,exited\n2,2,0\n3,3,0\n")
    full.ingest_run(workspace)
    here, missing = known(workspace).current(workspace.now(), 0)
    assert sorted(here["x"]) == [2.0, 3.0]
    assert missing["x"].tolist() == [1.0]


def test_rows_without_ids_that_are_alike_are_one_client(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"data": {"client_id": ""}})
    batch = arrive(workspace, "1.csv", "x,y,exited\n1,1,0\n1.0,1,0\n2,1,0\n2,1,1\n")
    assert (batch.accepted, batch.duplicate, batch.superseded) == (2, 1, 1)


# --- outcomes


def test_a_blank_or_absent_outcome_is_not_known_yet(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", "client_id,x,exited\nA,1,\nB,2,0\nC,3,1\n")
    clock.forward(days=1)
    arrive(workspace, "2.csv", "client_id,x\nD,4\n")
    found = known(workspace)
    assert names(found.rows[found.rows["_outcome"].isna()]) == ["A", "D"]
    assert names(found.trainable(workspace.now(), 0)) == ["B", "C"]


def test_outcomes_that_arrive_later_join_the_snapshot_they_name(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", DATED + "A,2025-11-01,1,\nA,2025-12-01,2,\nB,2025-12-01,3,\n")
    clock.forward(days=1)
    arrive(workspace, "2.csv", "snapshot_date,client_id,exited\n2025-11-01,A,0\n2025-12-01 00:00,B,1\n2025-12-01,X,1\n")
    assert outcome_of(workspace, "A", "2025-11-01") == (0.0, "2026-01-06")
    assert np.isnan(outcome_of(workspace, "A", "2025-12-01")[0])
    assert outcome_of(workspace, "B") == (1.0, "2026-01-06")


def test_an_outcome_by_id_alone_belongs_to_the_newest_snapshot_that_is_old_enough(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"data": {"horizon_days": 30}})
    days = ("2025-11-01", "2025-12-06 09:00", "2025-12-06 09:01")
    arrive(workspace, "1.csv", DATED + "".join(f"A,{day},{n},\n" for n, day in enumerate(days)) + "B,2025-12-01,5,\n")
    arrive(workspace, "2.csv", "client_id,exited\nA,1\nB,0\n")
    assert [outcome_of(workspace, "A", day)[0] for day in days] == pytest.approx([np.nan, 1.0, np.nan], nan_ok=True)
    assert outcome_of(workspace, "B") == (0.0, "2026-01-05")


def test_an_outcome_by_id_waits_until_a_snapshot_is_old_enough(tmp_path: Path, clock: Clock) -> None:
    workspace = make_workspace(tmp_path, {"data": {"horizon_days": 30}}, clock)
    arrive(workspace, "1.csv", DATED + "A,2026-01-01,1,\nA,2026-01-03,2,\nC,2026-01-01,7,\n")
    arrive(workspace, "2.csv", "client_id,exited\nA,1\nB,0\n")
    clock.forward(days=5)
    arrive(workspace, "3.csv", DATED + "B,2026-01-10,3,\n")
    assert known(workspace).rows["_outcome"].isna().all()
    clock.at = START.replace(day=31, hour=0)
    assert outcome_of(workspace, "A", "2026-01-01") == (1.0, "2026-01-31")
    clock.forward(days=60)
    assert outcome_of(workspace, "B") == (0.0, "2026-02-09")
    assert np.isnan(outcome_of(workspace, "A", "2026-01-03")[0])
    assert np.isnan(outcome_of(workspace, "C")[0])


def test_outcomes_may_arrive_before_any_client(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", "client_id,exited\nA,1\n")
    assert workspace.dataset() is None
    clock.forward(days=1)
    arrive(workspace, "2.csv", "client_id,x\nA,1\nB,2\n")
    assert outcome_of(workspace, "A") == (1.0, "2026-01-06")


def test_an_outcome_by_id_that_says_the_same_again_belongs_to_the_next_snapshot(
    workspace: Workspace, clock: Clock
) -> None:
    for month, x in enumerate([1, 2]):
        arrive(workspace, f"clients{month}.csv", f"client_id,x,y\nA,{x},5\nB,{x + 7},6\n")
        clock.forward(days=30)
        arrive(workspace, f"outcomes{month}.csv", f"client_id,exited\nA,0\nB,{month}\n")
        clock.forward(days=1)
    assert known(workspace).rows.groupby("_client")["_outcome"].agg(list).to_dict() == {"A": [0, 0], "B": [0, 1]}


def test_a_corrected_outcome_is_a_new_fact(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", DATED + "A,2026-01-01,1,\nB,2026-01-01,2,\n")
    for outcome in (0, 1):
        clock.forward(days=10)
        arrive(workspace, f"o{outcome}.csv", f"client_id,snapshot_date,exited\nA,2026-01-01,{outcome}\n")
    assert outcome_of(workspace, "A") == (1.0, "2026-01-25")
    assert outcome_of(workspace.at(START + timedelta(days=15)), "A") == (0.0, "2026-01-15")


def test_of_an_outcome_in_the_row_and_one_that_came_apart_the_later_counts(workspace: Workspace, clock: Clock) -> None:
    apart = "client_id,snapshot_date,exited\n"
    arrive(workspace, "1.csv", DATED + "A,2026-01-01,1,1\nB,2026-01-01,2,\n")
    clock.forward(days=1)
    arrive(workspace, "2.csv", apart + "A,2026-01-01,0\nB,2026-01-01,1\n")
    clock.forward(days=1)
    arrive(workspace, "3.csv", DATED + "B,2026-01-01,2,0\n")
    assert outcome_of(workspace, "A") == (0.0, "2026-01-06")
    assert outcome_of(workspace, "B") == (0.0, "2026-01-07")


def test_a_later_delivery_without_an_outcome_takes_nothing_back(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", DATED + "A,2026-01-01,1,1\nB,2026-01-01,2,0\n")
    clock.forward(days=1)
    arrive(workspace, "2.csv", "client_id,snapshot_date,x\nA,2026-01-01,9\n")
    assert known(workspace).rows.set_index("_client")["x"].to_dict() == {"A": 9.0, "B": 2.0}
    assert outcome_of(workspace, "A") == (1.0, "2026-01-05")


def test_an_outcome_that_is_told_again_is_no_newer(workspace: Workspace, clock: Clock) -> None:
    for x, outcome in ((1, 0), (2, 1), (3, 1)):
        arrive(workspace, f"{x}.csv", DATED + f"A,2026-01-01,{x},{outcome}\nB,2026-01-01,{x + 5},0\n")
        clock.forward(days=1)
    assert outcome_of(workspace, "A") == (1.0, "2026-01-06")
    assert outcome_of(workspace, "B") == (0.0, "2026-01-05")


def test_an_outcome_that_is_told_again_apart_is_no_newer(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", "client_id,x,exited\nA,1,0\nB,2,\nC,3,\n")
    for place, names_told in enumerate(["ABC", "AB", "CA"]):
        clock.forward(days=1)
        arrive(workspace, f"o{place}.csv", "client_id,exited\n" + "".join(f"{name},0\n" for name in names_told))
    assert {name: outcome_of(workspace, name) for name in "ABC"} == {
        "A": (0.0, "2026-01-05"), "B": (0.0, "2026-01-06"), "C": (0.0, "2026-01-06"),
    }  # fmt: skip


def test_an_outcome_in_the_row_that_turns_without_dates_does_not_relabel_the_earlier_row(
    workspace: Workspace, clock: Clock
) -> None:
    arrive(workspace, "1.csv", "client_id,x,exited\nA,1,0\nB,2,0\n")
    clock.forward(days=1)
    assert arrive(workspace, "2.csv", "client_id,x,exited\nA,1,1\n").accepted == 1
    rows = known(workspace).rows.sort_values("_as_of", kind="stable")
    assert rows.loc[rows["_client"] == "A", "_outcome"].tolist() == [0.0, 1.0]


def test_stayers_and_leavers_alike_train_only_once_the_horizon_has_passed(tmp_path: Path, clock: Clock) -> None:
    workspace = make_workspace(tmp_path, {"data": {"horizon_days": 30}}, clock)
    arrive(workspace, "1.csv", DATED + "A,2026-01-01,1,1\nB,2026-01-01,2,0\nC,2025-12-06,3,1\nD,2025-12-06,4,0\n")
    found = known(workspace)
    assert names(found.trainable(workspace.now(), 30)) == ["C", "D"]
    on_the_day = START.replace(day=31, hour=0)
    assert names(found.trainable(on_the_day - timedelta(seconds=1), 30)) == ["C", "D"]
    assert names(found.trainable(on_the_day, 30)) == ["A", "B", "C", "D"]
    ripe = ripe_since(found.rows, 30).dt.strftime("%Y-%m-%d %H:%M")
    assert dict(zip(found.rows["_client"], ripe, strict=True)) == {
        "A": "2026-01-31 00:00", "B": "2026-01-31 00:00", "C": "2026-01-05 09:00", "D": "2026-01-05 09:00",
    }  # fmt: skip


# --- current clients


def test_current_clients_are_the_newest_snapshots_without_a_left_of_their_own(
    workspace: Workspace, clock: Clock
) -> None:
    arrive(workspace, "1.csv", "client_id,x,exited\nA,1,0\nB,2,1\nC,3,\nD,4,1\n")
    assert current(workspace) == (["A", "C"], [])
    clock.forward(days=1)
    arrive(workspace, "2.csv", "client_id,x,exited\nB,5,\nC,3,1\n")
    assert current(workspace) == (["A", "B"], [])


def test_an_old_left_does_not_remove_a_client_who_is_seen_again(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", DATED + "A,2025-11-01,1,\nB,2025-11-01,2,\n")
    clock.forward(days=1)
    arrive(workspace, "2.csv", "client_id,snapshot_date,exited\nA,2025-11-01,1\nB,2025-11-01,1\n")
    assert current(workspace) == ([], [])
    clock.forward(days=1)
    arrive(workspace, "3.csv", DATED + "A,2026-01-06,1,\n")
    assert current(workspace) == (["A"], [])


def test_clients_not_seen_within_stale_after_are_missing(tmp_path: Path, clock: Clock) -> None:
    workspace = make_workspace(tmp_path, {"data": {"stale_after": 45}}, clock)
    arrive(workspace, "1.csv", "client_id,x,exited\nA,1,0\nB,2,0\nC,3,1\n")
    clock.forward(days=40)
    arrive(workspace, "2.csv", "client_id,x,exited\nA,1,0\n")
    clock.forward(days=5)
    assert current(workspace) == (["A", "B"], [])
    clock.forward(seconds=1)
    assert current(workspace) == (["A"], ["B"])
    clock.forward(days=1)
    arrive(workspace, "3.csv", "client_id,x,exited\nB,2,0\n")
    assert current(workspace) == (["A", "B"], [])


def test_without_stale_after_nobody_goes_missing(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", "client_id,x,exited\nA,1,0\nB,2,0\n")
    clock.forward(days=4000)
    arrive(workspace, "2.csv", "client_id,x,exited\nA,5,0\n")
    assert current(workspace) == (["A", "B"], [])


# --- the fingerprint


def test_the_fingerprint_changes_with_rows_and_outcomes_and_with_nothing_else(
    workspace: Workspace, clock: Clock
) -> None:
    prints = []
    for name, content in (
        ("1.csv", DATED + "A,2026-01-01,1,\nB,2026-01-01,2,0\n"),
        ("2.csv", DATED + "A,2026-01-01,1,\n"),
        ("3.csv", "client_id,snapshot_date,exited\nA,2026-01-01,1\n"),
        ("4.csv", "client_id,snapshot_date,exited\nA,2026-01-01,1\nX,2026-01-01,1\n"),
        ("5.csv", DATED + "A,2026-01-01,5,\n"),
        ("6.csv", DATED + "A,2026-01-02,5,\n"),
    ):
        arrive(workspace, name, content)
        clock.forward(days=1)
        prints.append(known(workspace).fingerprint)
    assert [one == other for one, other in pairwise(prints)] == [True, False, True, False, False]
    assert len(set(prints)) == 4


def test_the_fingerprint_does_not_depend_on_the_order_of_batches(tmp_path: Path) -> None:
    content = {
        "a": DATED + "B,2026-01-01,1,0\nA,2026-01-01,2,1\n",
        "b": DATED + "A,2025-12-01,3,\n",
        "c": "client_id,snapshot_date,exited\nA,2025-12-01,1\n",
    }
    prints = set()
    for place, order in enumerate(("abc", "acb", "bac", "cab")):
        clock = Clock()
        workspace = make_workspace(tmp_path / str(place), now=clock)
        for name in order:
            arrive(workspace, f"{name}.csv", content[name])
            clock.forward(days=1)
        prints.add(known(workspace).fingerprint)
    assert len(prints) == 1


# --- resolve on frames made by hand

CONTRACT = Contract(
    client_id="id", outcome="left", as_of="day", value="", owner="", label="",
    columns=(Column("x", NUMERIC),), left_out=(),
)  # fmt: skip
UNDATED = Contract(**{**CONTRACT.__dict__, "as_of": ""})

UTC_TIMES = "datetime64[us, UTC]"


def times(found: list[Any]) -> pd.Series:
    return pd.Series(pd.to_datetime(pd.Series(found, dtype=object), utc=True, format="ISO8601")).astype(UTC_TIMES)


def frame(rows: list[tuple], *columns: str) -> pd.DataFrame:
    """Rows of text, numbers and bytes; columns that end in `_as_of` or `_known_at` are instants."""
    made = pd.DataFrame(rows, columns=columns)
    for name in columns:
        if name.endswith(("_as_of", "_known_at")):
            made[name] = times(made[name].tolist())
    kinds = {"_client": pd.StringDtype(na_value=np.nan), "_outcome": float, "_batch": "int64", "_content": object}
    return made.astype({name: kind for name, kind in kinds.items() if name in columns})


def resolved(
    snapshots: list[tuple],
    seen: list[tuple] = [],  # noqa: B006
    outcomes: list[tuple] = [],  # noqa: B006
    *,
    contract: Contract = CONTRACT,
    at: str = "2030-01-01",
    horizon_days: int = 0,
) -> Dataset:
    """Snapshots (client, as_of, x, outcome, batch, known_at), seen (client, as_of, x, batch, known_at), outcomes
    (client, as_of, outcome, known_at)."""
    whole = [(*row, f"{row[0]} {row[1]} {row[2]}".encode()) for row in snapshots]
    made = frame(whole, "_client", "_as_of", "x", "_outcome", "_batch", "_known_at", "_content")
    again = [(client, f"{client} {day} {x}".encode(), batch, at) for client, day, x, batch, at in seen]
    return resolve(
        made,
        frame(again, "_client", "_content", "_batch", "_known_at"),
        frame([(*fact, 99) for fact in outcomes], "_client", "_as_of", "_outcome", "_known_at", "_batch"),
        contract,
        at=pd.Timestamp(at, tz="UTC").to_pydatetime(),
        horizon_days=horizon_days,
    )


days = st.sampled_from(["2025-11-01", "2025-12-01", "2026-01-01"])
arrivals = st.sampled_from(["2026-02-01", "2026-02-02", "2026-02-03"])
snapshot_lists = st.lists(
    st.tuples(st.sampled_from("AB"), days, st.integers(0, 2), st.sampled_from([0.0, 1.0, np.nan])),
    max_size=6,
    unique_by=lambda row: row[:2],
)
fact_lists = st.lists(
    st.tuples(st.sampled_from("ABC"), days | st.none(), st.sampled_from([0.0, 1.0]), arrivals),
    max_size=5,
    unique_by=lambda fact: (fact[0], fact[3]),
)


@given(snapshot_lists, fact_lists, st.data())
@settings(max_examples=25)
def test_snapshots_that_arrive_in_another_order_make_the_same_dataset(
    snapshots: list[tuple], facts: list[tuple], draw: st.DataObject
) -> None:
    shuffled = draw.draw(st.permutations(snapshots))
    one, other = (
        resolved([(*row, 1 + place, "2026-01-05") for place, row in enumerate(order)], outcomes=facts, horizon_days=40)
        for order in (snapshots, shuffled)
    )
    assert one.fingerprint == other.fingerprint
    columns = ["_client", "_as_of", "x", "_outcome", "_outcome_known_at"]
    sides = [found.rows.sort_values(["_client", "_as_of"]).reset_index(drop=True)[columns] for found in (one, other)]
    pd.testing.assert_frame_equal(*sides)


@given(snapshot_lists, fact_lists, st.sampled_from([0, 40, 100]), st.sampled_from(["2026-02-02", "2026-04-01"]))
@settings(max_examples=50)
def test_outcomes_follow_from_going_through_the_facts_one_by_one(
    snapshots: list[tuple], facts: list[tuple], horizon: int, at: str
) -> None:
    told = {(client, day): (outcome, "2026-01-05") for client, day, _, outcome in snapshots}
    late = []
    for client, day, outcome, arrived in facts:
        if day is not None:
            late.append((arrived, client, day, outcome))
            continue
        latest = str(pd.Timestamp(arrived) - pd.Timedelta(days=horizon))[:10]
        own = sorted(known_day for known_client, known_day in told if known_client == client)
        old_enough = [known_day for known_day in own if known_day <= latest]
        if old_enough:
            late.append((arrived, client, old_enough[-1], outcome))
        elif own:
            later = str(pd.Timestamp(own[0]) + pd.Timedelta(days=horizon))[:10]
            late.append((later, client, own[0], outcome))
    counts = {key: (value if value == value else None, when) for key, (value, when) in told.items()}  # noqa: PLR0124
    times_told: dict[tuple, dict[str, set]] = {}
    for arrived, client, day, outcome in sorted(late, key=lambda fact: fact[0]):
        if arrived <= at and (client, day) in counts:
            if counts[client, day][0] != outcome:
                counts[client, day] = (outcome, arrived)
            times_told.setdefault((client, day), {}).setdefault(arrived, set()).add(outcome)
    found = resolved([(*row, 1, "2026-01-05") for row in snapshots], outcomes=facts, at=at, horizon_days=horizon)
    assert len(found.rows) == len(snapshots)
    for row in found.rows.to_dict("records"):
        key = (row["_client"], str(row["_as_of"])[:10])
        value, when = counts[key]
        if any(len(told_then) > 1 for told_then in times_told.get(key, {}).values()):
            continue  # two facts of one instant: either may count
        assert (None if np.isnan(row["_outcome"]) else row["_outcome"]) == value
        assert str(row["_outcome_known_at"])[:10] == (when if value is not None else "NaT")


def test_nothing_delivered_is_an_empty_dataset() -> None:
    found = resolved([])
    assert len(found.rows) == len(found.deliveries) == len(found.newest()) == 0
    assert [len(side) for side in found.current(START, 30)] == [0, 0]
    book = resolved([], contract=Contract(**{**CONTRACT.__dict__, "client_id": ""}))
    assert [len(side) for side in book.current(START, 0)] == [0, 0]
    assert len(found.trainable(START, 0)) == 0
    assert found.fingerprint == resolved([]).fingerprint


# --- chunks


def chunk_clients(found: Dataset, contract: Contract) -> dict[str, str]:
    """Clients of each chunk, chunks in their order."""
    made = chunked(found, contract)
    return {chunk: "".join(made.loc[made["_chunk"] == chunk, "_client"]) for chunk in dict.fromkeys(made["_chunk"])}


def test_with_dates_a_chunk_is_a_month_of_snapshots_delivered_again_or_not() -> None:
    found = resolved(
        [("A", "2025-12-31", 1, 0, 2, "2026-02-02"), ("A", "2025-11-01", 1, 0, 1, "2026-02-01"),
         ("B", "2025-11-30", 1, 0, 1, "2026-02-01")],
        seen=[("B", "2025-11-30", 1, 2, "2026-02-02")],
    )  # fmt: skip
    assert chunk_clients(found, CONTRACT) == {"2025-11": "ABB", "2025-12": "A"}


def undated(*batches: tuple[str, str], seen: tuple[tuple[str, str, int], ...] = ()) -> Dataset:
    """Batches (day of arrival, clients); seen (client, day of the row, batch that brought it again)."""
    rows = [(client, day, 1, 0, n, day) for n, (day, clients) in enumerate(batches, start=1) for client in clients]
    again = [(client, day, 1, n, batches[n - 1][0]) for client, day, n in seen]
    return resolved(rows, seen=again, contract=UNDATED)


def test_without_dates_a_batch_of_at_least_half_the_book_is_a_chunk_and_a_feed_falls_into_its_month() -> None:
    found = undated(
        ("2026-01-05", "ABCD"), ("2026-01-20", "AB"), ("2026-01-25", "C"), ("2026-02-03", "A"), ("2026-02-10", "BE")
    )
    assert chunk_clients(found, UNDATED) == {
        "2026-01-05 #1": "ABCD", "2026-01-20 #2": "AB", "2026-01": "C", "2026-02": "ABE",
    }  # fmt: skip


def test_a_book_that_hardly_changed_is_a_chunk_as_a_whole() -> None:
    seen = tuple((client, "2026-01-05", 2) for client in "BCD")
    found = undated(("2026-01-05", "ABCD"), ("2026-02-05", "A"), seen=seen)
    assert chunk_clients(found, UNDATED) == {"2026-01-05 #1": "ABCD", "2026-02-05 #2": "ABCD"}


def test_chunks_are_in_order_of_time_also_when_history_was_replayed_later() -> None:
    found = undated(("2026-03-05", "ABCD"), ("2026-01-05", "ABC"), ("2026-02-05", "D"))
    assert chunk_clients(found, UNDATED) == {"2026-01-05 #2": "ABC", "2026-02": "D", "2026-03-05 #1": "ABCD"}


def test_a_row_delivered_often_in_a_chunk_is_compared_once_in_its_newest_state() -> None:
    found = resolved(
        [("A", "2026-01-01", 1, 0, 1, "2026-02-01"), ("A", "2026-01-15", 2, 0, 1, "2026-02-01"),
         ("B", "2026-01-01", 3, 0, 1, "2026-02-01")],
        seen=[("A", "2026-01-15", 2, 2, "2026-02-02")],
    )  # fmt: skip
    rows = rows_of(found, chunked(found, CONTRACT))
    assert sorted(zip(rows["_client"], rows["x"], strict=True)) == [("A", 2), ("B", 3)]


def test_the_seen_rows_are_delivered_under_the_date_of_the_row_they_repeat() -> None:
    found = resolved(
        [("A", "2026-01-01", 1, 0, 1, "2026-01-01"), ("A", "2026-02-01", 2, 0, 2, "2026-02-01"),
         ("A", "2026-03-01", 1, 0, 3, "2026-03-01")],
        seen=[("A", "2026-03-01", 1, 4, "2026-04-01")],
        contract=UNDATED,
    )  # fmt: skip
    assert found.deliveries.iloc[-1]["_as_of"] == pd.Timestamp("2026-03-01", tz="UTC")
    assert len(found.deliveries) == 4


def test_resolving_changes_none_of_what_it_is_given() -> None:
    made = frame([("A", "2026-01-01", 1, np.nan, 1, "2026-01-01")], "_client", "_as_of", "x", "_outcome", "_batch",
                 "_known_at").assign(_content=b"a")  # fmt: skip
    seen = frame([("A", b"a", 2, "2026-01-02")], "_client", "_content", "_batch", "_known_at")
    facts = frame([("A", None, 1.0, "2026-01-02", 3)], "_client", "_as_of", "_outcome", "_known_at", "_batch")
    copies = [side.copy(deep=True) for side in (made, seen, facts)]
    datasets.resolve(made, seen, facts, CONTRACT, at=START, horizon_days=0)
    for side, copy in zip((made, seen, facts), copies, strict=True):
        pd.testing.assert_frame_equal(side, copy)
