"""Tables and queries of customers' databases: what is new in them is fetched into files, slice by slice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, ProgrammingError, SQLAlchemyError

from core.config import SqlSource
from core.errors import RefusedFile
from core.sources.cursors import Position, comparable, family_of, read_state, since
from core.sources.databases import Database, open_database
from core.sources.queries import hint, refused, rows_of, rows_without_cursor, unreadable, what
from core.sources.slices import Fetched, Slicer
from core.sources.texts import column_of
from core.wording import plural, system_says

#: rows that are asked for at first, and rows and bytes of text in memory at once
_FIRST_ROWS, _ROWS, _BYTES = 200, 10_000, 8 * 2**20


class _Lost(Exception):
    """The connection broke; what had come whole was given away."""

    def __init__(self, error: DBAPIError) -> None:
        self.error = error


class _OtherKind(Exception):
    """The cursor column no longer holds what it held."""


def fetch(source: SqlSource, state: str | None, folder: Path) -> Iterator[Fetched]:
    """What is new in a table or query since `state`, the one of the `Fetched` that was taken last (None: everything).

    With a cursor: slices of about `batch_rows` rows in its order, as they come; nothing when nothing is new. Rows that
    have no value there are not fetched; that they exist is raised at the end. Without a cursor: all rows each time,
    in one; nothing when there are none. Whoever takes a slice removes its file from `folder`.

    Raises `RefusedFile` when the database is away or does not give the rows, when they cannot be kept, and for rows
    that no client table can hold; slices given before stand, and their states go on from there.
    """
    database = open_database(source)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield from _fetch(source, database, read_state(source, state), folder)
        if source.cursor:
            _check_all_have_cursor(source, database)
    except OSError as error:
        raise RefusedFile(
            f"The rows of {what(source)} cannot be kept in {folder}: {system_says(error)}; it is tried again next time."
        ) from None
    finally:
        database.engine.dispose()


def _fetch(source: SqlSource, database: Database, position: Position | None, folder: Path) -> Iterator[Fetched]:
    # Whoever reads an SQLite file keeps others from writing to it: there, each slice is a look of its own.
    slice_by_slice = bool(source.cursor) and database.kind == "sqlite"
    lost = False
    while True:
        reading = _read(source, database, position, folder)
        more = False
        try:
            for fetched in reading:
                before, position = position, read_state(source, fetched.state)
                lost = False
                if slice_by_slice:
                    reading.close()
                    # else the last rows came again and nothing after them; a query may never give the same ones twice
                    more = before is None or position is None or position.last != before.last
                yield fetched
        except _OtherKind:
            position, more = None, True
        except _Lost as now:
            if lost:  # nothing has come since the last time
                raise database.out_of_reach(now.error) from None
            lost = more = True
        if not more:
            return


def _read(
    source: SqlSource, database: Database, position: Position | None, folder: Path
) -> Generator[Fetched, None, None]:
    """One look: each slice when it is full, the last one at the end. Raises `_Lost` when the connection breaks."""
    slicer = Slicer(source, folder, what(source), position)
    lost: _Lost | None = None
    try:
        with database.connect() as connection, closing(_ask(source, database, position, connection)) as result:
            try:
                for table, values in _chunks(source, database, result):
                    if position and values and family_of(values[0]) != family_of(position.last):
                        raise _OtherKind
                    yield from slicer.feed(table, values)
            except _Lost as error:
                lost = error
        if lost:
            yield from slicer.salvage()
            raise lost
        yield from slicer.finish()
    finally:
        slicer.clear()


def _ask(
    source: SqlSource, database: Database, position: Position | None, connection: Connection
) -> CursorResult[Any]:  # fmt: skip
    try:
        last = since(position.last, source.overlap, source.cursor, what(source)) if position else None
        statement = rows_of(source, database, last)
        return connection.execute(statement, execution_options={"stream_results": True})
    except (ProgrammingError, DataError) as error:
        if position:  # its value may be none of the column as it is now
            raise _OtherKind from None
        raise refused(source, database, error) from None
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _Lost(error) from None
        raise refused(source, database, error) from None
    except SQLAlchemyError as error:
        raise refused(source, database, error) from None


def _chunks(
    source: SqlSource, database: Database, result: CursorResult[Any]
) -> Iterator[tuple[pa.Table, list[Any] | None]]:
    """Rows as texts, as many as memory is meant to hold at once, and their cursor values (None: no cursor)."""
    names = list(map(str, result.keys()))
    place = _cursor_place(source, names)
    size = _FIRST_ROWS
    while True:
        try:
            rows = result.fetchmany(size)
        except (OperationalError, InterfaceError) as error:
            if database.kind == "sqlite":  # no connection that could be lost
                raise unreadable(source, database.reason(error)) from None
            raise _Lost(error) from None
        except DBAPIError as error:
            if error.connection_invalidated:
                raise _Lost(error) from None
            raise unreadable(source, database.reason(error)) from None
        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        texts = [column_of(name, column, what(source)) for name, column in zip(names, columns, strict=True)]
        table = pa.table(texts, names=names)
        yield table, None if place is None else comparable(columns[place])
        size = max(1, min(_ROWS, _BYTES * len(rows) // max(table.nbytes, 1)))


def _cursor_place(source: SqlSource, names: Sequence[str]) -> int | None:
    """Where among the columns the cursor is; None: there is none. Raises `RefusedFile` for columns that will not do."""
    if not names:
        raise unreadable(source, "it has no columns")
    # SQLite calls the second of two columns that are called id id:1 when they come out of a query in a query
    plain = [re.sub(r":[0-9]+$", "", name) if source.query and source.cursor else name for name in names]
    twice = [name for name, count in Counter(plain).items() if count > 1]
    if twice:
        raise unreadable(source, f"it has more than one column {twice[0]!r}; give each a name of its own (AS)")
    if not source.cursor:
        return None
    folded = [name.casefold() for name in names]
    if source.cursor in names:
        return names.index(source.cursor)
    if folded.count(source.cursor.casefold()) == 1:  # most databases do not tell upper from lower case
        return folded.index(source.cursor.casefold())
    raise unreadable(source, f"it has no column {source.cursor!r}{hint(source.cursor, names)}")


def _check_all_have_cursor(source: SqlSource, database: Database) -> None:
    """Raises `RefusedFile` when there are rows that a cursor can never reach."""
    with database.connect() as connection:
        try:
            count = connection.execute(rows_without_cursor(source)).scalar_one()
        except DBAPIError as error:
            raise refused(source, database, error) from None
    if count:
        verb, them = ("has", "is") if count == 1 else ("have", "are")
        raise RefusedFile(
            f"{plural(count, 'row')} of {what(source)} {verb} no {source.cursor} and {them} not fetched; "
            "fill it, or name another cursor column."
        )
