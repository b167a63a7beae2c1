"""Workspaces for the dashboard's tests: nothing in, too little to trust, no model worth it, and a rich dated one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from filelock import FileLock

from core.pipeline import full
from core.workspace import Workspace, open_workspace
from tests.builders import Clock, clients_frame, drop, make_workspace

HOME = Path(__file__).resolve().parents[1]
PAGES = (
    "today", "clients", "client", "score", "quality", "drift", "versions", "ingestion", "rejected", "contract", "runs",
    "packages", "jobs", "reports",
)  # fmt: skip
#: a client's name that must neither be fetched by a browser nor run by a spreadsheet
HOSTILE = "=![x](http://tracker.invalid/p.png)"
#: quick to fit, promoted again every month, so that there is a version to go back to
CONFIG = {
    "data": {
        "client_id": "client_id", "outcome": "exited", "as_of": "snapshot_date", "value": "annual_revenue",
        "owner": "owner", "label": "name", "horizon_days": 90,
    },
    "model": {"families": ["logistic"], "gate": {"non_inferiority": 0.5}},
    "monitoring": {"multivariate": True},
    "retrain": {"max_age_days": 20, "min_new_outcomes": 50},
}  # fmt: skip
CLIENTS, MONTHS = 400, 7


@dataclass(frozen=True)
class Stores:
    """Folders with a config.toml each."""

    empty: Path
    provisional: Path
    no_list: Path
    rich: Path


def build(own: Path, shared: Path) -> Stores:
    """Copies in `own` of those in `shared`, which the first process that asks makes and none opens after that.

    Whoever changes one works on a `copy`.
    """
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            part = shared.with_suffix(".part")
            _make(part)
            part.rename(shared)
    shutil.copytree(shared, own)
    return Stores(own / "empty", own / "provisional", own / "no_list", own / "rich")


def _make(root: Path) -> None:
    made = [make_workspace(root / "empty")]
    for name, frame in (("provisional", clients_frame(60)), ("no_list", _noise())):
        workspace = make_workspace(root / name, {"model": {"families": ["logistic"]}})
        drop(workspace, "clients.csv", frame)
        full.full_run(workspace)
        made.append(workspace)
    made.append(_rich(root / "rich"))
    for workspace in made:
        workspace.store.engine.dispose()  # else a part of the store stands in a file beside it


def _noise() -> pd.DataFrame:
    """Clients whose outcomes have nothing to do with them."""
    frame = clients_frame(400)
    return frame.assign(exited=frame["exited"].sample(frac=1, random_state=4).to_numpy())


def _rich(folder: Path) -> Workspace:
    """Months lived through: files, outcomes 90 days later, retraining, drift, a refused file and rejected rows."""
    clock = Clock()
    workspace = make_workspace(folder, CONFIG, clock)
    events = []
    for number in range(MONTHS):
        at = datetime(2026, number + 1, 1, 6, tzinfo=UTC)
        events += [(at, "clients", number), (at + timedelta(days=91), "outcomes", number)]
    for at, holds, number in sorted(events):
        if at > datetime(2026, MONTHS, 2, tzinfo=UTC):
            break
        clock.at = at
        known = _month(number)
        wanted = ["client_id", "snapshot_date", "exited"]
        frame = known[wanted] if holds == "outcomes" else known.drop(columns="exited")
        if holds == "clients" and number == MONTHS - 1:
            frame.loc[1, "snapshot_date"] = "yesterday"
            frame["satisfaction"] = frame["satisfaction"].astype(object)
            frame.loc[3, "satisfaction"] = "very good"
            drop(workspace, "letter.csv", "dear,all\n1,2\n")
        drop(workspace, f"{holds}-{number + 1}.csv", frame)
        full.full_run(workspace)
    return workspace


def _month(number: int) -> pd.DataFrame:
    """The same clients a month on; in the last month they are far more active."""
    shift = 1.5 if number == MONTHS - 1 else 0.0
    frame = clients_frame(CLIENTS, seed=number, shift=shift, snapshot_date=f"2026-{number + 1:02}-01")
    frame["name"] = [HOSTILE if client == "C00007" else f"Client {client} Ltd" for client in frame["client_id"]]
    frame["owner"] = ["Anna Berger", "Marek Dvorak", "Ines Carvalho", "Jonas Lindqvist"] * (CLIENTS // 4)
    frame["annual_revenue"] = 1000.0 + 37 * frame.index
    return frame


def copy(store: Path, to: Path) -> Path:
    """A store of one's own to change; its config file."""
    shutil.copytree(store, to)
    return to / "config.toml"


def with_example(stores: Stores, to: Path) -> Path:
    """An empty workspace beside which the example company has been made; its config file."""
    config = copy(stores.empty, to)
    shutil.copytree(stores.rich, open_workspace(config).folder / "example")
    return config


def opened(config: Path) -> Workspace:
    """The workspace of a config file, on the real clock."""
    return open_workspace(config)
