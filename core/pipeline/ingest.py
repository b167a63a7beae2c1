"""What was found in the sources becomes batches."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from core import ingestion, schema, upkeep
from core.config import DataConfig
from core.errors import BellwetherError, RefusedFile
from core.ingestion import Dialect, Spelled, Tally, TextTable
from core.parts import Staging
from core.pipeline.look import Delivery, Found, deliveries, held_up, note_troubles, read_by
from core.pipeline.running import Step
from core.schema import CATEGORICAL, Contract
from core.store import ingested
from core.values import Evidence
from core.wording import plural, system_says
from core.workspace import Workspace

_COUNTS = ("read", "accepted", "duplicate", "superseded", "rejected")
_REJECTED_SCHEMA = pa.schema(
    [("line", pa.int64()), *((name, pa.string()) for name in ("column", "value", "reason", "row")),
     ("set_aside", pa.bool_())]
)  # fmt: skip


def ingest(workspace: Workspace, step: Step, found: Found, known_at: datetime) -> str:
    """Take everything that was found as batches of their own; a sentence on what came of it.

    What cannot be taken is recorded as refused with its reason, and the others go on.
    """
    totals = dict.fromkeys(_COUNTS, 0)
    refused: list[str] = []
    taken = 0
    for number, delivery in enumerate(deliveries(found)):
        step.progress(min(number / max(len(found.files), 1), 1.0), delivery.name)
        try:
            batch = take(workspace, delivery, known_at)
        except (OSError, RefusedFile) as error:
            found.troubles[delivery.source, delivery.name] = _trouble(delivery, error)
            continue
        if batch["refused"]:
            if delivery.cursor is not None:
                found.held_up.add(delivery.source)
                found.troubles[delivery.source, ""] = held_up(delivery.name, batch["refused"])
                continue
            refused.append(f"{delivery.name} was refused: {batch['refused']}")
        else:
            taken += 1
        for name in totals:
            totals[name] += batch[name]
    try:
        upkeep.compact(workspace)
    except BellwetherError as error:  # what came in is safe; the rest can wait
        found.troubles["the dataset", ""] = str(error)
    note_troubles(workspace, found.troubles)
    return _sentence(taken, totals, [*refused, *found.sentences])


def _trouble(delivery: Delivery, error: OSError | RefusedFile) -> str:
    if isinstance(error, RefusedFile):
        return str(error)
    where = f" ({error.filename})" if error.filename else ""
    return (
        f"{delivery.name} could not be taken in: {system_says(error)}{where}. Nothing of it was kept; "
        "it is tried again next time."
    )


def _sentence(taken: int, totals: dict[str, int], troubles: list[str]) -> str:
    if not taken:
        return " ".join(["No new batch.", *troubles])
    counts = ", ".join(f"{totals[name]:,} {name}" for name in _COUNTS[1:])
    batches = "1 batch" if taken == 1 else f"{taken:,} batches"
    return " ".join([f"{batches} taken: {plural(totals['read'], 'row')} read, {counts}.", *troubles])


def take(workspace: Workspace, delivery: Delivery, known_at: datetime) -> dict[str, Any]:
    """Read one delivery and record it as a batch, taken or refused; the recorded row.

    Files first, then the row: a kill in between leaves orphan files and no batch. Raises `OSError` when the disk
    fails, and `RefusedFile` when the content changed while it was read; then nothing is recorded.
    """
    begun = time.perf_counter()
    contract = workspace.contract()
    batch: dict[str, Any] = {
        "source": delivery.source, "name": delivery.name, "sha256": delivery.sha256, "holds": "clients",
        "known_at": known_at, **dict.fromkeys(_COUNTS, 0), "part": "", "refused": "", "dialect": "", "bad_cells": 0,
        "disagreed": 0, "read_by": read_by(workspace, contract, delivery.holds, delivery.sheet),
    }  # fmt: skip
    read: _Read | None = None
    try:
        read = _read(workspace, delivery, contract, known_at)
        batch |= read.batch
    except BellwetherError as error:
        batch["refused"] = str(error)
    delivery.check()
    batch["seconds"] = time.perf_counter() - begun
    with workspace.store.writing() as db:
        if read is not None and contract is None and read.contract is not None and batch["accepted"]:
            ingested.insert_contract(db, read.contract.to_json(), known_at)
        if not (delivery.cursor and ingested.is_taken(db, delivery.sha256)):  # the same rows under a later cursor
            ingested.insert_batch(db, batch)
        if delivery.cursor is not None and not batch["refused"]:  # a slice that is refused is fetched again
            ingested.insert_cursor(db, delivery.source, delivery.cursor, known_at)
    return batch


@dataclass(frozen=True)
class _Read:
    """What a delivery was read as."""

    batch: dict[str, Any]
    contract: Contract | None


def _read(workspace: Workspace, delivery: Delivery, contract: Contract | None, known_at: datetime) -> _Read:
    config = workspace.config.data
    table = ingestion.open_table(
        delivery.open, config, sheet=delivery.sheet, known=_known_names(contract)
    )  # fmt: skip
    outcomes = delivery.holds == "outcomes" or (
        delivery.holds == "auto" and schema.holds_outcomes_only(table.names, config)
    )
    if outcomes:
        ingestion.require_outcome_columns(table.names, config)
    elif contract is not None:
        schema.require_columns(contract, [*table.names, contract.outcome])
    with workspace.store.reading() as db:
        prior = ingested.last_decimal(db, delivery.source)
    columns = [] if outcomes else _spelled_columns(table, contract, workspace)
    if config.as_of in table.names:
        columns = list(dict.fromkeys([*columns, config.as_of]))
    evidence = ingestion.gather(table.chunks(), columns, config)
    spelled = ingestion.choose(evidence, config, prior)
    if contract is None and not outcomes:
        if next(table.chunks(), None) is None:
            raise RefusedFile("The file has a header line but no rows.")
        contract = schema.infer_contract(
            ingestion.survey(table), _without_cursor(workspace, delivery), spelled.spelling
        )
    reading = _Reading(workspace, delivery, table, None if outcomes else contract, known_at)
    found = reading.attempt(spelled, evidence, prior)
    if isinstance(found, Spelled):  # cells further down are spelled otherwise than the first ones
        found = reading.attempt(found, None, prior)
    if isinstance(found, Spelled):
        raise RefusedFile("The file's numbers or dates are spelled in two ways; write them in one.")
    return _Read(found, None if outcomes else contract)


def _without_cursor(workspace: Workspace, delivery: Delivery) -> DataConfig:
    """Config by which a contract is inferred: when a row was changed in a database says nothing about the client."""
    config = workspace.config.data
    source = next((one for one in workspace.config.sources if one.name == delivery.source), None)
    cursor = getattr(source, "cursor", "")
    meant = {config.client_id, config.outcome, config.as_of, config.value, *config.numeric, *config.dates}
    if not cursor or cursor in meant:
        return config
    return config.model_copy(update={"ignore": (*config.ignore, cursor)})


def _known_names(contract: Contract | None) -> tuple[str, ...]:
    return (contract.client_id, contract.outcome, contract.as_of, *contract.names) if contract else ()


def _spelled_columns(table: TextTable, contract: Contract | None, workspace: Workspace) -> list[str]:
    """Columns whose cells tell how numbers and dates are spelled."""
    if contract is not None:
        return [name for name, kind in contract.kinds.items() if kind != CATEGORICAL]
    config = workspace.config.data
    texts = {config.client_id, config.outcome, config.owner, config.label, *config.ignore, *config.categorical}
    return [name for name in table.names if name not in texts]


@dataclass(frozen=True)
class _Reading:
    """A delivery being read under a contract (None: it holds outcomes)."""

    workspace: Workspace
    delivery: Delivery
    table: TextTable
    contract: Contract | None
    known_at: datetime

    def attempt(self, spelled: Spelled, evidence: Evidence | None, prior: str) -> dict[str, Any] | Spelled:
        """What becomes of the batch; or the spelling to try instead, where `evidence` of the first rows was given.

        Raises `RefusedFile`.
        """
        config = self.workspace.config.data
        part = f"{self.known_at:%Y%m%dT%H%M%S%fZ}-{self.delivery.sha256[:12]}"
        tally = Tally()
        with Staging(self.workspace.shelf, part) as staging:
            for chunk in self.table.chunks():
                if self.contract is None:
                    checked = ingestion.check_outcomes(chunk, config, spelled.spelling)
                else:
                    checked = ingestion.check_clients(chunk, self.contract, config, spelled.spelling)
                tally.add(checked)
                contents = ingestion.content_hashes(checked.accepted)
                staging.add(self._dated(checked.accepted), self._keys(checked.accepted), contents)
                rejected = pa.Table.from_pandas(checked.rejected, _REJECTED_SCHEMA, preserve_index=False)
                staging.add_rejected(rejected)
            if tally.read == 0:
                raise RefusedFile("The file has a header line but no rows.")
            if evidence is not None:
                revised = ingestion.choose(evidence + tally.evidence, config, prior)
                if revised.spelling != spelled.spelling:
                    return revised
            tally.refuse_if_most_are_bad(config)
            staging.mend_rejected(self._with_lines)
            settled = staging.settle(self._decide())
        dialect = replace(
            self.table.dialect, decimal=spelled.spelling.decimal, decimal_by=spelled.decimal_by,
            dates=spelled.spelling.dates if spelled.spelling.dates != "ymd" else "",
        )  # fmt: skip
        return {
            "holds": "clients" if self.contract else "outcomes", "part": part, "read": tally.read,
            "rejected": tally.set_aside, "bad_cells": tally.bad_cells, "dialect": _as_json(dialect), **asdict(settled),
        }  # fmt: skip

    def _dated(self, accepted: pa.Table) -> pa.Table:
        """Without a date column rows are about the instant of their arrival."""
        if self.contract is None or self.contract.dated:
            return accepted
        arrived = pa.repeat(pa.scalar(self.known_at, pa.timestamp("us", tz="UTC")), accepted.num_rows)
        return accepted.set_column(accepted.column_names.index("_as_of"), "_as_of", arrived)

    def _keys(self, accepted: pa.Table) -> np.ndarray:
        if self.contract is not None:
            return ingestion.key_hashes(accepted)
        # by id alone, the same outcome told again is about the client's next snapshot: it is no duplicate
        return ingestion.key_hashes(accepted, undated=self.known_at.isoformat())

    def _with_lines(self, rejected: pa.Table) -> pa.Table:
        records = rejected["line"].to_pylist()
        return rejected.set_column(0, "line", pa.array(self.table.lines(records), pa.int64()))

    def _decide(self) -> Any:
        holds = "clients" if self.contract else "outcomes"
        with self.workspace.store.reading() as db:
            taken, rewritten = ingested.taken_batches(db), ingested.rewritten(db)
        # replayed history does not know the future
        earlier = [batch for batch in taken if batch.holds == holds and batch.known_at <= self.known_at]
        dated = self.contract is None or self.contract.dated

        def decide(keys: np.ndarray, contents: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            known = self.workspace.shelf.newest_contents(keys, earlier, rewritten)
            fates = ingestion.assign(keys, contents, known)
            differs = ingestion.disagreeing(contents, known) & (fates == ingestion.ACCEPTED) & dated
            return fates, differs, (fates == ingestion.DUPLICATE) & (contents == known)

        return decide


def _as_json(dialect: Dialect) -> str:
    return json.dumps(dialect.told(), ensure_ascii=False, sort_keys=True)
