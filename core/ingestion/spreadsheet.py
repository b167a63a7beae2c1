"""The sheets of an Excel file (.xlsx), row by row, in bounded memory whatever the file says of itself."""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import ParseError

from core.errors import RefusedFile
from core.ingestion.tables import Opener

#: unpacked bytes of the texts that cells share, of each part that is read whole, and of what is between two rows
_MOST_TEXTS, _MOST_PART, _MOST_ROW = 128 << 20, 4 << 20, 4 << 20
#: as many rows as Excel has
_MOST_ROWS = 1 << 20
_SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
#: how Excel writes control characters into XML
_ESCAPED = re.compile(r"_x(00[01][0-9A-Fa-f])_")
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, IndexError, ValueError, TypeError, AttributeError,
    OverflowError, NotImplementedError, RuntimeError, ParseError, StopIteration,
)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """A sheet that has cells."""

    title: str
    path: str
    hidden: bool


@dataclass(frozen=True)
class Book:
    """What the rows of all sheets need."""

    sheets: tuple[Sheet, ...]
    texts: list[str]
    epoch: datetime.datetime
    #: style of a cell that holds a date or time -> whether it is a length of time
    dates: Mapping[int, bool]


@contextmanager
def damage_told() -> Iterator[None]:
    """Whatever is wrong with a workbook becomes a `RefusedFile`."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:  # the disk says so, not the file
            raise
        raise _damaged(error) from None
    except _BROKEN as error:
        raise _damaged(error) from None


def _damaged(error: Exception) -> RefusedFile:
    if type(error).__module__.startswith("defusedxml"):
        return RefusedFile("The workbook holds XML entities, which no program writes into one; do not trust it.")
    why = str(error).split("\n", 1)[0].rstrip(".") or type(error).__name__
    if isinstance(error, IndexError):
        why = "a cell names a text that is not there"
    return RefusedFile(f"The workbook is damaged ({why}); open it in Excel and save it again.")


def open_book(opener: Opener) -> Book:
    """The sheets of a workbook, and the texts that their cells share. Raises `RefusedFile` when it is damaged."""
    from openpyxl.reader.excel import ExcelReader, _find_workbook_part
    from openpyxl.xml.constants import ARC_CONTENT_TYPES, SHARED_STRINGS

    with opener() as stream, damage_told(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are about what is not looked at
        reader = ExcelReader(stream, read_only=True, data_only=True, keep_links=False)
        archive = reader.archive
        _refuse_large(archive, ARC_CONTENT_TYPES)
        reader.read_manifest()
        book = _find_workbook_part(reader.package).PartName.lstrip("/")
        _refuse_large(archive, book)
        _refuse_strict(archive.read(book))
        reader.read_workbook()
        texts = reader.package.find(SHARED_STRINGS)
        return Book(
            tuple(
                Sheet(sheet.name, related.target, sheet.state != "visible")
                for sheet, related in reader.parser.find_sheets()
                if related.Type.endswith("/worksheet") and related.target in reader.valid_files
            ),
            _shared_texts(archive, texts.PartName.lstrip("/")) if texts else [],
            reader.wb.epoch,
            _date_styles(archive, f"{book.rpartition('/')[0]}/styles.xml"),
        )


def _refuse_large(archive: zipfile.ZipFile, path: str, most: int = _MOST_PART) -> None:
    if archive.getinfo(path).file_size > most:
        raise RefusedFile(
            f"The part {path} of the workbook takes more than {most >> 20} MB, more than is read at once; export the "
            "sheet as CSV."
        )


def _refuse_strict(book: bytes) -> None:
    if b"//purl.oclc.org/ooxml/spreadsheetml/main" in book:
        raise RefusedFile('The workbook is saved as "Strict Open XML"; save it as an ordinary .xlsx, or as CSV.')


class _Bounded:
    """A stream of which no more than so much is read between two rows."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.read_since = 0

    def read(self, size: int = -1) -> bytes:
        block: bytes = self._stream.read(size)
        self.read_since += len(block)
        if self.read_since > _MOST_ROW:
            raise RefusedFile(
                f"The workbook holds {_MOST_ROW >> 20} MB and more in a single row or text, which no table of clients "
                "does; export the sheet as CSV and look at it."
            )
        return block


