"""A workspace with two versions, as tests of versions need it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from core.pipeline import full
from core.records import Version
from core.store import models
from core.workspace import Workspace, open_workspace
from tests.builders import START, Clock, arrive, clients_frame, drop, make_workspace

#: the two versions were made with these, and a day apart
FIRST = {"model": {"families": ["logistic"], "folds": 3}}
SECOND = {"model": {"families": ["ebm"], "folds": 2, "pairs": 0}}
#: rows that arrive once both were made, told apart by their ids
FRESH = clients_frame(200, seed=3, first=2000)


def lived(folder: Path) -> Workspace:
    """Clients whose activity is anybody's, a champion of them, then better rows and a better champion.

    Two days after the first one 200 more clients arrived, with outcomes that neither version knew.
    """
    clock = Clock()
    workspace = make_workspace(folder, FIRST, clock)
    frame = clients_frame(260, seed=1)
    frame["activity"] = frame["activity"].sample(frac=1, random_state=0).to_numpy()
    drop(workspace, "1.csv", frame)
    full.full_run(workspace)
    clock.forward(days=1)
    workspace = make_workspace(folder, SECOND, clock)
    drop(workspace, "2.csv", clients_frame(500, seed=2, first=260))
    full.full_run(workspace, retrain=True)
    clock.forward(days=1)
    arrive(workspace, "3.csv", FRESH)
    return workspace


def copied(workspace: Workspace, folder: Path) -> Workspace:
    """A copy to be changed, two days after the first version was made."""
    shutil.copytree(workspace.config_path.parent, folder, dirs_exist_ok=True)
    return open_workspace(folder / "config.toml", Clock(START + timedelta(days=2)))


def versions_of(workspace: Workspace) -> list[Version]:
    """Versions, oldest first."""
    with workspace.store.reading() as db:
        return list(reversed(models.list_versions(db)))
