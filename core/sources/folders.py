"""Watched folders become arrivals: files that may be batches."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from core.config import FolderSource
from core.errors import RefusedFile

#: endings of files that are read
READ = (
    ".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".zip", ".parquet", ".xlsx", ".xlsm",
)  # fmt: skip

_PACKED = "is packed in a way that is not opened; drop the file that is in it, or pack it as .zip or .csv.gz."
_OTHER = "is of a kind that is not read; save it as .csv, .xlsx or .parquet."
#: endings of files that people drop in the belief that they are read, and what to tell them
_NOT_READ = {
    ".xls": "is an old Excel file; save it as .xlsx or .csv.",
    ".xlsb": "is a binary Excel file; save it as .xlsx or .csv.",
    ".ods": "is an OpenDocument spreadsheet; save it as .xlsx or .csv.",
    ".numbers": "is a Numbers spreadsheet; export it as .xlsx or .csv.",
    ".dat": "has a name that does not say how it is to be read; if it is a delimited text, name it .csv.",
    **dict.fromkeys((".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst"), _PACKED),
    **dict.fromkeys((".json", ".jsonl", ".ndjson", ".xml", ".feather", ".orc", ".avro"), _OTHER),
    **dict.fromkeys((".sav", ".dta", ".sas7bdat", ".mdb", ".accdb"), _OTHER),
}
#: beside an empty file, a download that will take its place
_DOWNLOADS = (".part", ".crdownload", ".download", ".filepart", ".tmp")


@dataclass(frozen=True)
class Arrival:
    """A file that lies in a source."""

    source: str
    #: its name in the folder, to show and to know it by
    name: str
    path: Path
    #: "auto", "clients" or "outcomes"
    holds: str
    #: sheet of an Excel file; "": the first
    sheet: str = ""
    #: size:mtime_ns:ctime_ns:inode as it was found; "": not looked at
    stamp: str = ""

    def open(self) -> BufferedReader:
        """Its bytes, from the beginning.

        Raises `RefusedFile` when it cannot be read, or is no longer the file that was found.
        """
        try:
            handle = self.path.open("rb")
        except OSError as error:
            raise _unreadable(self.name, error) from None
        if self.stamp and stamp_of(os.fstat(handle.fileno())) != self.stamp:
            handle.close()
            raise _changed(self.name)
        return handle

    def check(self) -> None:
        """Raises `RefusedFile` when the file that was found has changed, been replaced or gone since then."""
        try:
            now = stamp_of(self.path.stat())
        except OSError as error:
            raise _unreadable(self.name, error) from None
        if self.stamp and now != self.stamp:
            raise _changed(self.name)


@dataclass(frozen=True)
class Polled:
    """What a look into a folder brought."""

    #: in natural order of their names
    arrivals: tuple[Arrival, ...]
    #: name of a file, or "" for the folder itself -> what is wrong, in a sentence
    troubles: dict[str, str]


def stamp_of(status: os.stat_result) -> str:
    """What changes when a file is written to or replaced."""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key by which file2 comes before file10.

    >>> sorted(["file10", "file2"], key=natural)
    ['file2', 'file10']
    """
    texts_and_numbers = enumerate(re.split(r"([0-9]+)", name))
    return [(int(part), "") if place % 2 else (-1, part) for place, part in texts_and_numbers]


def poll(source: FolderSource) -> Polled:
    """The client files in a watched folder. Never raises for what is wrong there: that becomes a trouble.

    Left alone without a word: folders, hidden and temporary files, and files of kinds that nobody takes for a table.
    """
    try:
        paths = sorted(source.path.iterdir(), key=lambda path: (natural(path.name), path.name))
    except OSError as error:
        return Polled((), {"": _no_folder(source, error)})
    names = {path.name for path in paths}
    arrivals: list[Arrival] = []
    troubles: dict[str, str] = {}
    for path in paths:
        # a name in another encoding than ours would not fit into a report or a database
        name = path.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        ending = _ending(path.name)
        if not ending:
            continue
        try:
            status = path.stat()
        except FileNotFoundError:
            if path.is_symlink():  # else it was taken away just now
                troubles[name] = f"{name} is a link to a file that is not there; put it there, or remove the link."
            continue
        except OSError as error:
            troubles[name] = str(_unreadable(name, error))
            continue
        if not stat.S_ISREG(status.st_mode):
            continue
        if ending in _NOT_READ:
            troubles[name] = f"{name} {_NOT_READ[ending]}"
        elif status.st_size or not any(path.name + download in names for download in _DOWNLOADS):
            arrivals.append(Arrival(source.name, name, path, source.holds, source.sheet, stamp_of(status)))
    return Polled(tuple(arrivals), troubles)


def _ending(name: str) -> str:
    """The ending that says how a file is read, or that it is not; "" for one to leave alone."""
    if name.startswith((".", "~")):
        return ""
    endings = [ending for ending in (*READ, *_NOT_READ) if name.lower().endswith(ending)]
    return max(endings, key=len, default="")


def sha256_of(arrival: Arrival) -> str:
    """Hex sha256 of a file, read in blocks.

    Raises `RefusedFile` when it cannot be read, or when it is not the same file from when it was found to the end.
    """
    with arrival.open() as handle:
        before = stamp_of(os.fstat(handle.fileno()))
        try:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        except OSError as error:
            raise _unreadable(arrival.name, error) from None
        if stamp_of(os.fstat(handle.fileno())) != before:
            raise _changed(arrival.name)
    arrival.check()
    return digest


def _changed(name: str) -> RefusedFile:
    return RefusedFile(f"{name} changed while it was read; it is tried again next time.")


def _unreadable(name: str, error: OSError) -> RefusedFile:
    if isinstance(error, FileNotFoundError):
        return RefusedFile(f"{name} was taken away before it was read; drop it in again if it is wanted.")
    if isinstance(error, PermissionError):
        return RefusedFile(
            f"{name} cannot be read: permission denied; let the user that Bellwether runs as read it. "
            "It is tried again next time."
        )
    return RefusedFile(f"{name} cannot be read: {error.strerror}; it is tried again next time.")


def _no_folder(source: FolderSource, error: OSError) -> str:
    folder = f"The folder {source.path} of source {source.name!r}"
    if isinstance(error, FileNotFoundError):
        return f"{folder} is not there; make it, or change config.toml."
    if isinstance(error, NotADirectoryError):
        return f"{folder} is no folder; name one in config.toml."
    if isinstance(error, PermissionError):
        return (
            f"{folder} cannot be read: permission denied; let the user that Bellwether runs as list it. "
            "It is tried again next time."
        )
    return f"{folder} cannot be read: {error.strerror}; it is tried again next time."