def _elements(archive: zipfile.ZipFile, path: str, tag: str, within: str) -> Iterator[Any]:
    """Each element `tag` in the element `within`, one after the other; they do not pile up."""
    from openpyxl.xml.functions import iterparse

    with archive.open(path) as source:
        bounded = _Bounded(source)
        holder: Any = None
        for event, element in iterparse(bounded, events=("start", "end")):
            if event == "start":
                holder = element if element.tag == _SPACE + within else holder
            elif element.tag == _SPACE + within:
                return
            elif element.tag == _SPACE + tag and holder is not None:
                yield element
                holder.clear()
                bounded.read_since = 0


def _shared_texts(archive: zipfile.ZipFile, path: str) -> list[str]:
    _refuse_large(archive, path, _MOST_TEXTS)
    return ["".join(_parts_of_text(item)) for item in _elements(archive, path, "si", "sst")]


def _parts_of_text(item: Any) -> Iterator[str]:
    """A text stands in the item itself or in its runs; what tells how to pronounce it is left aside."""
    for part in item:
        if part.tag in (_SPACE + "t", _SPACE + "r"):
            yield from (text.text or "" for text in part.iter(_SPACE + "t"))


def _date_styles(archive: zipfile.ZipFile, path: str) -> dict[int, bool]:
    from openpyxl.styles.numbers import builtin_format_code, is_date_format, is_timedelta_format

    if path not in archive.namelist():
        return {}
    own = {one.get("numFmtId"): one.get("formatCode") for one in _elements(archive, path, "numFmt", "numFmts")}
    found = {}
    for style, cell in enumerate(_elements(archive, path, "xf", "cellXfs")):
        number = cell.get("numFmtId", "0")
        code = own.get(number) or builtin_format_code(int(number))
        if code and is_date_format(code):
            found[style] = is_timedelta_format(code)
    return found


def rows(opener: Opener, book: Book, sheet: Sheet) -> Iterator[tuple[int, dict[int, str]]]:
    """(number of the row, text of each cell by its column, from 1) of each row of a sheet that is not empty.

    Raises `RefusedFile` when it is damaged, or when a cell holds a formula without its result.
    """
    from openpyxl.worksheet._reader import WorkSheetParser

    parser = WorkSheetParser(None, book.texts, data_only=True)
    before = 0
    with opener() as stream, damage_told():
        found = _elements(zipfile.ZipFile(stream), sheet.path, "row", "sheetData")
        while (element := next(found, None)) is not None:
            number, cells = parser.parse_row(element)
            if not before < number <= _MOST_ROWS:
                raise ValueError(f"row {number} follows row {before}")
            before = number
            texts = {cell["column"]: text for cell in cells if (text := _text(cell, book)) is not None}
            if any(cell["value"] is None for cell in cells):
                _refuse_formula_without_result(element)
            if texts:
                yield number, texts


def _refuse_formula_without_result(row: Any) -> None:
    for cell in row:
        told = cell.get("t") == "str" or cell.findtext(_SPACE + "v")
        if not told and cell.find(_SPACE + "f") is not None:
            raise RefusedFile(
                f"Cell {cell.get('r', '')} holds a formula without its result, as programs write it that do not "
                "calculate; open the workbook in Excel, save it, and drop it in again."
            )


def _text(cell: Mapping[str, Any], book: Book) -> str | None:
    """A cell's value as the text that a CSV file would hold; lengths of time in days."""
    value = cell["value"]
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    if isinstance(value, int | float) and cell["style_id"] in book.dates:
        value = _date(value, book, lengths=book.dates[cell["style_id"]])
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ") if value.time() != datetime.time() else value.date().isoformat()
    if isinstance(value, datetime.timedelta):
        return repr(value / datetime.timedelta(days=1))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value)


def _date(number: float, book: Book, *, lengths: bool) -> Any:
    """The date or time that a number stands for; the number itself where there is no such date."""
    from openpyxl.utils.datetime import from_excel

    try:
        return from_excel(number, book.epoch, timedelta=lengths)
    except (OverflowError, ValueError):
        return number
