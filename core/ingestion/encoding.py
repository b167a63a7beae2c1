"""Which encoding a text is in, found from all of it, and what is no text at all."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO

from core.errors import RefusedFile
from core.wording import plural

_BLOCK = 1 << 20
_HEAD = 1 << 16

_EXPORT = "export the table as CSV or Excel"
_PACKED_TWICE = "an archive within an archive, or a packed Excel or Parquet file; unpack it"
#: how files begin that are no tables of text
_OTHERS = (
    (b"%PDF", f"a PDF document; {_EXPORT}"),
    (b"\xd0\xcf\x11\xe0", "an old or a password-protected Excel file; save it as .xlsx without a password, or as CSV"),
    (b"PK\x03\x04", _PACKED_TWICE),
    (b"\x1f\x8b", _PACKED_TWICE),
    (b"PAR1\x15", _PACKED_TWICE),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it"),
    (b"Rar!", "a RAR archive; unpack it"),
    *((b"BZh%d1AY" % level, "packed with bzip2; unpack it, or pack it as .gz") for level in range(1, 10)),
    (b"\xfd7zXZ", "packed with xz; unpack it, or pack it as .gz"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd; unpack it, or pack it as .gz"),
    (b"SQLite format 3", "an SQLite database; name it as a source of kind 'sql'"),
    (b"ARROW1\x00\x00", "an Arrow file; save it as Parquet"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF87a", "a picture"),
    (b"GIF89a", "a picture"),
    (b"{\\rtf", f"a text document; {_EXPORT}"),
    (b"<!doctype", f"a web page; {_EXPORT}"),
    (b"<html", f"a web page; {_EXPORT}"),
    (b"<table", f"a web page; {_EXPORT}"),
    (b"mime-version:", f"a web page; {_EXPORT}"),
    (b"<?xml", f"an XML file; {_EXPORT}"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
_REPLACED = re.compile("\ufffd+")
_JSON = re.compile(rb'\[\s*[{\[]|\{\s*"')


def refuse_what_is_no_table(head: bytes) -> None:
    """Raise `RefusedFile` for a content that begins as something else than a table does."""
    begins = head.removeprefix(codecs.BOM_UTF8).lstrip()
    for start, what in _OTHERS:
        if begins.startswith(start) or (start.isascii() and begins[: len(start)].lower() == start):
            raise RefusedFile(f"The file is no table: it is {what}.")
    if _JSON.match(begins):
        raise RefusedFile(f"The file is no table: it is a JSON file; {_EXPORT}.")


def find_encoding(stream: BinaryIO, forced: str) -> str:
    """The encoding of a text, read once from end to end: `forced` by config, by its byte order mark, or else UTF-8,
    or Windows-1252 when it is no UTF-8.

    Leaves `stream` at its beginning. Raises `RefusedFile` when it is no text, or not in the forced encoding, or when
    it is UTF-8 but for a few bytes: to read that as Windows-1252 would spoil every letter that is not English.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    refuse_what_is_no_table(head)
    found = _by_its_beginning(head) if forced == "auto" else _with_mark(forced, head)
    for encoding in (found,) if found else ("utf-8", "cp1252"):
        fault = _fault(stream, encoding)
        if fault is None:
            stream.seek(0)
            return encoding
        if found:
            by = "data.encoding says so" if forced != "auto" else "it begins so"
            raise RefusedFile(
                f"The file is not in {found.removesuffix('-sig')} ({by}): the byte near position {fault.place:,} does "
                "not belong to it; export it as UTF-8."
            )
        if encoding == "utf-8" and 0 < fault.strange <= fault.letters:
            raise RefusedFile(_damaged(fault))
    raise RefusedFile("The file is neither UTF-8 nor Windows-1252 text; export it as UTF-8.")


def _with_mark(forced: str, head: bytes) -> str:
    """UTF-8 may have a byte order mark; it is no part of the first name."""
    utf8 = codecs.lookup(forced).name == "utf-8"
    return "utf-8-sig" if utf8 and head.startswith(codecs.BOM_UTF8) else forced


def _by_its_beginning(head: bytes) -> str:
    marks = (
        (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    )  # fmt: skip
    for mark, encoding in marks:
        if head.startswith(mark):
            return encoding
    if b"\x00" in head:
        return next((name for name in ("utf-16-le", "utf-16-be") if _is_text(head, name)), "")
    return ""


def _is_text(head: bytes, encoding: str) -> bool:
    """Whether the beginning of a file is lines of text in a UTF-16: with line ends, and no control characters."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return bool(re.search(r"[\r\n]", text)) and not re.search(r"[\x00-\x08\x0e-\x1f\ufffe\uffff]", text)


@dataclass(frozen=True)
class _Fault:
    """Why a text is not in an encoding."""

    #: the first byte that does not belong to it, from 1, and its line
    place: int
    line: int
    #: whether the text only ends too early
    at_end: bool
    #: of UTF-8: places that do not belong to it, and letters beyond ASCII that do
    strange: int = 0
    letters: int = 0


def _damaged(fault: _Fault) -> str:
    if fault.at_end:
        return (
            f"The file ends within a character, on line {fault.line:,}: it was perhaps copied in part; copy it again."
        )
    return (
        f"The file is UTF-8 text but for {plural(fault.strange, 'place')}, the first on line {fault.line:,} (byte "
        f"{fault.place:,}): it was damaged, or put together from texts in different encodings; export it again."
    )


def _fault(stream: BinaryIO, encoding: str) -> _Fault | None:
    """Why the stream cannot be decoded; None when it can. Raises `RefusedFile` when it holds binary data."""
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    done = lines = 0
    ended = False
    try:
        while not ended:
            block = stream.read(_BLOCK)
            ended = not block
            text = decoder.decode(block, final=ended)
            _refuse_binary(text)
            done += len(block)
            lines += text.count("\n") or text.count("\r")
    except UnicodeError as error:
        tried = getattr(error, "object", block)
        start = getattr(error, "start", 0)
        pending = len(tried) - len(block) if isinstance(tried, bytes) else 0
        place = done - pending + start + 1
        if isinstance(tried, bytes) and encoding == "utf-8":
            lines += tried[:start].count(b"\n") or tried[:start].count(b"\r")
        found = _Fault(place, lines + 1, ended)
    else:
        return None
    return _counted(stream, found) if encoding == "utf-8" else found


def _refuse_binary(text: str) -> None:
    if "\x00" in text:
        raise RefusedFile("The file is not a text: it holds binary data (zero bytes); export it as CSV.")


def _counted(stream: BinaryIO, fault: _Fault) -> _Fault:
    """How much of a text is UTF-8, and how much is not."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    stream.seek(0)
    strange = letters = 0
    ended = False
    while not ended:
        block = stream.read(_BLOCK)
        ended = not block
        text = decoder.decode(block, final=ended)
        _refuse_binary(text)
        strange += len(_REPLACED.findall(text))
        letters += len(text) - len(text.encode("ascii", "ignore")) - text.count("\ufffd")
    return _Fault(fault.place, fault.line, fault.at_end, strange, letters)
