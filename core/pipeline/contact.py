"""A client was contacted."""

from __future__ import annotations

from datetime import datetime

from core.errors import BellwetherError, NotFound
from core.store import contacts
from core.workspace import Workspace


def contacted(
    workspace: Workspace, client: str, who: str, *, on: datetime | None = None, how: str = "call",
    result: str = "undecided", note: str = "",
) -> str:  # fmt: skip
    """Write down that a client was contacted, `on` an instant or now. It never becomes a feature of a model.

    Raises `NotFound` when there is no such client, and `BellwetherError` for a contact in the future.
    """
    at = workspace.now()
    when = on or at
    dataset = workspace.dataset()
    if dataset is None or client not in set(dataset.rows["_client"]):
        raise NotFound(f"There is no client {client!r}; `python -m core clients` lists them.")
    if when > at:
        raise BellwetherError(f"A contact is written down when it took place; {when:%Y-%m-%d %H:%M} UTC is to come.")
    with workspace.store.writing() as db:
        contacts.insert_contact(db, client, when, who, how, result, note, at)
    return f"{client}: contacted on {when:%Y-%m-%d} ({how}, {result})."
