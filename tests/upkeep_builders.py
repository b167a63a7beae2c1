"""Workspaces with many batches, and what they show, as the tests of upkeep need them."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core import registry
from core.pipeline.ingest import Delivery, take
from core.records import Version
from core.store import audit, ingested, models
from core.workspace import Workspace
from tests.model_builders import hand_made


def deliver(workspace: Workspace, name: str, content: pd.DataFrame | str, known_at: datetime | None = None) -> int:
    """Take a file in without looking into a folder; the id of its batch."""
    text = content if isinstance(content, str) else content.to_csv(index=False)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    delivery = Delivery("incoming", name, sha256, "auto", lambda: io.BytesIO(text.encode()))
    taken = take(workspace, delivery, known_at or workspace.now())
    assert not taken["refused"], taken["refused"]
    with workspace.store.reading() as db:
        return ingested.list_batches(db)[0].id


def tiny_batches(count: int, *, clients: int = 40, dated: bool = False, seed: int = 0) -> list[str]:
    """Files of some few rows: changed and unchanged clients, outcomes that come apart, rows that are set aside."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        month = 1 + number % 3
        if number % 10 == 9:
            who = random.choice(clients, 3, replace=False)
            rows = [f"C{one:03},2026-{month:02}-01,{int(random.random() < 0.5)}" for one in who]
            header = "client_id,snapshot_date,exited"
            if not dated:
                header, rows = "client_id,exited", [row.replace(f",2026-{month:02}-01", "") for row in rows]
        else:
            who = np.arange(clients) if number == 0 else random.choice(clients, 6, replace=False)
            dates = f"2026-{month:02}-01," if dated else ""
            rows = [f"C{one:03},{dates}{random.integers(0, 3)},{random.choice(['a', 'b'])}," for one in who]
            rows += [f",{dates}1,a,", f"C900,{dates}1,a,perhaps"] if number % 7 == 3 else []
            header = f"client_id,{'snapshot_date,' if dated else ''}x,kind,exited"
        made.append("\n".join([header, *rows, ""]) + "\n" * (number + 1))  # no two files are the same
    return made


def shown(workspace: Workspace) -> dict[str, Any]:
    """Everything about the dataset that people see, in an order of its own."""
    dataset = workspace.dataset()
    if dataset is None:
        return {"fingerprint": None}
    rows = dataset.rows.assign(_content=dataset.rows["_content"].map(bytes.hex))
    return {
        "fingerprint": dataset.fingerprint,
        "rows": rows.to_dict("list") | {"_as_of": rows["_as_of"].astype(str).tolist()},
        "deliveries": sorted(map(str, dataset.deliveries.itertuples(index=False, name=None))),
        "current": [sorted(side["_client"]) for side in dataset.current(workspace.now(), 0)],
    }


def texts(told: Any) -> str:
    """In a form in which NaN equals NaN."""
    return repr(told)


def files_of(workspace: Workspace) -> list[str]:
    """Files of the workspace but for the database."""
    return sorted(
        str(path.relative_to(workspace.folder))
        for path in workspace.folder.rglob("*")
        if path.is_file() and not path.name.startswith("risk.db")
    )


def deeds(workspace: Workspace) -> list[tuple[str, str, str, str]]:
    """The audit trail, oldest first: who, deed, subject, sentence."""
    with workspace.store.reading() as db:
        found = audit.list_deeds(db)
    return [(one["who"], one["deed"], one["subject"], one["sentence"]) for one in reversed(found)]


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def store_version(workspace: Workspace, batches: list[int] | None, *, promoted: bool = True) -> Version:
    """A version that learned from these batches (None: its manifest does not tell), made now."""
    at = workspace.now()
    name = registry.version_id(at, {"batches": batches})
    dataset = workspace.dataset()
    rows = dataset.rows[["_client", "_as_of"]].head(3) if dataset else pd.DataFrame({"_client": [], "_as_of": []})
    learned = rows.assign(outcome=0, risk=0.5)
    manifest = {"version": name} | ({} if batches is None else {"batches": batches})
    values = pd.DataFrame({"usage": [1.0, np.nan], "plan": pd.Series(["A", None], dtype=object)})
    model = hand_made().with_checks(values)
    sha256 = registry.save_files(workspace.models_folder / name, model, "# Card\n", learned, manifest)
    version = Version(
        version=name, known_at=at, family="logistic", provisional=False, base_rate=0.2, trained_rows=3, threshold=0.4,
        fingerprint="f", manifest_sha256=sha256,
    )  # fmt: skip
    with workspace.store.writing() as db:
        models.insert_version(db, version)
        if promoted:
            models.insert_promotion(db, name, at, "promote", "by hand")
    return version
