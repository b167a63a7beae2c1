"""A file of any known format becomes a `TextTable`: the format is found from the content, not from the name."""

from __future__ import annotations

import gzip
import io
import lzma
import re
import struct
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
from core.wording import plural

#: a packed file that unpacks to more than this many times its size, and to more than this many bytes, is a bomb
_MOST_TIMES, _FROM_BYTES = 200, 64 << 20
#: not followed by text: a column may be called so
_PARQUET = re.compile(rb"PAR1(?![\t\n\r -~])")
_BROKEN = (
    gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile, EOFError, NotImplementedError, struct.error,
    ValueError, KeyError,
)  # fmt: skip


def open_table(opener: Opener, config: DataConfig, *, sheet: str = "", known: tuple[str, ...] = ()) -> TextTable:
    """The table in a file that `opener` gives anew at each call (seekable, from its beginning).

    `sheet`: of an Excel file, "": the first. `known`: names that the contract spells. Raises `RefusedFile` when it is
    no table of a known format.
    """
    with opener() as stream:
        head = stream.read(4096)
    if _PARQUET.match(head):
        return ColumnarTable(opener, config, known)
    if head.startswith(b"\x1f\x8b"):
        return DelimitedTable(_unpacking(opener, _gzip), config, "gzip", known)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(opener, config, sheet, known)
    refuse_what_is_no_table(head)
    return DelimitedTable(opener, config, "", known)


def _size_of(opener: Opener) -> int:
    with opener() as stream:
        size: int = stream.seek(0, io.SEEK_END)
        return size


def _gzip(stream: Any) -> Any:
    return gzip.GzipFile(fileobj=stream)


def _unpacking(opener: Opener, unpack: Callable[[Any], Any]) -> Opener:
    return lambda: _Unpacked(opener, unpack, _size_of(opener))


def _zipped(opener: Opener, config: DataConfig, sheet: str, known: tuple[str, ...]) -> TextTable:
    try:
        with opener() as stream, zipfile.ZipFile(stream) as archive:
            members = [m for m in archive.infolist() if not _is_beside(m.filename)]
    except _BROKEN as error:
        raise _damaged(error) from None
    names = [member.filename for member in members]
    if "xl/workbook.bin" in names:
        raise RefusedFile("The file is no table: it is a binary Excel file (.xlsb); save it as .xlsx.")
    if "content.xml" in names:
        raise RefusedFile("The file is no table: it is an OpenDocument file; save it as .xlsx or CSV.")
    if "word/document.xml" in names:
        raise RefusedFile("The file is no table: it is a Word document; export the table as CSV or Excel.")
    _refuse_bomb(sum(member.file_size for member in members), _size_of(opener))
    if any(name.startswith("xl/") for name in names) and "[Content_Types].xml" in names:
        return WorkbookTable(opener, config, sheet, known)
    if len(members) != 1:
        listed = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") or "none"
        raise RefusedFile(
            f"An archive must hold one CSV file; this one holds {plural(len(members), 'file')} ({listed})."
        )
    member = members[0]
    if member.flag_bits & 1:
        raise RefusedFile("The archive is protected by a password; unpack it.")
    return DelimitedTable(_unpacking(opener, _member(member.filename)), config, "zip", known)


def _member(name: str) -> Callable[[Any], Any]:
    return lambda stream: zipfile.ZipFile(stream).open(name)


def _damaged(error: Exception) -> RefusedFile:
    if isinstance(error, NotImplementedError):
        return RefusedFile(f"The archive is packed in a way that is not read ({error}); unpack it, or pack it as .gz.")
    return RefusedFile(f"The file is a damaged archive, perhaps copied in part ({error}); copy it again.")


def _told(error: Exception) -> Exception:
    """What the disk says stays what it is; unpackers say with the same kind of error that they do not understand."""
    return error if isinstance(error, OSError) and error.errno is not None else _damaged(error)


def _is_beside(name: str) -> bool:
    """Whether a member of an archive is a folder, or what a Mac puts beside the file."""
    return name.endswith("/") or name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith(".")


def _refuse_bomb(unpacked: int, packed: int) -> None:
    if unpacked > _FROM_BYTES and unpacked > _MOST_TIMES * packed:
        raise RefusedFile(
            f"The file unpacks to more than {_MOST_TIMES} times its size, which no table of clients does; "
            "unpack it and look at it."
        )


class _Unpacked(io.RawIOBase):
    """An unpacked stream that is refused when it is damaged, or grows out of all proportion."""

    def __init__(self, opener: Opener, unpack: Callable[[Any], Any], packed: int) -> None:
        self._opener = opener
        self._unpack = unpack
        self._packed = packed
        self._begin()

    def _begin(self) -> None:
        self._place = 0
        self._source = self._opener()
        try:
            self._stream = self._unpack(self._source)
        except (*_BROKEN, OSError, RuntimeError) as error:
            self._source.close()
            raise _told(error) from None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, _whence: int = io.SEEK_SET) -> int:
        """Only back to the beginning."""
        if place:
            raise io.UnsupportedOperation("an unpacked stream goes back to its beginning only")
        self._end()
        self._begin()
        return 0

    def read(self, size: int = -1) -> bytes:
        try:
            block: bytes = self._stream.read(size)
        except (*_BROKEN, OSError, RuntimeError) as error:
            raise _told(error) from None
        self._place += len(block)
        _refuse_bomb(self._place, self._packed)
        return block

    def _end(self) -> None:
        self._stream.close()
        self._source.close()

    def close(self) -> None:
        if not self.closed:
            self._end()
        super().close()
