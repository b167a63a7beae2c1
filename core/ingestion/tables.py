"""What every format is read into: chunks of texts under tidy names, with the record each row was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

#: gives a file anew, from its beginning, as a seekable stream of bytes
Opener = Callable[[], Any]

#: rows of one chunk at most; what is in memory at once is a small multiple of it
CHUNK_ROWS = 50_000
#: rows from which a contract is inferred
SURVEY_ROWS = 100_000


@dataclass(frozen=True)
class Dialect:
    """How a file was read, to show; "" where it does not apply."""

    #: "csv", "xlsx", "parquet"
    format: str
    #: "gzip", "zip"
    packed: str = ""
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    #: decimal sign, and whether config said so, the cells did, or nothing spoke against it
    decimal: str = ""
    decimal_by: str = ""
    #: order of dates that are not ISO; "" where there were none
    dates: str = ""

    def told(self) -> dict[str, str]:
        """What there is to say."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some rows of a table, in order."""

    #: texts, null where the cell is absent, under tidy names
    table: pa.Table
    #: number of the record that each row was, from 1, (n,)
    records: np.ndarray
    #: records whose number of cells differs from the header's: (record, cells)
    ragged: tuple[tuple[int, list[str]], ...] = ()


class TextTable(Protocol):
    """A file that can be read again and again, in bounded memory."""

    @property
    def names(self) -> list[str]:
        """Tidy names of the columns."""

    @property
    def titles(self) -> list[str]:
        """What these columns are called in the file."""

    @property
    def dialect(self) -> Dialect:
        """How it is read."""

    def chunks(self) -> Iterator[Chunk]:
        """Its rows from the first on. Raises `RefusedFile` where it cannot be read on."""

    def lines(self, records: Sequence[int]) -> list[int]:
        """Line of each of these records (ascending) in the file, the header being line 1.

        Only after `chunks` came to its end.
        """


def survey(table: TextTable) -> pa.Table:
    """The first rows of a table, as many as a contract is inferred from."""
    found: list[pa.Table] = []
    rows = 0
    for chunk in table.chunks():
        found.append(chunk.table)
        rows += chunk.table.num_rows
        if rows >= SURVEY_ROWS:
            break
    empty = pa.table({name: pa.array([], pa.string()) for name in table.names})
    return pa.concat_tables([*found, empty])
