"""What the champion's risks are probably worth before their outcomes are known, and what they were afterwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from core import dataset as datasets
from core import estimation, registry, schema
from core.dataset import Dataset
from core.drift import RISK
from core.estimation import Estimate, Estimator
from core.pipeline.drifting import Watched
from core.pipeline.reference import OUTCOME, estimator_of
from core.pipeline.running import Step
from core.records import Metric, Performance, Version
from core.schema import Contract
from core.statistics import Interval
from core.store import monitoring
from core.workspace import Workspace

_KEY = ["_client", "_as_of"]
#: verdicts on an estimate
FINE, WATCH, DROP, TOO_FEW = "fine", "watch", "drop", "not enough data"
ESTIMATED, WEIGHTED, CONCEPT = "estimated", "weighted", "concept"


def estimate_chunks(
    workspace: Workspace, step: Step, dataset: Dataset, contract: Contract, champion: Version | None, watched: Watched
) -> None:
    """Estimated performance of the champion's risks in every chunk that it did not learn from and that is new.

    Once as the reference is, and once with the reference weighted so that its rows look like the chunk's, where that
    leaves enough of it.
    """
    if champion is None or champion.family == "rule":
        return
    estimator = estimator_of(workspace, champion)
    learned = pd.MultiIndex.from_frame(registry.load_learned(workspace.models_folder, champion)[_KEY])
    with workspace.store.reading() as db:
        stored = monitoring.list_performance(db)
    done = stored[(stored["kind"] == ESTIMATED) & (stored["version"] == champion.version)]
    known = {chunk: (n, verdict) for chunk, n, verdict in zip(done["chunk"], done["n"], done["verdict"], strict=True)}
    model = workspace.model(champion)
    made: list[tuple[str, str, dict[str, Estimate], Performance]] = []
    low_before = False
    for name, keys in datasets.chunked(dataset, contract).groupby("_chunk", sort=False):
        label = str(name)
        count, verdict = known.get(label, (0, ""))
        if count == keys["_client"].nunique():
            low_before = verdict in (WATCH, DROP)
            continue
        rows = datasets.rows_of(dataset, keys)
        if pd.MultiIndex.from_frame(rows[_KEY]).isin(learned).mean() > 0.5:
            continue
        risk = model.risk(schema.features(rows, model.columns))
        called = risk >= champion.threshold
        plain = estimation.estimate(estimator, risk, called)
        found = plain | estimation.estimate_corrected(estimator, risk, called)
        judged = _judged(found["roc_auc"], estimator, champion, label, workspace, low_before=low_before)
        low_before = judged.verdict in (WATCH, DROP)
        made.append((ESTIMATED, label, found, judged))
        weighted = _weighted(estimator, champion, watched, label, risk)
        if weighted is not None:
            made.append((WEIGHTED, label, weighted, _beside(weighted["roc_auc"], judged)))
    with step.commit() as db:
        for kind, label, found, _ in made:
            metrics = [
                Metric(metric=one.metric, n=one.n, value=one.value, low=one.band_low, high=one.band_high)
                for one in found.values()
            ]
            monitoring.insert_metrics(db, step.run.id, champion.version, kind, label, metrics, step.run.at)
        monitoring.insert_performance(db, step.run.id, [told for *_, told in made], step.run.at)


def _weighted(
    estimator: Estimator, champion: Version, watched: Watched, chunk: str, risk: np.ndarray
) -> dict[str, Estimate] | None:
    """Estimates by a reference weighted towards the chunk; None where nothing was compared just now."""
    domain, reference = watched.domains.get(chunk), watched.reference
    if domain is None or reference is None or not len(domain.density_ratio) or OUTCOME not in reference.rows:
        return None
    rows = reference.rows.iloc[domain.reference_rows]
    return estimation.estimate_weighted(
        estimator, rows[OUTCOME].to_numpy(dtype=np.float64), rows[RISK].to_numpy(), domain.density_ratio, risk,
        risk >= champion.threshold,
    )  # fmt: skip


def _beside(found: Estimate, plain: Performance) -> Performance:
    """The weighted estimate beside the plain one."""
    if np.isnan(found.value):
        verdict, sentence = TOO_FEW, f"No weighted estimate: {found.reason}"
    else:
        verdict = FINE
        sentence = (
            f"Weighted towards the clients of this chunk, roc_auc is estimated at {found.value:.3f} "
            f"({found.band_low:.3f} to {found.band_high:.3f}), {found.value - plain.value:+.3f} beside the plain one."
        )
    return replace(
        plain, kind=WEIGHTED, value=found.value, low=found.band_low, high=found.band_high, verdict=verdict, n=found.n,
        sentence=sentence,
    )  # fmt: skip


def _judged(
    found: Estimate, estimator: Estimator, champion: Version, chunk: str, workspace: Workspace, *, low_before: bool
) -> Performance:
    """An estimated drop: in two chunks running more than the tolerance below, with the whole band below."""
    reference, tolerance = estimator.metrics["roc_auc"].realised, workspace.config.retrain.on_estimated_drop
    figure = f"roc_auc is estimated at {found.value:.3f} ({found.band_low:.3f} to {found.band_high:.3f})"
    if np.isnan(found.value):
        verdict, sentence = TOO_FEW, f"roc_auc cannot be estimated: {found.reason}"
    else:
        low = estimation.low(found, reference, tolerance)
        verdict = FINE if not low else DROP if low_before else WATCH
        said = {
            DROP: f"more than {tolerance:g} below, in two chunks running",
            WATCH: f"more than {tolerance:g} below; one more chunk like this is an estimated drop",
            FINE: f"within {tolerance:g}, or within its band",
        }[verdict]
        sentence = f"{figure}, {reference:.3f} out of fold: {said}. That assumes the rule has not changed."
    return Performance(
        version=champion.version, chunk=chunk, kind=ESTIMATED, metric="roc_auc", value=found.value, low=found.band_low,
        high=found.band_high, reference=reference, tolerance=tolerance, verdict=verdict, n=found.n, coverage=0.0,
        late_days=float("nan"), sentence=sentence,
    )  # fmt: skip


def concept_drift(
    estimator: Estimator, version: Version, chunk: str, risk: np.ndarray, realised: Interval, tolerance: float
) -> Performance:
    """Whether outcomes left the band that was to be expected for these very risks (n,)."""
    found = estimation.estimate_corrected(estimator, risk, risk >= version.threshold)["roc_auc"]
    told = estimation.gap(found, realised, tolerance=tolerance)
    verdict = TOO_FEW if told.changed is None else "concept drift" if told.changed else FINE
    return Performance(
        version=version.version, chunk=chunk, kind=CONCEPT, metric="roc_auc", value=told.difference,
        low=float("nan"), high=float("nan"), reference=found.value, tolerance=tolerance, verdict=verdict, n=len(risk),
        coverage=1.0, late_days=float("nan"), sentence=told.sentence,
    )  # fmt: skip
