"""What the data pages ask: history, rhythm, growth, one batch, who vanished, rejected rows by reason."""

from __future__ import annotations

import doctest
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core import plots, upkeep
from core.errors import NotFound
from core.records import Summary
from core.store import history
from core.views import arrivals, batch, export, rejects
from core.views.clients import client_list
from core.workspace import Workspace
from tests.builders import START, Clock, arrive, drop, make_workspace

HEADER = "client_id,snapshot_date,x,exited\n"


def book(date: str, clients: str, x: int = 1) -> str:
    """A file of clients called by single letters."""
    return HEADER + "".join(f"{client},{date},{x + place},\n" for place, client in enumerate(clients))


# --- history


def test_rows_are_counted_by_day_in_the_zone_of_the_installation_and_refused_files_are_marked(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 1, 5, 23, 30, tzinfo=UTC))  # the 6th in Berlin
    workspace = make_workspace(tmp_path, {"schedule": {"timezone": "Europe/Berlin"}}, clock)
    arrive(workspace, "1.csv", HEADER + "A,2026-01-01,1,0\nA,2026-01-01,2,0\nB,2026-01-01,3,1\n,2026-01-01,3,1\n")
    clock.forward(days=2)
    arrive(workspace, "2.csv", HEADER + "B,2026-01-01,3,1\nC,2026-01-01,4,0\n")
    arrive(workspace, "3.csv", "dear,all\n1,2\n")
    found = arrivals.history(workspace)
    assert found.period == "day"
    columns = ["label", "files", "refused", "read", *arrivals.FATES]
    assert found.rows[columns].to_numpy().tolist() == [
        ["6 Jan 2026", 1, 0, 4, 2, 0, 1, 1], ["7 Jan 2026", 0, 0, 0, 0, 0, 0, 0], ["8 Jan 2026", 2, 1, 2, 1, 1, 0, 0],
    ]  # fmt: skip
    assert (found.rows[list(arrivals.FATES)].sum(axis=1) == found.rows["read"]).all()


@pytest.mark.parametrize(("days", "period", "bars"), [(59, "day", 60), (60, "week", 9), (800, "month", 27)])
def test_a_longer_history_has_coarser_bars(
    workspace: Workspace, clock: Clock, days: int, period: str, bars: int
) -> None:
    arrive(workspace, "1.csv", book("2026-01-01", "AB"))  # Monday 5 January 2026
    clock.forward(days=days)
    arrive(workspace, "2.csv", book("2026-02-01", "ABC"))
    found = arrivals.history(workspace)
    assert (found.period, len(found.rows)) == (period, bars)
    assert found.rows["read"].iloc[[0, -1]].tolist() == [2, 3]


def test_nothing_that_came_in_has_no_history(workspace: Workspace) -> None:
    assert arrivals.history(workspace).rows.empty
    assert arrivals.growth(workspace).empty
    assert batch.vanished(workspace) is None
    assert rejects.newest(workspace).faults.empty


def test_the_chart_stacks_fates_and_marks_refused_files() -> None:
    rows = pd.DataFrame(
        {"label": ["a", "b"], "files": [1, 2], "refused": [0, 1], "read": [5, 3], "accepted": [4, 3],
         "duplicate": [0, 0], "superseded": [0, 0], "rejected": [1, 0]}
    )  # fmt: skip
    figure = plots.rows_by_fate(rows)
    drawn = {trace.name: (list(trace.x), list(trace.y)) for trace in figure.data}
    assert drawn == {
        "accepted": (["a", "b"], [4, 3]), "rejected": (["a", "b"], [1, 0]), "file refused": (["b"], [3]),
    }  # fmt: skip
    assert figure.layout.barmode == "stack"


# --- rhythm


def at(*days: float) -> list[datetime]:
    return [START + timedelta(days=day) for day in days]


def test_a_rhythm_is_the_median_gap_and_needs_three_gaps() -> None:
    assert arrivals.rhythm(at(0, 1, 2)) is None
    assert arrivals.rhythm(at(0, 0, 1, 1, 2)) is None  # several files at once are one arrival
    found = arrivals.rhythm(at(0, 1, 2, 3, 6))
    assert found is not None
    assert (found.usual, found.longest, found.gaps) == (timedelta(days=1), timedelta(days=3), 4)


def test_late_is_longer_than_usual_and_than_any_gap_lately() -> None:
    workdays = arrivals.rhythm(at(0, 1, 2, 3, 4, 7))
    assert workdays is not None
    last = START + timedelta(days=11)  # a Friday
    assert not workdays.is_late(last, last + timedelta(days=3))  # the weekend is no delay
    assert workdays.is_late(last, last + timedelta(days=3, hours=1))
    monthly = arrivals.rhythm(at(0, 30, 60, 90))
    assert monthly is not None
    assert not monthly.is_late(last, last + timedelta(days=37))  # 1.25 times 30 days are 37.5
    assert monthly.is_late(last, last + timedelta(days=38))


