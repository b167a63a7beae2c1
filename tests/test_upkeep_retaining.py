"""What is too old goes, and nothing that is needed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import registry, upkeep
from core.errors import BellwetherError, DamagedVersion
from core.pipeline import full
from core.store import ingested
from core.views.ingestion import batches as list_batches
from core.views.ingestion import rejected
from core.workspace import Workspace
from tests.builders import START, Clock, make_workspace
from tests.upkeep_builders import deeds, deliver, files_of, shown, store_version, texts, tiny_batches

HEADER = "client_id,snapshot_date,x,exited\n"
NOTHING = "Nothing is old enough to be removed."


def keeping(folder: Path, clock: Clock, *, dated: bool = True, **retention: int) -> Workspace:
    data = {"client_id": "client_id", "outcome": "exited", "as_of": "snapshot_date" if dated else "", "numeric": ["x"]}
    return make_workspace(folder, {"data": data, "retention": retention}, clock)


def day(workspace: Workspace, clock: Clock, number: int, content: str) -> int:
    """Deliver a file on a day, the first being 0; the id of its batch."""
    clock.at = START + timedelta(days=number)
    return deliver(workspace, f"{number}.csv", content + "\n" * number)


def expired(workspace: Workspace) -> list[int]:
    with workspace.store.reading() as db:
        return sorted(batch for batch, kind in ingested.set_aside(db).items() if kind == ingested.EXPIRE)


def newest(workspace: Workspace) -> str:
    dataset = workspace.dataset()
    assert dataset is not None
    columns = ["_client", "_as_of", "x", "_outcome", "_outcome_known_at"]
    return str(dataset.newest()[columns].sort_values("_client").to_csv(index=False))


def test_config_keeps_everything_unless_it_says_otherwise(workspace: Workspace, clock: Clock) -> None:
    deliver(workspace, "1.csv", HEADER + "A,2026-01-01,1,0\nB,2026-01-01,2,1\n")
    clock.forward(days=10_000)
    assert upkeep.retain(workspace) == (
        "Nothing is removed: [retention] of config.toml keeps everything for ever."
    )  # fmt: skip
    assert not deeds(workspace)


def test_old_batches_go_with_their_files_and_clients_stay_as_they_are(tmp_path: Path, clock: Clock) -> None:
    workspace = keeping(tmp_path, clock, batches_days=30)
    day(workspace, clock, 0, HEADER + "A,2026-01-01,1,\nB,2026-01-01,2,0\n")
    day(workspace, clock, 10, HEADER + "A,2026-01-10,3,\nB,2026-01-10,2,0\nC,2026-01-10,2,0\n")
    day(workspace, clock, 60, HEADER + "A,2026-03-01,4,\nB,2026-03-01,2,1\n")
    before = newest(workspace)
    clock.at = START + timedelta(days=30)
    assert upkeep.retain(workspace) == NOTHING
    clock.forward(minutes=1)
    said = upkeep.retain(workspace, "Ada")
    assert said == "Removed, for [retention] of config.toml says so: 1 batch of 2 rows."
    assert expired(workspace) == [1]
    clock.at = START + timedelta(days=100)
    assert upkeep.retain(workspace) == NOTHING, "the second one holds the newest snapshot of C"
    assert deeds(workspace) == [("Ada", "retain", "retention", said)]
    assert newest(workspace) == before
    assert len(workspace.dataset().rows) == 5
    assert workspace.at(START + timedelta(days=1)).dataset() is None, "gone is gone on past days too"
    left = [batch.part for batch in kept_batches(workspace)]
    assert {name.split("/")[1].split(".")[0] for name in files_of(workspace)} == set(left)
    assert len(list_batches(workspace)) == 3, "what came in is told as ever"
    with pytest.raises(BellwetherError, match="retention removed its rows for good"):
        upkeep.withdraw(workspace, 1, "Ada")


def kept_batches(workspace: Workspace) -> list[Any]:
    with workspace.store.reading() as db:
        return ingested.kept_batches(db)


def test_what_a_kept_version_learned_from_stays(tmp_path: Path, clock: Clock) -> None:
    workspace = keeping(tmp_path, clock, batches_days=30, versions=1)
    for number in (0, 1, 2, 3):
        day(workspace, clock, number, HEADER + f"A,2026-01-0{number + 1},{number},0\nB,2026-01-0{number + 1},1,1\n")
    learned = [[1], [2], [3]]
    for number, batches in enumerate(learned):
        clock.at = START + timedelta(days=10 + number)
        store_version(workspace, batches)
    clock.forward(days=100)
    said = upkeep.retain(workspace)
    assert said == "Removed, for [retention] of config.toml says so: 1 batch of 2 rows and the files of 1 version."
    assert expired(workspace) == [1], "3: the champion's, 2: that of the one before it, 4: the newest snapshots"
    assert upkeep.retain(workspace) == NOTHING


def test_every_version_keeps_its_batches_unless_config_limits_versions(tmp_path: Path, clock: Clock) -> None:
    workspace = keeping(tmp_path, clock, batches_days=30)
    for number in (0, 1, 2):
        day(workspace, clock, number, HEADER + f"A,2026-01-0{number + 1},{number},0\nB,2026-01-0{number + 1},1,1\n")
    store_version(workspace, [1], promoted=False)
    clock.forward(days=100)
    assert upkeep.retain(workspace).endswith(": 1 batch of 2 rows.")
    assert expired(workspace) == [2]


def test_a_version_that_does_not_tell_keeps_all_that_was_known(tmp_path: Path, clock: Clock) -> None:
    workspace = keeping(tmp_path, clock, batches_days=30)
    day(workspace, clock, 0, HEADER + "A,2026-01-01,1,0\nB,2026-01-01,1,1\n")
    store_version(workspace, None)
    day(workspace, clock, 1, HEADER + "A,2026-01-02,1,0\nB,2026-01-02,1,1\n")
    day(workspace, clock, 2, HEADER + "A,2026-01-03,1,0\nB,2026-01-03,1,1\n")
    clock.forward(days=100)
    upkeep.retain(workspace)
    assert expired(workspace) == [2]


def test_outcomes_of_newest_snapshots_stay(tmp_path: Path, clock: Clock) -> None:
    workspace = keeping(tmp_path, clock, batches_days=30)
    day(workspace, clock, 0, HEADER + "A,2026-01-01,1,\nB,2026-01-01,2,\n")
    day(workspace, clock, 1, "client_id,snapshot_date,exited\nA,2026-01-01,1\n")
    day(workspace, clock, 2, "client_id,snapshot_date,exited\nB,2026-01-01,0\n")
    day(workspace, clock, 3, HEADER + "B,2026-01-04,2,\n")
    before = newest(workspace)
    clock.forward(days=100)
    assert upkeep.retain(workspace).endswith(": 1 batch of 1 row.")
    assert expired(workspace) == [3]
    assert newest(workspace) == before


def test_a_snapshot_stays_when_an_outcome_by_id_would_else_belong_to_another(tmp_path: Path, clock: Clock) -> None:
    """A left in February; that is about A's first snapshot, and not about the one of a client won back in March."""
    workspace = keeping(tmp_path, clock, batches_days=30)
    day(workspace, clock, 0, HEADER + "A,2026-01-01,1,\n")
    day(workspace, clock, 1, HEADER + "Z,2026-01-02,1,\n")
    day(workspace, clock, 30, "client_id,exited\nA,1\nZ,0\n")  # stays: it tells Z's outcome
    day(workspace, clock, 60, HEADER + "A,2026-03-01,3,\n")
    before = newest(workspace)
    assert before.splitlines()[1] == "A,2026-03-01 00:00:00+00:00,3.0,,"
    clock.forward(days=100)
    assert upkeep.retain(workspace) == NOTHING
    assert newest(workspace) == before


