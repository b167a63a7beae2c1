"""Watched folders become arrivals: files that may be batches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.config import FolderSource
from core.errors import RefusedFile

SUFFIXES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Arrival:
    """A file that lies in a source."""

    source: str
    name: str
    path: Path
    #: "auto", "clients" or "outcomes"
    holds: str

    def content(self) -> bytes:
        """Its bytes. Raises `RefusedFile` when it cannot be read."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise RefusedFile(f"{self.name} cannot be read: {error.strerror}.") from None


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key by which file2 comes before file10.

    >>> sorted(["file10", "file2"], key=natural)
    ['file2', 'file10']
    """
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def poll(source: FolderSource) -> list[Arrival]:
    """The client files in a watched folder, in natural order of their names.

    Hidden files and files of other kinds are left alone. Raises `RefusedFile` when the folder is not there.
    """
    if not source.path.is_dir():
        raise RefusedFile(
            f"The folder {source.path} of source {source.name!r} is not there; make it, or change config.toml."
        )
    found = sorted(source.path.iterdir(), key=lambda path: natural(path.name))
    return [
        Arrival(source.name, path.name, path, source.holds)
        for path in found
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~"))
    ]
