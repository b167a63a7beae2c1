"""Tables of what people write down about clients, and of whom they were told to call."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from core.store.database import Instant
from core.store.tables.base import metadata

contacts = Table(
    "contacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("client", Text, nullable=False),
    Column("contacted_at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("how", String(30), nullable=False),
    Column("result", String(30), nullable=False),
    Column("note", Text, nullable=False),
    # when the client is to be contacted again; until then it is off the list
    Column("next_at", Instant),
    # the contact that this row takes back
    Column("takes_back", Integer),
    Index("contacts_of_client", "client", "id"),
)

# The newest row of a client counts.
snoozes = Table(
    "snoozes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("client", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until_at", Instant),
    # or until the risk is so much higher than it was then
    Column("rises_by", Float),
    Column("risk", Float),
    # woken by a person
    Column("awake", Boolean, nullable=False),
    Index("snoozes_of_client", "client", "id"),
)

# What a person says of a client's risk; the newest row of a client counts, band "" takes it back.
overrides = Table(
    "overrides",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("client", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("band", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("overrides_of_client", "client", "id"),
)

# Whom each client manager was told to call in a week, as the first run of that week had it.
worklists = Table(
    "worklists",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    # ISO year and week, such as 2026-W04
    Column("week", String(8), nullable=False, index=True),
    Column("owner", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("client", Text, nullable=False),
    # the snapshot that the risk rests on
    Column("as_of", Instant, nullable=False),
    Column("risk", Float, nullable=False),
)

# What became of a week's list; the newest row of a week and client manager counts.
catches = Table(
    "catches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("week", String(8), nullable=False),
    Column("owner", Text, nullable=False),
    Column("listed", Integer, nullable=False),
    Column("expected", Float, nullable=False),
    # clients whose outcome is known, how many of them were expected to leave, and how many did
    Column("known", Integer, nullable=False),
    Column("expected_of_known", Float, nullable=False),
    Column("left", Integer, nullable=False),
)

# Filters of the list of all clients, as the address writes them; the newest row of a name counts, "" takes it away.
saved_filters = Table(
    "saved_filters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("name", String(80), nullable=False),
    Column("query", Text, nullable=False),
)