def test_seen_rows_that_keep_a_client_from_going_missing_stay(tmp_path: Path, clock: Clock) -> None:
    workspace = make_workspace(
        tmp_path,
        {"data": {"client_id": "client_id", "outcome": "exited", "stale_after": 90, "numeric": ["x"]},
         "retention": {"batches_days": 30}},
        clock,
    )  # fmt: skip
    undated = "client_id,x,exited\nA,1,\nB,2,\n"
    for number in (0, 20, 50):
        day(workspace, clock, number, undated)
    clock.forward(days=50)
    upkeep.retain(workspace)
    assert expired(workspace) == [2]
    clock.forward(days=35)
    assert upkeep.retain(workspace) == NOTHING, "seen 85 days ago"
    clock.forward(days=10)
    assert upkeep.retain(workspace).endswith(": 1 batch of 2 rows.")


def test_what_stands_with_others_in_one_part_goes_alone(tmp_path: Path, clock: Clock) -> None:
    workspace = keeping(tmp_path, clock, batches_days=30)
    for number in range(40):
        month, date = 1 + number // 28, 1 + number % 28
        day(workspace, clock, number, HEADER + f"A,2026-{month:02}-{date:02},{number},\nB{number},2026-01-01,1,0\n")
        day(workspace, clock, number, HEADER + f"A,2026-{month:02}-{date:02},{number},\nQ,2026-01-01,{number},0\n")
    upkeep.compact(workspace)
    clock.at = START + timedelta(days=50)
    newest_before, rows_before = newest(workspace), workspace.dataset().rows
    upkeep.retain(workspace)
    gone = expired(workspace)
    # of the first twenty days those that brought no client of their own; the second one told Q's outcome first
    assert gone == list(range(4, 41, 2))
    assert newest(workspace) == newest_before
    left = workspace.dataset().rows
    kept_rows = rows_before[~rows_before["_batch"].isin(gone)].reset_index(drop=True)
    assert left.to_csv() == kept_rows.to_csv()
    assert day(workspace, clock, 51, HEADER + "A,2026-01-30,29,\nB3,2026-01-01,1,0\nZ,2026-01-01,1,0\n")
    with workspace.store.reading() as db:
        batch = ingested.list_batches(db)[0]
    assert (batch.accepted, batch.duplicate) == (2, 1)
    before = texts(shown(workspace))
    upkeep.compact(workspace)
    assert texts(shown(workspace)) == before


