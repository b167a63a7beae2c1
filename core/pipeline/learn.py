"""Decide whether to retrain; hold the contest; ask the gate; promote."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from core import decisions, evaluation, registry, reporting, schema, statistics, training
from core.dataset import Dataset, ripe_since
from core.decisions import GateEvidence, RetrainEvidence
from core.model import AdditiveModel
from core.pipeline.running import Run, Step
from core.records import Decision, Metric, Version
from core.schema import Contract
from core.statistics import Interval
from core.store import history, ingested, models
from core.training import Contest, Rule, TrainingSet
from core.workspace import Workspace


def decide(run: Run, dataset: Dataset, champion: Version | None, *, asked: bool) -> Decision:
    """Ask whether to train anew, and record the answer with its evidence."""
    workspace = run.workspace
    with workspace.store.reading() as db:
        attempts = [d["known_at"] for d in history.list_decisions(db) if d["question"] == "promote"]
        realised = history.list_metrics(db, "realised")
        out_of_fold = history.list_metrics(db, "out_of_fold")
        drifted = history.list_drift(db)
    horizon = workspace.config.data.horizon_days
    rows = dataset.trainable(run.at, horizon)
    last = max([*attempts[:1], *([champion.known_at] if champion else [])], default=None)
    new = int((ripe_since(rows, horizon) > last).sum()) if last else len(rows)
    evidence = RetrainEvidence(
        asked=asked,
        has_champion=champion is not None,
        makeshift=champion is not None and (champion.provisional or champion.family == "rule"),
        outcomes=len(rows),
        leavers=int(rows["_outcome"].sum()),
        new_outcomes=new,
        champion_age_days=_days(run.at - champion.known_at) if champion else 0.0,
        rested_days=_days(run.at - last) if last else float("inf"),
        realised_roc_auc=_newest_realised(realised, champion),
        reference_roc_auc=_out_of_fold_roc_auc(out_of_fold, champion),
        drifted=_alarmed(drifted, champion),
        contract_changed=_contract_changed(workspace, champion, last),
    )
    decision = decisions.should_retrain(evidence, workspace.config.retrain)
    with workspace.store.writing() as db:
        history.insert_decision(db, run.id, decision, run.at)
    return decision


def _contract_changed(workspace: Workspace, champion: Version | None, last: datetime | None) -> bool:
    """Whether other columns are looked at than when the champion was fitted, or last anything was tried."""
    contract = workspace.contract()
    if contract is None or last is None:
        return False
    if champion is None:
        with workspace.store.reading() as db:
            since = ingested.contract_known_at(db)
        return since is not None and since > last
    learned = registry.read_manifest(workspace.models_folder, champion)["columns"]
    return {(one["name"], one["kind"]) for one in learned} != {(one.name, one.kind) for one in contract.columns}


def _days(span: timedelta) -> float:
    return span.total_seconds() / 86400


def _newest_realised(realised: pd.DataFrame, champion: Version | None) -> Interval:
    """roc_auc of the newest chunk whose risks the champion delivered."""
    if champion is None:
        return statistics.NOTHING
    own = realised[(realised["metric"] == "roc_auc") & (realised["version"] == champion.version)]
    own = own[own["value"].notna()]
    if len(own) == 0:
        return statistics.NOTHING
    newest = own.iloc[-1]
    return Interval(float(newest["value"]), float(newest["low"]), float(newest["high"]))


def _out_of_fold_roc_auc(metrics: pd.DataFrame, champion: Version | None) -> float:
    own = metrics[metrics["metric"] == "roc_auc"]
    own = own[own["version"] == (champion.version if champion else "")]
    return float(own["value"].iloc[-1]) if len(own) else float("nan")


def _alarmed(found: pd.DataFrame, champion: Version | None) -> tuple[str, ...]:
    """Columns in alarm in the newest chunk, when it was compared with this champion's reference."""
    if champion is None or len(found) == 0:
        return ()
    newest = found[found["chunk"] == found["chunk"].iloc[0]]
    newest = newest[newest["known_at"] > champion.known_at]
    return tuple(newest.loc[newest["verdict"] == "alarm", "column"])


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
    config, horizon = workspace.config.model, workspace.config.data.horizon_days
    rows = dataset.trainable(run.at, horizon)
    known = training.training_set(rows, contract)
    training.require_two_classes(known.outcome)
    contest = training.hold_contest(
        known, contract, config, horizon, lambda share, text: step.progress(0.9 * share, text)
    )
    evidence = _gate_evidence(workspace, known, rows, contest, contract, champion, tired=tired)
    decision = decisions.should_promote(evidence, config.gate)
    few = decisions.too_little_to_trust(known.n, int(known.outcome.sum()), config.gate)
    model: AdditiveModel | None = None
    risk = contest.risk
    fitted = known.n
    if decision.answer:
        model, fitted = training.fit_winner(known, contract, config, contest)
    elif champion is None:
        decision, rule = _with_rule(decision, known, contract, workspace)
        if rule is not None:
            model, risk = rule.model, rule.risk
    if model is None:
        with step.commit() as db:
            history.insert_decision(db, run.id, decision, run.at)
        return Attempt(decision, None)
    batches = _batches(rows)
    made = _Made(workspace, dataset.fingerprint, known, contest, contract, model, fitted, risk, decision, batches)
    version, metrics = _save(made, run.at, provisional=few)
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


