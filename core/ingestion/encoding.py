"""Which encoding a text is in, found from all of it, and what is no text at all."""

from __future__ import annotations

import codecs
from typing import BinaryIO

from core.errors import RefusedFile

_BLOCK = 1 << 20
_HEAD = 1 << 16

#: how files begin that are no tables of text
_OTHERS = (
    (b"%PDF", "a PDF document; export the table as CSV or Excel"),
    (b"\xd0\xcf\x11\xe0", "an old or a password-protected Excel file; save it as .xlsx without a password, or as CSV"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it"),
    (b"Rar!", "a RAR archive; unpack it"),
    (b"BZh", "packed with bzip2; unpack it, or pack it as .gz"),
    (b"\xfd7zXZ", "packed with xz; unpack it, or pack it as .gz"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd; unpack it, or pack it as .gz"),
    (b"SQLite format 3", "an SQLite database; name it as a source of kind 'sql'"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document; export the table as CSV or Excel"),
    (b"<!DOCTYPE", "a web page; export the table as CSV or Excel"),
    (b"<html", "a web page; export the table as CSV or Excel"),
    (b"<?xml", "an XML file; export the table as CSV or Excel"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)


def refuse_what_is_no_table(head: bytes) -> None:
    """Raise `RefusedFile` for a content that begins as something else than a table does."""
    for start, what in _OTHERS:
        if head.lstrip().startswith(start):
            raise RefusedFile(f"The file is no table: it is {what}.")


def find_encoding(stream: BinaryIO, forced: str) -> str:
    """The encoding of a text, read once from end to end: `forced` by config, by its byte order mark, or else UTF-8,
    or Windows-1252 when it is no UTF-8.

    Leaves `stream` at its beginning. Raises `RefusedFile` when it is no text, or not in the forced encoding.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    refuse_what_is_no_table(head)
    found = _by_its_beginning(head) if forced == "auto" else forced
    for encoding in (found,) if found else ("utf-8", "cp1252"):
        fault = _fault(stream, encoding)
        if fault is None:
            stream.seek(0)
            return encoding
        if found:
            by = "data.encoding says so" if forced != "auto" else "it begins so"
            raise RefusedFile(f"The file is not in {encoding} ({by}): {fault}; export it as UTF-8.")
    raise RefusedFile("The file is neither UTF-8 nor Windows-1252 text; export it as UTF-8.")


def _by_its_beginning(head: bytes) -> str:
    marks = (
        (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    )  # fmt: skip
    for mark, encoding in marks:
        if head.startswith(mark):
            return encoding
    if len(head) >= 4 and b"\x00" in head:
        # of western text in UTF-16 every other byte is zero
        if head[1::2].count(0) > 0.4 * len(head[1::2]) and head[::2].count(0) < 0.1 * len(head[::2]):
            return "utf-16-le"
        if head[::2].count(0) > 0.4 * len(head[::2]) and head[1::2].count(0) < 0.1 * len(head[1::2]):
            return "utf-16-be"
    return ""


def _fault(stream: BinaryIO, encoding: str) -> str | None:
    """Why the stream cannot be decoded; None when it can. Raises `RefusedFile` when it holds binary data."""
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    place = 0
    try:
        while block := stream.read(_BLOCK):
            text = decoder.decode(block)
            if "\x00" in text:
                raise RefusedFile(
                    "The file is not a text: it holds binary data (zero bytes); export it as CSV."
                )  # fmt: skip
            place += len(block)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        return f"the byte near position {place + getattr(error, 'start', 0):,} does not belong to it"
    return None