def test_a_withdrawn_batch_goes_unless_it_holds_what_others_delivered_again(tmp_path: Path, clock: Clock) -> None:
    workspace = keeping(tmp_path, clock, batches_days=30)
    day(workspace, clock, 0, HEADER + "A,2026-01-01,1,0\nB,2026-01-01,2,1\n")
    day(workspace, clock, 1, HEADER + "A,2026-01-01,7,0\nB,2026-01-01,8,1\n")
    day(workspace, clock, 2, HEADER + "C,2026-01-01,3,0\nD,2026-01-01,4,1\n")
    day(workspace, clock, 3, HEADER + "C,2026-01-01,3,0\n")  # seen again
    upkeep.withdraw(workspace, 2, "Ada")
    upkeep.withdraw(workspace, 3, "Ada")
    before = newest(workspace)
    assert [line[0] for line in before.splitlines()[1:]] == ["A", "B", "C"]
    clock.forward(days=100)
    upkeep.retain(workspace)
    assert expired(workspace) == [2]
    assert newest(workspace) == before


def test_rows_that_were_set_aside_go_apart_from_the_others(tmp_path: Path, clock: Clock) -> None:
    workspace = keeping(tmp_path, clock, rejected_days=30)
    bad = HEADER + "A,2026-01-01,1,0\nB,2026-01-01,2,1\nC,2026-01-01,much,1\n,2026-01-01,1,1\nE,2026-01-01,1,0\n"
    for number in range(20):
        day(workspace, clock, number, bad)
    before = texts(shown(workspace))
    assert len(rejected(workspace)) == 40
    clock.at = START + timedelta(days=34, minutes=1)
    assert upkeep.retain(workspace).endswith(": 10 lines of what was set aside.")
    assert sorted(set(rejected(workspace)["batch"])) == sorted(f"{number}.csv" for number in range(5, 20))
    assert upkeep.retain(workspace) == NOTHING
    upkeep.compact(workspace)
    clock.forward(days=5)
    assert upkeep.retain(workspace).endswith(": 10 lines of what was set aside.")
    assert sorted(set(rejected(workspace)["batch"])) == sorted(f"{number}.csv" for number in range(10, 20))
    assert upkeep.retain(workspace) == NOTHING
    assert texts(shown(workspace)) == before
    assert list_batches(workspace)["rejected"].tolist() == [1] * 20, "how many there were is told as ever"


def test_old_reports_go(tmp_path: Path, clock: Clock) -> None:
    workspace = keeping(tmp_path, clock, reports_days=30)
    workspace.reports_folder.mkdir()
    for name in ("20251205T085959Z-run1.html", "20251206T090000Z-run2.html", "20260105T080000Z-run3.html", "my.html"):
        (workspace.reports_folder / name).write_text("")
    assert upkeep.retain(workspace).endswith(": 1 report.")
    assert [path.name for path in sorted(workspace.reports_folder.iterdir())] == [
        "20251206T090000Z-run2.html", "20260105T080000Z-run3.html", "my.html",
    ]  # fmt: skip


def test_files_of_old_versions_go_but_not_of_those_that_may_be_needed(tmp_path: Path, clock: Clock) -> None:
    workspace = keeping(tmp_path, clock, versions=1)
    made = []
    for promoted in (True, True, True, False, False):
        clock.forward(days=1)
        made.append(store_version(workspace, [], promoted=promoted))
    assert upkeep.retain(workspace).endswith(": the files of 2 versions.")
    there = sorted(path.name for path in workspace.models_folder.iterdir() if path.is_dir())
    assert there == [made[number].version for number in (1, 2, 4)]
    assert upkeep.retain(workspace) == NOTHING
    for number in (0, 3):
        with pytest.raises(DamagedVersion) as error:
            workspace.model(made[number])
        assert str(error.value) == (
            f"The files of version {made[number].version} were removed, for [retention] of config.toml keeps those of "
            "1 version; name another version, or restore a backup."
        )
    workspace.model(made[2])
    with workspace.store.writing() as db:
        before = registry.roll_back(db, workspace.models_folder, clock.at, lambda _now, _before: "")
        assert before == made[1]
        with pytest.raises(DamagedVersion, match="were removed"):
            registry.promote(db, workspace.models_folder, made[3].version, clock.at, "")
        with pytest.raises(DamagedVersion, match="were removed"):
            registry.roll_back(db, workspace.models_folder, clock.at, lambda _now, _before: "")


def test_a_year_of_a_feed_is_kept_small_and_goes_on(tmp_path: Path, clock: Clock) -> None:
    workspace = keeping(tmp_path, clock, batches_days=3, rejected_days=3)
    for number, content in enumerate(tiny_batches(60, dated=True)):
        clock.forward(hours=6)
        deliver(workspace, f"{number}.csv", content)
        if number % 20 == 19:
            before = newest(workspace)
            upkeep.compact(workspace)
            assert upkeep.retain(workspace) != NOTHING
            assert newest(workspace) == before
    assert 10 < len(expired(workspace)) < 48
    assert full.ingest_run(workspace) == "No new batch."
    assert isinstance(clock.at, datetime)
