"""Files become batches."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core import files, ingestion, schema, sources
from core.config import SqlSource
from core.errors import BellwetherError
from core.ingestion import ACCEPTED, DUPLICATE, SUPERSEDED, Checked, RawTable
from core.pipeline.running import Step
from core.schema import Contract
from core.sources import Arrival
from core.store import ingested
from core.wording import plural
from core.workspace import INDEX, REJECTED, SEEN, Workspace


@dataclass(frozen=True)
class Found:
    """What a look into the sources brought: new arrivals with their sha256, and what could not be looked at."""

    arrivals: tuple[tuple[Arrival, str], ...]
    problems: tuple[str, ...]


def look(workspace: Workspace) -> Found:
    """New files in every source; those taken before, or refused under the same rules, are passed over."""
    contract = workspace.contract()
    arrivals: list[tuple[Arrival, str]] = []
    problems: list[str] = []
    seen: set[str] = set()
    for source in workspace.config.sources:
        if isinstance(source, SqlSource):
            continue
        try:
            here = sources.poll(source)
        except BellwetherError as error:
            problems.append(str(error))
            continue
        for arrival in here:
            try:
                sha256 = hashlib.sha256(arrival.content()).hexdigest()
            except BellwetherError as error:
                problems.append(str(error))
                continue
            with workspace.store.reading() as db:
                known = ingested.is_settled(db, sha256, _read_by(workspace, contract))
            if not known and sha256 not in seen:
                arrivals.append((arrival, sha256))
            seen.add(sha256)
    return Found(tuple(arrivals), tuple(problems))


def _read_by(workspace: Workspace, contract: Contract | None) -> str:
    """Changes when a refused file might be read differently."""
    rules = workspace.config.data.model_dump_json() + (contract.fingerprint if contract else "")
    return hashlib.blake2b(rules.encode(), digest_size=16).hexdigest()


def ingest(workspace: Workspace, step: Step, found: Found, known_at: datetime) -> str:
    """Take every arrival as a batch of its own; a sentence on what came of it.

    A file that cannot be taken is recorded as refused with its reason, and the others go on.
    """
    totals = dict.fromkeys(("read", "accepted", "duplicate", "superseded", "rejected"), 0)
    refused = []
    for number, (arrival, sha256) in enumerate(found.arrivals):
        step.progress(number / len(found.arrivals), arrival.name)
        batch = take(workspace, arrival, sha256, known_at)
        if batch["refused"]:
            refused.append(f"{arrival.name} was refused: {batch['refused']}")
        for name in totals:
            totals[name] += batch[name]
    return _sentence(len(found.arrivals) - len(refused), totals, [*refused, *found.problems])


def _sentence(taken: int, totals: dict[str, int], troubles: list[str]) -> str:
    if not taken:
        return " ".join(["No new batch.", *troubles])
    counts = ", ".join(f"{totals[name]:,} {name}" for name in ("accepted", "duplicate", "superseded", "rejected"))
    batches = "1 batch" if taken == 1 else f"{taken:,} batches"
    return " ".join([f"{batches} taken: {plural(totals['read'], 'row')} read, {counts}.", *troubles])


def take(workspace: Workspace, arrival: Arrival, sha256: str, known_at: datetime) -> dict[str, Any]:
    """Read one file and record it as a batch, taken or refused; the recorded row.

    Files first, then the row: a kill in between leaves orphan files and no batch.
    """
    begun = time.perf_counter()
    contract = workspace.contract()
    batch: dict[str, Any] = {
        "source": arrival.source, "name": arrival.name, "sha256": sha256, "holds": "clients", "known_at": known_at,
        "read": 0, "accepted": 0, "duplicate": 0, "superseded": 0, "rejected": 0, "part": "", "refused": "",
        "read_by": _read_by(workspace, contract),
    }  # fmt: skip
    inferred: Contract | None = None
    try:
        raw = ingestion.read_csv(arrival.content(), workspace.config.data)
        if _holds(raw, arrival, workspace):
            batch["holds"] = "outcomes"
            checked = ingestion.check_outcomes(raw, workspace.config.data)
            dated = True
        else:
            if contract is None:
                contract = inferred = schema.infer_contract(raw.table, workspace.config.data)
            checked = ingestion.check_clients(raw, contract, workspace.config.data)
            dated = contract.dated
        batch["part"] = f"{known_at:%Y%m%dT%H%M%S%fZ}-{sha256[:12]}"
        batch |= _write(workspace, batch, checked, dated=dated)
    except BellwetherError as error:
        batch["refused"] = str(error)
    batch["seconds"] = time.perf_counter() - begun
    with workspace.store.writing() as db:
        if inferred is not None and batch["accepted"]:
            ingested.insert_contract(db, inferred.to_json(), known_at)
        ingested.insert_batch(db, batch)
    return batch


def _holds(raw: RawTable, arrival: Arrival, workspace: Workspace) -> bool:
    if arrival.holds != "auto":
        return arrival.holds == "outcomes"
    return schema.holds_outcomes_only(raw.table.column_names, workspace.config.data)


def _write(workspace: Workspace, batch: dict[str, Any], checked: Checked, *, dated: bool) -> dict[str, int]:
    """Write a batch's files; its counts."""
    accepted, name = checked.accepted, batch["part"]
    keys = ingestion.key_hashes(accepted)
    contents = ingestion.content_hashes(accepted)
    with workspace.store.reading() as db:
        taken = [b for b in ingested.taken_batches(db) if b.holds == batch["holds"] and b.accepted]
    earlier = [b for b in taken if b.known_at <= batch["known_at"]]  # replayed history does not know the future
    known = files.newest_contents((workspace.part_path(b.part, INDEX) for b in reversed(earlier)), keys)
    if batch["holds"] == "outcomes":  # by id alone, the same outcome again is about the client's next snapshot
        known[accepted["_as_of"].is_null().to_numpy(zero_copy_only=False)] = b""
    fate = ingestion.assign(keys, contents, known)
    kept = pa.array(fate == ACCEPTED)
    again = accepted.filter(pa.array((fate == DUPLICATE) & (contents == known)))
    if not dated:
        arrived = pa.repeat(pa.scalar(batch["known_at"], pa.timestamp("us", tz="UTC")), accepted.num_rows)
        accepted = accepted.set_column(accepted.column_names.index("_as_of"), "_as_of", arrived)
    if (fate == ACCEPTED).any():
        files.write_index(workspace.part_path(name, INDEX), keys[fate == ACCEPTED], contents[fate == ACCEPTED])
        files.write_part(workspace.part_path(name), accepted.filter(kept))
    if (fate == DUPLICATE).any():
        files.write_part(workspace.part_path(name, SEEN), again.select(["_client", "_content"]))
    rejected = checked.rejected
    if len(rejected):
        table = pa.Table.from_pandas(rejected, preserve_index=False)
        files.write_part(workspace.rejected_folder / f"{name}{REJECTED}", table)
    return {
        "read": checked.read,
        "accepted": int(np.sum(fate == ACCEPTED)),
        "duplicate": int(np.sum(fate == DUPLICATE)),
        "superseded": int(np.sum(fate == SUPERSEDED)),
        "rejected": ingestion.rejected_rows(rejected),
    }


def read_rejected(workspace: Workspace, part: str) -> pd.DataFrame:
    """Rejected rows and cells of a batch: line, column, value, reason, row, set_aside."""
    path = workspace.rejected_folder / f"{part}{REJECTED}"
    if not part or not path.is_file():
        return pd.DataFrame(columns=["line", "column", "value", "reason", "row", "set_aside"])
    found: pd.DataFrame = files.read_part(path).to_pandas()
    return found
