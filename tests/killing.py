"""Runs a deed again and again, killed at one point after the other; started by tests as a process of its own.

    python tests/killing.py FOLDER DEED

FOLDER holds the workspace `ready`. For every point at which the disk or the store changes, `ready` is copied, the deed
is done in a process that kills itself (SIGKILL) just before that point, and done once more in a fresh process. What
stands then is printed, one JSON line a point; the first line is what stands when nothing is killed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
from sqlalchemy import Engine, event

from core import upkeep
from core.pipeline import full
from core.store import audit, ingested
from core.upkeep import backups
from core.views.ingestion import rejected
from core.workspace import Workspace, open_workspace
from tests.builders import START, Clock

LATER = START + timedelta(days=100)


def ingest(config: Path) -> None:
    full.ingest_run(opened(config))


def compact(config: Path) -> None:
    upkeep.compact(opened(config))


def withdraw(config: Path) -> None:
    workspace = opened(config)
    with workspace.store.reading() as db:
        withdrawn = ingested.set_aside(db)
    if 2 not in withdrawn:
        upkeep.withdraw(workspace, 2, "Ada")


def erase(config: Path) -> None:
    upkeep.erase(opened(config), "C00003", "Ada")


def retain(config: Path) -> None:
    upkeep.retain(opened(config))


def restore(config: Path) -> None:
    backups.restore(config, config.with_name("kept.tar"), "Ada", replace=True, now=Clock(LATER))


def opened(config: Path) -> Workspace:
    return open_workspace(config, Clock(LATER))


DEEDS: dict[str, Callable[[Path], None]] = {
    "ingest": ingest, "compact": compact, "withdraw": withdraw, "erase": erase, "retain": retain, "restore": restore,
}  # fmt: skip


def as_texts(frame: pd.DataFrame) -> list[dict[str, str]]:
    """Rows without the number of their batch, which a killed insertion may have used up."""
    rows = frame.drop(columns="_batch").to_dict("records")
    return [{str(name): str(value) for name, value in row.items()} for row in rows]


def state(workspace: Workspace) -> dict[str, Any]:
    """Everything that must be the same in the end, however often the process was killed on the way."""
    with workspace.store.reading() as db:
        batches = [
            {name: str(getattr(batch, name)) for name in batch.__dataclass_fields__ if name not in ("id", "seconds")}
            for batch in reversed(ingested.list_batches(db))
        ]
        deeds = [(deed["who"], deed["deed"], deed["subject"]) for deed in audit.list_deeds(db)]
        cursors = {source.name: ingested.read_cursor(db, source.name) for source in workspace.config.sources}
    dataset = workspace.dataset()
    rows = [] if dataset is None else as_texts(dataset.rows)
    deliveries = [] if dataset is None else as_texts(dataset.deliveries)
    contract = workspace.contract()
    files = sorted(
        str(path.relative_to(workspace.folder))
        for path in workspace.folder.rglob("*")
        if path.is_file() and not path.name.startswith("risk.db")
    )
    return {
        "batches": batches, "rows": rows, "deliveries": deliveries, "files": files, "cursors": cursors,
        "deeds": deeds, "rejected": rejected(workspace).astype(str).to_numpy().tolist(),
        "contract": contract.to_json() if contract else "",
    }  # fmt: skip


def kill_at(point: int) -> Callable[[], int]:
    """Count the points at which something changes for good; at this one the process is killed (-1: never)."""
    count = 0

    def reached(*_: object, **__: object) -> None:
        nonlocal count
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1

    def before(function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            reached()
            return function(*arguments, **named)

        return counted

    os.replace = before(os.replace)  # type: ignore[assignment]
    os.rename = before(os.rename)  # type: ignore[assignment]
    os.unlink = before(os.unlink)  # type: ignore[assignment]
    os.fsync = before(os.fsync)  # type: ignore[assignment]
    event.listen(Engine, "commit", reached)
    return lambda: count


def in_process(work: Callable[[], Any]) -> tuple[int, str]:
    """Do something in a forked process: how it ended, and what it returned as JSON."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        with os.fdopen(write, "w") as out:
            json.dump(work(), out)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        text = told.read()
    return os.waitpid(pid, 0)[1], text


def main(folder: Path, deed: Callable[[Path], None]) -> None:
    work = folder / "work"

    def done(point: int) -> dict[str, Any]:
        counted = kill_at(point)
        deed(work / "config.toml")
        points = counted()
        return {"points": points, **state(opened(work / "config.toml"))}

    def fresh() -> None:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(folder / "ready", work)

    fresh()
    status, unharmed = in_process(lambda: done(-1))
    if status:
        raise SystemExit("the deed fails even when nobody kills it")
    print(unharmed)
    for point in range(json.loads(unharmed)["points"]):
        fresh()
        status, _ = in_process(lambda point=point: done(point))
        if not os.WIFSIGNALED(status):
            raise SystemExit(f"point {point} was not reached")
        status, again = in_process(lambda: done(-1))
        print(again if not status else json.dumps({"failed": point}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), DEEDS[sys.argv[2]])
