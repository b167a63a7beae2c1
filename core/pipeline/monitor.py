"""Outcomes are held against the risks delivered; the newest rows against those the champion learned from."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from core import dataset as datasets
from core import diagnostics, drift, evaluation, registry, schema, scoring
from core.dataset import Dataset
from core.pipeline.running import Step
from core.records import Metric, Version
from core.schema import NUMERIC, Contract
from core.store import history, models
from core.workspace import Workspace

_KEY = ["_client", "_as_of"]


def evaluate_delivered(
    workspace: Workspace, step: Step, dataset: Dataset, contract: Contract, champion: Version | None
) -> None:
    """Realised performance, chunk by chunk, of the risks that were delivered before their outcome was known.

    Rows whose outcome came without a risk ever having been delivered are scored now by the champion, unless
    it learned from them, and recorded apart as backfilled. A snapshot counts once its horizon has passed, for
    leavers are often known before stayers. Chunks without new outcomes are left as they are.
    """
    if champion is None:
        return
    with workspace.store.reading() as db:
        delivered = models.delivered_risks(db)
        stored = {kind: history.list_metrics(db, kind) for kind in ("realised", "backfilled")}
    known = dataset.trainable(step.run.at, workspace.config.data.horizon_days)
    chunk = datasets.chunked(dataset, contract).drop_duplicates(_KEY)[[*_KEY, "_chunk"]]
    known = known.merge(chunk, on=_KEY, how="left")
    delivered = delivered.rename(columns={"client": "_client", "as_of": "_as_of", "known_at": "_delivered_at"})
    joined = known.merge(delivered, on=_KEY)
    joined = joined[joined["_delivered_at"] < joined["_outcome_known_at"]]
    joined = joined.drop_duplicates(_KEY, keep="last")
    found = _by_chunk(joined, stored["realised"], workspace.config.model.seed, champion.threshold)
    absent = known.merge(joined[_KEY], on=_KEY, how="left", indicator=True)
    absent = absent[absent["_merge"] == "left_only"].drop(columns="_merge")
    learned = registry.load_learned(workspace.models_folder, champion)[_KEY]
    if contract.dated:  # else an exit it learned from would be asked again, from the month after
        horizon = timedelta(days=workspace.config.data.horizon_days)
        absent = absent[absent["_as_of"] >= learned["_as_of"].max() + horizon]
    absent = absent.merge(learned, on=_KEY, how="left", indicator=True)
    absent = absent[(absent["_merge"] == "left_only") & (absent["_outcome_known_at"] > champion.known_at)]
    backfilled = []
    if len(absent):
        scored = scoring.score(workspace.model(champion), schema.features(absent, workspace.model(champion).columns))
        absent = absent.assign(risk=scored.risk, version=champion.version)
        backfilled = _by_chunk(absent, stored["backfilled"], workspace.config.model.seed, champion.threshold)
    with step.commit() as db:
        for kind, results in (("realised", found), ("backfilled", backfilled)):
            for label, version, metrics in results:
                history.insert_metrics(db, step.run.id, version, kind, label, metrics, step.run.at)


def _by_chunk(
    rows: pd.DataFrame, stored: pd.DataFrame, seed: int, threshold: float
) -> list[tuple[str, str, list[Metric]]]:
    """(chunk, version that gave most of its risks, metrics) of each chunk that has new or corrected outcomes."""
    whole = stored[stored["metric"] == "brier"]  # whose n is the number of rows
    known = {chunk: (n, at) for chunk, n, at in zip(whole["chunk"], whole["n"], whole["known_at"], strict=True)}
    made = []
    for label, own in rows.groupby("_chunk"):
        count, measured_at = known.get(label, (0, None))
        if count == len(own) and own["_outcome_known_at"].max() <= measured_at:
            continue
        metrics = evaluation.evaluate(
            own["_outcome"].to_numpy(), own["risk"].to_numpy(), threshold=threshold, seed=seed
        )
        made.append((str(label), str(own["version"].mode().iloc[0]), metrics))
    return made


def compare_chunks(
    workspace: Workspace, step: Step, dataset: Dataset, contract: Contract, champion: Version | None
) -> None:
    """Drift of every chunk not compared yet, and summary statistics of the dataset."""
    labelled = datasets.chunked(dataset, contract)
    chunks = list(dict.fromkeys(labelled["_chunk"]))
    keys = _reference_keys(workspace, labelled, chunks, champion)
    reference = schema.features(datasets.rows_of(dataset, keys), contract.columns)
    with workspace.store.reading() as db:
        stored = history.list_drift(db)
    compared = dict(zip(stored["chunk"], stored["current_n"], strict=True))
    learned_from = pd.MultiIndex.from_frame(keys[_KEY])
    kinds = {column.name: column.kind for column in contract.columns}
    found = {}
    for label in chunks:
        rows = datasets.rows_of(dataset, labelled[labelled["_chunk"] == label])
        own = pd.MultiIndex.from_frame(rows[_KEY]).isin(learned_from).mean() > 0.5
        if not own and compared.get(label) != len(rows):
            current = schema.features(rows, contract.columns)
            found[label] = drift.compare(reference, current, kinds, workspace.config.monitoring)
    summaries = diagnostics.summarise(*_summary_frame(dataset, contract))
    with step.commit() as db:
        for label, columns in found.items():
            history.insert_drift(db, step.run.id, label, columns, step.run.at)
        history.insert_summaries(db, step.run.id, summaries, step.run.at)


def _reference_keys(
    workspace: Workspace, labelled: pd.DataFrame, chunks: list[str], champion: Version | None
) -> pd.DataFrame:
    """Snapshots the champion learned from; before any champion, the first chunk."""
    if champion is not None:
        return registry.load_learned(workspace.models_folder, champion)
    return labelled[labelled["_chunk"] == chunks[0]]


def _summary_frame(dataset: Dataset, contract: Contract) -> tuple[pd.DataFrame, dict[str, str]]:
    rows = dataset.rows.assign(**{contract.outcome: dataset.rows["_outcome"]})
    left_out = (contract.owner, contract.label)
    kinds = {name: kind for name, kind in contract.kinds.items() if name not in left_out}
    return rows, {**kinds, contract.outcome: NUMERIC}
