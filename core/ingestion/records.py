"""The records of a separated text one by one, with the lines they stand on; slower than Arrow, in bounded memory."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from core.errors import RefusedFile

#: a line, and a record, may be as long as this, in bytes of UTF-8; it bounds what is in memory
LONGEST_LINE = 4 << 20
_BLOCK = 1 << 20
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_QUOTED = re.compile(r'"(?:[^"]++|"")*+"')


class Bytes(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many; none at the end."""


class Lines:
    """Lines of a text from a place on; `place` moves on with them."""

    def __init__(self, text: str, place: int = 0) -> None:
        self._text = text
        self.place = place

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = _LINE.match(self._text, self.place)
        if line is None:
            raise StopIteration
        self.place = line.end()
        return line.group()


@dataclass(frozen=True)
class Record:
    """Some cells, and where they stand."""

    #: line that it begins on
    line: int
    cells: list[str]
    #: its lines as they are written
    written: list[str]


def cells_of(lines: Iterable[str], separator: str) -> Any:
    """The cells of each record; [] for a blank line."""
    csv.field_size_limit(2 * LONGEST_LINE)
    return csv.reader(lines, delimiter=separator)


def records(stream: Bytes, separator: str, begins: int) -> Iterator[Record]:
    """The records of a text in UTF-8 whose first line is line `begins`; blank lines are none.

    Raises `RefusedFile` for a record of more than `LONGEST_LINE`.
    """
    written: list[str] = []
    line, size = begins, 0

    def lines() -> Iterator[str]:
        nonlocal size
        for text in _lines(stream):
            size += len(text)
            written.append(text)
            if size > LONGEST_LINE:
                raise too_long(f"Line {line:,}") if len(written) == 1 else never_closed(line)
            yield text

    for cells in cells_of(lines(), separator):
        if cells:
            yield Record(line, cells, list(written))
        line, size = line + len(written), 0
        written.clear()


def _lines(stream: Bytes) -> Iterator[str]:
    """Lines with their ends; one that is too long comes in part."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = ""
    ended = False
    while not ended:
        block = stream.read(_BLOCK)
        ended = not block
        found = Lines(rest + decoder.decode(block, final=ended))
        rest = ""
        for line in found:
            if rest:
                yield rest
            rest = line
        if rest.endswith("\n") or len(rest) > LONGEST_LINE:  # after a \r alone a \n may come, and else more of it
            yield rest
            rest = ""
    if rest:
        yield rest


OPEN, STRAY = "open", "stray"


def quote_fault(record: str, separator: str) -> str:
    """OPEN when a quoted cell never ends; STRAY when one goes over lines and text follows its closing quote, which
    then was another cell's opening one; else "".

    >>> quote_fault('1,"a', ","), quote_fault('1,"a\\n2,"b', ","), quote_fault('1,"a\\nb","5" pipe"', ",")
    ('open', 'stray', '')
    """
    place = 0
    ends = re.compile(f"[{re.escape(separator)}\\r\\n]")
    while place < len(record):
        if record[place] == '"':
            cell = _QUOTED.match(record, place)
            if cell is None:
                return OPEN
            place = cell.end()
            if re.search(r"[\r\n]", cell.group()) and place < len(record) and not ends.match(record, place):
                return STRAY
        end = ends.search(record, place)
        place = end.end() if end else len(record)
    return ""


def too_long(line: str) -> RefusedFile:
    """What to say of a line that is."""
    return RefusedFile(
        f"{line} is longer than {LONGEST_LINE >> 20} MB: a quote may be open, or it is no table of clients."
    )


def never_closed(line: int) -> RefusedFile:
    """What to say of a quote that opens on a line."""
    return RefusedFile(
        f'A quote (") that opens on line {line:,} is never closed, so the rows after it cannot be told '
        "apart; close it, or write it twice where it belongs to the text."
    )


def run_together(record: Record) -> RefusedFile:
    """What to say of a record that is several."""
    return RefusedFile(
        f'Lines {record.line:,} to {record.line + len(record.written) - 1:,} run into each other: a quote (") that '
        "opens there is not closed where its cell ends; close it, or write it twice where it belongs to the text."
    )
