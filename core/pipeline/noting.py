"""What people say of a client beside contacts: not now, or that they see it otherwise. And filters they keep."""

from __future__ import annotations

from datetime import datetime

from core.errors import BellwetherError, NotFound
from core.pipeline.contact import require_client, require_name
from core.scoring import HIGH, LOW, MEDIUM
from core.store import models, notes
from core.workspace import Workspace

#: days for which a person's own word on a risk may hold
MOST_DAYS = 366
_LONGEST_NAME = 80


def snooze(
    workspace: Workspace, client: str, who: str, reason: str, *, until: datetime | None = None,
    rises_by: float | None = None,
) -> str:  # fmt: skip
    """Put a client off `until` an instant, or until its risk has risen by a share (0-1), whichever comes first.

    Raises `BellwetherError` without a reason, without either of the two, or for an instant that has passed.
    """
    at = workspace.now()
    require_name(who)
    require_client(workspace, client)
    if not reason.strip():
        raise BellwetherError("A snooze needs a reason, so that others know why nobody calls; none was given.")
    if until is None and rises_by is None:
        raise BellwetherError("A snooze ends on a date or when the risk rises; say at least one of them.")
    if until is not None and until <= at:
        raise BellwetherError(f"A snooze ends on a day to come; got {until:%Y-%m-%d}.")
    if rises_by is not None and not 0 < rises_by < 1:
        raise BellwetherError(f"The rise that ends a snooze lies between 0 and 100 points; got {100 * rises_by:g}.")
    with workspace.store.writing() as db:
        last = models.last_risk(db, client)
        risk = last["risk"] if last else None
        notes.insert_snooze(db, client, who, reason.strip(), at, until_at=until, rises_by=rises_by, risk=risk)
    ends = [f"until {until:%Y-%m-%d}"] if until is not None else []
    ends += [f"until the risk has risen by {100 * rises_by:g} points"] if rises_by is not None else []
    return f"{client} is put off {' or '.join(ends)}."


def wake(workspace: Workspace, client: str, who: str) -> str:
    """End a client's snooze. Raises `NotFound` when there is none."""
    with workspace.store.writing() as db:
        standing = notes.snoozes(db)
        if not (standing["client"] == client).any():
            raise NotFound(f"{client!r} is not put off.")
        notes.insert_snooze(db, client, who, "", workspace.now(), awake=True)
    return f"{client} is back on the list."


def override(workspace: Workspace, client: str, who: str, band: str, reason: str, expires: datetime) -> str:
    """Write down that a person sees a client's risk otherwise; it is shown beside the risk and changes nothing else.

    Raises `BellwetherError` for another band, without a reason, or for an end that is past or over a year away.
    """
    at = workspace.now()
    require_name(who)
    require_client(workspace, client)
    if band not in (HIGH, MEDIUM, LOW):
        raise BellwetherError(f"A band is high, medium or low; got {band!r}.")
    if not reason.strip():
        raise BellwetherError("Seeing a risk otherwise needs a reason that others can read; none was given.")
    if expires <= at or (expires - at).days > MOST_DAYS:
        raise BellwetherError(f"It ends on a day within the next {MOST_DAYS} days; got {expires:%Y-%m-%d}.")
    with workspace.store.writing() as db:
        notes.insert_override(db, client, who, band, reason.strip(), expires, at)
    return f"{client}: {who} says {band} until {expires:%Y-%m-%d}."


def end_override(workspace: Workspace, client: str, who: str) -> str:
    """Take a person's word on a risk back. Raises `NotFound` when nothing was said."""
    at = workspace.now()
    with workspace.store.writing() as db:
        standing = notes.overrides(db)
        if not (standing["client"] == client).any():
            raise NotFound(f"Nobody says anything of the risk of {client!r}.")
        notes.insert_override(db, client, who, "", "", at, at)
    return f"{client}: only the model's word stands."


def save_filter(workspace: Workspace, who: str, name: str, query: str) -> str:
    """Keep a filter of the list of clients by a name, for everybody; `query`: as the address writes it.

    Raises `BellwetherError` without a name, or where nothing is filtered.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= _LONGEST_NAME:
        raise BellwetherError(f"The name of a filter has 1 to {_LONGEST_NAME} characters; got {len(name)}.")
    if not query:
        raise BellwetherError("Nothing is filtered, so there is nothing to save; choose a filter first.")
    with workspace.store.writing() as db:
        notes.save_filter(db, who, name, query, workspace.now())
    return f"The filter {name} was saved."


def forget_filter(workspace: Workspace, who: str, name: str) -> str:
    """Take a saved filter away. Raises `NotFound` when there is none of that name."""
    with workspace.store.writing() as db:
        if name not in notes.saved_filters(db):
            raise NotFound(f"There is no saved filter {name!r}.")
        notes.save_filter(db, who, name, "", workspace.now())
    return f"The filter {name} was removed."
