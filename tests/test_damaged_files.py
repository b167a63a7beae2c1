"""Damaged and strange files: each is read right, or refused with a sentence, and stops nothing beside it."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest

from core.pipeline import full
from core.records import Batch
from core.store import ingested
from core.workspace import Workspace
from tests.builders import Clock, drop, make_workspace
from tests.strange_files import (
    CELLS,
    ENTITIES,
    GOOD,
    HEADER,
    MEGA,
    ROWS,
    TABLE,
    clients,
    encrypted_zip,
    gz,
    gz_bomb,
    lines,
    noise,
    ole,
    parquet,
    raw_xlsx,
    replacing,
    shared,
    wide,
    with_parts,
    xlsx,
    zip_bomb,
    zip_of,
    zipped,
)

Content = bytes | str | Callable[[], bytes | str]

EMPTY = "The file is empty: there is not even a header line."
NO_ROWS = "The file has a header line but no rows."
BINARY = "The file is not a text: it holds binary data (zero bytes); export it as CSV."
NO_TEXT = "The file is neither UTF-8 nor Windows-1252 text; export it as UTF-8."
BOMB = "The file unpacks to more than 200 times its size, which no table of clients does; unpack it and look at it."
UNPACK = "The file is no table: it is an archive within an archive, or a packed Excel or Parquet file; unpack it."
OLE = (
    "The file is no table: it is an old or a password-protected Excel file; save it as .xlsx without a password, or as "
    "CSV."
)
PICTURE = "The file is no table: it is a picture."
WEB = "The file is no table: it is a web page; export the table as CSV or Excel."
NEVER_CLOSED = (
    'A quote (") that opens on line {} is never closed, so the rows after it cannot be told apart; close it, or write '
    "it twice where it belongs to the text."
)
RUN_TOGETHER = (
    'Lines {} to {} run into each other: a quote (") that opens there is not closed where its cell ends; close it, or '
    "write it twice where it belongs to the text."
)
TOO_WIDE = "The table has {} columns, and at most 5,000 are read; leave out those that say nothing about a client."
TOO_LONG = "{} is longer than 4 MB: a quote may be open, or it is no table of clients."
LACKS = "The file lacks the column {}; add it, or map another name to it under [data.rename] in config.toml."
LACK = "The file lacks the columns {}; add them, or map other names to them under [data.rename] in config.toml."
RAGGED = (
    "{} of the rows have another number of cells than the header, such as line {} with {} where the header has {}; at "
    "most 50% may be (data.max_bad_cells)."
)
BAD = "{} of the cells of column {} are not {}, such as {!r}; at most 50% may be (data.max_bad_cells)."
OUTCOME = "an outcome (wanted: 1, true, yes, 0, false, no, or blank for not known yet)"
CUT_ARCHIVE = "The file is a damaged archive, perhaps copied in part ({}); copy it again."
DAMAGED_BOOK = "The workbook is damaged ({}); open it in Excel and save it again."
DAMAGED_PARQUET = "The file is a damaged Parquet file, perhaps copied in part ({}); copy it again."
WITH_DATES = {"data": {"as_of": "day"}}
DATED = HEADER.replace("activity", "day,activity")


def dated(*days: str) -> str:
    """The table with a date in each row."""
    cells = [row.split(",", 1) for row in ROWS]
    return lines(DATED, *(f"{own[0]},{day},{own[1]}" for own, day in zip(cells, days, strict=True)))


@dataclass(frozen=True)
class Refused:
    """A file of which nothing is kept."""

    content: Content
    told: str
    name: str = "odd.csv"
    config: Mapping[str, Any] = field(default_factory=dict)
    #: comes before any good file, so that there is no contract yet
    first: bool = False


TEXTS = {
    "empty": Refused(b"", EMPTY),
    "a byte order mark and nothing else": Refused(codecs.BOM_UTF8, EMPTY),
    "blanks only": Refused(" \t \r\n\n   \n", EMPTY),
    "5 MB of blank lines": Refused(
        lambda: b"\n" * (5 * MEGA), "The file begins with 4 MB of blanks; it has no header line."
    ),
    "a header line only": Refused(lines(HEADER), NO_ROWS),
    "a header line only, before any other file": Refused(HEADER, NO_ROWS, first=True),
    "no header line": Refused(
        lines(*ROWS),
        "The file has no header line: its first line holds values (K1, 101.5, 7, north, ...); put a line above it that "
        "names the columns.",
    ),
    "no header line, before any other file": Refused(
        lines(*ROWS),
        "The file has no header line: its first line holds values (K1, 101.5, 7, north, ...); put a line above it that "
        "names the columns.",
        first=True,
    ),
    "one column only": Refused(lines("client_id", "K1", "K2"), LACK.format("'activity', 'satisfaction', 'region'")),
    "one column only, before any other file": Refused(
        lines("client_id", "K1", "K2"),
        "No column is left to learn from beside the id, the outcome and the like.",
        first=True,
    ),
    "a separator that config names and the file does not have": Refused(
        TABLE,
        "The header line has no ';', which data.separator names: its cells are separated by ','; correct data.separator "
        'in config.toml, or set it to "auto".',
        config={"data": {"separator": ";"}},
        first=True,
    ),
    "two columns of one name": Refused(
        lines(HEADER + ",Activity ", *(row + ",1" for row in ROWS)),
        "Two columns are called 'activity' (columns 2 and 6); rename one.",
    ),
    "6,000 columns": Refused(lambda: wide(6000), TOO_WIDE.format("6,000")),
    "50,000 columns": Refused(lambda: wide(50_000), TOO_WIDE.format("50,000"), first=True),
    "a quote that opens in the header": Refused(TABLE.replace("activity", '"activity'), NEVER_CLOSED.format(1)),
    "a quote that opens in the first row": Refused(TABLE.replace("K1", '"K1'), NEVER_CLOSED.format(2)),
    "a quote that opens in the middle": Refused(
        lines(HEADER, *ROWS * 20, 'K4,1,1,"north,0', *ROWS * 20), NEVER_CLOSED.format(62)
    ),
    "a quote that opens in the last row": Refused(
        TABLE.replace("K3,120.75,8,east", 'K3,120.75,8,"east'), NEVER_CLOSED.format(4)
    ),
    "a quote that opens after another row's stray one": Refused(
        lines(HEADER, 'K1,1,1,"5" pipe",0', *ROWS, 'K4,1,1,"north,0', *ROWS), NEVER_CLOSED.format(6)
    ),
    "two quotes that open and never close": Refused(
        lines(HEADER, 'K1,1,1,"north,0', ROWS[1], 'K3,1,1,"east,0'), RUN_TOGETHER.format(2, 4)
    ),
    "a quote that opens 6 MB before the end": Refused(
        lambda: lines(HEADER, *ROWS, '"K4,1,1,north,0', *ROWS * 90_000), NEVER_CLOSED.format(5)
    ),
    "a line of 5 MB": Refused(
        lambda: lines(HEADER, ROWS[0], "K2,1,1," + "x" * (5 * MEGA) + ",0", ROWS[2]), TOO_LONG.format("Line 3")
    ),
    "a header line of 5 MB": Refused(lambda: "client_id," + "x" * (5 * MEGA), TOO_LONG.format("The first line")),
    "a title above a header without the id": Refused(
        lines("Clients of 2025", "name,activity,exited", "A,1,0"),
        LACK.format("'client_id', 'activity', 'satisfaction', 'region'"),
    ),
    "rows of another width than the header's": Refused(
        lines(HEADER, *(row + ",1" for row in ROWS)), RAGGED.format("100%", 2, "6 cells", 5)
    ),
    "half a header": Refused(
        lines("client_id,activity,exited", *ROWS), RAGGED.format("100%", 2, "5 cells", 3), first=True
    ),
    "most rows of another width": Refused(
        lines(HEADER, "", ROWS[0], "K4,1", "K5,1", "K6"), RAGGED.format("75%", 4, "2 cells", 5)
    ),
}

BYTES = {
    "zero bytes at the beginning": Refused(b"\x00\x00" + TABLE.encode(), BINARY),
    "a zero byte after 100 kB": Refused(lambda: lines(HEADER, *ROWS * 2000).encode() + b"K4,1,1,no\x00rth,0\n", BINARY),
    "a picture": Refused(b"\x89PNG\r\n\x1a\n" + noise(500), PICTURE),
    "a photograph": Refused(b"\xff\xd8\xff\xe0" + noise(500), PICTURE),
    "a PDF": Refused(
        b"%PDF-1.7\n" + noise(500), "The file is no table: it is a PDF document; export the table as CSV or Excel."
    ),
    "a program": Refused(b"\x7fELF\x02\x01\x01" + noise(500), "The file is no table: it is a program."),
    "noise": Refused(noise(100_000), BINARY),
    "noise without zero bytes": Refused(noise(100_000).replace(b"\x00", b""), NO_TEXT),
    "a web page": Refused("<!DOCTYPE html>\n<html><table><tr><td>K1</td></tr></table></html>", WEB),
    "a web page called .xlsx": Refused("<HTML><TABLE><TR><TD>K1</TD></TR></TABLE></HTML>", WEB, name="odd.xlsx"),
    "JSON": Refused(
        '[{"client_id": "K1", "exited": 0}]',
        "The file is no table: it is a JSON file; export the table as CSV or Excel.",
    ),
    "an SQLite database": Refused(
        b"SQLite format 3\x00" + noise(500),
        "The file is no table: it is an SQLite database; name it as a source of kind 'sql'.",
    ),
    "UTF-16 of an odd length": Refused(
        codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le") + b"\x41",
        f"The file is not in utf-16 (it begins so): the byte near position {2 * len(TABLE) + 3} does not belong to it; "
        "export it as UTF-8.",
    ),
    "UTF-16 that holds half a character": Refused(
        codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le") + b"\x00\xd8\x0a\x00",
        f"The file is not in utf-16 (it begins so): the byte near position {2 * len(TABLE) + 3} does not belong to it; "
        "export it as UTF-8.",
    ),
    "1 MB of UTF-8 with a broken byte at its end": Refused(
        # 46 bytes of header, 17,000 times three rows of 59 bytes, and eight good bytes before the broken one
        lambda: (
            lines(HEADER, *(row.replace("north", "nörd") for row in ROWS * 17_000)).encode() + b"K4,1,1,n\xf6rd,0\n"
        ),
        "The file is UTF-8 text but for 1 place, the first on line 51,002 (byte 1,003,055): it was damaged, or put "
        "together from texts in different encodings; export it again.",
    ),
    "half of a surrogate pair in UTF-8": Refused(
        TABLE.replace("north", "nörd").encode().replace(b"east", b"\xed\xa0\xbd"),
        "The file is UTF-8 text but for 1 place, the first on line 4 (byte 99): it was damaged, or put together from "
        "texts in different encodings; export it again.",
    ),
    "UTF-8 that was cut within a character": Refused(
        TABLE.replace("north", "nörd").encode() + "K4,1,1,ö".encode()[:-1],
        "The file ends within a character, on line 5: it was perhaps copied in part; copy it again.",
    ),
    "Latin-1 where config says UTF-8": Refused(
        TABLE.replace("north", "nörd").encode("latin-1"),
        f"The file is not in utf-8 (data.encoding says so): the byte near position {TABLE.index('north') + 2} does not "
        "belong to it; export it as UTF-8.",
        config={"data": {"encoding": "utf-8"}},
    ),
    "Mac Roman": Refused(TABLE.replace("north", "Åland é").encode("mac-roman"), NO_TEXT),
}

ARCHIVES = {
    "a gzip file that is cut off": Refused(
        lambda: gz(lines(HEADER, *ROWS * 50))[:-20],
        CUT_ARCHIVE.format("Compressed file ended before the end-of-stream marker was reached"),
        name="odd.csv.gz",
    ),
    "a gzip file with other bytes in the middle": Refused(
        lambda: gz(noise(3000).hex())[:500] + noise(500) + gz(noise(3000).hex())[1000:],
        CUT_ARCHIVE.format("Error -3 while decompressing data: invalid distance too far back"),
        name="odd.csv.gz",
    ),
    "a zip file that is cut off": Refused(
        lambda: zipped({"clients.csv": lines(HEADER, *ROWS * 50)})[:-40],
        CUT_ARCHIVE.format("File is not a zip file"),
        name="odd.zip",
    ),
    "a zip file whose content does not match its checksum": Refused(
        lambda: zip_of("clients.csv", TABLE.encode(), len(TABLE), 1, method=0),
        CUT_ARCHIVE.format("Bad CRC-32 for file 'clients.csv'"),
        name="odd.zip",
    ),
    "a zip file of two files": Refused(
        lambda: zipped({"a.csv": TABLE, "b.csv": TABLE}),
        "An archive must hold one CSV file; this one holds 2 files (a.csv, b.csv).",
        name="odd.zip",
    ),
    "a zip file of seven files": Refused(
        lambda: zipped({f"{n}.csv": TABLE for n in range(7)}),
        "An archive must hold one CSV file; this one holds 7 files (0.csv, 1.csv, 2.csv, 3.csv, 4.csv, ...).",
        name="odd.zip",
    ),
    "a zip file of nothing": Refused(
        lambda: zipped({}), "An archive must hold one CSV file; this one holds 0 files (none).", name="odd.zip"
    ),
    "a zip file of a folder": Refused(
        lambda: zipped({"folder/": ""}),
        "An archive must hold one CSV file; this one holds 0 files (none).",
        name="odd.zip",
    ),
    "a zip file with a password": Refused(
        encrypted_zip, "The archive is protected by a password; unpack it.", name="odd.zip"
    ),
    "a zip file packed as nobody can read it": Refused(
        lambda: zip_of("clients.csv", noise(50), 100, 0, method=77),
        "The archive is packed in a way that is not read (That compression method is not supported); unpack it, or pack "
        "it as .gz.",
        name="odd.zip",
    ),
    "a zip bomb of 1 GB": Refused(lambda: zip_bomb(lines(*ROWS * 20_000).encode(), 900), BOMB, name="odd.zip"),
    "a zip bomb that lies about its size": Refused(
        lambda: zip_bomb(TABLE.encode() * 1000, 900, told=50),
        CUT_ARCHIVE.format("Bad CRC-32 for file 'clients.csv'"),
        name="odd.zip",
    ),
    "a gzip bomb of 1 GB of zeros": Refused(lambda: gz_bomb(bytes(16 * MEGA), 64), BINARY, name="odd.csv.gz"),
    "a gzip bomb of 1 GB of one line": Refused(
        lambda: gz(HEADER + "\n") + gz_bomb((ROWS[0] + "\n").encode() * 1_000_000, 50, 9), BOMB, name="odd.csv.gz"
    ),
    "a zip file in a zip file": Refused(
        lambda: zipped({"clients.zip": zipped({"clients.csv": TABLE})}), UNPACK, name="odd.zip"
    ),
    "a workbook in a zip file": Refused(lambda: zipped({"clients.xlsx": xlsx()}), UNPACK, name="odd.zip"),
    "a gzip file in a gzip file": Refused(lambda: gz(gz(TABLE)), UNPACK, name="odd.csv.gz"),
    "a 7z archive": Refused(b"7z\xbc\xaf\x27\x1c" + noise(300), "The file is no table: it is a 7z archive; unpack it."),
}

BOOKS = {
    "an old Excel file, or one with a password": Refused(ole, OLE, name="odd.xlsx"),
    "a binary workbook": Refused(
        lambda: zipped({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": noise(100)}),
        "The file is no table: it is a binary Excel file (.xlsb); save it as .xlsx.",
        name="odd.xlsx",
    ),
    "an OpenDocument spreadsheet": Refused(
        lambda: zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}),
        "The file is no table: it is an OpenDocument file; save it as .xlsx or CSV.",
        name="odd.xlsx",
    ),
    "a Word document": Refused(
        lambda: zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<x/>"}),
        "The file is no table: it is a Word document; export the table as CSV or Excel.",
        name="odd.xlsx",
    ),
    "a workbook that is cut off": Refused(
        lambda: xlsx()[:-100], CUT_ARCHIVE.format("File is not a zip file"), name="odd.xlsx"
    ),
    "a workbook without sheets": Refused(
        lambda: with_parts(xlsx(), book=replacing("<sheet [^>]*/>", "")),
        "The workbook has no sheet with cells.",
        name="odd.xlsx",
    ),
    "a workbook with nothing but a chart": Refused(
        lambda: xlsx(fill=lambda book: (book.create_chartsheet("Chart"), book.remove(book["Clients"]))),
        "The workbook has no sheet with cells.",
        name="odd.xlsx",
    ),
    "an empty sheet": Refused(
        lambda: xlsx([]), "The sheet 'Clients' is empty: there is not even a header line.", name="odd.xlsx"
    ),
    "an empty sheet before others": Refused(
        lambda: xlsx([], fill=lambda book: book.create_sheet("Data").append(CELLS[0])),
        "The sheet 'Clients' is empty: there is not even a header line; if 'Data' is meant, name it as `sheet` of the "
        "source in config.toml.",
        name="odd.xlsx",
    ),
    "a sheet that is not there": Refused(
        lambda: xlsx(),
        "The workbook has no sheet 'Kunden'; it has 'Clients'.",
        name="odd.xlsx",
        config={
            "sources": [
                {"name": "incoming", "kind": "folder", "path": "incoming", "settle_seconds": 0, "sheet": "Kunden"}
            ]
        },
    ),
    "a header row only": Refused(lambda: xlsx(CELLS[:1]), NO_ROWS, name="odd.xlsx"),
    "formulas without results": Refused(
        lambda: xlsx([*CELLS[:2], ["K2", "=B2*2", 7, "south", 1], CELLS[3]]),
        "Cell B3 holds a formula without its result, as programs write it that do not calculate; open the workbook in "
        "Excel, save it, and drop it in again.",
        name="odd.xlsx",
    ),
    "an XML bomb": Refused(
        lambda: with_parts(raw_xlsx(*shared()), texts=ENTITIES),
        "The workbook holds XML entities, which no program writes into one; do not trust it.",
        name="odd.xlsx",
    ),
    "70 MB of shared texts in a small file": Refused(
        lambda: raw_xlsx("", "<si><t>north</t></si>" * 3_300_000), BOMB, name="odd.xlsx"
    ),
    "150 MB of shared texts beside pictures": Refused(
        lambda: raw_xlsx(*shared(), told={"xl/sharedStrings.xml": 150 * MEGA}),
        "The part xl/sharedStrings.xml of the workbook takes more than 128 MB, more than is read at once; export the "
        "sheet as CSV.",
        name="odd.xlsx",
    ),
    "XML that breaks off": Refused(
        lambda: with_parts(xlsx(), sheet=lambda content: content[: len(content) // 2]),
        DAMAGED_BOOK.format("unclosed token: line 1, column 670"),
        name="odd.xlsx",
    ),
    "cells that name texts that are not there": Refused(
        lambda: raw_xlsx(*shared(first=3)),
        DAMAGED_BOOK.format("a cell names a text that is not there"),
        name="odd.xlsx",
    ),
    "a strict workbook": Refused(
        lambda: with_parts(
            xlsx(),
            book=replacing(
                "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                "http://purl.oclc.org/ooxml/spreadsheetml/main",
            ),
        ),
        'The workbook is saved as "Strict Open XML"; save it as an ordinary .xlsx, or as CSV.',
        name="odd.xlsx",
    ),
    "a sheet of 5,001 columns": Refused(
        lambda: xlsx([["client_id", *range(4999), "exited"], ["K1"]]), TOO_WIDE.format("5,001"), name="odd.xlsx"
    ),
    "a row of 9 MB": Refused(
        lambda: with_parts(
            xlsx(), sheet=replacing("</row>", "<c t='inlineStr'><is><t>" + "x" * 9 * MEGA + "</t></is></c></row>")
        ),
        "The workbook holds 4 MB and more in a single row or text, which no table of clients does; export the sheet as "
        "CSV and look at it.",
        name="odd.xlsx",
    ),
    "rows that go on beside the header": Refused(
        lambda: xlsx([CELLS[0], *([*row, "note"] for row in CELLS[1:])]),
        RAGGED.format("100%", 2, "6 cells", 5),
        name="odd.xlsx",
    ),
}

PARQUETS = {
    "a Parquet file that is cut off": Refused(
        lambda: parquet(clients())[:-30],
        DAMAGED_PARQUET.format(
            "Parquet magic bytes not found in footer. Either the file is corrupted or this is not a parquet file"
        ),
        name="odd.parquet",
    ),
    "a Parquet file without its middle": Refused(
        lambda: (lambda whole: whole[:50] + whole[300:])(parquet(clients())),
        DAMAGED_PARQUET.format("Couldn't deserialize thrift: TProtocolException: Invalid data"),
        name="odd.parquet",
    ),
    "a Parquet file of nothing but its mark": Refused(
        b"PAR1",
        DAMAGED_PARQUET.format("Parquet file size is 4 bytes, smaller than the minimum file footer (8 bytes)"),
        name="odd.parquet",
    ),
    "a column of lists": Refused(
        lambda: parquet(clients(visits=[[1, 2], [], [3]])),
        "Column 'visits' holds list values, no single texts or numbers; leave it out, or list it in data.ignore.",
        name="odd.parquet",
    ),
    "a column of records": Refused(
        lambda: parquet(clients(place=[{"x": 1}, {"x": 2}, None])),
        "Column 'place' holds struct values, no single texts or numbers; leave it out, or list it in data.ignore.",
        name="odd.parquet",
    ),
    "a column of bytes": Refused(
        lambda: parquet(clients(logo=[b"\x89PNG", b"\xff", b"\xfe"])),
        "Column 'logo' holds bytes that are no text in UTF-8; leave it out, or write it as text.",
        name="odd.parquet",
    ),
    "texts that are no UTF-8": Refused(
        lambda: parquet(
            clients(
                region=pa.StringArray.from_buffers(
                    3, pa.py_buffer(struct.pack("<4i", 0, 1, 2, 3)), pa.py_buffer(b"\xff\xfeA")
                )
            )
        ),
        "Column 'region' holds bytes that are no text in UTF-8; leave it out, or write it as text.",
        name="odd.parquet",
    ),
    "no rows": Refused(lambda: parquet(pa.table(clients()).slice(0, 0)), NO_ROWS, name="odd.parquet"),
    "no columns": Refused(lambda: parquet(pa.table({})), "The file has no columns.", name="odd.parquet"),
    "columns of one name": Refused(
        lambda: parquet(pa.table([["K1"], [1.0], [2.0]], names=["client_id", "activity", "activity"])),
        "Two columns are called 'activity' (columns 2 and 3); rename one.",
        name="odd.parquet",
    ),
    "50,000 columns in a Parquet file": Refused(
        lambda: parquet({"client_id": ["K1"], **{f"c{n}": [1] for n in range(49_999)}}),
        TOO_WIDE.format("50,000"),
        name="odd.parquet",
    ),
    "a text of 5 MB, many times": Refused(
        lambda: parquet(clients(client_id=[f"K{n}" for n in range(3)], region=["x" * 5 * MEGA] * 3)),
        "Column 'region' holds a text of more than 4 MB, which no table of clients does.",
        name="odd.parquet",
    ),
}

MEANINGS = {
    "a missing id column": Refused(
        TABLE.replace("client_id", "clientid"), LACKS.format("'client_id' (did you mean 'clientid'?)")
    ),
    "a missing id column, before any other file": Refused(
        TABLE.replace("client_id", "Client No"),
        "The file has no column 'client_id', which config.toml names as client_id (did you mean 'Client No'?); its "
        "columns are Client No, activity, satisfaction, region, exited.",
        first=True,
    ),
    "an outcome column of nearly the same name": Refused(
        TABLE.replace("exited", "exitd"),
        "The file has no column 'exited', which config.toml names as outcome (did you mean 'exitd'?); its columns are "
        "client_id, activity, satisfaction, region, exitd.",
        first=True,
    ),
    "no ids": Refused(lines(HEADER, *(row[2:] for row in ROWS)), BAD.format("100%", "'client_id'", "a client id", "")),
    "outcomes that nobody can read": Refused(
        lines(HEADER, *(row[:-1] + "maybe" for row in ROWS)), BAD.format("100%", "'exited'", OUTCOME, "maybe")
    ),
    "more unreadable cells than may be": Refused(
        lines(HEADER, "K1,many,7,north,0", "K2,few,7,north,0", "K3,5,7,north,0"),
        BAD.format("67%", "'activity'", "a number", "many"),
    ),
    "nothing but blank cells": Refused(
        lines(HEADER, *[",,,,"] * 3), BAD.format("100%", "'client_id'", "a client id", "")
    ),
    "lines of blanks": Refused(lines(HEADER, *["     "] * 3), RAGGED.format("100%", 2, "1 cell", 5)),
    "dates of which nobody knows whether the day comes first": Refused(
        dated("03/04/2025", "05/06/2025", "07/08/2025"),
        "Dates such as '03/04/2025' could be day-month-year or month-day-year; say which in config.toml: "
        'data.date_format = "dmy" or "mdy".',
        config=WITH_DATES,
        first=True,
    ),
    "dates in two orders": Refused(
        dated("13/04/2025", "05/31/2025", "14/08/2025"),
        "Some dates can only be day-month-year and others only month-day-year, such as '05/31/2025'; write them all in "
        "one order, best as year-month-day.",
        config=WITH_DATES,
        first=True,
    ),
    "dates as the numbers that Excel keeps": Refused(
        dated("45292", "45293", "45294"),
        BAD.format("100%", "'day'", "a date (wanted: year-month-day)", "45292"),
        config=WITH_DATES,
        first=True,
    ),
}
REFUSED = TEXTS | BYTES | ARCHIVES | BOOKS | PARQUETS | MEANINGS

#: what the table means: activity, satisfaction, region and outcome by client
MEANT = {"K1": (101.5, 7.0, "north", 0.0), "K2": (88.25, 6.5, "south", 1.0), "K3": (120.75, 8.0, "east", 0.0)}


@dataclass(frozen=True)
class Read:
    """A file that is strange and is read all the same."""

    content: Content
    name: str = "odd.csv"
    config: Mapping[str, Any] = field(default_factory=dict)
    first: bool = False
    #: rows read
    read: int = 3
    #: clients whose rows are kept, and what they are
    rows: Mapping[str, tuple[float | None, float | None, str | None, float | None]] = field(
        default_factory=lambda: MEANT
    )
    #: line, column, value and reason of what was set aside
    listed: tuple[tuple[int, str, str, str], ...] = ()
    #: how it was read
    dialect: Mapping[str, str] = field(default_factory=dict)


def changed(**values: tuple[Any, ...]) -> dict[str, Any]:
    return MEANT | values


NO_NUMBER = "not a number; counted as missing"
NO_ID = "no client id"
QUOTED = TABLE.replace("north", '5" pipe').replace("south", '"12"" valve"').replace("east", '"3" bolt"')
PIPES = {
    "K1": (101.5, 7.0, '5" pipe', 0.0), "K2": (88.25, 6.5, '12" valve', 1.0), "K3": (120.75, 8.0, '3 bolt"', 0.0),
}  # fmt: skip
GERMAN = (
    "client_id;activity;satisfaction;region;exited\nK1;{};7,0;north;0\nK2;88,25;6,5;south;1\nK3;120,75;8,0;east;0\n"
)
CYRILLIC = TABLE.replace("north", "север").replace("south", "юг").replace("east", "восток")
NORD = changed(K1=(101.5, 7.0, "nörd", 0.0))

SPELLED = {
    "header names in quotes, over two lines, of any case": Read(
        TABLE.replace(HEADER, '"CLIENT_ID\n"," Activity",\'satisfaction\',region ,"exited"')
    ),
    "columns without a name": Read(lines(HEADER + ",,", *(row + ",x,y" for row in ROWS))),
    "a separator at the end of each line": Read(lines(HEADER + ",", *(row + "," for row in ROWS))),
    "a separator at the end of each row, but not of the header": Read(lines(HEADER, *(row + "," for row in ROWS))),
    "columns that nobody knows": Read(lines("new," + HEADER, *("1," + row for row in ROWS))),
    "Excel's line that names the separator": Read("sep=;\n" + TABLE.replace(",", ";"), dialect={"separator": ";"}),
    "Excel's line in UTF-16": Read(
        ("sep=\t\r\n" + TABLE.replace(",", "\t")).encode("utf-16"), dialect={"separator": "\t", "encoding": "utf-16"}
    ),
    "a title above the header": Read(
        lines("Clients of 2025, as of 31 December", "", "confidential", TABLE), dialect={"header": "4"}
    ),
    "a title with separators above the header": Read(
        lines(";;;;", "Report;Clients;;;", TABLE.replace(",", ";")), dialect={"header": "3", "separator": ";"}
    ),
    "a decimal comma in a name of the header": Read(
        lines("client_id;activity, or so;satisfaction;region;exited", *(row.replace(",", ";") for row in ROWS)),
        config={"data": {"rename": {"activity, or so": "activity"}}},
        dialect={"separator": ";"},
    ),
    "one row of another width": Read(
        lines(HEADER, ROWS[0], "K4,1,1", *ROWS[1:]),
        read=4,
        listed=((3, "", "", "3 cells where the header has 5"),),
    ),
    "quotes within cells": Read(QUOTED, rows=PIPES),
    "quotes within cells beside one that goes over lines": Read(
        QUOTED.replace("K1", '"K\n1"'), rows={"K\n1" if name == "K1" else name: row for name, row in PIPES.items()}
    ),
    "line ends of every kind": Read("\r\n".join([HEADER, "\n".join(ROWS[:2]) + "\r" + ROWS[2] + "\r\r\n"])),
    "carriage returns only": Read("\r".join([HEADER, *ROWS])),
    "no end of the last line": Read(TABLE.rstrip()),
    "a line of 3 MB": Read(
        lambda: TABLE.replace("north", "n" * 3 * MEGA), rows=changed(K1=(101.5, 7.0, "n" * 3 * MEGA, 0.0))
    ),
    "blank lines and lines of blanks": Read(
        lines("", HEADER, "", *ROWS, "  ", "", ""), read=4, listed=((7, "", "", "1 cell where the header has 5"),)
    ),
    "rows of separators only": Read(
        lines(HEADER, *ROWS, ",,,,", ",,,,"), read=5, listed=((5, "client_id", "", NO_ID), (6, "client_id", "", NO_ID))
    ),
    "a totals row": Read(lines(HEADER, *ROWS, ",310.5,,,1"), read=4, listed=((5, "client_id", "", NO_ID),)),
    "decimal commas": Read(GERMAN.format("101,5"), dialect={"decimal": ",", "decimal_by": "found", "separator": ";"}),
    "thousands separators": Read(
        GERMAN.format("1.234.101,5"), rows=changed(K1=(1234101.5, 7.0, "north", 0.0)), dialect={"decimal": ","}
    ),
    "thousands separators in quotes": Read(
        TABLE.replace("101.5", '"1,101.5"'), rows=changed(K1=(1101.5, 7.0, "north", 0.0)), dialect={"decimal": "."}
    ),
    "decimal signs of both kinds": Read(
        GERMAN.format("101.55"),
        rows=changed(K1=(None, 7.0, "north", 0.0)),
        listed=((2, "activity", "101.55", NO_NUMBER),),
        dialect={"decimal": ","},
    ),
    "percent": Read(TABLE.replace("101.5", "12 %"), rows=changed(K1=(0.12, 7.0, "north", 0.0))),
    "currencies": Read(TABLE.replace("101.5", "$101.50").replace("88.25", "88.25 €").replace("120.75", "CHF 120.75")),
    "infinite and unheard-of numbers": Read(
        lines(HEADER, "K1,inf,7,north,0", "K2,1e308,6.5,south,1", "K3,nan,8,east,0"),
        rows={"K1": (None, 7.0, "north", 0.0), "K2": (None, 6.5, "south", 1.0), "K3": (None, 8.0, "east", 0.0)},
        listed=((2, "activity", "inf", NO_NUMBER), (3, "activity", "1e308", NO_NUMBER)),
        config={"data": {"max_bad_cells": 0.7}},
    ),
    "ids with zeros in front": Read(
        TABLE.replace("K1", "007"), rows={"007": MEANT["K1"], "K2": MEANT["K2"], "K3": MEANT["K3"]}
    ),
    "ids that became floats": Read(
        TABLE.replace("K1", "17850.0"), rows={"17850": MEANT["K1"], "K2": MEANT["K2"], "K3": MEANT["K3"]}
    ),
    "the same file under the name of another format": Read(TABLE, name="odd.xlsx", dialect={"format": "csv"}),
    "a text called .parquet": Read(TABLE, name="odd.parquet", dialect={"format": "csv"}),
    "a text called .zip": Read(TABLE, name="odd.zip", dialect={"format": "csv"}),
    "columns called PAR1 and PARENT": Read(
        lines("PAR1,PARENT," + HEADER, *("1,2," + row for row in ROWS)), dialect={"format": "csv"}
    ),
}

ENCODED = {
    "UTF-8 with two byte order marks": Read(codecs.BOM_UTF8 * 2 + TABLE.encode(), dialect={"encoding": "utf-8"}),
    "UTF-16 with a mark": Read(codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"), dialect={"encoding": "utf-16"}),
    "UTF-16 without a mark": Read(TABLE.encode("utf-16-le"), dialect={"encoding": "utf-16-le"}),
    "UTF-16 of the other order without a mark": Read(TABLE.encode("utf-16-be"), dialect={"encoding": "utf-16-be"}),
    "Cyrillic in UTF-16 without a mark": Read(
        CYRILLIC.encode("utf-16-le"),
        dialect={"encoding": "utf-16-le"},
        rows={"K1": (101.5, 7.0, "север", 0.0), "K2": (88.25, 6.5, "юг", 1.0), "K3": (120.75, 8.0, "восток", 0.0)},
    ),
    "Windows-1252": Read(TABLE.replace("north", "nörd").encode("cp1252"), rows=NORD, dialect={"encoding": "cp1252"}),
    "Windows-1252 whose last byte could begin a letter of UTF-8": Read(
        lines("activity,satisfaction,exited,client_id,region", "101.5,7,0,K1,nörd", "88.25,6.5,1,K2,s").encode("cp1252")
        + "120.75,8,0,K3,é".encode("cp1252"),
        rows={"K1": NORD["K1"], "K2": (88.25, 6.5, "s", 1.0), "K3": (120.75, 8.0, "é", 0.0)},
    ),
    "Windows-1251, which config names": Read(
        CYRILLIC.encode("cp1251"),
        config={"data": {"encoding": "cp1251"}},
        dialect={"encoding": "cp1251"},
        rows={"K1": (101.5, 7.0, "север", 0.0), "K2": (88.25, 6.5, "юг", 1.0), "K3": (120.75, 8.0, "восток", 0.0)},
    ),
    "UTF-7, which config names": Read(
        TABLE.replace("north", "nörd").encode("utf-7"), config={"data": {"encoding": "utf-7"}}, rows=NORD
    ),
    "UTF-8 with a mark where config says UTF-8": Read(
        codecs.BOM_UTF8 + TABLE.replace("client_id", '"client_id"').encode(), config={"data": {"encoding": "utf-8"}}
    ),
}

PACKED = {
    "a gzip file called .csv": Read(lambda: gz(TABLE), dialect={"packed": "gzip"}),
    "a zip file called .csv": Read(lambda: zipped({"clients.csv": TABLE}), dialect={"packed": "zip"}),
    "a zip file from a Mac": Read(
        lambda: zipped({"clients.csv": TABLE, "__MACOSX/._clients.csv": noise(50), ".DS_Store": noise(50)}),
        name="odd.zip",
    ),
    "a zip file with a folder": Read(lambda: zipped({"2025/": "", "2025/clients.csv": TABLE}), name="odd.zip"),
    "a zip file of UTF-16 with semicolons": Read(
        lambda: zipped({"clients.txt": TABLE.replace(",", ";").encode("utf-16")}),
        name="odd.zip",
        dialect={"packed": "zip", "encoding": "utf-16", "separator": ";"},
    ),
    "a gzip file of several parts": Read(lambda: gz(TABLE[:50]) + gz(TABLE[50:]), name="odd.csv.gz"),
}


def second_chart(book: Any) -> None:
    book.create_chartsheet("Chart", 0)


def hidden_first(book: Any) -> None:
    book.create_sheet("Settings", 0).append(["key", "value"])
    book["Settings"].sheet_state = "veryHidden"


def merged_title(book: Any) -> None:
    sheet = book.active
    sheet.insert_rows(1, 2)
    sheet["A1"] = "Clients of 2025"
    sheet.merge_cells("A1:E1")


def huge(book: Any) -> None:
    """Somebody pressed End and formatted what lies there."""
    book.active["XFD1048576"].number_format = "0.00"
    book.active["B900000"].number_format = "0.00"


RUNS = "<si><r><t>no</t></r><r><rPr><b/></rPr><t>rth</t></r><rPh sb='0' eb='1'><t>ノース</t></rPh></si>"
SHEETS = {
    "a workbook called .csv": Read(xlsx, dialect={"format": "xlsx", "sheet": "Clients"}),
    "a workbook called .zip": Read(xlsx, name="odd.zip"),
    "a chart before the first sheet": Read(lambda: xlsx(fill=second_chart), name="odd.xlsx"),
    "a hidden sheet before the first": Read(
        lambda: xlsx(fill=hidden_first), name="odd.xlsx", dialect={"sheet": "Clients"}
    ),
    "merged cells of title above the header": Read(
        lambda: xlsx(fill=merged_title), name="odd.xlsx", dialect={"header": "3"}
    ),
    "formats as far as a sheet goes": Read(lambda: xlsx(fill=huge), name="odd.xlsx"),
    "errors in cells": Read(
        lambda: xlsx([*CELLS[:1], ["K1", "#N/A", 7, "north", 0], ["K2", 88.25, "#REF!", "south", 1], CELLS[3]]),
        name="odd.xlsx",
        rows=changed(K1=(None, 7.0, "north", 0.0), K2=(88.25, None, "south", 1.0)),
        listed=((2, "activity", "#N/A", NO_NUMBER), (3, "satisfaction", "#REF!", NO_NUMBER)),
    ),
    "truth values, and empty rows": Read(
        lambda: xlsx(
            [CELLS[0], ["K1", 101.5, 7, "north", False], [], [None], ["K2", 88.25, 6.5, "south", True], CELLS[3]]
        ),
        name="odd.xlsx",
    ),
    "a note beside one row": Read(
        lambda: xlsx([*CELLS[:2], [*CELLS[2], None, "call back"], CELLS[3]]),
        name="odd.xlsx",
        rows={"K1": MEANT["K1"], "K3": MEANT["K3"]},
        listed=((3, "", "", "7 cells where the header has 5"),),
    ),
    "texts in runs, with how to say them": Read(
        lambda: (lambda rows, texts: raw_xlsx(rows, texts.replace("<si><t>north</t></si>", RUNS)))(*shared()),
        name="odd.xlsx",
    ),
    "line ends as Excel escapes them": Read(
        lambda: (lambda rows, texts: raw_xlsx(rows, texts.replace("north", "north_x000D_")))(*shared()), name="odd.xlsx"
    ),
    "results of formulas, an empty one among them": Read(
        lambda: with_parts(
            raw_xlsx(*shared()),
            sheet=replacing("<c><v>101.5</v></c>", "<c><f>SUM(1,2)</f><v>101.5</v></c>"),
        ),
        name="odd.xlsx",
    ),
}

COLUMNS = {
    "a Parquet file called .csv": Read(lambda: parquet(clients()), dialect={"format": "parquet"}),
    "levels in a dictionary": Read(
        lambda: parquet(clients(region=pa.array(["north", "south", "east"]).dictionary_encode())), name="odd.parquet"
    ),
    "decimals, truth values and bytes of text": Read(
        lambda: parquet(
            clients(
                activity=pa.array([101.5, 88.25, 120.75]).cast(pa.decimal128(9, 2)),
                exited=[False, True, False],
                region=pa.array([b"north", b"south", b"east"]),
            )
        ),
        name="odd.parquet",
    ),
    "half floats and wide texts": Read(
        lambda: parquet(
            clients(
                satisfaction=pa.array([7, 6.5, 8], pa.float16()),
                region=pa.array(["north", "south", "east"], pa.large_string()),
            )
        ),
        name="odd.parquet",
    ),
    "a column of nothing": Read(
        lambda: parquet(clients(region=pa.nulls(3))),
        name="odd.parquet",
        rows={name: (*row[:2], None, row[3]) for name, row in MEANT.items()},
    ),
    "whole numbers beyond what a float tells apart as ids": Read(
        lambda: parquet(clients(client_id=[2**53, 2**53 + 1, -(2**60)])),
        name="odd.parquet",
        rows=dict(zip(["9007199254740992", "9007199254740993", "-1152921504606846976"], MEANT.values(), strict=True)),
    ),
    "floats as ids": Read(
        lambda: parquet(clients(client_id=[17850.0, 1e10, 123456789012.0])),
        name="odd.parquet",
        rows=dict(zip(["17850", "10000000000", "123456789012"], MEANT.values(), strict=True)),
    ),
    "a length of time as days": Read(
        lambda: parquet(clients(activity=pa.array([36 * 3600, None, 0], pa.duration("s")))),
        name="odd.parquet",
        rows=changed(K1=(1.5, 7.0, "north", 0.0), K2=(None, 6.5, "south", 1.0), K3=(0.0, 8.0, "east", 0.0)),
    ),
    "lists in a column that config ignores": Read(
        lambda: parquet(clients(visits=[[1], [2], [3]])), name="odd.parquet", config={"data": {"ignore": ["visits"]}}
    ),
    "zero bytes in a text": Read(lambda: parquet(clients(region=["no\0rth", "south", "east"])), name="odd.parquet"),
}
READ = SPELLED | ENCODED | PACKED | SHEETS | COLUMNS


def made(content: Content) -> bytes | str:
    return content() if callable(content) else content


def batches(workspace: Workspace) -> list[Batch]:
    """Every batch, oldest first."""
    with workspace.store.reading() as db:
        return ingested.list_batches(db)[::-1]


def leftovers(workspace: Workspace) -> list[str]:
    """Files of the dataset that no batch accounts for."""
    parts = {batch.part for batch in batches(workspace) if not batch.refused}
    found = [*(workspace.folder / "dataset").glob("*"), *(workspace.folder / "rejected").glob("*")]
    return [path.name for path in found if path.name.split(".", 1)[0] not in parts]


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_no_table_is_refused_in_a_sentence_and_the_others_go_on(
    case: Refused, tmp_path: Any, clock: Clock
) -> None:
    workspace = make_workspace(tmp_path, case.config, clock)
    drop(workspace, "a-" + case.name if case.first else case.name, made(case.content))
    drop(workspace, "good.csv", GOOD)
    full.ingest_run(workspace)
    odd, _ = sorted(batches(workspace), key=lambda batch: batch.name == "good.csv")
    assert odd.refused == case.told
