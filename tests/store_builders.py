"""Rows of the store as its tests need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.store.database import Store

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(store: Store, instant: datetime | None) -> Store:
    """The store as it was known at an instant."""
    return Store(store.engine, at=instant)


def batch(**changes: Any) -> dict[str, Any]:
    """A batch that was taken."""
    return {
        "source": "incoming", "name": "a.csv", "sha256": "a" * 64, "holds": "clients", "known_at": AT, "seconds": 0.1,
        "read": 3, "accepted": 3, "duplicate": 0, "superseded": 0, "rejected": 0, "part": "p", "refused": "",
        "read_by": "rules",
    } | changes  # fmt: skip


def risk(client: str, share: float | None, **changes: Any) -> dict[str, Any]:
    """A client's risk; None: the client left the list."""
    return {
        "client": client, "as_of": AT, "version": "v1", "risk": share, "content": "00", "out_of_fold": False,
        "off_list": "" if share is not None else "left", "label": "", "owner": "", "value": None, "reasons": [],
    } | changes  # fmt: skip
