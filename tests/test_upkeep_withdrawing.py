"""A batch that was dropped in by mistake stops counting, and counts again when that was the mistake."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import upkeep
from core.errors import BellwetherError, NotFound
from core.pipeline import full
from core.records import Batch
from core.store import ingested
from core.workspace import Workspace
from tests.builders import START, Clock, arrive, clients_frame, drop, make_workspace
from tests.upkeep_builders import deeds, deliver, shown, texts

DATED = "client_id,snapshot_date,x,exited\n"
UNDATED = "client_id,x,exited\n"


def newest(workspace: Workspace) -> dict[str, tuple[str, float, float]]:
    """Client -> date, value and outcome (-1: not known) of its newest snapshot."""
    dataset = workspace.dataset()
    if dataset is None:
        return {}
    rows = dataset.newest()
    told = zip(rows["_as_of"].astype(str), rows["x"], rows["_outcome"].fillna(-1), strict=True)
    return dict(zip(rows["_client"], told, strict=True))


def batch(workspace: Workspace, number: int) -> Batch:
    with workspace.store.reading() as db:
        found = ingested.read_batch(db, number)
    assert found is not None
    return found


def test_a_withdrawn_batch_is_gone_now_and_stands_in_every_day_before(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", DATED + "A,2026-01-01,1,\nB,2026-01-01,2,\n")
    alone = texts(shown(workspace))
    clock.forward(days=1)
    arrive(workspace, "2.csv", DATED + "A,2026-01-01,7,\nC,2026-01-02,3,\n")
    with_it, before = texts(shown(workspace)), clock.forward(days=1)
    clock.forward(days=1)
    said = upkeep.withdraw(workspace, 2, "Ada", "the wrong month")
    assert said == (
        "Batch 2 (2.csv) was withdrawn (the wrong month): its 2 accepted rows no longer count. It is not taken in "
        "again while it lies in source 'incoming'; `python -m core withdraw 2 --undo` lets it count again. "
        "The risks follow at the next full run: `python -m core run`."
    )
    assert texts(shown(workspace)) == alone
    assert texts(shown(workspace.at(before))) == with_it
    assert deeds(workspace) == [("Ada", "withdraw", "batch 2 (2.csv)", said)]
    assert full.ingest_run(workspace) == "No new batch."
    assert texts(shown(workspace)) == alone


def test_reinstated_it_counts_in_its_old_place(workspace: Workspace, clock: Clock) -> None:
    for number in (1, 2, 3):
        arrive(workspace, f"{number}.csv", DATED + f"A,2026-01-01,{number},\nB,2026-01-0{number},5,0\n")
        clock.forward(days=1)
    before = texts(shown(workspace))
    upkeep.withdraw(workspace, 2, "Ada")
    without = clock.forward(days=1)
    assert newest(workspace)["A"] == ("2026-01-01 00:00:00+00:00", 3.0, -1)
    assert len(workspace.dataset().rows) == 3
    clock.forward(days=1)
    said = upkeep.reinstate(workspace, 2, "Ada", "it was right after all")
    assert said == (
        "Batch 2 (2.csv) was reinstated (it was right after all): its 2 accepted rows count again, as known since "
        "2026-01-06 09:00 UTC. The risks follow at the next full run: `python -m core run`."
    )
    assert texts(shown(workspace)) == before
    assert len(workspace.at(without).dataset().rows) == 3
    assert [deed for _, deed, *_ in deeds(workspace)] == ["withdraw", "reinstate"]


def test_outcomes_that_came_apart_are_withdrawn_too(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", DATED + "A,2026-01-01,1,\nB,2026-01-01,2,\n")
    clock.forward(days=1)
    arrive(workspace, "o.csv", "client_id,snapshot_date,exited\nA,2026-01-01,1\nB,2026-01-01,0\n")
    clock.forward(days=1)
    arrive(workspace, "again.csv", "client_id,snapshot_date,exited\n\nA,2026-01-01,1\n")
    assert batch(workspace, 3).duplicate == 1
    said = upkeep.withdraw(workspace, 2, "Ada")
    assert "its 2 accepted outcomes no longer count" in said
    outcomes = {client: outcome for client, (_, _, outcome) in newest(workspace).items()}
    assert outcomes == {"A": 1, "B": -1}, "the later file told A's outcome as well"
    upkeep.withdraw(workspace, 3, "Ada")
    assert {client: outcome for client, (_, _, outcome) in newest(workspace).items()} == {"A": -1, "B": -1}


def test_the_first_batch_of_all_may_be_withdrawn(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", UNDATED + "A,1,0\nB,2,1\n")
    clock.forward(days=1)
    upkeep.withdraw(workspace, 1, "Ada")
    assert workspace.dataset() is None
    clock.forward(days=1)
    arrive(workspace, "2.csv", UNDATED + "\nA,1,0\nB,2,1\n")
    assert batch(workspace, 2).accepted == 2
    upkeep.reinstate(workspace, 1, "Ada")
    assert [told[0] for told in newest(workspace).values()] == [str(pd.Timestamp(START))] * 2


def test_all_that_was_left_are_rows_that_others_saw_again(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", UNDATED + "A,1,0\nB,2,1\n")
    later = clock.forward(days=1)
    arrive(workspace, "2.csv", UNDATED + "\nA,1,0\nB,2,1\n")
    upkeep.withdraw(workspace, 1, "Ada")
    assert newest(workspace) == {"A": (str(pd.Timestamp(later)), 1.0, 0), "B": (str(pd.Timestamp(later)), 2.0, 1)}


def test_whoever_withdraws_what_the_champion_learned_from_is_told(workspace: Workspace, clock: Clock) -> None:
    frame = clients_frame(300, snapshot_date="2026-01-01")
    arrive(workspace, "learned.csv", frame)
    full.full_run(workspace)
    assert workspace.champion() is not None
    clock.forward(days=1)
    arrive(workspace, "later.csv", clients_frame(20, seed=9, first=5000, snapshot_date="2026-01-02"))
    assert upkeep.withdraw(workspace, "learned.csv", "Ada").endswith(
        "The champion learned from them: run `python -m core run --retrain`."
    )
    assert "champion" not in upkeep.withdraw(workspace, "later.csv", "Ada")


# --- which batch is meant


@pytest.fixture
def three(workspace: Workspace, clock: Clock) -> Workspace:
    arrive(workspace, "may.csv", UNDATED + "A,1,0\nB,2,1\n")
    arrive(workspace, "june.csv", UNDATED + "A,2,0\nB,3,1\n")
    arrive(workspace, "june.csv", UNDATED + "A,3,0\nB,4,1\n")
    return workspace


@pytest.mark.parametrize("asked", [1, "1", "may.csv", "ma", " may.csv "])
def test_a_batch_is_named_by_its_number_its_name_or_its_beginning(three: Workspace, asked: Any) -> None:
    assert upkeep.withdraw(three, asked, "Ada").startswith("Batch 1 (may.csv) was withdrawn")


def test_a_batch_is_named_by_the_beginning_of_its_sha256(three: Workspace) -> None:
    sha256 = batch(three, 2).sha256
    assert upkeep.withdraw(three, sha256[:8].upper(), "Ada").startswith("Batch 2 (june.csv)")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("9", "There is no batch '9'; `python -m core batches` lists them."),
        ("", "There is no batch ''; `python -m core batches` lists them."),
        ("june", "'june' may be any of 2 batches; say which by its number (2, 3)."),
    ],
)
def test_a_batch_that_cannot_be_told_is_not_withdrawn(three: Workspace, asked: str, sentence: str) -> None:
    for deed in (upkeep.withdraw, upkeep.reinstate):
        with pytest.raises(NotFound) as error:
            deed(three, asked, "Ada")
        assert str(error.value) == sentence
    assert not deeds(three)


def test_what_does_not_count_anyway_is_not_withdrawn(three: Workspace) -> None:
    drop(three, "no.csv", "a,b\n1,2\n")
    full.ingest_run(three)
    with pytest.raises(BellwetherError, match=r"^Batch 4 \(no.csv\) was refused, so nothing of it ever counted: "):
        upkeep.withdraw(three, "no.csv", "Ada")
    upkeep.withdraw(three, 2, "Ada")
    with pytest.raises(BellwetherError) as error:
        upkeep.withdraw(three, 2, "Ada")
    assert str(error.value) == (
        "Batch 2 (june.csv) is withdrawn already; `python -m core withdraw 2 --undo` lets it count again."
    )
    with pytest.raises(BellwetherError) as error:
        upkeep.reinstate(three, 1, "Ada")
    assert str(error.value) == "Batch 1 (may.csv) counts already; nothing was changed."
    with three.store.writing() as db:
        ingested.insert_withdrawal(db, 3, ingested.EXPIRE, "too old", START)
    for deed in (upkeep.withdraw, upkeep.reinstate):
        with pytest.raises(BellwetherError, match=r"^Batch 3 \(june.csv\) is too old: retention removed its rows"):
            deed(three, 3, "Ada")


def test_a_file_that_was_refused_and_then_taken_is_the_one_that_was_taken(workspace: Workspace) -> None:
    arrive(workspace, "0.csv", UNDATED + "A,1,0\nB,2,1\n")
    arrive(workspace, "a.csv", "a,b\n1,2\n")
    arrive(workspace, "a.csv", UNDATED + "A,4,0\nB,6,1\n")
    assert upkeep.withdraw(workspace, "a.csv", "Ada").startswith("Batch 3 (a.csv) was withdrawn")


# --- whatever the history

keys = st.tuples(st.sampled_from("AB"), st.sampled_from(["2026-01-01", "2026-02-01"]))
batches = st.dictionaries(keys, st.tuples(st.integers(0, 1), st.sampled_from(["", "0", "1"])), min_size=1, max_size=3)


def text_of(rows: dict[Any, Any], place: int, *, dated: bool) -> str:
    lines = [
        f"{client},{day + ',' if dated else ''}{x},{outcome}" for (client, day), (x, outcome) in rows.items()
    ]  # fmt: skip
    return (DATED if dated else UNDATED) + "\n".join(lines) + "\n" * (place + 1)


@pytest.mark.slow
@given(st.lists(batches, min_size=2, max_size=4), st.integers(0, 3), st.booleans(), st.data())
@settings(max_examples=20)
def test_the_newest_snapshots_are_those_of_a_workspace_where_the_withdrawn_batch_never_came(
    tmp_path_factory: pytest.TempPathFactory, history: list[dict], which: int, dated: bool, draw: st.DataObject
) -> None:
    which %= len(history)
    when = draw.draw(st.integers(which, len(history) - 1))  # it is withdrawn after this one came
    folder = tmp_path_factory.mktemp("history")
    sides = []
    for name in ("withdrawn", "fresh"):
        clock = Clock()
        workspace = made(folder / name, clock, dated=dated)
        for place, rows in enumerate(history):
            clock.forward(days=1)
            if name == "withdrawn" or place != which:
                deliver(workspace, f"{place}.csv", text_of(rows, place, dated=dated))
            if name == "withdrawn" and place == when:
                upkeep.withdraw(workspace, f"{which}.csv", "Ada")
        clock.forward(days=1)
        sides.append(newest(workspace))
        workspace.store.engine.dispose()
    assert sides[0] == sides[1]


def made(folder: Path, clock: Clock, *, dated: bool) -> Workspace:
    """A workspace whose contract is known already."""
    config = {"data": {"client_id": "client_id", "outcome": "exited", "as_of": "snapshot_date" if dated else ""}}
    workspace = make_workspace(folder, {"data": config["data"] | {"numeric": ["x"]}}, clock)
    first = "".join(f"Z{n},{'2026-01-01,' if dated else ''}{n},{n % 2}\n" for n in range(4))
    deliver(workspace, "first.csv", (DATED if dated else UNDATED) + first, START - timedelta(days=1))
    return workspace