def _gate_evidence(
    workspace: Workspace, known: TrainingSet, rows: pd.DataFrame, contest: Contest, contract: Contract,
    champion: Version | None, *, tired: bool,
) -> GateEvidence:  # fmt: skip
    tested = np.isfinite(contest.risk)
    outcome, risk = known.outcome[tested], contest.risk[tested]
    rate = float(known.outcome.mean())
    loss = statistics.log_losses(outcome, risk)
    best = max(contest.single_columns, key=lambda name: (np.nan_to_num(contest.single_columns[name]), name))
    auc_difference = loss_difference = statistics.NOTHING
    gate_rows = gate_leavers = 0
    if champion is not None:
        theirs_unknown = _unknown_to(workspace, known, rows, champion)
        deployed = np.isfinite(contest.deployed)
        # with dates, both sides know the clients' earlier snapshots; without, or too early, folds by client judge
        ours_at_all = contest.deployed if (deployed & theirs_unknown).any() else contest.risk
        fresh = np.isfinite(ours_at_all) & theirs_unknown
        gate_rows, gate_leavers = int(fresh.sum()), int(known.outcome[fresh].sum())
        if gate_rows:
            theirs = _deployed_risk(workspace.model(champion), rows)[fresh]
            ours, seen = ours_at_all[fresh], known.outcome[fresh]
            auc_difference = statistics.roc_auc_difference(seen, ours, theirs)
            loss_difference = statistics.mean(statistics.log_losses(seen, ours) - statistics.log_losses(seen, theirs))
    return GateEvidence(
        family=contest.family, outcomes=known.n, leavers=int(known.outcome.sum()), tested=int(tested.sum()),
        roc_auc=statistics.roc_auc(outcome, risk),
        log_loss_against_base=statistics.mean(
            loss - statistics.log_losses(outcome, np.full(len(outcome), rate))
        ),
        best_column=best, best_column_roc_auc=contest.single_columns[best],
        has_champion=champion is not None, gate_rows=gate_rows, gate_leavers=gate_leavers,
        roc_auc_difference=auc_difference, log_loss_difference=loss_difference, champion_tired=tired,
    )  # fmt: skip


def _deployed_risk(model: AdditiveModel, rows: pd.DataFrame) -> np.ndarray:
    """The champion's risk of each training row (n,); a column that it uses and that there is no more is missing."""
    risk: np.ndarray = model.risk(schema.features(training.in_order(rows), model.columns).reset_index(drop=True))
    return risk


