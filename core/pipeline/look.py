"""A look into the sources: what is new there, and what is wrong."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core import sources
from core.config import FolderSource, SqlSource
from core.errors import RefusedFile
from core.ingestion import Opener
from core.schema import Contract
from core.sources import Fetched
from core.store import ingested
from core.workspace import Workspace


@dataclass(frozen=True)
class Delivery:
    """Content that is to become a batch."""

    source: str
    name: str
    sha256: str
    #: "auto", "clients" or "outcomes"
    holds: str
    open: Opener
    sheet: str = ""
    #: raises `RefusedFile` when the content is no longer what `sha256` says
    check: Callable[[], None] = lambda: None
    #: how far a table was fetched with it
    cursor: str | None = None


@dataclass
class Found:
    """What a look into the sources brought."""

    files: list[Delivery] = field(default_factory=list)
    #: fetched slices of tables, begun but not fetched whole
    tables: list[tuple[SqlSource, Fetched, Iterator[Fetched]]] = field(default_factory=list)
    #: (source, file) -> what is wrong with it
    troubles: dict[tuple[str, str], str] = field(default_factory=dict)
    #: tables of which a slice was refused: they are not gone on with
    held_up: set[str] = field(default_factory=set)

    @property
    def anything(self) -> bool:
        """Whether there is something to take in."""
        return bool(self.files or self.tables)

    @property
    def sentences(self) -> list[str]:
        """What is wrong, for people."""
        return list(self.troubles.values())

    def close(self) -> None:
        """Let go of what was begun and will not be taken in."""
        for _, first, rest in self.tables:
            first.path.unlink(missing_ok=True)
            rest.close()  # type: ignore[attr-defined]
        self.tables.clear()


@contextmanager
def looking(workspace: Workspace) -> Iterator[Found]:
    """New content in every source; what was taken before, or refused under the same rules, is passed over.

    What cannot be looked at, and files that are still being written, are left alone: the store remembers what is
    wrong, and they are tried again next time. Within the block no other process adds to the dataset.
    """
    with workspace.store.exclusively():
        _sweep(workspace)
        found = Found()
        try:
            _look(workspace, found)
            yield found
        finally:
            found.close()


def _sweep(workspace: Workspace) -> None:
    """Remove what a kill left half done."""
    workspace.shelf.sweep()
    for path in workspace.fetched_folder.glob("*"):
        path.unlink(missing_ok=True)


def _look(workspace: Workspace, found: Found) -> None:
    contract = workspace.contract()
    for source in workspace.config.sources:
        rules = read_by(workspace, contract, source.holds, getattr(source, "sheet", ""))
        with workspace.store.reading() as db:
            settled = ingested.settled(db, rules)
        settled |= {delivery.sha256 for delivery in found.files}
        if isinstance(source, FolderSource):
            _look_into_folder(workspace, source, settled, found)
        else:
            _look_into_table(workspace, source, settled, found)
    note_troubles(workspace, found.troubles)


def _look_into_folder(workspace: Workspace, source: FolderSource, settled: set[str], found: Found) -> None:
    polled = sources.poll(source)
    found.troubles |= {(source.name, name): sentence for name, sentence in polled.troubles.items()}
    with workspace.store.reading() as db:
        seen = ingested.sightings(db, source.name)
    strange = [arrival for arrival in polled.arrivals if seen.get(arrival.name, ("", ""))[0] != arrival.stamp]
    writing = sources.still_changing(strange, source.settle_seconds, time.sleep)
    looked_at: dict[str, tuple[str, str]] = {}
    for arrival in polled.arrivals:
        if arrival.name in writing:
            continue
        stamp, sha256 = seen.get(arrival.name, ("", ""))
        if stamp != arrival.stamp:
            try:
                sha256 = sources.sha256_of(arrival)
            except RefusedFile as error:
                found.troubles[source.name, arrival.name] = str(error)
                continue
            looked_at[arrival.name] = (arrival.stamp, sha256)
        if sha256 not in settled:
            settled.add(sha256)
            delivery = Delivery(
                source.name, arrival.name, sha256, arrival.holds, arrival.open, source.sheet, arrival.check
            )
            found.files.append(delivery)
    if looked_at:
        with workspace.store.writing() as db:
            ingested.insert_sightings(db, source.name, looked_at, workspace.now())


def _look_into_table(workspace: Workspace, source: SqlSource, settled: set[str], found: Found) -> None:
    with workspace.store.reading() as db:
        state = ingested.read_cursor(db, source.name)
    slices = sources.fetch(source, state, workspace.fetched_folder)
    try:
        first = next(slices, None)
        while first is not None and not source.cursor and first.sha256 in settled:
            first.path.unlink()
            first = next(slices, None)
    except RefusedFile as error:
        found.troubles[source.name, ""] = str(error)
        return
    if first is None:
        return
    with workspace.store.reading() as db:
        refused = ingested.refusal(db, first.sha256, read_by(workspace, workspace.contract(), source.holds, ""))
    if refused:  # neither the rows nor the rules changed; the rows after them wait
        found.troubles[source.name, ""] = held_up(first.name, refused)
        first.path.unlink()
        slices.close()  # type: ignore[attr-defined]
    else:
        found.tables.append((source, first, slices))


def held_up(name: str, refused: str) -> str:
    """A sentence on a slice of a table that was refused."""
    return f"{name} was refused, and what comes after it waits: {refused}"


def note_troubles(workspace: Workspace, troubles: dict[tuple[str, str], str]) -> None:
    """Write down what is wrong now where it was not before, and what is right again."""
    with workspace.store.reading() as db:
        before = {place: told for place, (told, _) in ingested.open_troubles(db).items()}
    changed = {place: told for place, told in troubles.items() if before.get(place) != told}
    changed |= dict.fromkeys(before.keys() - troubles.keys(), "")
    if changed:
        with workspace.store.writing() as db:
            for (source, name), sentence in changed.items():
                ingested.insert_trouble(db, source, name, sentence, workspace.now())


def read_by(workspace: Workspace, contract: Contract | None, holds: str, sheet: str) -> str:
    """Changes when a refused file might be read differently."""
    rules = [workspace.config.data.model_dump_json(), contract.fingerprint if contract else "", holds, sheet]
    return hashlib.blake2b("\x1f".join(rules).encode(), digest_size=16).hexdigest()


def deliveries(found: Found) -> Iterator[Delivery]:
    """Everything that was found, tables slice by slice; a table that is away is a trouble of its own."""
    yield from found.files
    while found.tables:
        source, first, rest = found.tables.pop()
        fetched: Fetched | None = first
        try:
            while fetched is not None:
                path = fetched.path
                yield Delivery(
                    source.name, fetched.name, fetched.sha256, source.holds, _opener(path), cursor=fetched.state
                )  # fmt: skip
                path.unlink(missing_ok=True)
                fetched = None if source.name in found.held_up else next(rest, None)
        except RefusedFile as error:
            found.troubles[source.name, ""] = str(error)


def _opener(path: Path) -> Opener:
    return lambda: path.open("rb")
