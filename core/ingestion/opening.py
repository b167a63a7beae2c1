"""A file of any known format becomes a `TextTable`: the format is found from the content, not from the name."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from core.config import DataConfig
from core.errors import RefusedFile
from core.ingestion.columnar import ColumnarTable
from core.ingestion.delimited import DelimitedTable
from core.ingestion.encoding import refuse_what_is_no_table
from core.ingestion.tables import Opener, TextTable
from core.ingestion.workbook import WorkbookTable

#: a packed file that unpacks to more than this many times its size, and to more than this many bytes, is a bomb
_MOST_TIMES, _FROM_BYTES = 200, 64 << 20
_BROKEN = (gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, EOFError)


def open_table(opener: Opener, config: DataConfig, *, sheet: str = "", known: tuple[str, ...] = ()) -> TextTable:
    """The table in a file that `opener` gives anew at each call (seekable, from its beginning).

    `sheet`: of an Excel file, "": the first. `known`: names that the contract spells. Raises `RefusedFile` when it is
    no table of a known format.
    """
    with opener() as stream:
        head = stream.read(4096)
    if head.startswith(b"PAR1"):
        return ColumnarTable(opener, config, known)
    if head.startswith(b"\x1f\x8b"):
        return DelimitedTable(lambda: _Unpacked(_gzip(opener), _size_of(opener)), config, "gzip", known)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(opener, config, sheet, known)
    refuse_what_is_no_table(head)
    return DelimitedTable(opener, config, "", known)


def _size_of(opener: Opener) -> int:
    with opener() as stream:
        return stream.seek(0, io.SEEK_END)


def _gzip(opener: Opener) -> Callable[[], Any]:
    def opened() -> Any:
        return gzip.GzipFile(fileobj=opener())

    return opened


def _zipped(opener: Opener, config: DataConfig, sheet: str, known: tuple[str, ...]) -> TextTable:
    try:
        with zipfile.ZipFile(opener()) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and not _is_beside(m.filename)]
    except _BROKEN as error:
        raise RefusedFile(f"The file is a damaged archive, perhaps copied in part ({error}); copy it again.") from None
    unpacked = sum(member.file_size for member in members)
    _refuse_bomb(unpacked, _size_of(opener))
    names = [member.filename for member in members]
    if "xl/workbook.xml" in names:
        return WorkbookTable(opener, config, sheet, known)
    if "xl/workbook.bin" in names:
        raise RefusedFile("The file is no table: it is a binary Excel file (.xlsb); save it as .xlsx.")
    if "content.xml" in names:
        raise RefusedFile("The file is no table: it is an OpenDocument file; save it as .xlsx or CSV.")
    if len(members) != 1:
        listed = ", ".join(names[:5]) or "none"
        raise RefusedFile(f"An archive must hold one CSV file; this one holds {len(members)} files ({listed}).")
    member = members[0]
    if member.flag_bits & 1:
        raise RefusedFile("The archive is protected by a password; unpack it.")

    def opened() -> Any:
        return zipfile.ZipFile(opener()).open(member.filename)

    return DelimitedTable(lambda: _Unpacked(opened, _size_of(opener)), config, "zip", known)


def _is_beside(name: str) -> bool:
    """Whether a member of an archive is what a Mac puts beside the file."""
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith(".")


def _refuse_bomb(unpacked: int, packed: int) -> None:
    if unpacked > _FROM_BYTES and unpacked > _MOST_TIMES * packed:
        raise RefusedFile(
            f"The file unpacks to more than {_MOST_TIMES} times its size, which no table of clients does; "
            "unpack it and look at it."
        )


class _Unpacked(io.RawIOBase):
    """An unpacked stream that is refused when it is damaged, or grows out of all proportion."""

    def __init__(self, opened: Callable[[], Any], packed: int) -> None:
        self._opened = opened
        self._packed = packed
        self._stream = self._open()
        self._place = 0

    def _open(self) -> Any:
        try:
            return self._opened()
        except (*_BROKEN, NotImplementedError) as error:
            raise RefusedFile(f"The file cannot be unpacked: {error}.") from None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, _whence: int = io.SEEK_SET) -> int:
        """Only back to the beginning."""
        if place:
            raise io.UnsupportedOperation("an unpacked stream goes back to its beginning only")
        self._stream.close()
        self._stream, self._place = self._open(), 0
        return 0

    def read(self, size: int = -1) -> bytes:
        try:
            block: bytes = self._stream.read(size)
        except (*_BROKEN, NotImplementedError, RuntimeError) as error:
            raise RefusedFile(
                f"The file is a damaged archive, perhaps copied in part ({error}); copy it again."
            ) from None
        self._place += len(block)
        _refuse_bomb(self._place, self._packed)
        return block

    def close(self) -> None:
        self._stream.close()
        super().close()
