"""One batch: what became of it, where its file lies now, and which clients it no longer holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from core import sources
from core.config import FolderSource
from core.errors import NotFound
from core.parts import ROWS, SEEN
from core.records import Batch
from core.store import ingested, models
from core.views.clients import ClientList
from core.views.ingestion import read_as
from core.workspace import Parts, Workspace

#: a batch brings the whole book when it delivers at least this share of what any of the batches before it did
_BOOK, _EARLIER = 0.5, 12
#: clients off the list whose names are looked up at most
MOST_NAMED = 500


@dataclass(frozen=True)
class OneBatch:
    """A batch and its life."""

    batch: Batch
    #: taken, refused, withdrawn, expired
    state: str
    #: how it was read, in words
    read_as: str
    #: when it was set aside or counted again, oldest first: known_at, kind, sentence
    events: list[dict[str, Any]]

    @property
    def faulty(self) -> bool:
        """Whether rows or cells of it were set aside."""
        return self.batch.rejected + self.batch.bad_cells > 0


def one_batch(workspace: Workspace, batch_id: str) -> OneBatch:
    """A batch by its number as the address writes it. Raises `NotFound`."""
    with workspace.store.reading() as db:
        found = ingested.read_batch(db, int(batch_id)) if _is_number(batch_id) else None
        if found is None:
            raise NotFound(f"There is no batch {batch_id}: the page Ingestion lists those that came in.")
        aside, events = ingested.set_aside(db).get(found.id, ""), ingested.withdrawals_of(db, found.id)
    states = {ingested.WITHDRAW: "withdrawn", ingested.EXPIRE: "expired"}
    state = "refused" if found.refused else states.get(aside, "taken")
    return OneBatch(found, state, read_as(found), events)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def lies_where(workspace: Workspace, batch: Batch) -> str:
    """Whether the file of a batch still lies in its source, in a sentence."""
    if batch.source == ingested.UPLOAD:
        return "It was given by hand on a page, so it lies in no source."
    source = next((one for one in workspace.config.sources if one.name == batch.source), None)
    if source is None:
        return f"Its source {batch.source} is no longer watched."
    if not isinstance(source, FolderSource):
        return f"It was fetched from {source.place}; what is refused there is fetched again, and what follows waits."
    lying = next((one for one in sources.poll(source).arrivals if one.name == batch.name), None)
    if lying is None:
        return f"The file no longer lies in {source.place}."
    with workspace.store.reading() as db:
        stamp, sha256 = ingested.sightings(db, source.name).get(batch.name, ("", ""))
    if stamp == lying.stamp and sha256 == batch.sha256:
        return f"The file still lies in {source.place}, unchanged."
    return f"A file of that name lies in {source.place}, with other content than this batch had."


def whole_books(batches: Sequence[Batch]) -> list[Batch]:
    """Of the client batches of one source, in the order of arrival, those that bring the whole book of clients.

    A feed of changed rows does not: who is not in it has not vanished.
    """
    found = []
    delivered = [batch.accepted + batch.duplicate for batch in batches]
    for place, batch in enumerate(batches):
        most = max(delivered[max(0, place - _EARLIER) : place + 1])
        if delivered[place] and delivered[place] >= _BOOK * most:
            found.append(batch)
    return found


@dataclass(frozen=True, eq=False)
class Vanished:
    """Clients of a file who are not in the next one."""

    #: number and name of the batch they are not in, and of the one before
    batch: int
    name: str
    before: int
    before_name: str
    #: how many clients the one before had
    known: int
    #: ids of those who are not in this one
    clients: list[str]


def vanished(workspace: Workspace, batch_id: int | None = None) -> Vanished | None:
    """Who was in the file before and is not in this batch (None: the newest that brings the whole book).

    None where either does not bring the whole book of clients, or there is none before it.
    """

    def read(parts: Parts) -> Vanished | None:
        pair = _pair(parts.taken, batch_id)
        if pair is None:
            return None
        before, now = (_clients(workspace, parts, batch) for batch in pair)
        gone = before.difference(now).tolist()
        return Vanished(pair[1].id, pair[1].name, pair[0].id, pair[0].name, len(before), gone)

    return workspace.reading_parts(read)


def named(workspace: Workspace, clients: list[str], listed: ClientList) -> pd.DataFrame:
    """Clients with what is told of them: client, name, owner, listed (still on the list); those who are, first.

    Of those who are not, the first `MOST_NAMED` are told as the list last had them, if it ever did.
    """
    places = [place for place in listed.places_of(clients) if place is not None]
    known = listed.roster.select(["client", "name", "owner"]).take(pa.array(places, pa.int64())).to_pandas()
    known["owner"] = known["owner"].astype("str")
    on_it = set(known["client"])
    others = [client for client in clients if client not in on_it]
    with workspace.store.reading() as db:
        names = models.last_names(db, others[:MOST_NAMED])
    told = [(client, *names.get(client, (client, ""))) for client in others]
    rest = pd.DataFrame(told, columns=["client", "name", "owner"], dtype="str")
    return pd.concat([known.assign(listed=True), rest.assign(listed=False)], ignore_index=True)


def _pair(taken: Sequence[Batch], batch_id: int | None) -> tuple[Batch, Batch] | None:
    """The batch before this one and this one, both whole books of one source; None where there are none such."""
    clients = [batch for batch in taken if batch.holds == "clients"]
    wanted = [batch for batch in clients if batch_id in (None, batch.id)]
    if not wanted:
        return None
    own = [batch for batch in clients if batch.source == wanted[-1].source]
    books = whole_books(own)
    if batch_id is not None:
        books = books[: next((place + 1 for place, batch in enumerate(books) if batch.id == batch_id), 0)]
    return (books[-2], books[-1]) if len(books) > 1 else None


def _clients(workspace: Workspace, parts: Parts, batch: Batch) -> pd.Index:
    """Clients that a batch delivered, changed or not."""
    found = [
        table["_client"].unique().to_pandas()
        for ending in (ROWS, SEEN)
        for table in workspace.shelf.tables(ending, [batch], parts.rewritten, ["_client"])
    ]
    return pd.Index(pd.concat(found)).unique() if found else pd.Index([], dtype="str")
