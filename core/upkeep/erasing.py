"""One client is erased everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path

import numpy as np
import pyarrow as pa

from core import ingestion, registry, roster
from core.config import SqlSource
from core.errors import BellwetherError, Busy, DamagedVersion, NotFound
from core.jobs import PATIENCE
from core.parts import REJECTED, ROWS, SEEN, merge
from core.records import Batch, Version
from core.schema import Contract
from core.store import audit, contacts, ingested, models, notes, queue
from core.store import erasing as store
from core.upkeep.naming import names_client, sources_naming, tidy_id
from core.upkeep.placing import Kept, Part, ids, kept, on_disk, part_name
from core.upkeep.placing import sweep as sweep_parts
from core.wording import listed, plural
from core.workspace import Workspace

DEED = "erase"


@dataclass
class _Found:
    """What there is about a client."""

    #: parts that hold something, and the hashes of keys that go with it
    parts: dict[str, list[np.ndarray]] = field(default_factory=dict)
    rows: int = 0
    set_aside: int = 0
    risks: int = 0
    contacts: int = 0
    versions: list[Version] = field(default_factory=list)
    #: versions whose files are not what was stored
    damaged: list[str] = field(default_factory=list)
    #: what the client is called
    labels: set[str] = field(default_factory=set)

    @property
    def anything(self) -> bool:
        return bool(self.parts or self.risks or self.contacts or self.versions)


def erase(workspace: Workspace, client: str, who: str) -> str:
    """Remove everything about one client, now and on every past day, for good. A sentence, which does not name it.

    Rows, risks, rows that were set aside, rows that versions learned from, and reports that name the client. Models
    stay what they are. Erasing a client again finishes what a kill cut off. Raises `NotFound`, and `Busy` while a job
    is running, which might bring the client back.
    """
    client = tidy_id(client, workspace.config.data)
    digest = hashlib.blake2b(client.encode(), digest_size=8).hexdigest()
    naming, unread = sources_naming(workspace, client) if client else ([], [])
    with workspace.store.exclusively(), on_disk("The client was not erased"):
        at = workspace.now()
        _refuse_while_a_job_runs(workspace, at)
        found = _find(workspace, client)
        if not found.anything:
            return _finish(workspace, client, digest)
        consequences = _consequences(workspace, naming, unread, found.damaged)
        said = _erase(workspace, client, digest, found, who, at, consequences)
        return said + _clean_up(workspace)


def _erase(
    workspace: Workspace, client: str, digest: str, found: _Found, who: str, at: datetime, consequences: str
) -> str:
    """Files first, then the rows in one transaction; nothing points to what is left then."""
    parts = _without_rows(workspace, client, found, at)
    changed = [registry.without_client(workspace.models_folder, version, client) for version in found.versions]
    names = [client, *sorted(found.labels)]
    reports = _reports_naming(workspace, names)
    said = f"Client {digest} (its id is not kept) was erased: {_counts(found, len(reports))}.{consequences}"
    said = store.naming([client]).sub(store.IN_PLACE, said)
    for path in reports:  # first: afterwards nobody knows any more what the client was called
        path.unlink()
    roster.clear(workspace.lists_folder)
    with workspace.store.writing() as db:
        for name, holds, rows, batch_ids in parts:
            ingested.insert_part(db, name, holds, rows, batch_ids, at)
        models.delete_risks(db, client)
        contacts.delete_contacts(db, client)
        notes.delete_notes(db, client)
        for version in changed:
            if version is not None:
                models.change_manifest(db, version)
        store.forget(db, names)
        audit.insert_deed(db, who, DEED, f"client {digest}", said, at)
    return said


def _finish(workspace: Workspace, client: str, digest: str) -> str:
    """What is left to do when there is nothing about the client."""
    with workspace.store.reading() as db:
        done = [one for one in audit.list_deeds(db) if (one["deed"], one["subject"]) == (DEED, f"client {digest}")]
    if not client or not done:
        raise NotFound(f"There is no client {client!r}, and nothing about one; `python -m core clients` lists them.")
    for path in _reports_naming(workspace, [client]):
        path.unlink()
    when = f"{done[0]['known_at']:%Y-%m-%d %H:%M} UTC"
    return f"Client {digest} was erased already ({when}); nothing about it is left." + _clean_up(workspace)


def _refuse_while_a_job_runs(workspace: Workspace, at: datetime) -> None:
    with workspace.store.reading() as db:
        running = [job for job in queue.list_jobs(db) if job.state == "running" and job.kind != DEED]
    for job in running:
        if job.heartbeat_at is not None and at - job.heartbeat_at < PATIENCE:
            raise Busy(
                f"A job ({job.kind}) is running, and may write down what it knew of the client when it began; "
                "erase when it is done."
            )


# --- finding


def _find(workspace: Workspace, client: str) -> _Found:
    found = _Found()
    if not client:
        return found
    everything, contract = kept(workspace), workspace.contract()
    label = contract.label if contract else ""
    for ending in (ROWS, SEEN):
        for part, rows in workspace.shelf.find(ending, everything.batches, everything.rewritten, client):
            keys = found.parts.setdefault(part, [])
            found.rows += len(rows)
            if ending == ROWS:
                keys += _keys(rows)
                found.labels |= set(rows[label].drop_null().to_pylist()) if label in rows.column_names else set()
    for holder, about in _set_aside(workspace, client, everything, contract):
        found.parts.setdefault(holder.name, [])
        found.set_aside += int(about.sum())
    with workspace.store.reading() as db:
        risks, versions = models.risks_of_client(db, client), models.list_versions(db)
        spoken = contacts.list_contacts(db)
    found.risks, found.contacts = len(risks), int((spoken["client"] == client).sum())
    found.labels |= set(risks["label"]) - {""}
    for version in versions:
        try:
            learned = registry.load_learned(workspace.models_folder, version)
        except DamagedVersion:
            if not registry.is_retired(workspace.models_folder, version.version):
                found.damaged.append(version.version)
            continue
        if (learned["_client"] == client).any():
            found.versions.append(version)
    return found


def _set_aside(
    workspace: Workspace, client: str, everything: Kept, contract: Contract | None
) -> Iterator[tuple[Part, np.ndarray]]:
    """Parts with rows or cells of the client that were set aside, and which."""
    names = _names(workspace, client, everything.batches, contract)
    for part in everything.parts():
        for table in workspace.shelf.tables(REJECTED, part.batches, everything.rewritten):
            about = names(table)
            if about.any():
                yield part, about


def _names(
    workspace: Workspace, client: str, batches: list[Batch], contract: Contract | None
) -> Callable[[pa.Table], np.ndarray]:
    by_id = {batch.id: batch for batch in batches}
    return lambda table: names_client(table, client, by_id, contract, workspace.config.data)


def _keys(rows: pa.Table) -> list[np.ndarray]:
    """The hashes by which the keys of these rows may be known: with their date, without, or of the day they came."""
    undated = rows.set_column(
        rows.column_names.index("_as_of"), "_as_of", pa.nulls(len(rows), rows.schema.field("_as_of").type)
    )
    made = [ingestion.key_hashes(table) for table in (rows, undated)]
    for arrived in rows["_known_at"].unique().to_pylist():
        made += [ingestion.key_hashes(table, undated=arrived.isoformat()) for table in (rows, undated)]
    return made


# --- removing


def _without_rows(
    workspace: Workspace, client: str, found: _Found, at: datetime
) -> list[tuple[str, str, int, list[int]]]:  # fmt: skip
    """Write the parts anew without the client: name, what it holds, accepted rows, ids of batches."""
    everything = kept(workspace)
    names = _names(workspace, client, everything.batches, workspace.contract())

    def keep(ending: str, rows: pa.Table) -> np.ndarray:
        if ending == REJECTED:
            return ~names(rows)
        others: np.ndarray = rows["_client"].to_numpy() != client
        return others

    made = []
    number = everything.next_part
    for part in everything.parts():
        if part.name in found.parts:
            keys = found.parts[part.name]
            dropped = np.concatenate(keys) if keys else None
            name = part_name(at, number)
            rows = merge(workspace.shelf, name, part.batches, everything.rewritten, keep, dropped)
            made.append((name, part.holds, rows, ids(part.batches)))
            number += 1
    return made


def _reports_naming(workspace: Workspace, names: list[str]) -> list[Path]:
    words = store.naming([*names, *map(escape, names)])
    short = [f">{escape(name)}<" for name in names]
    found = []
    for path in sorted(workspace.reports_folder.glob("*.html")):
        text = path.read_text(encoding="utf-8")
        if words.search(text) or any(cell in text for cell in short):
            found.append(path)
    return found


def _clean_up(workspace: Workspace) -> str:
    """Remove what nothing points to any more; a further sentence when something of it is still there."""
    sweep_parts(workspace, kept(workspace))
    for path in workspace.fetched_folder.glob("*"):
        path.unlink()
    with workspace.store.reading() as db:
        versions = models.list_versions(db)
    for version in versions:
        registry.sweep(workspace.models_folder, version)
    try:
        wiped, why = store.wipe(workspace.store.engine), "other processes read from it"
    except BellwetherError as error:
        wiped, why = False, str(error)
    if wiped:
        return ""
    return f" Traces may be left in the file of the store ({why}): erase the client once more later."


# --- telling


def _counts(found: _Found, reports: int) -> str:
    told = [plural(found.rows, "row"), plural(found.risks, "risk")]
    told += [plural(found.contacts, "contact")] if found.contacts else []
    if found.set_aside:
        told.append(f"{plural(found.set_aside, 'line')} of what was set aside")
    if reports:
        told.append(f"{plural(reports, 'report')} that named it")
    if found.versions:
        versions = _few([version.version for version in found.versions])
        they = "it" if len(found.versions) == 1 else "they"
        told.append(f"what {versions} learned from it ({they} can no longer be rebuilt exactly)")
    return listed(told)


def _few(names: list[str]) -> str:
    """At most ten of them."""
    return listed(names if len(names) <= 10 else [*names[:10], f"{len(names) - 10:,} more"])


def _consequences(workspace: Workspace, naming: list[str], unread: list[str], damaged: list[str]) -> str:
    said = []
    if naming:
        them = "it names" if len(naming) == 1 else "they name"
        said.append(
            f"Take the client out of {_few(naming)}: {them} it, and it comes back when the content is delivered "
            "in another file."
        )
    if unread:
        said.append(f"{_few(unread)} could not be looked into.")
    tables = [source.place for source in workspace.config.sources if isinstance(source, SqlSource)]
    if tables:
        said.append(f"Take it out of {_few(tables)} too, where it is: that was not looked into.")
    if damaged:
        said.append(f"The files of {_few(damaged)} are not what was stored; they were left alone, and may name it.")
    said.append("Backups that were made before still hold it.")
    return " " + " ".join(said)
