"""What every format is read into: chunks of texts under tidy names, with the record each row was."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from core import schema
from core.config import DataConfig
from core.errors import RefusedFile
from core.wording import plural

#: gives a file anew, from its beginning, as a seekable stream of bytes
Opener = Callable[[], Any]

#: rows of one chunk at most; what is in memory at once is a small multiple of it
CHUNK_ROWS = 50_000
_CHUNK_CELLS = 2_000_000
#: rows from which a contract is inferred; fewer where they take more bytes than this
SURVEY_ROWS = 100_000
_SURVEY_BYTES = 64 << 20
#: so far below the beginning, under lines of title, a header is looked for
TITLE_LINES = 20

_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*")


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
    #: line or row of the header, where it is not the first one
    header: str = ""
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


class Widths:
    """How many rows have as many cells as the header has."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._ragged = 0
        #: number and width of the first row of another width
        self._first: tuple[int, int] | None = None
        #: rows
        self.done = 0

    def add(self, fitting: int, ragged: Sequence[tuple[int, list[str]]]) -> None:
        """So many more rows fit, and these do not: (number, cells) of each."""
        self.done += fitting + len(ragged)
        self._ragged += len(ragged)
        if ragged and self._first is None:
            self._first = (ragged[0][0], len(ragged[0][1]))

    def refuse(self, config: DataConfig, line_of: Callable[[int], int]) -> None:
        """Raise `RefusedFile` when more rows have another number of cells than may be. `line_of`: of a record."""
        share = self._ragged / max(self.done, 1)
        if share <= config.max_bad_cells or self._first is None:
            return
        number, width = self._first
        raise RefusedFile(
            f"{share:.0%} of the rows have another number of cells than the header, such as line "
            f"{line_of(number):,} with {plural(width, 'cell')} where the header has {self._wanted}; at most "
            f"{config.max_bad_cells:.0%} may be (data.max_bad_cells)."
        )


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


def rows_at_once(columns: int) -> int:
    """Rows of one chunk of a table of so many columns.

    >>> rows_at_once(17), rows_at_once(5000)
    (50000, 400)
    """
    return min(CHUNK_ROWS, _CHUNK_CELLS // max(columns, 1))


def names_the_client(cells: Sequence[str], config: DataConfig) -> bool:
    """Whether a line is a header by the surest sign: it has the column that names the client (or the outcome,
    where rows have no id)."""
    wanted = schema.folded(config.client_id or config.outcome)
    renamed = {schema.folded(old): schema.folded(new) for old, new in config.rename.items()}
    return any(renamed.get(name, name) == wanted for name in map(schema.folded, cells))


def refuse_rows_without_header(cells: Sequence[str], config: DataConfig, known: Sequence[str]) -> None:
    """Raise `RefusedFile` when what should be the header is a row: it holds numbers, and no name that is expected."""
    names = {
        config.client_id,
        config.outcome,
        config.as_of,
        *config.numeric,
        *config.categorical,
        *config.dates,
        *known,
    }
    expected = {schema.folded(name) for name in (*names, *config.rename, *config.rename.values())}
    values = [cell.strip() for cell in cells if cell.strip()]
    if config.client_id and expected.isdisjoint(map(schema.folded, values)) and any(map(_NUMBER.fullmatch, values)):
        told = ", ".join(value[:40] for value in values[:4]) + (", ..." if len(values) > 4 else "")
        raise RefusedFile(
            f"The file has no header line: its first line holds values ({told}); put a line above it that names the "
            "columns."
        )


def survey(table: TextTable) -> pa.Table:
    """The first rows of a table, as many as a contract is inferred from."""
    found: list[pa.Table] = []
    rows = size = 0
    for chunk in table.chunks():
        found.append(chunk.table)
        rows += chunk.table.num_rows
        size += chunk.table.nbytes
        if rows >= SURVEY_ROWS or size >= _SURVEY_BYTES:
            break
    empty = pa.table({name: pa.array([], pa.string()) for name in table.names})
    return pa.concat_tables([*found, empty])
