"""Many small parts become few, and nobody can tell from what is shown."""

from __future__ import annotations

import shutil
import threading
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from core import upkeep
from core.errors import BellwetherError, DamagedDataset
from core.parts import INDEX, ROWS
from core.pipeline import full
from core.store import ingested
from core.upkeep import compacting, merges
from core.views.ingestion import rejected
from core.workspace import Workspace, open_workspace
from tests.builders import START, Clock, arrive, make_workspace
from tests.upkeep_builders import deliver, files_of, shown, texts, tiny_batches

COUNT = 64
END = START + timedelta(minutes=10 * COUNT)
#: instants between batches, from the first on
PASTS = [START + timedelta(minutes=10 * number + 5) for number in (0, 14, 40)]


@pytest.fixture(scope="module", params=[True, False], ids=["dated", "undated"])
def many(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bool]:
    """The folder of a workspace with many tiny batches, one every ten minutes."""
    folder = tmp_path_factory.mktemp("many")
    clock = Clock()
    data = {"as_of": "snapshot_date" if request.param else ""}
    workspace = make_workspace(folder, {"data": {"client_id": "client_id", "outcome": "exited"} | data}, clock)
    for number, text in enumerate(tiny_batches(COUNT, dated=request.param)):
        deliver(workspace, f"{number}.csv", text)
        clock.forward(minutes=10)
    workspace.store.engine.dispose()
    return folder, request.param


def copied(many: tuple[Path, bool], to: Path) -> Workspace:
    shutil.copytree(many[0], to)
    return open_workspace(to / "config.toml", Clock(END))


@pytest.fixture
def loose(many: tuple[Path, bool], tmp_path: Path) -> Workspace:
    """A copy as it is."""
    return copied(many, tmp_path / "loose")


@pytest.fixture
def tight(many: tuple[Path, bool], tmp_path: Path) -> Workspace:
    """A copy that was compacted."""
    workspace = copied(many, tmp_path / "tight")
    upkeep.compact(workspace)
    return workspace


def everything(workspace: Workspace) -> list[str]:
    """What is shown now and on past days."""
    seen = [workspace, *(workspace.at(past) for past in PASTS)]
    return [texts(shown(one)) + rejected(one).to_csv() for one in seen]


def test_few_files_are_left_and_every_day_shows_the_same(loose: Workspace) -> None:
    before, files = everything(loose), len(files_of(loose))
    assert upkeep.compact(loose) == f"{COUNT} parts became 7."
    assert everything(loose) == before
    assert len(files_of(loose)) < 24
    assert files > 120
    assert upkeep.compact(loose) == "Nothing to merge: the rows stand in 7 parts."


def fates(workspace: Workspace, number: int) -> tuple[int, ...]:
    with workspace.store.reading() as db:
        found = ingested.read_batch(db, number)
    assert found is not None
    return found.read, found.accepted, found.duplicate, found.superseded, found.rejected, found.disagreed


def test_what_comes_next_meets_the_same_fate(loose: Workspace, tight: Workspace, many: tuple[Path, bool]) -> None:
    for workspace in (loose, tight):
        for number, text in enumerate(tiny_batches(30, dated=many[1], seed=1)):
            deliver(workspace, f"next{number}.csv", text)
        upkeep.compact(tight)
    told = [[fates(workspace, COUNT + number) for number in range(1, 31)] for workspace in (loose, tight)]
    assert told[0] == told[1]
    assert sum(duplicate for _, _, duplicate, *_ in told[1]) > 10
    assert everything(loose) == everything(tight)


def test_history_that_is_replayed_into_a_compacted_range_meets_the_same_fate(
    loose: Workspace, tight: Workspace, many: tuple[Path, bool]
) -> None:
    for workspace in (loose, tight):
        for number, text in enumerate(tiny_batches(20, dated=many[1], seed=2)):
            deliver(workspace, f"old{number}.csv", text, known_at=START + timedelta(minutes=25 + 30 * number))
    upkeep.compact(tight)
    told = [[fates(workspace, COUNT + number) for number in range(1, 21)] for workspace in (loose, tight)]
    assert told[0] == told[1]
    assert everything(loose) == everything(tight)


def test_a_batch_in_a_compacted_part_is_withdrawn_and_reinstated(loose: Workspace, tight: Workspace) -> None:
    start = everything(loose)
    for workspace in (loose, tight):
        for number in (1, 33, 40):  # the first one, one of clients, one of outcomes
            upkeep.withdraw(workspace, number, "Ada")
    assert everything(loose) == everything(tight) != start
    for number in (33, 40):
        upkeep.reinstate(tight, number, "Ada")
        upkeep.reinstate(loose, number, "Ada")
    assert everything(loose) == everything(tight)


