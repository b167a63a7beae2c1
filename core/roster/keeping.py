"""The roster on disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow as pa

from core import files
from core.roster.comparing import Past

#: of what is written; one in another format is not looked for
_FORMAT = 2


def name_of(newest_risk: int, version: str) -> str:
    """Name of the roster of a state of the store: the number of its newest risk, and the champion."""
    return hashlib.blake2b(f"{_FORMAT}\x1f{newest_risk}\x1f{version}".encode(), digest_size=12).hexdigest()


def keep(folder: Path, name: str, roster: pa.Table) -> None:
    """Write the roster of a state, and remove those of others: readers of those keep what they have open."""
    path = folder / f"{name}.arrow"
    _write(path, roster)
    for other in folder.glob("*.arrow"):
        if other != path:
            other.unlink(missing_ok=True)


def kept(folder: Path, name: str) -> pa.Table | None:
    """The roster of a state, mapped into memory and not read; None where there is none."""
    path = folder / f"{name}.arrow"
    return _mapped(path) if path.is_file() else None


def keep_past(folder: Path, version: str, past: Past) -> None:
    """Write the past clients that a version learned from, and remove those of others."""
    path = folder / f"{version}.past"
    _write(path, past.table.replace_schema_metadata({"terms": json.dumps(past.terms)}))
    for other in folder.glob("*.past"):
        if other != path:
            other.unlink(missing_ok=True)


def kept_past(folder: Path, version: str) -> Past | None:
    """The past clients of a version; None where there are none."""
    path = folder / f"{version}.past"
    if not path.is_file():
        return None
    table = _mapped(path)
    return Past(table, tuple(json.loads(table.schema.metadata[b"terms"])))


def clear(folder: Path) -> None:
    """Remove everything: it is made anew by the next run, and meanwhile read from the store."""
    for path in [*folder.glob("*.arrow"), *folder.glob("*.past")]:
        path.unlink(missing_ok=True)


def _write(path: Path, table: pa.Table) -> None:
    def write(beside: Path) -> None:
        with pa.OSFile(str(beside), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)

    files.write_atomically(path, write)


def _mapped(path: Path) -> pa.Table:
    # the mapping outlives the file's name, and ends with the last array that points into it
    return pa.ipc.open_file(pa.memory_map(str(path), "r")).read_all()
