"""A process that is killed at any instant leaves the state before or after a step; run again, it ends the same."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.builders import clients_frame, make_workspace, write_csv


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
    assert points == len(killed) > 30
    counts = [tuple(int(b[n]) for n in ("read", "accepted", "duplicate", "rejected")) for b in unharmed["batches"]]
    assert counts[:3] == [(40, 40, 0, 0), (40, 6, 33, 1), (2, 1, 0, 1)]
    assert len(unharmed["rows"]) == 90
    for point, state in enumerate(killed):
        state.pop("points")
        assert state == unharmed, f"killed at point {point}"
