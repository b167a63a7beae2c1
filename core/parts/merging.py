"""Small parts become larger ones; rows that must go are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import DamagedDataset
from core.hashes import HASH
from core.parts.shelf import OWNER, REJECTED, ROWS, SEEN, Index, Rewritten, Shelf
from core.parts.writing import BLOCK_ROWS, RANGE_ROWS, IndexWriter, PartWriter
from core.records import Batch

#: (ending, rows of that kind) -> which of them stay
Keep = Callable[[str, pa.Table], np.ndarray]


def merge(
    shelf: Shelf,
    part: str,
    batches: Sequence[Batch],
    rewritten: Rewritten,
    keep: Keep | None = None,
    dropped_keys: np.ndarray | None = None,
) -> int:
    """Rewrite all rows of these batches (in order of arrival) into one part; how many accepted rows it has.

    Rows that `keep` drops are left out, and the hashes of their keys, `dropped_keys`. Rows of other batches in the
    same parts are left where they are. Nothing points to the new part yet, and the old files stay. Raises
    `DamagedDataset` when a file is gone or does not fit to the others.
    """
    rows = 0
    for ending in (ROWS, SEEN, REJECTED):
        writer = PartWriter(shelf.path(part, ending), empty=any(shelf.has(batch, ending) for batch in batches))
        common = _common(shelf, ending, batches, rewritten)
        blocks = shelf.blocks(ending, batches, rewritten, BLOCK_ROWS)
        kept = (block if keep is None else block.filter(pa.array(keep(ending, block))) for block in blocks)
        try:
            for table in _gathered(_conformed(block, common) for block in kept):
                writer.write(table)
            writer.finish()
        finally:
            writer.drop()
        rows = writer.rows if ending == ROWS else rows
    if rows:
        _merge_index(shelf, part, [batch for batch in batches if batch.accepted], rewritten, dropped_keys, rows)
    return rows


def _gathered(blocks: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Small blocks as larger ones; one at least, which says which columns there are."""
    waiting: list[pa.Table] = []
    for block in blocks:
        if waiting and sum(map(len, waiting)) + len(block) > BLOCK_ROWS:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting = []
        waiting.append(block)
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _common(shelf: Shelf, ending: str, batches: Sequence[Batch], rewritten: Rewritten) -> pa.Schema:
    """Every column of these batches' parts; one that had several types under one contract and another is text."""
    found: dict[str, pa.DataType] = {}
    for described in shelf.schemas(ending, batches, rewritten):
        for field in described:
            known = found.setdefault(field.name, field.type)
            found[field.name] = known if known == field.type else pa.string()
    return pa.schema(list(found.items()))


def _conformed(table: pa.Table, common: pa.Schema) -> pa.Table:
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in common
    ]
    return pa.table(columns, schema=common)


def _merge_index(
    shelf: Shelf, part: str, batches: Sequence[Batch], rewritten: Rewritten, dropped: np.ndarray | None, rows: int
) -> None:
    sources: dict[str, tuple[Index, int]] = {}
    for batch in batches:
        name, held = rewritten.get(batch.id, (batch.part, 1))
        if held and name not in sources:
            sources[name] = (shelf.index(name), batch.id)
    owners = [batch.id for batch in batches]
    last = max([*owners, *(int(index.owners.max()) for index, _ in sources.values() if index.owners is not None)])
    rank = np.full(last + 1, -1)
    rank[owners] = np.arange(len(owners))
    total = sum(len(index.keys) for index, _ in sources.values())
    writer = IndexWriter(shelf, part, rows, owned=True)
    try:
        for low, high in pairwise(_edges(total)):
            keys, contents, owned_by = [], [], []
            for index, batch_id in sources.values():
                first = 0 if low is None else np.searchsorted(index.keys, low)
                end = None if high is None else np.searchsorted(index.keys, high)
                here = slice(first, end)
                keys.append(np.array(index.keys[here]))
                contents.append(np.array(index.contents[here]))
                own = index.owners
                owned_by.append(np.full(len(keys[-1]), batch_id, OWNER) if own is None else np.array(own[here]))
            joined, whose = np.concatenate(keys), np.concatenate(owned_by)
            order = np.lexsort((rank[whose], joined))
            order = order[rank[whose[order]] >= 0]
            if dropped is not None:
                order = order[~np.isin(joined[order], dropped)]
            if writer.done + len(order) > rows:
                raise _unlike(part)
            writer.write(joined[order], np.concatenate(contents)[order], whose[order])
        if writer.done != rows:
            raise _unlike(part)
        writer.finish()
    finally:
        writer.drop()


def _edges(rows: int) -> list[np.ndarray | None]:
    """Where ranges of keys, of about `RANGE_ROWS` rows, begin and end; None: at the first, at the last."""
    count = min(max(1, -(-rows // RANGE_ROWS)), 256)
    return [None, *(np.array(bytes([number * 256 // count]), HASH) for number in range(1, count)), None]


def _unlike(part: str) -> DamagedDataset:
    return DamagedDataset(
        f"The hashes beside the rows that were to become part {part} are not those of the rows; restore a backup."
    )


def count_rejected(shelf: Shelf, batches: Sequence[Batch], rewritten: Rewritten) -> int:
    """Rows and cells of these batches that were set aside and are kept."""
    return sum(len(table) for table in shelf.tables(REJECTED, batches, rewritten, ["line"]))


def forget_rejected(shelf: Shelf, part: str, batches: Sequence[Batch], *, merged: bool) -> None:
    """Write what was set aside anew, in its place, without what came with these batches."""
    writer = PartWriter(shelf.path(part, REJECTED), empty=True)
    gone = pa.array([batch.id for batch in batches], pa.int64())
    try:
        with pq.ParquetFile(shelf.path(part, REJECTED)) as stored:
            writer.write(stored.schema_arrow.empty_table())
            for block in stored.iter_batches(BLOCK_ROWS) if merged else ():
                table = pa.Table.from_batches([block])
                writer.write(table.filter(pc.invert(pc.is_in(table["_batch"], gone))))
        writer.finish()
    finally:
        writer.drop()
