"""What is wrong with the database of the store, in sentences; none of them shows a password.

Only what a person can mend becomes a sentence: a database that is away, closed to us, damaged, locked or full. What
our own statements do wrong stays the error it is.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from sqlalchemy.engine import URL

from core.errors import BellwetherError, Busy


class StoreTrouble(BellwetherError):
    """The database of the store is away, closed to us, damaged or full."""


def shown(url: URL) -> str:
    """A URL as people may see it: without its password and without its options, which may hold one."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(query={}).render_as_string(hide_password=True)


def trouble_of(
    error: BaseException, url: URL, *, patience: float, connecting: bool, writing: bool, lost: bool
) -> BellwetherError | None:
    """The sentence for an error of the driver; None when the fault is ours.

    `patience`: seconds that locks are waited for. `connecting`: there was no connection yet. `writing`: in a
    transaction that may write. `lost`: the connection broke.
    """
    if url.get_backend_name() == "sqlite":
        return _of_sqlite(error, url, patience, writing or connecting)
    return _of_postgres(error, url, patience, connecting, lost)


def _of_sqlite(error: BaseException, url: URL, patience: float, writing: bool) -> BellwetherError | None:
    name, said = str(getattr(error, "sqlite_errorname", "")), _reason(error)
    path = Path(str(url.database))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Busy(
            f"The store {path} is locked: another process has been writing to it for over {patience:g} seconds; "
            "try again when that one is done."
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StoreTrouble(
            f"The store {path} is damaged, or is no SQLite database ({said}). Restore a backup, or move the file away "
            "to begin with an empty store."
        )
    if name.startswith("SQLITE_FULL"):
        return StoreTrouble(
            f"The store {path} cannot grow ({said}). Make room on its disk and try again; nothing of what was being "
            "written was kept."
        )
    if name.startswith("SQLITE_IOERR"):
        return StoreTrouble(
            f"The store {path} could not be read or written ({said}). See that its disk is there, sound and not full, "
            "and try again; nothing of what was being written was kept."
        )
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM")) or (name.startswith("SQLITE_READONLY") and writing):
        return StoreTrouble(
            f"The store {path} cannot be opened for writing ({said}). See that the folder {path.parent} is there, and "
            "that the user who runs Bellwether may write to it and to every file in it."
        )
    return None


def _of_postgres(
    error: BaseException, url: URL, patience: float, connecting: bool, lost: bool
) -> BellwetherError | None:
    state, said, where = str(getattr(error, "sqlstate", None) or ""), _reason(error), shown(url)
    if connecting:
        return _not_let_in(state, said, url)
    if lost or state.startswith(("08", "57")):
        return StoreTrouble(
            f"The connection to the store {where} was lost ({said}). Nothing of what was being written was kept; try "
            "again when the server is back."
        )
    if state == "55P03":
        return Busy(
            f"The store {where} is locked: another process has been changing the same rows for over {patience:g} "
            "seconds; try again when that one is done."
        )
    if state in {"40001", "40P01"}:
        return Busy(f"Another process changed the same rows of the store {where} ({said}); try again.")
    if state == "53100":
        return StoreTrouble(
            f"The store {where} cannot grow: the disk of its server is full ({said}). Make room there and try again; "
            "nothing of what was being written was kept."
        )
    if state.startswith(("53", "58", "XX")):
        return StoreTrouble(
            f"The server of the store {where} is in trouble ({said}). See its log, mend it, or restore a backup; "
            "nothing of what was being written was kept."
        )
    if state == "42501":
        return StoreTrouble(
            f"The user of the store {where} may not do what Bellwether needs ({said}). Make that user the owner of "
            "the database and of the tables in it."
        )
    return None


def _not_let_in(state: str, said: str, url: URL) -> StoreTrouble:
    where = shown(url)
    if state.startswith("28") or re.search("authentication failed|no password supplied", said):
        return StoreTrouble(
            f"The store {where} does not let us in ({said}). Correct user and password in [store] url, with %40 for an "
            "@ in the password, or set PGPASSWORD."
        )
    if "session is read-only" in said:
        return StoreTrouble(
            f"The store {where} can only be read ({said}). Name a server that is no standby in [store] url."
        )
    if state == "3D000" or re.search("database .* does not exist", said):
        return StoreTrouble(f"The database {url.database!r} of the store is not there; make it with: {_createdb(url)}")
    return StoreTrouble(
        f"The store {where} cannot be reached ({said}). See that the Postgres server runs and lets this machine in, "
        "and that [store] url is right."
    )


def _createdb(url: URL) -> str:
    host, port = url.host or url.query.get("host"), url.port or url.query.get("port")
    given = {"--host": host, "--port": port, "--username": url.username}
    options = [word for option, value in given.items() if value for word in (option, str(value))]
    return shlex.join(["createdb", *options, "--encoding", "UTF8", "--template", "template0", str(url.database)])


def _reason(error: BaseException) -> str:
    """What the driver says, in a line; of a server's answer only what it says itself."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    told = [line for line in lines if "FATAL:" in line]
    line = told[-1].partition("FATAL:")[2] if told else lines[0]
    return line.removeprefix("connection failed:").strip().rstrip(".")
