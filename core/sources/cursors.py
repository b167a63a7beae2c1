"""How far a table was fetched: the last value of its cursor column, and the rows that share it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.config import SqlSource
from core.errors import RefusedFile
from core.sources.texts import text_of

#: kinds of values that can grow, and how each is read from its text
_READ: dict[str, Any] = {
    "int": int, "decimal": Decimal, "float": float, "date": date.fromisoformat, "datetime": datetime.fromisoformat,
    "instant": datetime.fromisoformat, "uuid": UUID, "text": str,
}  # fmt: skip
_NAMES = {
    "number": "numbers", "date": "dates", "datetime": "times without a zone", "instant": "times with a zone",
    "uuid": "ids", "text": "texts",
}  # fmt: skip
_DAY_FIRST = re.compile(r"[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{2,4}\b")
_NUMBER = re.compile(r"([0-9]+)(\.[0-9]*)?")


@dataclass(frozen=True)
class Position:
    """How far a table was fetched.

    `rows` rows have the cursor value `last`, the highest, or (see `since`) one little below it; their hashes add up to
    `digest`.
    """

    last: Any
    rows: int
    digest: int


def kind_of(value: Any) -> str:
    """The kind of a cursor value; "" for one that cannot say what is new: a yes or no, bytes, a list, NaN.

    >>> [kind_of(value) for value in (5, 5.0, datetime(2026, 1, 5), "b", True, float("nan"))]
    ['int', 'float', 'datetime', 'text', '', '']
    """
    if isinstance(value, bool) or value != value:  # noqa: PLR0124  NaN differs from itself
        return ""
    if isinstance(value, datetime):
        return "datetime" if value.tzinfo is None else "instant"
    types = {int: "int", float: "float", Decimal: "decimal", date: "date", UUID: "uuid", str: "text"}
    return next((kind for of, kind in types.items() if isinstance(value, of)), "")


def comparable(values: Sequence[Any]) -> list[Any]:
    """Cursor values in a form that tells them apart: in a zone of its own, an hour that comes twice is one for Python.

    >>> from zoneinfo import ZoneInfo
    >>> zone = ZoneInfo("Europe/Berlin")
    >>> twice = [datetime(2026, 10, 25, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1)]
    >>> twice[0] == twice[1], [str(value) for value in comparable(twice)]
    (True, ['2026-10-25 00:30:00+00:00', '2026-10-25 01:30:00+00:00'])
    """
    return [
        value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not None else value for value in values
    ]


def family_of(value: Any) -> str:
    """As `kind_of`, where numbers of all kinds are "number": values of one family compare."""
    kind = kind_of(value)
    return "number" if kind in {"int", "decimal", "float"} else kind


def since(last: Any, overlap: float, column: str, place: str) -> Any:
    """The value that lies `overlap` (seconds for times, whole days at least for dates; units for numbers) below `last`.

    Raises `RefusedFile` for values that nothing can be taken off.
    """
    if not overlap:
        return last
    kind = kind_of(last)
    try:
        if kind in {"datetime", "instant"}:
            return last - timedelta(seconds=overlap)
        if kind == "date":
            return last - timedelta(days=math.ceil(overlap / 86_400))
    except OverflowError:  # before the first day there is
        return last
    if kind == "decimal":
        return last - Decimal(repr(overlap))
    if kind in {"int", "float"}:
        return last - (math.ceil(overlap) if kind == "int" else overlap)
    raise RefusedFile(
        f"The cursor column {column!r} of {place} must hold numbers, dates or times where there is an overlap; it "
        f"holds {_NAMES.get(kind, 'other values')}. Leave overlap out, or convert the column in a query."
    )


def check_growth(before: Any, value: Any, column: str, place: str) -> None:
    """Raises `RefusedFile` when a cursor value, which the database put after `before` (None: it is the first), shows
    that the column does not grow with time.
    """  # fmt: skip
    if type(value) is type(before) and not isinstance(value, str | float | Decimal):
        return
    family, family_before = family_of(value), family_of(before)
    told = f"The cursor column {column!r} of {place}"
    if not family:
        got = "nan" if value != value else type(value).__name__  # noqa: PLR0124  NaN differs from itself
        raise RefusedFile(
            f"{told} must hold numbers, dates, times or texts that only grow; it holds {got}. "
            "Name another column, or convert it in a query."
        )
    if before is not None and family != family_before:
        raise RefusedFile(
            f"{told} must hold values of one kind; it holds {_NAMES[family_before]} and {_NAMES[family]}. "
            "Name another column, or convert it in a query."
        )
    if isinstance(value, str) and not _sorts(before, value):
        raise RefusedFile(
            f"{told} must grow as it is sorted; it holds texts such as {value[:40]!r}, which are sorted letter by "
            "letter, not by size. Name another column, or convert it in a query."
        )


def _sorts(before: str | None, value: str) -> bool:
    """Whether texts are not, by the looks of them, dates with the day first or numbers of different lengths."""
    number, number_before = _NUMBER.fullmatch(value), _NUMBER.fullmatch(before or "")
    even = number is None or number_before is None or len(number.group(1)) == len(number_before.group(1))
    return even and not _DAY_FIRST.match(value)


def read_state(source: SqlSource, state: str | None) -> Position | None:
    """How far a source was fetched; None: not at all, or with another table, query or cursor than now."""
    content = json.loads(state) if state else {}
    if content.get("of") != _of(source) or "last" not in content:
        return None
    last = _READ[content["last"]["kind"]](content["last"]["value"])
    return Position(last, content["rows"], int(content["digest"], 16))


def write_state(source: SqlSource, position: Position | None) -> str:
    """The state to remember (JSON)."""
    content: dict[str, Any] = {"of": _of(source)}
    if position:
        content["last"] = {"kind": kind_of(position.last), "value": text_of(position.last)}
        content |= {"rows": position.rows, "digest": f"{position.digest:032x}"}
    return json.dumps(content, ensure_ascii=False)


def _of(source: SqlSource) -> dict[str, str]:
    """What a state is about: a value of one column says nothing about another."""
    read = source.table or f"query {hashlib.sha256(source.query.strip().encode()).hexdigest()[:16]}"
    return {"read": read, "cursor": source.cursor}


def shown(last: Any) -> str:
    """A cursor value in the name of what was fetched.

    >>> shown(datetime(2026, 1, 5, 9)), shown(17)
    ('2026-01-05 09:00:00', '17')
    """
    text = text_of(last)
    return text.replace("T", " ") if isinstance(last, datetime) else text[:80]
