"""A client was contacted; where it has left, that is an outcome at once."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core import upkeep
from core.errors import BellwetherError, NotFound
from core.pipeline import ingest
from core.pipeline.look import Delivery
from core.records import HOWS, RESULTS
from core.store import audit, contacts, models
from core.workspace import Workspace

#: the source of outcomes that people noted
LOG = "contact log"


def contacted(
    workspace: Workspace, client: str, who: str, *, on: datetime | None = None, how: str = "call",
    result: str = "undecided", note: str = "", again: datetime | None = None,
) -> str:  # fmt: skip
    """Write down that a client was contacted, `on` an instant or now, and when it is to be `again`.

    It never becomes a feature of a model. "left" becomes an outcome of the client's newest snapshot at once; no other
    result does, for whether a client stays is known when the horizon has passed.

    Raises `NotFound` when there is no such client, and `BellwetherError` for what cannot be.
    """
    at = workspace.now()
    when = on or at
    require_name(who)
    require_client(workspace, client)
    if how not in HOWS or result not in RESULTS:
        raise BellwetherError(
            f"A contact is by {', '.join(HOWS)} and its result {', '.join(RESULTS)}; got {how!r} and {result!r}."
        )
    if when > at:
        raise BellwetherError(f"A contact is written down when it took place; {when:%Y-%m-%d %H:%M} UTC is to come.")
    if again is not None and again <= when:
        raise BellwetherError(f"The next contact comes after this one; got {again:%Y-%m-%d} after {when:%Y-%m-%d}.")
    said = f"{client}: contacted on {when:%Y-%m-%d} ({how}, {result})."
    if result == "left":
        said = f"{said} {_outcome(workspace, client, at)}"
    with workspace.store.writing() as db:
        contacts.insert_contact(
            db, client, when, who, how, result, note.strip(), at, None if result == "left" else again
        )
    return said


def take_back(workspace: Workspace, contact: int, who: str) -> str:
    """Take a contact back that was noted by mistake, and with it the outcome that it was.

    Raises `NotFound` when there is no such contact, or it was taken back.
    """
    at = workspace.now()
    with workspace.store.reading() as db:
        found = contacts.read_contact(db, contact)
    if found is None:
        raise NotFound(f"There is no contact {contact}, or it was taken back already.")
    if found["result"] == "left":
        upkeep.withdraw(workspace, _name(found["client"], found["known_at"]), who, "noted by mistake")
    with workspace.store.writing() as db:
        contacts.take_back_contact(db, found, who, at)
        said = f"The contact with {found['client']} on {found['contacted_at']:%Y-%m-%d} was taken back."
        audit.insert_deed(db, who, "contact", f"client {found['client']}", said, at)
    return said


def require_client(workspace: Workspace, client: str) -> None:
    """Raises `NotFound` when there is no such client."""
    with workspace.store.reading() as db:
        known = models.last_risk(db, client) is not None
    if known:
        return
    dataset = workspace.dataset()
    if dataset is None or client not in set(dataset.rows["_client"]):
        raise NotFound(f"There is no client {client!r}; `python -m core clients` lists them.")


def require_name(who: str) -> None:
    """Raises `BellwetherError` when nobody says who they are."""
    if not who.strip():
        raise BellwetherError("Say who you are: a name stands beside everything that is written down here.")


def _name(client: str, at: datetime) -> str:
    return f"{client} has left, noted {at:%Y-%m-%d %H:%M:%S.%f} UTC"


def _outcome(workspace: Workspace, client: str, at: datetime) -> str:
    """Take "left" in as an outcome of the client's newest snapshot; a sentence."""
    data = workspace.config.data
    if not data.client_id:
        return "The table names no client, so that it becomes no outcome; it is off the list."
    dataset = workspace.dataset()
    newest = dataset.newest() if dataset else None
    own = newest[newest["_client"] == client] if newest is not None else None
    columns: dict[str, pa.Array] = {
        data.client_id: pa.array([client]), data.outcome: pa.array([data.positive[0]]),
        "noted_at": pa.array([at.isoformat()]),
    }  # fmt: skip
    contract = workspace.contract()
    if contract is not None and contract.as_of and own is not None and len(own):
        moment = pd.Timestamp(own["_as_of"].iloc[0]).to_pydatetime()
        columns[contract.as_of] = pa.array([moment], type=pa.timestamp("us", "UTC"))
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    content = sink.getvalue()
    delivery = Delivery(
        LOG, _name(client, at), hashlib.sha256(content).hexdigest(), "outcomes", lambda: io.BytesIO(content)
    )
    with workspace.store.exclusively():
        batch = ingest.take(workspace, delivery, at)
    if batch["refused"]:
        raise BellwetherError(f"That the client has left could not be taken in as an outcome: {batch['refused']}")
    return "It is an outcome from now on."
