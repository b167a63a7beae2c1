"""Reads one file that would not fit into memory and tells what that took; started by tests as a process of its own.

    python tests/measuring.py CASE

Prints a JSON object: `rows` that were read, the sentence `told` or "", `megabytes` of memory at most above what the
process took before.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import openpyxl  # noqa: F401  imported by the reader when it is needed
import pyarrow as pa

from core import ingestion
from core.config import DataConfig
from core.errors import RefusedFile
from tests.strange_files import HEADER, MEGA, ROWS, gz, gz_bomb, lines, parquet, raw_xlsx

CONFIG = DataConfig(client_id="client_id", outcome="exited")


class Generated(io.RawIOBase):
    """A file that is nowhere: a beginning, a block so many times, an end."""

    def __init__(self, begins: bytes, block: bytes, times: int, ends: bytes = b"") -> None:
        self._parts = (begins, block, ends)
        self._starts = (0, len(begins), len(begins) + times * len(block))
        self._size = self._starts[2] + len(ends)
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        self._place = place + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def readinto(self, buffer: Any) -> int:
        if self._place >= self._size:
            return 0
        part = max(number for number, start in enumerate(self._starts) if start <= self._place and self._parts[number])
        content, offset = self._parts[part], self._place - self._starts[part]
        left = content[offset % len(content) :] if part == 1 else content[offset:]
        taken = left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._place += len(taken)
        return len(taken)


def of_2_gb(begins: str, ends: str = "") -> Callable[[], Any]:
    return lambda: Generated(begins.encode(), b"x" * MEGA, 2048, ends.encode())


def held(make: Callable[[], bytes]) -> Callable[[], Any]:
    """A file that is small as long as it is packed."""
    content = make()
    return lambda: io.BytesIO(content)


def wide_parquet() -> bytes:
    """2,000 columns of 20,000 texts, which are 600 MB in all."""
    texts = pa.array([f"a text of {number % 7}" for number in range(20_000)])
    return parquet({"client_id": texts, **{f"c{number}": texts for number in range(1999)}})


def wide_sheet() -> bytes:
    """300 rows of 2,000 cells."""
    names = "".join(f'<c t="inlineStr"><is><t>c{number}</t></is></c>' for number in range(1999))
    row = "<row>" + "".join(f"<c><v>{number}.5</v></c>" for number in range(2000)) + "</row>"
    return raw_xlsx(f'<row><c t="inlineStr"><is><t>client_id</t></is></c>{names}</row>' + row * 300)


CASES: dict[str, Callable[[], Callable[[], Any]]] = {
    "a first line of 2 GB": lambda: of_2_gb("client_id,"),
    "a later line of 2 GB": lambda: of_2_gb(lines(HEADER, ROWS[0]) + "K2,1,1,", ",0\n"),
    "a quoted line of 2 GB": lambda: of_2_gb(lines(HEADER, ROWS[0]) + 'K2,1,1,"', '",0\n'),
    "2 GB after a quote": lambda: (
        lambda: Generated(lines(HEADER, ROWS[0], 'K2,1,1,"north,0').encode(), lines(*ROWS * 20_000).encode(), 1800)
    ),
    "1 GB of one line in 1 MB": lambda: held(
        lambda: gz(HEADER + "\n") + gz_bomb((ROWS[0] + "\n").encode() * 1_000_000, 50, 9)
    ),
    "300 MB of rows": lambda: lambda: Generated(lines(HEADER).encode(), lines(*ROWS * 20_000).encode(), 250),
    "3 million rows of another width": lambda: (
        lambda: Generated(lines(HEADER, *ROWS * 300_000).encode(), b"a,b\n" * 20_000, 120)
    ),
    "one text of 3 MB in 5,000 rows": lambda: held(
        lambda: parquet(
            {
                "client_id": [str(number) for number in range(5000)],
                "region": pa.DictionaryArray.from_arrays(pa.array([0] * 5000), ["x" * 3 * MEGA]),
            }
        )
    ),
    "2,000 columns of Parquet": lambda: held(wide_parquet),
    "2,000 columns of Excel": lambda: held(wide_sheet),
    "two million empty rows of Excel": lambda: held(lambda: raw_xlsx("<row/>" * 2_000_000)),
    "a row of two million empty cells": lambda: held(lambda: raw_xlsx("<row>" + "<c/>" * 2_000_000 + "</row>")),
}


def peak() -> float:
    """Megabytes that this process had in memory at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(case: str) -> None:
    opener = CASES[case]()
    before, rows, told = peak(), 0, ""
    try:
        for chunk in ingestion.open_table(opener, CONFIG).chunks():
            rows += chunk.table.num_rows + len(chunk.ragged)
    except RefusedFile as error:
        told = str(error)
    print(json.dumps({"rows": rows, "told": told, "megabytes": peak() - before}))


if __name__ == "__main__":
    main(sys.argv[1])
