"""A trained model becomes a stored version: its files, its record, its figures."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from core import evaluation, registry, reporting, scoring, training
from core.config import ModelConfig
from core.model import AdditiveModel
from core.pipeline.reference import kept_with_version
from core.records import Decision, Metric, Version
from core.schema import DATE, Contract
from core.training import Contest, Rule, TrainingSet
from core.workspace import Workspace

#: segments that are stored with a version, the worst
_WORST = 20


@dataclass(frozen=True, eq=False)
class Made:
    """All that a version is saved from."""

    workspace: Workspace
    fingerprint: str
    known: TrainingSet
    contest: Contest
    contract: Contract
    #: as it was trained by: the budget turned into rows
    config: ModelConfig
    model: AdditiveModel
    #: rows it was fitted on, at most the budget
    fitted: int
    #: out of fold, (n,)
    risk: np.ndarray
    decision: Decision
    #: the best single column; None where none is better than chance
    rule: Rule | None
    #: ids of the batches that rows or outcomes came with
    batches: list[int]
    #: what each client was worth at its row, (n,), NaN where that is not known; None without a column for it
    value: np.ndarray | None = None


def save(made: Made, at: datetime, *, provisional: bool) -> tuple[Version, list[Metric]]:
    """Write the version's files; its record and its out-of-fold metrics. The row comes later."""
    known, risk, config = made.known, made.risk, made.config
    tested = np.isfinite(risk)
    outcome, own = known.outcome[tested], risk[tested]
    cluster = training.clusters(known)
    groups = None if cluster is None else cluster[tested]
    threshold = evaluation.best_threshold(outcome, own)
    metrics = evaluation.evaluate(outcome, own, threshold=threshold, seed=config.seed, cluster=groups)
    by_name = {metric.metric: metric for metric in metrics}
    dates = {column.name for column in made.contract.columns if column.kind == DATE}
    segments = evaluation.segments(outcome, own, known.features[tested].reset_index(drop=True), groups, dates=dates)
    made_from = {
        "fingerprint": made.fingerprint, "config": config.model_dump(mode="json"),
        "contract": made.contract.fingerprint, "at": at.isoformat(),
    }  # fmt: skip
    name = registry.version_id(at, made_from)
    manifest = {
        **made_from, "version": name, "provisional": provisional, "threshold": threshold,
        **_recipe(made), **_outcome_of_contest(made), "sentence": made.decision.sentence,
        "metrics": {m.metric: {"value": m.value, "low": m.low, "high": m.high, "n": m.n} for m in metrics},
        "grade": asdict(evaluation.grade(by_name, len(outcome), int(outcome.sum()), config.gate)),
        "baselines": _baselines(made, tested, groups),
        "segments": {
            "sentence": evaluation.worst_sentence(segments), "worst": segments.head(_WORST).to_dict("records"),
        },
    }  # fmt: skip
    learned = training.as_learned(known, risk)
    worth = None if made.value is None else made.value[tested]
    judged = {
        registry.CURVES: evaluation.curves(outcome, own, seed=config.seed, cluster=groups),
        registry.THRESHOLDS: evaluation.at_thresholds(outcome, own, worth),
    }
    manifest["judged"] = _judged_on(known.client[tested], worth)
    manifest["importance"] = scoring.importance(made.model, known.features)
    most = made.workspace.config.monitoring.reference_rows
    profile, reference = kept_with_version(known, made.contract, risk, threshold, most, config.seed)
    folder = made.workspace.models_folder / name
    card = reporting.model_card(manifest)
    manifest_sha256 = registry.save_files(
        folder, made.model, card, learned, manifest, profile=profile, reference=reference, judged=judged
    )
    version = Version(
        version=name, known_at=at, family=made.model.family, provisional=provisional,
        base_rate=float(known.outcome.mean()), trained_rows=made.fitted, threshold=threshold,
        fingerprint=made.fingerprint, manifest_sha256=manifest_sha256,
    )  # fmt: skip
    return version, metrics


def _judged_on(client: np.ndarray, worth: np.ndarray | None) -> dict[str, int]:
    """What curves and thresholds rest on: rows, clients, rows whose value is known, rows that bands are drawn from."""
    return {
        "rows": len(client), "clients": len(np.unique(client.astype(str))),
        "valued": 0 if worth is None else int(np.isfinite(worth).sum()),
        "drawn": min(len(client), evaluation.MOST_DRAWN),
    }  # fmt: skip


def _baselines(made: Made, tested: np.ndarray, cluster: np.ndarray | None) -> list[dict[str, Any]]:
    """The version beside a guess by the base rate alone, and beside the best single column."""
    outcome, risk = made.known.outcome[tested], made.risk[tested]
    theirs = {"a guess by the base rate alone": evaluation.base_rate(outcome)}
    if made.rule is not None and made.model.family != "rule":
        theirs[f"the column {made.rule.column} alone"] = made.rule.risk[tested]
    seed = made.config.seed
    found = [
        evaluation.against(outcome, risk, name, their, seed=seed, cluster=cluster) for name, their in theirs.items()
    ]
    return [asdict(one) for one in found]


def _recipe(made: Made) -> dict[str, Any]:
    """What is needed to make it again."""
    config, data = made.config, made.workspace.config.data
    return {
        "family": made.model.family, "seed": config.seed, "data": data.model_dump(mode="json"),
        "columns": json.loads(made.contract.to_json())["columns"], "client_contract": made.contract.to_json(),
        "rows": made.fitted, "rows_available": made.known.n, "batches": made.batches,
        "budget": {
            "seconds": config.budget_seconds, "rows": config.max_training_rows,
            "asked_rows": made.workspace.config.model.max_training_rows,
        },
        "packages": registry.package_versions(), "python": platform.python_version(),
    }  # fmt: skip


def _outcome_of_contest(made: Made) -> dict[str, Any]:
    """What the contest showed."""
    contest, model = made.contest, made.model
    return {
        "folds": contest.folds,
        "families": {family: asdict(entry) for family, entry in contest.families.items()},
        "yardstick": asdict(contest.yardstick),
        "recency": asdict(contest.recency),
        "single_columns": contest.single_columns,
        "calibration": {
            "kind": contest.calibration.kind if model.family in contest.families else "none",
            "slope": model.slope, "shift": model.shift, "knots": model.knots,
        },
        "memory": _memory(made),
    }  # fmt: skip


def _memory(made: Made) -> dict[str, float]:
    """How far the model's own risks of rows it learned from lie from their out-of-fold risks, in absolute terms."""
    tested = np.isfinite(made.risk)
    gap = np.abs(made.model.risk(made.known.features)[tested] - made.risk[tested])
    return {"mean": float(gap.mean()), "ninetieth": float(np.quantile(gap, 0.9)), "n": int(tested.sum())}
