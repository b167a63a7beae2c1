"""Outcomes are held against the risks that were delivered before they were known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from core import dataset as datasets
from core import evaluation, registry, schema, scoring, statistics
from core.dataset import Dataset
from core.pipeline.estimating import concept_drift
from core.pipeline.missed import missed_leavers, record_missed
from core.pipeline.reference import estimator_of
from core.pipeline.running import Step
from core.records import Metric, Performance, Version
from core.schema import Contract
from core.statistics import Interval
from core.store import models, monitoring
from core.workspace import Workspace

_KEY = ["_client", "_as_of"]
#: share of a chunk's risks that one version must have given for its estimate to be held against them
_OWN = 0.8
REALISED, BACKFILLED = "realised", "backfilled"


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Rows of a chunk whose outcomes are known, with the risks they were given."""

    label: str
    #: that gave most of the risks
    version: str
    rows: pd.DataFrame
    metrics: list[Metric]


def evaluate_delivered(
    workspace: Workspace, step: Step, dataset: Dataset, contract: Contract, champion: Version | None
) -> None:
    """Realised performance, chunk by chunk, of the risks that were delivered before their outcome was known.

    Rows whose outcome came without a risk ever having been delivered are scored now by the champion, unless
    it learned from them, and recorded apart as backfilled. A snapshot counts once its horizon has passed, for
    leavers are often known before stayers. Chunks without new outcomes are left as they are. Leavers whose last risk
    was low are written down too.
    """
    if champion is None:
        return
    with workspace.store.reading() as db:
        delivered = models.delivered_risks(db)
        stored = {kind: monitoring.list_metrics(db, kind) for kind in (REALISED, BACKFILLED)}
        thresholds = {one.version: one.threshold for one in models.list_versions(db)}
    known = dataset.trainable(step.run.at, workspace.config.data.horizon_days)
    chunk = datasets.chunked(dataset, contract).drop_duplicates(_KEY)[[*_KEY, "_chunk"]]
    known = known.merge(chunk, on=_KEY, how="left")
    delivered = delivered.rename(columns={"client": "_client", "as_of": "_as_of", "known_at": "_delivered_at"})
    joined = known.merge(delivered, on=_KEY)
    joined = joined[joined["_delivered_at"] < joined["_outcome_known_at"]]
    joined = joined.drop_duplicates(_KEY, keep="last")
    found = _by_chunk(joined, stored[REALISED], workspace.config.model.seed, thresholds)
    absent = _never_delivered(workspace, known, joined, contract, champion)
    backfilled = []
    if len(absent):
        model = workspace.model(champion)
        scored = scoring.score(model, schema.features(absent, model.columns))
        absent = absent.assign(risk=scored.risk, version=champion.version)
        backfilled = _by_chunk(absent, stored[BACKFILLED], workspace.config.model.seed, thresholds)
    judged = _judged(workspace, found, chunk["_chunk"].value_counts())
    overlooked = missed_leavers(workspace, joined)
    with step.commit() as db:
        record_missed(db, step, overlooked)
        for kind, results in ((REALISED, found), (BACKFILLED, backfilled)):
            for one in results:
                monitoring.insert_metrics(db, step.run.id, one.version, kind, one.label, one.metrics, step.run.at)
        monitoring.insert_performance(db, step.run.id, judged, step.run.at)


def _never_delivered(
    workspace: Workspace, known: pd.DataFrame, joined: pd.DataFrame, contract: Contract, champion: Version
) -> pd.DataFrame:
    """Known rows that nobody was given a risk of, and that the champion could not know."""
    absent = known.merge(joined[_KEY], on=_KEY, how="left", indicator=True)
    absent = absent[absent["_merge"] == "left_only"].drop(columns="_merge")
    learned = registry.load_learned(workspace.models_folder, champion)[_KEY]
    if contract.dated:  # else an exit it learned from would be asked again, from the month after
        horizon = timedelta(days=workspace.config.data.horizon_days)
        absent = absent[absent["_as_of"] >= learned["_as_of"].max() + horizon]
    absent = absent.merge(learned, on=_KEY, how="left", indicator=True)
    return absent[(absent["_merge"] == "left_only") & (absent["_outcome_known_at"] > champion.known_at)]


