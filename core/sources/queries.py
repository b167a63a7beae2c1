"""What is asked of a customer's database: a table or a query, whole or from a value of its cursor on."""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from sqlalchemy import Executable, FromClause, TableClause, bindparam, column, func, inspect, select, table, text
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import NullType

from core.config import SqlSource
from core.errors import RefusedFile
from core.sources.databases import Database
from core.sources.texts import text_of

_PART = r'"(?:[^"]|"")+"|[^".]+'
#: texts, quoted names and comments of SQL
_QUOTED = re.compile(
    r"""\b[eE]'(?:\\.|''|[^'\\])*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \$(\w*)\$.*?\$\1\$
    | (?P<comment>--[^\n]*|/\*(?!\+).*?\*/)""",
    re.VERBOSE | re.DOTALL,
)
_CHANGING = re.compile(r"(?<![\w.$@\#])(insert|update|delete|into)\b(?!\s*\()", re.IGNORECASE)


def what(source: SqlSource) -> str:
    """What a source reads, in a sentence."""
    return source.table or f"the query of source {source.name!r}"


def rows_of(source: SqlSource, database: Database, last: Any) -> Executable:
    """The statement for all rows of a source; with a cursor, for those from the value `last` on (None: all that have
    one), in its order.

    Raises `RefusedFile` when a query is not one single SELECT.
    """  # fmt: skip
    if not source.cursor:
        return select(text("*")).select_from(_table(source.table)) if source.table else _query(source)
    cursor: Any = column(source.cursor)
    if database.kind == "sqlite":  # texts that differ in case only are different values
        cursor = cursor.collate("BINARY")
    reached = cursor.is_not(None)
    if database.kind == "postgresql" and last is not None:
        # as a text without a type, which the server reads as a value of the column's own type
        reached = cursor >= bindparam("last", text_of(last), type_=NullType())
    elif last is not None:
        reached = cursor >= bindparam("last", last)
    return select(text("*")).select_from(_from(source)).where(reached).order_by(cursor)


def rows_without_cursor(source: SqlSource) -> Executable:
    """The statement for the number of rows that have nothing in the cursor column."""
    cursor: Any = column(source.cursor)
    return select(func.count()).select_from(_from(source)).where(cursor.is_(None))


def check_query(source: SqlSource) -> str:
    """The query of a source without comments and closing semicolons.

    Raises `RefusedFile` unless it is one single SELECT (or WITH ... SELECT) that changes nothing.
    """
    query = _QUOTED.sub(lambda found: " " if found["comment"] else found[0], source.query).strip().rstrip("; \t\r\n")
    bare = _QUOTED.sub("''", query)
    rule = f"The query of source {source.name!r} must be one single SELECT or WITH statement"
    if ";" in bare:
        raise RefusedFile(f"{rule}; it holds more than one statement.")
    first = re.match(r"[\s(]*(\w*)", bare)
    if not first or first[1].lower() not in {"select", "with"}:
        raise RefusedFile(f"{rule}; it begins with {first[1] if first else ''!r}.")
    changing = _CHANGING.search(bare)
    if changing:
        raise RefusedFile(f"{rule} that changes nothing; it holds {changing[1].upper()}. A source is only read.")
    return query


def _query(source: SqlSource) -> Any:
    """The query as it stands: what looks like a parameter to SQLAlchemy is none."""
    return text(check_query(source).replace(":", r"\:"))


def _from(source: SqlSource) -> FromClause:
    if source.table:
        return _table(source.table)
    return _query(source).columns(column(source.cursor)).subquery("source")


def _table(name: str) -> TableClause:
    """A table by its name as SQL would write it: name, schema.name, or with parts in double quotes.

    A name without quotes is quoted where the database needs it.
    """
    whole = re.fullmatch(rf"(?:{_PART})(?:\.(?:{_PART}))*", name)
    *schema, own = [_name(part) for part in re.findall(_PART, name)] if whole else [name]
    return table(own, schema=".".join(schema) if len(schema) > 1 else next(iter(schema), None))


def _name(part: str) -> str:
    return quoted_name(part[1:-1].replace('""', '"'), quote=True) if part.startswith('"') else part


def refused(source: SqlSource, database: Database, error: SQLAlchemyError) -> RefusedFile:
    """The sentence for a statement that the database does not carry out, with the names that it has where ours is
    not among them.
    """  # fmt: skip
    reason = database.reason(error)
    if source.table:
        with suppress(SQLAlchemyError), warnings.catch_warnings():  # what went wrong first is what is told
            warnings.simplefilter("ignore", SAWarning)  # of columns of kinds that SQLAlchemy does not know
            reason = _missing(source, database) or reason
    return unreadable(source, reason)


def unreadable(source: SqlSource, reason: str) -> RefusedFile:
    """The sentence for a table or query that is not read for this reason."""
    subject = f"The table {source.table} of source {source.name!r}" if source.table else f"T{what(source)[1:]}"
    return RefusedFile(
        f"{subject} cannot be read: {reason}. Change the source in config.toml or its database; "
        "it is tried again next time."
    )


def _missing(source: SqlSource, database: Database) -> str:
    wanted = _table(source.table)
    looked_at = inspect(database.engine)
    if not looked_at.has_table(wanted.name, wanted.schema):
        there = [*looked_at.get_table_names(wanted.schema), *looked_at.get_view_names(wanted.schema)]
        return f"there is no such table or view{hint(wanted.name, there)}"
    columns = [str(found["name"]) for found in looked_at.get_columns(wanted.name, wanted.schema)]
    if source.cursor and source.cursor not in columns:
        return f"it has no column {source.cursor!r}{hint(source.cursor, columns)}"
    return ""


def hint(name: str, there: Collection[str]) -> str:
    """The nearest name that is there.

    >>> hint("clients", ["Clients", "orders"])
    " (is 'Clients' meant?)"
    """
    folded = {one.casefold(): one for one in there}
    near = difflib.get_close_matches(name.casefold(), folded, 1, 0.6)
    return f" (is {folded[near[0]]!r} meant?)" if near else ""
