"""Contents of damaged and strange files, made from one small table of clients."""

from __future__ import annotations

import gzip
import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

HEADER = "client_id,activity,satisfaction,region,exited"
ROWS = ("K1,101.5,7,north,0", "K2,88.25,6.5,south,1", "K3,120.75,8,east,0")
#: what every file below would be, were it whole
TABLE = "\n".join([HEADER, *ROWS, ""])
CELLS: list[list[Any]] = [
    ["client_id", "activity", "satisfaction", "region", "exited"],
    ["K1", 101.5, 7, "north", 0], ["K2", 88.25, 6.5, "south", 1], ["K3", 120.75, 8, "east", 0],
]  # fmt: skip
#: enough for a contract
GOOD = HEADER + "\n" + "".join(
    f"G{n},{90 + n}.5,{n % 5 + 5},{('north', 'south', 'east')[n % 3]},{n % 2}\n" for n in range(12)
)  # fmt: skip
MEGA = 1 << 20


def lines(*texts: str, end: str = "\n") -> str:
    """Lines with their ends."""
    return "".join(text + end for text in texts)


def wide(columns: int) -> str:
    """A table of the clients with so many columns."""
    names = [f"c{number}" for number in range(columns - 2)]
    cells = ["5"] * len(names)
    return lines(",".join(["client_id", *names, "exited"]), ",".join(["K1", *cells, "0"]))


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes as a program or an encrypted file has them."""
    return random.Random(seed).randbytes(size)


# --- archives


def gz(content: str | bytes, level: int = 1) -> bytes:
    return gzip.compress(content.encode() if isinstance(content, str) else content, level, mtime=0)


def gz_bomb(block: bytes, times: int, level: int = 1) -> bytes:
    """A gzip file that unpacks to the block so many times."""
    return gz(block, level) * times


def zipped(members: Mapping[str, str | bytes], told: Mapping[str, int] | None = None) -> bytes:
    """A zip file; `told`: sizes of members that it says, if not theirs."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        for name, size in (told or {}).items():
            archive.getinfo(name).file_size = size
    return made.getvalue()


def zip_of(name: str, packed: bytes, unpacked: int, crc: int, flags: int = 0, method: int = 8) -> bytes:
    """A zip file of one member that says of itself what it likes."""
    named = name.encode()
    told = struct.pack("<HHHHHIIIHH", 20, flags, method, 0, 0x21, crc, len(packed), unpacked, len(named), 0)
    local = b"PK\x03\x04" + told + named + packed
    listed = b"PK\x01\x02" + struct.pack("<H", 20) + told + struct.pack("<HHHII", 0, 0, 0, 0, 0) + named
    return local + listed + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(listed), len(local), 0)


def zip_bomb(block: bytes, times: int, told: int = 0) -> bytes:
    """A zip file of one member that unpacks to the block so many times; `told`: the size that it says, if not that."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return zip_of("clients.csv", part * times + b"\x03\x00", told or len(block) * times, 0)


def encrypted_zip() -> bytes:
    return zip_of("clients.csv", noise(200), 100, zlib.crc32(TABLE.encode()), flags=1)


# --- Excel

Fill = Callable[[Any], None]


def xlsx(rows: Iterable[Sequence[Any]] = CELLS, title: str = "Clients", fill: Fill = lambda book: None) -> bytes:
    """A workbook whose first sheet has these rows; `fill` does something else to it."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    fill(book)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def with_parts(workbook: bytes, **parts: Callable[[bytes], bytes] | bytes) -> bytes:
    """A workbook with parts exchanged, or changed by a function: `sheet`, `texts`, `book`, `styles`."""
    paths = {
        "sheet": "xl/worksheets/sheet1.xml", "texts": "xl/sharedStrings.xml", "book": "xl/workbook.xml",
        "styles": "xl/styles.xml",
    }  # fmt: skip
    changes = {paths[name]: change for name, change in parts.items()}
    members = {}
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        assert set(changes) <= set(archive.namelist())
        for name in archive.namelist():
            change = changes.get(name, lambda content: content)
            members[name] = change(archive.read(name)) if callable(change) else change
    return zipped(members)


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def raw_xlsx(rows: str, texts: str = "", *, about: str = "", styles: str = "", **how: Any) -> bytes:
    """A workbook of one sheet as Excel itself packs it, from its XML: rows, shared texts, what is said of the book."""
    kinds = {
        "workbook": "sheet.main",
        "worksheets/sheet1": "worksheet",
        "sharedStrings": "sharedStrings",
        "styles": "styles",
    }
    types = "".join(
        f'<Override PartName="/xl/{path}.xml" ContentType="{_TYPE}.{kind}+xml"/>' for path, kind in kinds.items()
    )
    related = "".join(
        f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{path}.xml"/>'
        for number, (path, kind) in enumerate(
            {"worksheets/sheet1": "worksheet", "sharedStrings": "sharedStrings", "styles": "styles"}.items(), start=1
        )
    )
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}">{about}<sheets><sheet name="Clients" '
            'sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
            "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
            "xl/media/image1.png": noise(1 << 20 if how else 0),
        },
        **how,
    )


def shared(cells: Iterable[Sequence[Any]] = CELLS, *, first: int = 0) -> tuple[str, str]:
    """Rows whose texts are shared, and these texts; the numbers of the texts begin with `first`."""
    texts: dict[str, int] = {}
    rows = ""
    for row in cells:
        made = ""
        for cell in row:
            if isinstance(cell, str):
                made += f'<c t="s"><v>{texts.setdefault(cell, first + len(texts))}</v></c>'
            else:
                made += f"<c><v>{cell}</v></c>"
        rows += f"<row>{made}</row>"
    return rows, "".join(f"<si><t>{text}</t></si>" for text in texts)


def replacing(old: str, new: str) -> Callable[[bytes], bytes]:
    """Exchanges one piece of XML, which must be there."""

    def change(content: bytes) -> bytes:
        assert re.search(old.encode(), content), (old, content[:2000])
        return re.sub(old.encode(), new.encode(), content)

    return change


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "lolololololololol">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + ']><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&i;</t></si></sst>'
).encode()


def ole() -> bytes:
    """How an old Excel file begins, and a new one that is protected by a password."""
    return bytes.fromhex("d0cf11e0a1b11ae1") + noise(4000)


# --- Parquet


def parquet(columns: Mapping[str, Any] | pa.Table, **how: Any) -> bytes:
    made = io.BytesIO()
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(dict(columns)), made, **how)
    return made.getvalue()


def clients(**columns: Any) -> dict[str, Any]:
    """The table as columns, some of them added, exchanged or (None) left out."""
    whole = {str(name): list(cells) for name, *cells in zip(*CELLS, strict=True)}
    return {name: column for name, column in (whole | columns).items() if column is not None}
