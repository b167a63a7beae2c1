"""Hold the contest; ask the gate; promote."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from core import decisions, training
from core.dataset import Dataset
from core.model import AdditiveModel
from core.pipeline.budget import within_seconds
from core.pipeline.gate import gate_evidence
from core.pipeline.making import Made, save
from core.pipeline.running import Step
from core.records import Decision, Version
from core.schema import Contract
from core.store import history, models
from core.training import Rule, TrainingSet
from core.workspace import Workspace


@dataclass(frozen=True)
class Attempt:
    """What came of training: the gate's answer, and the new champion if there is one."""

    decision: Decision
    promoted: Version | None


def learn(step: Step, dataset: Dataset, contract: Contract, champion: Version | None, *, tired: bool) -> Attempt:
    """Train the families, let the gate judge the winner, and promote it, all or nothing.

    Without a model worth promoting and without a champion, the best single column becomes the list's rule.
    """
    run, workspace = step.run, step.run.workspace
    horizon = workspace.config.data.horizon_days
    features = training.looked_at(contract, workspace.config.model)
    rows = dataset.trainable(run.at, horizon)
    known = training.training_set(rows, features, workspace.config.model.weight)
    training.require_two_classes(known.outcome)
    config = within_seconds(workspace, known, features)
    contest = training.hold_contest(
        known, features, config, horizon, lambda share, text: step.progress(0.9 * share, text)
    )
    evidence = gate_evidence(workspace, known, rows, contest, contract, champion, tired=tired)
    decision = decisions.should_promote(evidence, config.gate)
    few = decisions.too_little_to_trust(known.n, int(known.outcome.sum()), config.gate)
    model: AdditiveModel | None = None
    risk = contest.risk
    fitted = known.n
    if decision.answer:
        model, fitted = training.fit_winner(known, features, config, contest)
    elif champion is None:
        decision, rule = _with_rule(decision, known, features, workspace)
        if rule is not None:
            model, risk = rule.model, rule.risk
    if model is None:
        with step.commit() as db:
            history.insert_decision(db, run.id, decision, run.at)
        return Attempt(decision, None)
    made = Made(
        workspace, dataset.fingerprint, known, contest, contract, config, model, fitted, risk, decision, _batches(rows)
    )
    version, metrics = save(made, run.at, provisional=few)
    with step.commit() as db:
        history.insert_decision(db, run.id, decision, run.at)
        models.insert_version(db, version)
        history.insert_metrics(db, run.id, version.version, "out_of_fold", "", metrics, run.at)
        models.insert_promotion(db, version.version, run.at, "promote", decision.sentence)
    return Attempt(decision, version)


def _with_rule(
    decision: Decision, known: TrainingSet, contract: Contract, workspace: Workspace
) -> tuple[Decision, Rule | None]:
    found = training.best_rule(known, contract, workspace.config.model)
    if found is None or decision.evidence["best_column_roc_auc"] >= workspace.config.model.gate.leak_roc_auc:
        why = " There is no list, because no single column is better than chance either."
        if found is not None:
            why = " There is no list until that column is looked into."
        return replace(decision, sentence=decision.sentence + why), None
    why = f" Until a model is worth promoting, the list follows one rule: the column {found.column} alone."
    return replace(decision, sentence=decision.sentence + why), found


def _batches(rows: pd.DataFrame) -> list[int]:
    """Batches that brought these rows, or told their outcomes."""
    return sorted({*rows["_batch"].astype(int).tolist(), *rows["_outcome_batch"].astype(int).tolist()})
