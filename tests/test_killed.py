"""A process that is killed at any instant leaves the state before or after a step; run again, it ends the same."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from core.upkeep import backups
from core.workspace import Workspace
from tests.builders import START, Clock, clients_frame, make_workspace, write_csv
from tests.upkeep_builders import deliver


def told(folder: Path, deed: str) -> list[dict[str, Any]]:
    """What stands in the end: unharmed, and killed at each point and done again."""
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run(
        [sys.executable, str(script), str(folder), deed], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def make_ready(folder: Path) -> None:
    """A workspace with a folder of three files and a table, nothing taken in yet."""
    url = f"sqlite:///{folder / 'crm.db'}"
    sources = [
        {"name": "incoming", "kind": "folder", "path": "incoming", "settle_seconds": 0},
        {"name": "crm", "kind": "sql", "url": url, "table": "clients", "cursor": "number", "batch_rows": 20},
    ]
    workspace = make_workspace(folder / "ready", {"sources": sources})
    workspace.store.engine.dispose()
    first = clients_frame(40, snapshot_date="2026-01-01")
    incoming = folder / "ready" / "incoming"
    write_csv(incoming / "1.csv", first)
    second = first.astype(object)
    second.loc[:4, "activity"] = 7
    second.loc[5, "client_id"] = ""
    second.loc[6, "activity"] = "much"
    write_csv(incoming / "2.csv", second)
    write_csv(incoming / "3.csv", "client_id,snapshot_date,exited\nC00001,2026-01-01,1\nC00002,2026-01-01,maybe\n")
    write_csv(incoming / "4.csv", "no,table,of,clients\n1,2,3,4\n")
    table = clients_frame(50, seed=1, first=1000, snapshot_date="2026-01-02").assign(number=range(50))
    with sqlite3.connect(folder / "crm.db") as database:
        table.to_sql("clients", database, index=False)
    database.close()


@pytest.mark.slow
def test_ingestion_that_is_killed_at_any_point_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    make_ready(tmp_path)
    unharmed, *killed = told(tmp_path, "ingest")
    points = unharmed.pop("points")
    assert points == len(killed) > 100
    counts = [tuple(int(b[n]) for n in ("read", "accepted", "duplicate", "rejected")) for b in unharmed["batches"]]
    assert counts[:3] == [(40, 40, 0, 0), (40, 6, 33, 1), (2, 1, 0, 1)]
    assert len(unharmed["rows"]) == 90
    for point, state in enumerate(killed):
        state.pop("points")
        assert state == unharmed, f"killed at point {point}"


def make_taken(folder: Path, batches: int, **keys: Any) -> Workspace:
    """A workspace with so many batches taken in, and a row of each set aside."""
    clock = Clock(START)
    workspace = make_workspace(folder / "ready", keys, clock)
    for number in range(batches):
        clients = clients_frame(6, seed=number, first=number % 7, snapshot_date=f"2025-12-{number + 1:02}")
        clients.loc[2, "client_id"] = ""
        deliver(workspace, f"{number}.csv", clients.astype(object))
        clock.forward(hours=6)
    return workspace


def killed_anywhere(folder: Path, deed: str) -> dict[str, Any]:
    """What stands when nobody kills the deed, which is what stands when it was killed and done again."""
    unharmed, *killed = told(folder, deed)
    assert unharmed.pop("points") == len(killed) > 0
    for point, state in enumerate(killed):
        state.pop("points", None)
        deeds = state.pop("deeds")  # what was done in two goes is told in two
        assert {tuple(one) for one in deeds} == {tuple(one) for one in unharmed["deeds"]}, f"killed at point {point}"
        assert state | {"deeds": unharmed["deeds"]} == unharmed, f"killed at point {point}"
    return unharmed


def parts(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.endswith(".parquet") and name.startswith("dataset/")}


def clients(stands: dict[str, Any]) -> set[str]:
    return {row["_client"] for row in stands["rows"]}


@pytest.mark.slow
def test_a_merge_of_parts_that_is_killed_at_any_point_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    workspace = make_taken(tmp_path, 17)
    shown = len(workspace.dataset().rows)
    workspace.store.engine.dispose()
    stands = killed_anywhere(tmp_path, "compact")
    assert len(parts(stands["files"])) == 1
    assert len(stands["rows"]) == shown == 17 * 5


@pytest.mark.slow
def test_a_withdrawal_that_is_killed_at_any_point_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    make_taken(tmp_path, 4).store.engine.dispose()
    stands = killed_anywhere(tmp_path, "withdraw")
    assert [deed[:2] for deed in stands["deeds"]] == [["Ada", "withdraw"]]
    assert len(stands["rows"]) == 3 * 5
    assert len(parts(stands["files"])) == 4, "it may be reinstated"


@pytest.mark.slow
def test_a_client_who_is_erased_under_kills_is_erased_everywhere_and_told_once(tmp_path: Path) -> None:
    make_taken(tmp_path, 4).store.engine.dispose()
    stands = killed_anywhere(tmp_path, "erase")
    assert [deed[:2] for deed in stands["deeds"]] == [["Ada", "erase"]]
    assert clients(stands) == {f"C0000{number}" for number in (0, 1, 2, 4, 5, 6, 7, 8)}


@pytest.mark.slow
def test_retention_that_is_killed_at_any_point_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    make_taken(tmp_path, 10, retention={"batches_days": 99, "rejected_days": 99}).store.engine.dispose()
    stands = killed_anywhere(tmp_path, "retain")
    assert [deed[:2] for deed in stands["deeds"]] == [["the schedule", "retain"]]
    assert len(parts(stands["files"])) == 6, "four are older than 99 days, and later ones tell of all their clients"


@pytest.mark.slow
def test_a_restoration_that_is_killed_at_any_point_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    workspace = make_taken(tmp_path, 2)
    backups.backup(workspace, tmp_path / "ready" / "kept.tar")
    deliver(workspace, "later.csv", clients_frame(5, first=900, snapshot_date="2026-01-03"))
    workspace.store.engine.dispose()
    stands = killed_anywhere(tmp_path, "restore")
    assert [deed[:2] for deed in stands["deeds"]] == [["Ada", "restore"]]
    assert clients(stands) == {f"C0000{number}" for number in range(7)}
    assert len(parts(stands["files"])) == 2
