"""Every chunk is held against the reference of the champion: its columns, its risks, its outcomes, its faults."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from core import dataset as datasets
from core import diagnostics, drift, registry, schema
from core.dataset import Dataset
from core.drift import RISK, DomainDrift
from core.pipeline.faulty import chunk_faults, record_faults
from core.pipeline.reference import Reference, champion_reference, rows_reference
from core.pipeline.running import Step
from core.records import ColumnDrift, Fault, Touched, Version
from core.schema import NUMERIC, Contract
from core.store import history, monitoring
from core.workspace import Workspace

_KEY = ["_client", "_as_of"]
TARGET = "target"

Told = list[tuple[ColumnDrift, Touched | None]]


@dataclass(frozen=True, eq=False)
class Chunk:
    """The rows delivered in a month or batch, the newest of each client, with the champion's risks."""

    label: str
    rows: pd.DataFrame
    #: features, and the risk where there is a champion
    features: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Compared:
    """What was found about a chunk just now."""

    label: str
    version: str
    told: Told
    #: None: its columns were compared before
    faults: list[Fault] | None = None
    domain: DomainDrift | None = None


@dataclass(frozen=True, eq=False)
class Watched:
    """What the comparisons of a run leave for what comes after: the reference, and which rows can be told from it."""

    reference: Reference | None = None
    domains: dict[str, DomainDrift] = field(default_factory=dict)


def compare_chunks(
    workspace: Workspace, step: Step, dataset: Dataset, contract: Contract, champion: Version | None
) -> Watched:
    """Drift of every chunk that was not compared with this champion's reference yet, and statistics of the dataset.

    A chunk that the champion learned from is not compared. One is compared again when more of its rows, or more of its
    outcomes, have come; and with a new champion's reference too, the older comparison staying beside it.
    """
    labelled = datasets.chunked(dataset, contract)
    keys = {str(label): own for label, own in labelled.groupby("_chunk", sort=False)}
    labels = list(keys)
    learned = _learned(workspace, champion, keys[labels[0]])
    version = champion.version if champion else ""
    known = pd.MultiIndex.from_frame(dataset.trainable(step.run.at, workspace.config.data.horizon_days)[_KEY])
    with workspace.store.reading() as db:
        stored = monitoring.list_drift(db)
    reference: Reference | None = None
    calendar: set[str] | None = None
    before = workspace.config.monitoring.reference_chunks
    found: list[Compared] = []
    for place, label in enumerate(labels):
        rows = datasets.rows_of(dataset, keys[label])
        snapshots = pd.MultiIndex.from_frame(rows[_KEY])
        outcomes = rows.loc[snapshots.isin(known), "_outcome"]
        due, target_due = _due(stored, version, label, len(rows), len(outcomes))
        if snapshots.isin(learned).mean() > 0.5 or not (due or target_due) or (before and place == 0):
            continue
        if before:
            earlier = pd.concat([keys[one] for one in labels[max(0, place - before) : place]])
            reference = rows_reference(datasets.rows_of(dataset, earlier), contract, workspace.config.model.seed)
        elif reference is None:
            reference = _reference(workspace, dataset, contract, champion, keys[labels[0]])
        own = [_target(reference, outcomes, workspace)] if target_due else []
        if not due:
            found.append(Compared(label, version, own))
            continue
        if calendar is None:
            calendar = _calendar(dataset, contract)
        chunk = _chunk(workspace, label, rows, contract, champion)
        own += _columns(workspace, chunk, reference, contract, calendar)
        domain = None
        if workspace.config.monitoring.multivariate:
            domain = _domain(workspace, chunk, reference)
            own += [_together(chunk, reference), (drift.domain_as_column(domain), None)]
        kinds = {name: kind for name, kind in reference.profile.kinds.items() if name in chunk.features}
        deliveries = [keys[one] for one in labels[: place + 1]]
        faults = chunk_faults(workspace, reference, chunk.features, kinds, deliveries)
        found.append(Compared(label, version, own, faults, domain))
    summaries = diagnostics.summarise(*_summary_frame(dataset, contract))
    with step.commit() as db:
        for one in found:
            monitoring.insert_drift(db, step.run.id, one.version, one.label, one.told, step.run.at)
            if one.faults is not None:
                record_faults(db, step.run.id, one.label, one.faults, step.run.at)
        history.insert_summaries(db, step.run.id, summaries, step.run.at)
    return Watched(reference, {one.label: one.domain for one in found if one.domain is not None})


def _learned(workspace: Workspace, champion: Version | None, first: pd.DataFrame) -> pd.MultiIndex:
    """Snapshots the champion learned from; before any champion, those of the first chunk."""
    learned = first if champion is None else registry.load_learned(workspace.models_folder, champion)
    return pd.MultiIndex.from_frame(learned[_KEY])


