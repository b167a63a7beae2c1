"""Where a client is named: in rows that were set aside, and in the files of the sources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core import ingestion, sources, values
from core.config import DataConfig, FolderSource
from core.errors import RefusedFile
from core.ingestion import Chunk
from core.records import Batch
from core.schema import Contract
from core.store import erasing as store
from core.values import Spelling
from core.workspace import Workspace


def tidy_id(text: str, config: DataConfig) -> str:
    """A client id as it is kept; "" for none."""
    found = values.identifiers(values.trim(pa.chunked_array([[text]]), config.missing))
    return str(found[0].as_py() or "")


def names_client(
    rejected: pa.Table, client: str, batches: dict[int, Batch], contract: Contract | None, config: DataConfig
) -> np.ndarray:
    """Which of the rows and cells that were set aside (n,) are about a client.

    Told by the row itself, which stands there as JSON: by its id, or in whole where a source has no ids. A row whose
    cells do not fit to the header is about every client whose id is one of its cells.
    """
    if contract is not None and not contract.client_id:
        return _by_content(rejected, client, batches, contract, config)
    ids = [name for name in (config.client_id, contract.client_id if contract else "") if name]
    rows = rejected["row"]
    about = np.zeros(len(rejected), bool)
    written = json.dumps(client, ensure_ascii=False)[1:-1]
    maybe = pc.fill_null(pc.match_substring(rows, written), False).to_numpy()
    for place in np.flatnonzero(maybe).tolist():
        row = json.loads(rows[place].as_py())
        cells = row if isinstance(row, list) else [row[name] for name in ids if name in row] or row.values()
        about[place] = any(_is(cell, client, config) for cell in cells)
    return about


def _is(cell: str | None, client: str, config: DataConfig) -> bool:
    return cell is not None and client in cell and tidy_id(cell, config) == client


def _by_content(
    rejected: pa.Table, client: str, batches: dict[int, Batch], contract: Contract, config: DataConfig
) -> np.ndarray:
    """As `names_client`, of rows that are read once more, for their id comes from all of their values."""
    about = np.zeros(len(rejected), bool)
    of_batch = rejected["_batch"].to_numpy()
    columns = [*contract.names, contract.as_of, contract.outcome]
    for batch_id in np.unique(of_batch).tolist():
        told = json.loads(batches[batch_id].dialect or "{}")
        spelling = Spelling(told.get("decimal", "."), told.get("dates", "ymd"))
        for place in np.flatnonzero(of_batch == batch_id).tolist():
            row = json.loads(rejected["row"][place].as_py())
            if isinstance(row, dict):
                cells = {name: pa.array([row.get(name)], pa.string()) for name in dict.fromkeys(columns) if name}
                chunk = Chunk(pa.table(cells), np.array([1]))
                read = ingestion.check_clients(chunk, contract, config, spelling).accepted
                about[place] = read["_client"].to_pylist() == [client]
    return about


def sources_naming(workspace: Workspace, client: str) -> tuple[list[str], list[str]]:
    """Files in the watched folders that name a client, in their id column or by their own name, and files that could
    not be looked into.
    """
    by_name = store.naming([client])
    naming: list[str] = []
    unread: list[str] = []
    for source in workspace.config.sources:
        if not isinstance(source, FolderSource):
            continue
        for arrival in sources.poll(source).arrivals:
            try:
                table = ingestion.open_table(arrival.open, workspace.config.data, sheet=source.sheet)
                found = any(_chunk_names(chunk, client, workspace.config.data) for chunk in table.chunks())
            except (RefusedFile, OSError):
                unread.append(arrival.name)
                found = False
            if found or by_name.search(arrival.name):
                naming.append(arrival.name)
    return naming, unread


def _chunk_names(chunk: Chunk, client: str, config: DataConfig) -> bool:
    columns: Sequence[str] = chunk.table.column_names
    if config.client_id in columns:
        columns = [config.client_id]
    found = any(_column_names(chunk.table[name], client, config) for name in columns)
    cells: Iterable[str] = (cell for _, row in chunk.ragged for cell in row)
    return found or any(_is(cell, client, config) for cell in cells)


def _column_names(texts: pa.ChunkedArray, client: str, config: DataConfig) -> bool:
    maybe = texts.filter(pc.fill_null(pc.match_substring(texts, client), False))
    ids = values.identifiers(values.trim(maybe, config.missing))
    return bool(pc.any(pc.fill_null(pc.equal(ids, client), False)).as_py())
