"""Values as drivers give them become the texts that a client file would hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from core.errors import RefusedFile

#: no value of a client, but a thing of its own
_THINGS = (bytes, bytearray, memoryview, dict, list, tuple, set, frozenset)


def _float(value: float) -> str:
    written = repr(float(value))
    return format(Decimal(written), "f") if "e" in written else written


def _instant(value: datetime) -> str:
    return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat()


def _seconds(value: timedelta) -> str:
    return format((Decimal(value // timedelta(microseconds=1)) / 1_000_000).normalize(), "f")


#: how values are written; of several types that fit, the first
_WRITERS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (str, str),
    (bool, lambda value: "true" if value else "false"),
    (int, str),
    (float, _float),
    (Decimal, lambda value: format(value, "f")),
    (datetime, _instant),
    (date, date.isoformat),
    (time, time.isoformat),
    (timedelta, _seconds),
)


def _writer(kind: type) -> Callable[[Any], str]:
    """How values of a type are written; raises `TypeError` for what is no single value."""
    if issubclass(kind, _THINGS):
        raise TypeError(kind.__name__)
    return next((write for of, write in _WRITERS if issubclass(kind, of)), str)


def text_of(value: Any) -> str:
    """A value as text: exact, numbers without an exponent, instants as ISO 8601 (those with a zone in UTC).

    >>> [text_of(value) for value in (True, 12, 1e-7, Decimal("1E+3"), datetime(2026, 1, 5, 9), date(2026, 1, 5))]
    ['true', '12', '0.0000001', '1000', '2026-01-05T09:00:00', '2026-01-05']

    A span of time becomes its seconds. Raises `TypeError` for what is no single value, such as bytes or a list.
    """
    return _writer(type(value))(value)


def column_of(name: str, values: Sequence[Any], place: str) -> pa.Array:
    """A column of texts, null where a value is None.

    `place`: where the column is, for the sentence. Raises `RefusedFile` for a column whose values are no single ones.
    """
    try:
        writers = {kind: _writer(kind) for kind in set(map(type, values)) - {type(None)}}
        if writers.keys() - {str}:
            values = [None if value is None else writers[type(value)](value) for value in values]
        return pa.array(values, pa.string())
    except TypeError as error:
        raise RefusedFile(
            f"The column {name!r} of {place} holds values of kind {error}, which no client table can hold; "
            "leave it out, with a query that names the other columns."
        ) from None
    except UnicodeEncodeError:
        raise RefusedFile(
            f"The column {name!r} of {place} holds text that is no valid Unicode; "
            "mend it there, or leave it out with a query that names the other columns."
        ) from None
