"""Decide whether to retrain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from core import decisions, drift, evaluation, registry, statistics
from core.dataset import Dataset, ripe_since
from core.decisions import Drifted, RetrainEvidence
from core.pipeline.running import Run
from core.records import Decision, Version
from core.statistics import Interval
from core.store import history, ingested, monitoring
from core.workspace import Workspace


def decide(run: Run, dataset: Dataset, champion: Version | None, *, asked: bool) -> Decision:
    """Ask whether to train anew, and record the answer with its evidence."""
    workspace = run.workspace
    with workspace.store.reading() as db:
        attempts = [d["known_at"] for d in history.list_decisions(db) if d["question"] == "promote"]
        performance = monitoring.list_performance(db)
        out_of_fold = monitoring.list_metrics(db, "out_of_fold")
        compared, faults = monitoring.list_drift(db), monitoring.list_faults(db)
    horizon = workspace.config.data.horizon_days
    rows = dataset.trainable(run.at, horizon)
    last = max([*attempts[:1], *([champion.known_at] if champion else [])], default=None)
    new = rows[ripe_since(rows, horizon) > last] if last else rows
    realised = _newest(performance, champion, "realised")
    estimated = _newest(performance, champion, "estimated")
    moved = _moved(compared, faults, champion)
    evidence = RetrainEvidence(
        asked=asked,
        has_champion=champion is not None,
        makeshift=champion is not None and (champion.provisional or champion.family == "rule"),
        outcomes=len(rows),
        leavers=int(rows["_outcome"].sum()),
        new_outcomes=len(new),
        new_leavers=int(new["_outcome"].sum()),
        champion_age_days=_days(run.at - champion.known_at) if champion else 0.0,
        rested_days=_days(run.at - last) if last else float("inf"),
        realised_roc_auc=_interval(realised),
        reference_roc_auc=_out_of_fold_roc_auc(out_of_fold, champion),
        dropped=realised is not None and realised["verdict"] == evaluation.DROP,
        estimated_roc_auc=_interval(estimated).value,
        estimated_drop=estimated is not None and estimated["verdict"] == evaluation.DROP,
        drifted=moved.drifted,
        calendar=moved.calendar,
        held=moved.held,
        risk_drifted=moved.risk,
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


def _newest(performance: pd.DataFrame, champion: Version | None, kind: str) -> pd.Series | None:
    """The verdict on the newest chunk whose risks the champion gave, and of which enough is known for one."""
    version = champion.version if champion else ""
    own = performance[(performance["kind"] == kind) & (performance["version"] == version)]
    own = own[own["verdict"] != evaluation.TOO_FEW]
    return own.iloc[-1] if len(own) else None


def _interval(found: pd.Series | None) -> Interval:
    if found is None:
        return statistics.NOTHING
    return Interval(float(found["value"]), float(found["low"]), float(found["high"]))


def _out_of_fold_roc_auc(metrics: pd.DataFrame, champion: Version | None) -> float:
    own = metrics[metrics["metric"] == "roc_auc"]
    own = own[own["version"] == (champion.version if champion else "")]
    return float(own["value"].iloc[-1]) if len(own) else float("nan")


@dataclass(frozen=True)
class _Moved:
    drifted: tuple[Drifted, ...]
    calendar: tuple[Drifted, ...]
    held: tuple[str, ...]
    risk: bool


def _moved(found: pd.DataFrame, faults: list[dict[str, Any]], champion: Version | None) -> _Moved:
    """What is in alarm in the newest chunk that was compared with this champion's reference.

    A column whose data look faulty in that chunk is no drift, unless a person has said that the world is like that.
    """
    found = found[found["version"] == (champion.version if champion else None)]
    if len(found) == 0:
        return _Moved((), (), (), risk=False)
    chunk = found["chunk"].iloc[0]
    alarmed = found[(found["chunk"] == chunk) & (found["verdict"] == drift.ALARM)]
    faulty = {
        one["column"]: one["answer"] for one in reversed(faults) if one["chunk"] == chunk and one["answer"] != "real"
    }
    columns = alarmed[alarmed["column"] != ""]
    columns = columns[columns["kind"] != drift.PREDICTION]
    sound = columns[~columns["column"].isin(list(faulty))]
    drifted, calendar = (_named(sound[sound["calendar"] == by_construction]) for by_construction in (False, True))
    held = tuple(name for name in columns["column"] if faulty.get(name) == "")
    risk = bool((alarmed["kind"] == drift.PREDICTION).any()) and not faulty
    return _Moved(drifted, calendar, held, risk)


def _named(columns: pd.DataFrame) -> tuple[Drifted, ...]:
    told = zip(columns["column"], columns["method"], columns["effect"], columns["importance"], strict=True)
    return tuple(
        Drifted(name, f"{drift.METHODS[method]} {drift.short(effect)}", float("nan") if weight is None else weight)
        for name, method, effect, weight in told
    )