def _unknown_to(workspace: Workspace, known: TrainingSet, rows: pd.DataFrame, champion: Version) -> np.ndarray:
    """Which training rows tell something that the champion could not know when it was fitted (n,).

    Their outcome was not usable then, and with dates, their horizon began after the last one it learned from
    had passed: an exit falls into the horizons of several months' snapshots of a client, and a champion that
    saw it once would be judged by its memory. A snapshot it learned from is none of them, also when it was
    delivered again or its outcome corrected.
    """
    horizon = workspace.config.data.horizon_days
    learned = registry.load_learned(workspace.models_folder, champion)
    fresh = rows[ripe_since(rows, horizon) > champion.known_at]
    contract = workspace.contract()
    if contract is not None and contract.dated:
        fresh = fresh[fresh["_as_of"] >= learned["_as_of"].max() + timedelta(days=horizon)]
    asked = pd.MultiIndex.from_arrays([known.client, pd.to_datetime(known.as_of)])
    unknown: np.ndarray = asked.isin(_keys(fresh)) & ~asked.isin(_keys(learned))
    return unknown


def _keys(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([rows["_client"], rows["_as_of"].dt.tz_localize(None)])


def _batches(rows: pd.DataFrame) -> list[int]:
    """Batches that brought these rows, or told their outcomes."""
    return sorted({*rows["_batch"].astype(int).tolist(), *rows["_outcome_batch"].astype(int).tolist()})


@dataclass(frozen=True, eq=False)
class _Made:
    """All that a version is saved from."""

    workspace: Workspace
    fingerprint: str
    known: TrainingSet
    contest: Contest
    contract: Contract
    model: AdditiveModel
    #: rows it was fitted on, at most the budget
    fitted: int
    #: out of fold, (n,)
    risk: np.ndarray
    decision: Decision
    #: ids of the batches that rows or outcomes came with
    batches: list[int]


def _save(made: _Made, at: datetime, *, provisional: bool) -> tuple[Version, list[Metric]]:
    """Write the version's files; its record and its out-of-fold metrics. The row comes later."""
    known, contest, model = made.known, made.contest, made.model
    config = made.workspace.config.model
    risk = made.risk
    tested = np.isfinite(risk)
    threshold = evaluation.best_threshold(known.outcome[tested], risk[tested])
    metrics = evaluation.evaluate(known.outcome[tested], risk[tested], threshold=threshold, seed=config.seed)
    made_from = {
        "fingerprint": made.fingerprint, "config": config.model_dump(mode="json"),
        "contract": made.contract.fingerprint, "at": at.isoformat(),
    }  # fmt: skip
    name = registry.version_id(at, made_from)
    manifest: dict[str, Any] = {
        **made_from,
        "version": name, "family": model.family, "provisional": provisional, "seed": config.seed,
        "columns": json.loads(made.contract.to_json())["columns"], "rows": made.fitted, "rows_available": known.n,
        "batches": made.batches, "folds": contest.folds, "families": contest.families,
        "single_columns": contest.single_columns,
        "calibration": {"slope": model.slope, "shift": model.shift}, "threshold": threshold,
        "packages": registry.package_versions(), "sentence": made.decision.sentence,
        "metrics": {m.metric: {"value": m.value, "low": m.low, "high": m.high, "n": m.n} for m in metrics},
    }  # fmt: skip
    learned = pd.DataFrame(
        {
            "_client": known.client.astype(str),
            "_as_of": pd.Series(known.as_of).dt.tz_localize("UTC").astype("datetime64[us, UTC]"),
            "outcome": known.outcome,
            "risk": risk,
        }
    )
    folder = made.workspace.models_folder / name
    card = reporting.model_card(manifest)
    manifest_sha256 = registry.save_files(folder, model, card, learned, manifest)
    version = Version(
        version=name, known_at=at, family=model.family, provisional=provisional,
        base_rate=float(known.outcome.mean()), trained_rows=made.fitted, threshold=threshold,
        fingerprint=made.fingerprint, manifest_sha256=manifest_sha256,
    )  # fmt: skip
    return version, metrics
