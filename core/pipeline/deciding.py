"""Decide whether to retrain."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from core import decisions, registry, statistics
from core.dataset import Dataset, ripe_since
from core.decisions import RetrainEvidence
from core.pipeline.running import Run
from core.records import Decision, Version
from core.statistics import Interval
from core.store import history, ingested
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
