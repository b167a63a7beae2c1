"""Hold the contest; ask the gate; promote."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core import decisions, training
from core.config import ModelConfig
from core.dataset import Dataset
from core.model import AdditiveModel
from core.pipeline.budget import within_seconds
from core.pipeline.gate import Case, gate_evidence
from core.pipeline.making import Made, save
from core.pipeline.recipe import material
from core.pipeline.running import Step
from core.records import Decision, Version
from core.schema import Contract
from core.store import history, models, monitoring
from core.training import Rule


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
    made_from = material(dataset, contract, workspace.config.model, horizon, run.at)
    rows, known, features = made_from.rows, made_from.known, made_from.features
    config = within_seconds(workspace, known, features)
    contest = training.hold_contest(
        known, features, config, horizon, lambda share, text: step.progress(0.85 * share, text)
    )
    step.progress(0.9, "intervals and the best single column")
    rule = training.best_rule(known, features, config)
    winner, fitted = training.fit_winner(known, features, config, contest)
    case = Case(dataset, contract, config, rows, known, contest, rule, champion, tired)
    evidence = gate_evidence(step, case, winner)
    decision = decisions.should_promote(evidence, config.gate)
    few = decisions.too_little_to_trust(known.n, int(known.outcome.sum()), config.gate)
    model: AdditiveModel | None = winner if decision.answer else None
    risk = contest.risk
    if model is None and champion is None:
        decision, found = _with_rule(decision, rule, config)
        if found is not None:
            model, risk, fitted = found.model, found.risk, known.n
    if model is None:
        with step.commit() as db:
            history.insert_decision(db, run.id, decision, run.at)
        return Attempt(decision, None)
    made = Made(
        workspace, dataset.fingerprint, known, contest, contract, config, model, fitted, risk, decision, rule,
        _batches(rows), _worth(rows, contract),
    )  # fmt: skip
    version, metrics = save(made, run.at, provisional=few)
    with step.commit() as db:
        history.insert_decision(db, run.id, decision, run.at)
        models.insert_version(db, version)
        monitoring.insert_metrics(db, run.id, version.version, "out_of_fold", "", metrics, run.at)
        models.insert_promotion(db, version.version, run.at, "promote", decision.sentence)
    return Attempt(decision, version)


def _with_rule(decision: Decision, rule: Rule | None, config: ModelConfig) -> tuple[Decision, Rule | None]:
    """The decision with what becomes of the list, and the rule that it follows; None: there is no list."""
    e = decision.evidence
    if rule is None:
        why = " There is no list, because no single column is better than chance either."
        return replace(decision, sentence=decision.sentence + why), None
    if decisions.looks_like_leak(e["best_column_roc_auc"], e["outcomes"], e["leavers"], config.gate):
        why = " There is no list until that column is looked into."
        return replace(decision, sentence=decision.sentence + why), None
    why = f" Until a model is worth promoting, the list follows one rule: the column {rule.column} alone."
    return replace(decision, sentence=decision.sentence + why), rule


def _worth(rows: pd.DataFrame, contract: Contract) -> np.ndarray | None:
    """What each client was worth at its row, in the order of training; None without a column for it."""
    if not contract.value or contract.value not in rows:
        return None
    worth: np.ndarray = training.in_order(rows)[contract.value].to_numpy(dtype=np.float64, na_value=np.nan)
    return worth


def _batches(rows: pd.DataFrame) -> list[int]:
    """Batches that brought these rows, or told their outcomes."""
    return sorted({*rows["_batch"].astype(int).tolist(), *rows["_outcome_batch"].astype(int).tolist()})