def _due(stored: pd.DataFrame, version: str, label: str, rows: int, outcomes: int) -> tuple[bool, bool]:
    """Whether columns, and outcomes, of a chunk are to be compared (anew)."""
    own = stored[(stored["version"] == version) & (stored["chunk"] == label)]
    target = own["kind"] == TARGET
    compared, told = own.loc[~target, "current_n"], own.loc[target, "current_n"]
    columns = len(compared) == 0 or int(compared.max()) != rows
    return columns, outcomes > 0 and (len(told) == 0 or int(told.iloc[-1]) != outcomes)


def _reference(
    workspace: Workspace, dataset: Dataset, contract: Contract, champion: Version | None, first: pd.DataFrame
) -> Reference:
    if champion is None:
        return rows_reference(datasets.rows_of(dataset, first), contract, workspace.config.model.seed)
    return champion_reference(workspace, dataset, contract, champion)


def _chunk(workspace: Workspace, label: str, rows: pd.DataFrame, contract: Contract, champion: Version | None) -> Chunk:
    features = schema.features(rows, contract.columns)
    if champion is not None:
        model = workspace.model(champion)
        features = features.assign(**{RISK: model.risk(schema.features(rows, model.columns))})
    return Chunk(label, rows, features)


def _columns(
    workspace: Workspace, chunk: Chunk, reference: Reference, contract: Contract, calendar: set[str]
) -> Told:  # fmt: skip
    """Every column that is there on both sides, with whom its change touches."""
    kinds = {name: kind for name, kind in reference.profile.kinds.items() if name in chunk.features}
    profile = drift.Profile(kinds, {name: reference.profile.columns[name] for name in kinds})
    found = drift.compare(profile, chunk.features, workspace.config.monitoring, reference.importance)
    listed = _listed(workspace, chunk, contract)
    made: Told = []
    for one in found:
        whom = None
        if one.verdict in (drift.ALARM, drift.WATCH):
            there = drift.touched(chunk.features[one.column], one.where)
            whom = Touched(int(there.sum()), int(there[listed].sum()), len(listed))
        made.append((_by_construction(one) if one.column in calendar else one, whom))
    return made


def _together(chunk: Chunk, reference: Reference) -> tuple[ColumnDrift, None]:
    """Whether the columns go together as in the reference."""
    found = drift.reconstruction_error(reference.reconstruction, chunk.features)
    return drift.reconstruction_as_column(found, reference.reconstruction.rows), None


def _domain(workspace: Workspace, chunk: Chunk, reference: Reference) -> DomainDrift:
    """Whether the rows can be told from the reference's, by all columns together but the risk."""
    kinds = {
        name: kind
        for name, kind in reference.profile.kinds.items()
        if name in chunk.features and name in reference.rows
    }
    return drift.tell_apart(reference.rows, chunk.features, kinds, workspace.config.model.seed)


def _calendar(dataset: Dataset, contract: Contract) -> set[str]:
    """Columns that grow with the calendar."""
    rows = dataset.rows
    features = schema.features(rows, contract.columns)
    kinds = {column.name: column.kind for column in contract.columns}
    as_of = rows["_as_of"].to_numpy(dtype="datetime64[us]")
    return drift.calendar_columns(rows["_client"].to_numpy(dtype=object), as_of, features, kinds)


def _by_construction(one: ColumnDrift) -> ColumnDrift:
    said = " The same client's value grows as the calendar goes on, so that it drifts by construction."
    moved = one.verdict in (drift.ALARM, drift.WATCH)
    return replace(one, calendar=True, sentence=one.sentence + said if moved else one.sentence)


def _listed(workspace: Workspace, chunk: Chunk, contract: Contract) -> np.ndarray:
    """Places of the clients that the managers' list would have room for."""
    if RISK not in chunk.features:
        return np.array([], dtype=np.int64)
    owners = max(1, chunk.rows[contract.owner].nunique()) if contract.owner else 1
    room = min(len(chunk.rows), owners * workspace.config.worklist.capacity)
    return np.argsort(-chunk.features[RISK].to_numpy(), kind="stable")[:room]


def _target(
    reference: Reference, outcomes: pd.Series, workspace: Workspace
) -> tuple[ColumnDrift, Touched | None]:  # fmt: skip
    """The share of leavers as a column of its own."""
    rules = workspace.config.monitoring
    found = drift.share_drift(
        reference.leavers, reference.outcomes, int(outcomes.sum()), len(outcomes), min_rows=rules.min_rows, q=rules.q
    )
    return drift.target_as_column(found, reference.outcomes, len(outcomes)), None


def _summary_frame(dataset: Dataset, contract: Contract) -> tuple[pd.DataFrame, dict[str, str]]:
    rows = dataset.rows.assign(**{contract.outcome: dataset.rows["_outcome"]})
    left_out = (contract.owner, contract.label)
    kinds = {name: kind for name, kind in contract.kinds.items() if name not in left_out}
    return rows, {**kinds, contract.outcome: NUMERIC}
