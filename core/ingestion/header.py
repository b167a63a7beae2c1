"""The header of a separated text: where it is, and what separates its cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from core.config import DataConfig
from core.errors import RefusedFile
from core.ingestion.records import LONGEST_LINE, OPEN, Lines, cells_of, never_closed, quote_fault, too_long
from core.ingestion.tables import TITLE_LINES, names_the_client, refuse_rows_without_header

SEPARATORS = (",", ";", "\t", "|", ":", "~", "^")

_SAMPLE_RECORDS, _FEWEST_RECORDS = 50, 3
_SAMPLE_CHARACTERS = 1 << 18
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|:~^])"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """The record that names the columns, and how it was found."""

    cells: list[str]
    encoding: str
    separator: str
    #: bytes of UTF-8 up to the end of the header, the line it begins on, and the line after it
    length: int
    line: int
    begins: int
    #: whether there are lines of title above it, and rows below it
    titled: bool
    rows: bool


@dataclass(frozen=True)
class _Found:
    """A record that may be the header."""

    cells: list[str]
    separator: str
    start: int
    end: int


def read_header(head: bytes, whole: bool, encoding: str, config: DataConfig, known: tuple[str, ...]) -> Header:
    """The header in the first bytes (UTF-8) of a file; `whole`: there are no more.

    It is the first line; or the first one that has the column of the client id, where up to `TITLE_LINES` lines of
    title stand above it. Raises `RefusedFile` when there is none.
    """
    text = head.decode("utf-8", errors="ignore")
    if not text.strip():
        if not whole:
            raise RefusedFile(f"The file begins with {LONGEST_LINE >> 20} MB of blanks; it has no header line.")
        raise RefusedFile("The file is empty: there is not even a header line.")
    if not whole and not re.search(r"[\r\n]\s*\S", text):
        raise too_long("The first line")
    place = len(text) - len(text.lstrip("\r\n"))
    forced: str = "" if config.separator == "auto" else config.separator
    if told := _SEPARATOR_LINE.match(text, place):  # Excel's own way to name it
        place = told.end()
    separator = forced or (told[1] if told else "")
    first = _header_at(text, place, separator, config)
    found = first
    if not names_the_client(first.cells, config):
        found = next(_below(text, first, separator, config), first)
    if found is first:
        _refuse_other_separator(text, first, forced, config)
        if quote_fault(text[first.start : first.end], first.separator) == OPEN:
            raise never_closed(_line(text, first.start))
        if not names_the_client(first.cells, config):
            refuse_rows_without_header(first.cells, config, known)
    cells = found.cells + [""] * _closes_with_separator(text, found, whole=whole)
    rows = not whole or bool(text[found.end :].strip("\r\n"))
    return Header(
        cells, encoding, found.separator, len(text[: found.end].encode()), _line(text, found.start),
        _line(text, found.end), found is not first, rows,
    )  # fmt: skip


def _line(text: str, place: int) -> int:
    """Number of the line that begins at a place."""
    return sum(1 for _ in Lines(text[:place])) + 1


def _header_at(text: str, place: int, separator: str, config: DataConfig) -> _Found:
    """The record at a place, separated so that one of its cells names the client, if it can be."""
    first = _record_at(text, place, separator or find_separator(text[place : place + _SAMPLE_CHARACTERS]))
    if separator or names_the_client(first.cells, config):
        return first
    others = (_record_at(text, place, other) for other in SEPARATORS)
    return next((found for found in others if names_the_client(found.cells, config)), first)


def _record_at(text: str, place: int, separator: str) -> _Found:
    lines = Lines(text, place)
    try:
        cells: list[str] = next(cells_of(lines, separator), [])
    except csv.Error as error:
        raise RefusedFile(f"The header line cannot be read as CSV: {error}.") from None
    return _Found(cells, separator, place, lines.place)


def _below(text: str, first: _Found, separator: str, config: DataConfig) -> Iterator[_Found]:
    """What stands below lines of title and names the client in one of several cells."""
    lines = Lines(text, first.start)
    for _line in islice(lines, TITLE_LINES):
        found = _header_at(text, lines.place, separator, config)
        if len(found.cells) > 1 and names_the_client(found.cells, config):
            yield found


def _refuse_other_separator(text: str, first: _Found, forced: str, config: DataConfig) -> None:
    """Raise `RefusedFile` when config names a separator with which the header is one cell, and without is a header."""
    if not forced or len(first.cells) > 1:
        return
    other = _header_at(text, first.start, "", config)
    if len(other.cells) > 1 and names_the_client(other.cells, config):
        raise RefusedFile(
            f"The header line has no {_shown(forced)}, which data.separator names: its cells are separated by "
            f'{_shown(other.separator)}; correct data.separator in config.toml, or set it to "auto".'
        )


def _shown(separator: str) -> str:
    return "tab" if separator == "\t" else repr(separator)


def _closes_with_separator(text: str, header: _Found, *, whole: bool) -> bool:
    """Whether each of some rows, but not the header, ends with a separator that nothing follows."""
    sample = text[header.end : header.end + _SAMPLE_CHARACTERS]
    lines = Lines(sample)
    wanted = len(header.cells) + 1
    rows = islice(filter(None, cells_of(lines, header.separator)), _SAMPLE_RECORDS)
    try:
        so = [
            len(cells) == wanted and sample[: lines.place].rstrip("\r\n").endswith(header.separator) for cells in rows
        ]
    except csv.Error:
        return False
    if lines.place == len(sample) and not (whole and header.end + len(sample) == len(text)):
        so = so[:-1]  # it may be cut off
    return len(so) >= _FEWEST_RECORDS and all(so)


def find_separator(text: str) -> str:
    """The separator that cuts the first records of a text into the most cells, each record into as many.

    >>> find_separator('id;"a,b,c";exited\\n1;"2,5";0')
    ';'
    >>> find_separator("name\\nAnna\\n")
    ','
    """
    best, chosen = (0.0, 0), SEPARATORS[0]
    for separator in SEPARATORS:
        reader = cells_of(Lines(text[:_SAMPLE_CHARACTERS]), separator)
        widths = []
        try:
            for cells in reader:
                if cells:
                    widths.append(len(cells))
                if len(widths) == _SAMPLE_RECORDS:
                    break
        except csv.Error:
            continue
        if len(text) >= _SAMPLE_CHARACTERS and len(widths) > 2:
            widths.pop()  # it may be cut off
        if not widths or widths[0] < 2:
            continue
        alike = sum(width == widths[0] for width in widths) / len(widths)
        if (round(alike, 1), widths[0]) > best:
            best, chosen = (round(alike, 1), widths[0]), separator
    return chosen