def test_a_withdrawn_batch_is_merged_and_comes_back_whole(loose: Workspace) -> None:
    before = everything(loose)
    upkeep.withdraw(loose, 33, "Ada")
    upkeep.compact(loose)
    with loose.store.reading() as db:
        assert 33 in ingested.rewritten(db)
    upkeep.reinstate(loose, 33, "Ada")
    assert everything(loose) == before


def test_whoever_reads_meanwhile_sees_every_row(loose: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merges, "FEWEST", 3)  # more merges, one after the other
    monkeypatch.setattr(merges, "TIMES", 2)
    expected = texts(shown(loose))
    seen: list[str] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                seen.append(texts(shown(loose)))
                rejected(loose)
            except BellwetherError as error:
                seen.append(str(error))

    with loose.store.reading() as db:
        batches = ingested.taken_batches(db)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        for first in range(0, COUNT, 8):
            run = [part for part in compacting.kept(loose).parts() if part.batches[0].id in range(first, first + 8)]
            for holds in ("clients", "outcomes"):
                own = [part for part in run if part.holds == holds]
                if len(own) > 1:
                    compacting._merge(loose, own, END)
        upkeep.compact(loose)
    finally:
        ended.set()
        reader.join()
    assert len(batches) == COUNT
    assert seen
    assert set(seen) == {expected}


def test_files_that_nothing_points_to_are_swept(tight: Workspace) -> None:
    files = files_of(tight)
    for name in ("lost.parquet", "lost.index", "lost.seen.parquet", ".half.parquet.writing"):
        (tight.folder / "dataset" / name).write_bytes(b"x")
    (tight.folder / "rejected" / "lost.rejected.parquet").write_bytes(b"x")
    (tight.folder / "dataset" / "notes.txt").write_text("somebody's own")
    upkeep.compact(tight)
    assert files_of(tight) == sorted([*files, "dataset/notes.txt"])


def test_parts_that_are_not_what_was_written_are_left_alone(loose: Workspace) -> None:
    with loose.store.reading() as db:
        part = ingested.taken_batches(db)[3].part
    path = loose.shelf.path(part, ROWS)
    whole = path.read_bytes()
    files = files_of(loose)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedDataset, match="cannot be read"):
        upkeep.compact(loose)
    path.write_bytes(whole)
    index = loose.shelf.path(part, INDEX)
    hashes = index.read_bytes()
    index.write_bytes(hashes[:16] + hashes[len(hashes) // 2 :][:16])  # of one row, where there were more
    with pytest.raises(DamagedDataset, match="are not those of the rows"):
        upkeep.compact(loose)
    index.write_bytes(hashes)
    assert upkeep.compact(loose) == f"{COUNT} parts became 7."
    assert len(files_of(loose)) < len(files)


def test_parts_of_several_contracts_are_merged(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, now=clock)
    header = "client_id,snapshot_date,x,exited\n"
    arrive(workspace, "0.csv", header + "".join(f"A{n},2026-01-01,{n * n % 7},0\n" for n in range(8)))
    for number in range(1, 20):
        clock.forward(days=1)
        deliver(workspace, f"{number}.csv", header + f"A{number % 8},2026-01-{number:02},{number},\n")
    contract = workspace.contract()
    assert contract is not None
    renamed = contract.to_json().replace('"numeric"', '"categorical"')
    with workspace.store.writing() as db:
        ingested.insert_contract(db, renamed, clock.at)
    for number in range(20, 40):
        clock.forward(days=1)
        deliver(workspace, f"{number}.csv", header + f"A{number % 8},2026-02-{number - 15:02},{number},\n")
    before = texts(shown(workspace))
    assert upkeep.compact(workspace) == "40 parts became 1."
    assert texts(shown(workspace)) == before


def test_rows_of_many_parts_lie_in_few_row_groups(tight: Workspace) -> None:
    groups = [pq.read_metadata(path).num_row_groups for path in (tight.folder / "dataset").glob("*.parquet")]
    assert max(groups) == 1


def test_an_empty_workspace_has_nothing_to_merge(workspace: Workspace) -> None:
    assert upkeep.compact(workspace) == "Nothing to merge: the rows stand in 0 parts."
    assert full.ingest_run(workspace) == "No new batch."
    assert np.array_equal(files_of(workspace), [])
