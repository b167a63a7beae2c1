"""Documents that runs wrote."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pandas as pd

from core.errors import NotFound
from core.workspace import Workspace

_INSTANT = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(\d{8}T\d{6}Z)-run(\d+)")


def reports(workspace: Workspace) -> pd.DataFrame:
    """Reports that are kept, newest first: name, known_at, run_id, kilobytes."""
    rows = []
    for path in sorted(workspace.reports_folder.glob("*-run*.html"), reverse=True):
        named = _NAME.fullmatch(path.stem)
        if named is None:
            continue  # somebody else's file
        known_at = datetime.strptime(named[1], _INSTANT).replace(tzinfo=UTC)
        if workspace.store.at is None or known_at <= workspace.store.at:
            rows.append((path.name, known_at, int(named[2]), path.stat().st_size / 1024))
    return pd.DataFrame(rows, columns=["name", "known_at", "run_id", "kilobytes"])


def read(workspace: Workspace, name: str) -> bytes:
    """A report by its name. Raises `NotFound` for a name that `reports` does not give."""
    if name not in set(reports(workspace)["name"]):
        raise NotFound(f"There is no report {name!r}; it may have been removed after the time that config.toml says.")
    return (workspace.reports_folder / name).read_bytes()
