"""Workspaces, client tables and files as tests need them; seeded, with a clock that the test drives."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from core.pipeline import full
from core.records import Batch
from core.store import ingested
from core.workspace import Workspace, open_workspace

START = datetime(2026, 1, 5, 9, tzinfo=UTC)

#: what a workspace is configured with unless a test says otherwise
CONFIG: dict[str, Any] = {
    "data": {"client_id": "client_id", "outcome": "exited", "as_of": "snapshot_date"},
    "sources": [{"name": "incoming", "kind": "folder", "path": "incoming", "settle_seconds": 0}],
    "store": {"files": "data"},
    # what looks at all columns together takes half of a small run's time; who tests it, asks for it
    "monitoring": {"multivariate": False},
}


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> datetime:
        """Move on by `days=`, `hours=` and so on; the new instant."""
        self.at += timedelta(**by)
        return self.at


def toml(value: Any) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def make_workspace(
    folder: Path, config: str | Mapping[str, Any] | None = None, now: Callable[[], datetime] | None = None
) -> Workspace:
    """A workspace in `folder`, its source folders made.

    `config`: the text of config.toml; or sections whose keys are laid over `CONFIG`, so that
    `{"data": {"horizon_days": 90}}` changes one key. `now`: default is a clock that stands at `START`.
    """
    if not isinstance(config, str):
        made = dict(CONFIG)
        for section, content in (config or {}).items():
            made[section] = made.get(section, {}) | content if isinstance(content, Mapping) else content
        config = "".join(f"{section} = {toml(content)}\n" for section, content in made.items())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.toml"
    path.write_text(config, encoding="utf-8")
    workspace = open_workspace(path, now or Clock())
    for source in workspace.config.sources:
        if source.kind == "folder":
            source.path.mkdir(parents=True, exist_ok=True)
    return workspace


def clients_frame(
    n: int = 400,
    *,
    seed: int = 0,
    exit_rate: float = 0.25,
    shift: float = 0.0,
    snapshot_date: date | str | None = None,
    first: int = 0,
) -> pd.DataFrame:
    """Clients C`first`, ... who leave the sooner the less active and the less satisfied they are.

    `shift` moves activity by so many standard deviations, while the risk given the inputs stays. The best
    possible roc_auc is about 0.85. One answer in twenty about satisfaction is missing.
    """
    random = np.random.default_rng(seed)
    usual, moved = random.normal(size=n), shift
    satisfaction = random.normal(7, 1, n).clip(1, 10).round(1)
    region = random.choice(["north", "south", "east"], n, p=[0.5, 0.3, 0.2])

    def log_odds(activity: np.ndarray) -> np.ndarray:
        return -1.5 * activity - 1.2 * (satisfaction - 7) + 0.6 * (region == "south")

    intercept = brentq(lambda a: expit(a + log_odds(usual)).mean() - exit_rate, -20, 20)
    exited = random.random(n) < expit(intercept + log_odds(usual + moved))
    made = pd.DataFrame(
        {
            "client_id": [f"C{first + number:05d}" for number in range(n)],
            "activity": (100 + 25 * (usual + moved)).round(1),
            "satisfaction": np.where(random.random(n) < 0.05, np.nan, satisfaction),
            "region": region,
            "exited": exited.astype(int),
        }
    )
    if snapshot_date is not None:
        made.insert(1, "snapshot_date", str(snapshot_date))
    return made


def middle_frame() -> pd.DataFrame:
    """400 clients of whom those in the middle leave, which no straight line sees: a rule does better."""
    random = np.random.default_rng(4)
    middle = random.uniform(-1, 1, 400)
    left = random.random(400) < np.where(np.abs(middle) < 0.4, 0.6, 0.1)
    return pd.DataFrame({"client_id": [f"C{n}" for n in range(400)], "middle": middle, "exited": left.astype(int)})


def write_csv(path: Path, content: pd.DataFrame | str | bytes, **how: Any) -> Path:
    """Write a frame (`how`: arguments of `to_csv`), a text or bytes to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pd.DataFrame):
        content = content.to_csv(index=False, **how)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def drop(workspace: Workspace, name: str, content: pd.DataFrame | str | bytes, **how: Any) -> Path:
    """Put a file into the first source folder."""
    return write_csv(workspace.config.sources[0].path / name, content, **how)


def arrive(workspace: Workspace, name: str, content: pd.DataFrame | str | bytes, **how: Any) -> Batch:
    """Drop a file and ingest it; the batch it became."""
    drop(workspace, name, content, **how)
    full.ingest_run(workspace)
    with workspace.store.reading() as db:
        return ingested.list_batches(db)[0]