def test_sources_tell_the_last_file_the_next_one_and_whether_it_is_late(any_workspace: Workspace, clock: Clock) -> None:
    workspace = any_workspace
    assert arrivals.by_source(workspace)["told"].tolist() == ["Nothing has come from it yet"]
    for month in range(1, 5):
        arrive(workspace, f"{month}.csv", book(f"2026-{month:02}-01", "AB", month))
        clock.forward(days=30)
    found = arrivals.by_source(workspace).iloc[0]
    assert (found["source"], found["holds"], found["files"], found["usual"]) == (
        "incoming", "clients", 4, "every 30 days",
    )  # fmt: skip
    assert found["next"] == clock.at
    assert not found["late"]
    clock.forward(days=8)
    assert arrivals.by_source(workspace)["late"].tolist() == [True]


# --- growth


def test_growth_tells_snapshots_and_known_outcomes_of_the_last_run_of_each_day(
    any_workspace: Workspace, clock: Clock
) -> None:
    workspace = any_workspace
    arrive(workspace, "1.csv", book("2026-01-01", "AB"))
    found_by_runs = [(0, 60, 1.0), (2, 100, 0.75), (26, 200, 0.4)]  # hours, snapshots, share of outcomes not known
    for hours, snapshots, missing in found_by_runs:
        at = clock() + timedelta(hours=hours)
        summaries = [Summary("exited", "missing", snapshots, missing), Summary("x", "missing", snapshots, 0.0)]
        with workspace.store.writing() as db:
            history.insert_summaries(db, history.insert_run(db, "full", at), summaries, at)
    found = arrivals.growth(workspace)
    assert found[["snapshots", "outcomes"]].to_numpy().tolist() == [[100, 25], [200, 120]]
    assert arrivals.growth(workspace.at(clock() + timedelta(hours=1)))["outcomes"].tolist() == [0]
    names = {trace.name: list(trace.y) for trace in plots.dataset_growth(found).data}
    assert names == {"snapshots": [100, 200], "outcomes known": [25, 120]}


# --- one batch


def test_a_batch_tells_its_state_and_what_was_done_with_it(any_workspace: Workspace) -> None:
    workspace = any_workspace
    taken = arrive(workspace, "1.csv", book("2026-01-01", "AB"))
    assert batch.one_batch(workspace, str(taken.id)).state == "taken"
    upkeep.withdraw(workspace, taken.id, "Ada", "the wrong month")
    found = batch.one_batch(workspace, str(taken.id))
    assert found.state == "withdrawn"
    assert [event["kind"] for event in found.events] == ["withdraw"]
    assert "the wrong month" in found.events[0]["sentence"]
    refused = arrive(workspace, "letter.csv", "dear,all\n1,2\n")
    assert batch.one_batch(workspace, str(refused.id)).state == "refused"


@pytest.mark.parametrize("asked", ["7", "one", "", "-1", "99999999999999999999", "²"])
def test_a_batch_that_is_not_there_is_told_so(workspace: Workspace, asked: str) -> None:
    with pytest.raises(NotFound, match="There is no batch"):
        batch.one_batch(workspace, asked)


def test_where_the_file_of_a_batch_lies_is_told(workspace: Workspace) -> None:
    found = arrive(workspace, "1.csv", book("2026-01-01", "AB"))
    assert batch.lies_where(workspace, found).endswith("unchanged.")
    path = drop(workspace, "1.csv", book("2026-01-01", "ABC"))
    assert "with other content" in batch.lies_where(workspace, found)
    path.unlink()
    assert "no longer lies in" in batch.lies_where(workspace, found)
    assert "given by hand" in batch.lies_where(workspace, replace(found, source="upload"))
    assert "no longer watched" in batch.lies_where(workspace, replace(found, source="gone"))


# --- who vanished


def test_clients_of_the_file_before_who_are_not_in_the_next_one_are_named(workspace: Workspace) -> None:
    arrive(workspace, "1.csv", book("2026-01-01", "ABCD"))
    assert batch.vanished(workspace) is None  # nothing to compare it with
    second = arrive(workspace, "2.csv", book("2026-02-01", "ABD"))
    found = batch.vanished(workspace)
    assert found is not None
    assert (found.before_name, found.name, found.known, found.clients) == ("1.csv", "2.csv", 4, ["C"])
    third = arrive(workspace, "3.csv", book("2026-02-01", "ABD") + "C,2026-02-01,1,\n")  # as before, and C is back
    assert third.duplicate == 3
    found = batch.vanished(workspace)
    assert found is not None
    assert (found.before_name, found.name, found.clients) == ("2.csv", "3.csv", [])
    earlier = batch.vanished(workspace, second.id)
    assert earlier is not None
    assert earlier.clients == ["C"]