def _by_chunk(rows: pd.DataFrame, stored: pd.DataFrame, seed: int, thresholds: dict[str, float]) -> list[_Chunk]:
    """Each chunk that has new or corrected outcomes, with its metrics; `thresholds` by version."""
    whole = stored[stored["metric"] == "brier"]  # whose n is the number of rows
    known = {chunk: (n, at) for chunk, n, at in zip(whole["chunk"], whole["n"], whole["known_at"], strict=True)}
    made = []
    for label, own in rows.groupby("_chunk"):
        count, measured_at = known.get(label, (0, None))
        if count == len(own) and own["_outcome_known_at"].max() <= measured_at:
            continue
        version = str(own["version"].mode().iloc[0])
        metrics = evaluation.evaluate(
            own["_outcome"].to_numpy(), own["risk"].to_numpy(), threshold=thresholds[version], seed=seed
        )
        made.append(_Chunk(str(label), version, own, metrics))
    return made


def _judged(workspace: Workspace, found: list[_Chunk], rows: pd.Series) -> list[Performance]:
    """Whether each chunk's risks were worth less than their version's own, and other than was to be expected."""
    if not found:
        return []
    with workspace.store.reading() as db:
        versions = {one.version: one for one in models.list_versions(db)}
        stored, out_of_fold = monitoring.list_performance(db), monitoring.list_metrics(db, "out_of_fold")
    told = stored[(stored["kind"] == REALISED)].drop_duplicates("chunk", keep="last")
    verdicts = dict(zip(told["chunk"], told["verdict"], strict=True))
    made: list[Performance] = []
    for chunk in found:
        version = versions[chunk.version]
        before = [label for label in verdicts if label < chunk.label]
        worse = bool(before) and verdicts[max(before)] in ("watch", evaluation.DROP)
        one = _realised(workspace, chunk, _own(out_of_fold, version), int(rows[chunk.label]), worse_before=worse)
        verdicts[chunk.label] = one.verdict
        made.append(one)
        own = (chunk.rows["version"] == version.version).mean()
        if version.family != "rule" and one.verdict != evaluation.TOO_FEW and own >= _OWN:
            figure = Interval(one.value, one.low, one.high)
            estimator = estimator_of(workspace, version)
            risk = chunk.rows["risk"].to_numpy()
            made.append(concept_drift(estimator, version, chunk.label, risk, figure, one.tolerance))
    return made


def _own(out_of_fold: pd.DataFrame, version: Version) -> Interval:
    """roc_auc of a version out of fold."""
    own = out_of_fold[(out_of_fold["version"] == version.version) & (out_of_fold["metric"] == "roc_auc")]
    if len(own) == 0 or own["value"].isna().iloc[-1]:
        return statistics.NOTHING
    newest = own.iloc[-1]
    return Interval(float(newest["value"]), float(newest["low"]), float(newest["high"]))


def _realised(
    workspace: Workspace, chunk: _Chunk, reference: Interval, in_chunk: int, *, worse_before: bool
) -> Performance:  # fmt: skip
    rows, tolerance = chunk.rows, workspace.config.retrain.on_performance_drop
    roc_auc = next(metric for metric in chunk.metrics if metric.metric == "roc_auc")
    figure = Interval(roc_auc.value, roc_auc.low, roc_auc.high)
    coverage = len(rows) / max(in_chunk, len(rows))
    verdict, sentence = evaluation.judge_drop(
        "roc_auc", figure, reference, tolerance, n=len(rows), leavers=int(rows["_outcome"].sum()), coverage=coverage,
        worse_before=worse_before,
    )  # fmt: skip
    ripe = rows["_as_of"] + timedelta(days=workspace.config.data.horizon_days)
    late = (rows["_outcome_known_at"] - ripe).dt.total_seconds().to_numpy() / 86400
    return Performance(
        version=chunk.version, chunk=chunk.label, kind=REALISED, metric="roc_auc", value=figure.value, low=figure.low,
        high=figure.high, reference=reference.value, tolerance=tolerance, verdict=verdict, n=len(rows),
        coverage=coverage, late_days=float(np.median(np.maximum(late, 0))), sentence=sentence,
    )  # fmt: skip
