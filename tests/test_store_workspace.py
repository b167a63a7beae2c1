"""A workspace lives the same life with its store on SQLite and on Postgres."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from core.store import ingested
from core.workspace import Workspace, open_workspace
from tests.builders import Clock, arrive, clients_frame

ROOT = Path(__file__).resolve().parents[1]


def test_what_came_in_is_known_to_whoever_opens_the_workspace_next(any_workspace: Workspace, clock: Clock) -> None:
    first = arrive(any_workspace, "january.csv", clients_frame(60, snapshot_date="2026-01-01"))
    clock.forward(days=31)
    second = arrive(any_workspace, "february.csv", clients_frame(60, seed=1, snapshot_date="2026-02-01"))
    assert [(one.refused, one.read, one.accepted) for one in (first, second)] == [("", 60, 60)] * 2

    again = open_workspace(any_workspace.config_path, clock)
    dataset, past = again.dataset(), again.at(first.known_at).dataset()
    assert dataset is not None
    assert past is not None
    assert (len(dataset.rows), len(past.rows)) == (120, 60)
    with again.store.reading() as db:
        assert ingested.taken_batches(db) == [first, second]
    again.store.engine.dispose()

    command = [sys.executable, "-m", "core", "batches", "--json", "--config", str(any_workspace.config_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ)
    assert [one["name"] for one in json.loads(told.stdout)] == ["february.csv", "january.csv"]