def test_a_feed_of_changed_rows_lets_nobody_vanish(workspace: Workspace) -> None:
    arrive(workspace, "1.csv", book("2026-01-01", "ABCDEF"))
    arrive(workspace, "2.csv", book("2026-02-01", "AB"))
    assert batch.vanished(workspace) is None
    arrive(workspace, "3.csv", book("2026-03-01", "ABCDE"))
    found = batch.vanished(workspace)
    assert found is not None
    assert (found.before_name, found.name, found.clients) == ("1.csv", "3.csv", ["F"])


def test_a_withdrawn_file_is_not_compared_with(workspace: Workspace) -> None:
    arrive(workspace, "1.csv", book("2026-01-01", "ABC"))
    wrong = arrive(workspace, "2.csv", book("2026-02-01", "XYZ"))
    upkeep.withdraw(workspace, wrong.id, "Ada")
    arrive(workspace, "3.csv", book("2026-03-01", "AB"))
    found = batch.vanished(workspace)
    assert found is not None
    assert (found.before_name, found.clients) == ("1.csv", ["C"])


def test_who_vanished_is_still_found_when_small_parts_were_merged(workspace: Workspace) -> None:
    for month in range(1, 18):
        arrive(workspace, f"{month}.csv", book(f"2024-{1 + month // 12:02}-{month:02}", "ABCD", month))
    arrive(workspace, "last.csv", book("2025-01-01", "ABC"))
    assert len(list((workspace.folder / "dataset").glob("*.index"))) < 17  # else nothing was merged
    found = batch.vanished(workspace)
    assert found is not None
    assert found.clients == ["D"]


def test_without_a_list_those_who_vanished_stand_by_their_id(workspace: Workspace) -> None:
    arrive(workspace, "1.csv", book("2026-01-01", "AB"))
    told = batch.named(workspace, ["A", "Z"], client_list(workspace))
    assert told.to_dict("list") == {
        "client": ["A", "Z"], "name": ["A", "Z"], "owner": ["", ""], "listed": [False, False],
    }  # fmt: skip


# --- rejected rows


def faulty(workspace: Workspace, name: str, bad: int, good: int = 3) -> int:
    """A file with so many rows without a date, and one cell that is no number; its number."""
    rows = "".join(f"{name}{place},soon,1,0\n" for place in range(bad))
    rows += "".join(f"{name}x{place},2026-01-01,{place},0\n" for place in range(good))
    return arrive(workspace, f"{name}.csv", f"{HEADER}{rows}{name}cell,2026-01-01,many,0\n").id


def test_rejected_rows_are_counted_by_reason_each_row_once(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"data": {"numeric": ["x"]}})
    faulty(workspace, "a", 2)
    faulty(workspace, "b", 1)
    found = rejects.newest(workspace)
    assert (found.batches, found.of, found.whole) == (2, 2, True)
    told = rejects.by_reason(found.faults)
    assert told[["column", "rows", "files", "example", "set_aside"]].to_numpy().tolist() == [
        ["snapshot_date", 3, 2, "soon", True], ["x", 2, 2, "many", False],
    ]  # fmt: skip
    assert rejects.only(found.faults, "x")["value"].tolist() == ["many", "many"]
    assert rejects.only(found.faults, "x", told["reason"][0]).empty
    assert rejects.by_reason(found.faults[:0]).empty


def test_only_the_newest_files_with_faults_are_loaded(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"data": {"numeric": ["x"]}})
    first, second, third = (faulty(workspace, name, 2) for name in "abc")
    arrive(workspace, "good.csv", book("2026-01-01", "AB"))
    found = rejects.newest(workspace, None, 6)  # each file has three faults
    assert found.faults["id"].tolist() == [third] * 3 + [second] * 3
    assert (found.batches, found.of, found.whole) == (2, 3, True)
    found = rejects.newest(workspace, None, 2)
    assert found.faults["id"].tolist() == [third] * 2
    assert (found.batches, found.whole) == (1, False)
    assert rejects.newest(workspace, first).faults["batch"].tolist() == ["a.csv"] * 3
    assert rejects.files(workspace) == {third: "c.csv", second: "b.csv", first: "a.csv"}
    upkeep.withdraw(workspace, third, "Ada")
    assert third not in rejects.files(workspace)


def test_a_row_is_mended_as_a_whole_whatever_fault_was_filtered_for(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"data": {"numeric": ["x"]}})
    content = HEADER + "A,soon,many,0\n" + "".join(f"B{place},2026-01-01,{place},0\n" for place in range(3))
    arrive(workspace, "a.csv", content)
    found = rejects.newest(workspace)
    assert sorted(found.faults["column"]) == ["snapshot_date", "x"]
    rows = rejects.whole_rows(found.faults, rejects.only(found.faults, "x"))
    sheet = pd.read_csv(io.BytesIO(export.mendable(rows)), dtype=str)
    assert len(sheet) == 1
    assert "snapshot_date" in sheet["bellwether_reason"][0]
    assert "x: not a number" in sheet["bellwether_reason"][0]


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(arrivals).failed == 0
    assert doctest.testmod(arrivals).attempted > 0
