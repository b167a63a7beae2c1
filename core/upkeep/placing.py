"""Which parts there are, and what is removed that no row of the store points to any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from core.errors import BellwetherError
from core.parts import Rewritten
from core.records import Batch
from core.store import ingested
from core.wording import system_says
from core.workspace import Workspace


@dataclass(frozen=True)
class Part:
    """Files that stand together, and the batches whose rows are in them."""

    name: str
    holds: str
    #: in the order of arrival
    batches: tuple[Batch, ...]

    @property
    def size(self) -> int:
        """Rows of every kind."""
        return sum(rows_of(batch) for batch in self.batches)


@dataclass(frozen=True)
class Kept:
    """The batches whose rows are kept, in the order of arrival, and where they stand."""

    batches: list[Batch]
    rewritten: Rewritten
    #: a number that no rewritten part had yet
    next_part: int

    def part_of(self, batch: Batch) -> str:
        """The part that holds a batch's rows."""
        return self.rewritten.get(batch.id, (batch.part, 0))[0]

    def parts(self) -> list[Part]:
        """Every part, in the order in which the first batch of each was taken in."""
        found: dict[tuple[str, str], list[Batch]] = {}
        for batch in sorted(self.batches, key=lambda batch: batch.id):
            if rows_of(batch):
                found.setdefault((self.part_of(batch), batch.holds), []).append(batch)
        return [
            Part(name, holds, tuple(sorted(own, key=lambda batch: (batch.known_at, batch.id))))
            for (name, holds), own in found.items()
        ]


def rows_of(batch: Batch) -> int:
    """Rows that a batch has in its files; without any it has no files."""
    return batch.accepted + batch.duplicate + batch.rejected + batch.bad_cells


def kept(workspace: Workspace) -> Kept:
    """What there is. Only for who has the store exclusively."""
    with workspace.store.reading() as db:
        return Kept(ingested.kept_batches(db), ingested.rewritten(db), ingested.next_part(db))


def part_name(at: datetime, number: int) -> str:
    """The name of a rewritten part; `number`: one that no other has."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-part{number:06d}"


def sweep(workspace: Workspace, found: Kept) -> int:
    """Remove files of the dataset that nothing points to; how many. Only for who has the store exclusively."""
    return workspace.shelf.sweep_all_but({found.part_of(batch) for batch in found.batches})


@contextmanager
def on_disk(what: str, then: str = "Nothing was changed.") -> Iterator[None]:
    """What the disk refuses becomes a sentence. `what`: what could not be done."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise BellwetherError(f"{what}: {system_says(error)}{where}. {then}") from None


def ids(batches: Sequence[Batch]) -> list[int]:
    """Their ids."""
    return [batch.id for batch in batches]
