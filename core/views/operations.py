"""Is everything running: worker, runs, steps, jobs, packages."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from core.jobs import PATIENCE
from core.packages import is_outdated
from core.records import Job
from core.store import audit as audit_log
from core.store import history, models, monitoring, queue
from core.workspace import Workspace


@dataclass(frozen=True)
class WorkerState:
    """Whether a worker is at work."""

    alive: bool
    heartbeat_at: datetime | None


def worker(workspace: Workspace) -> WorkerState:
    """The worker's last sign of life."""
    with workspace.store.reading() as db:
        lease = queue.read_lease(db)
    if lease is None:
        return WorkerState(alive=False, heartbeat_at=None)
    holder, beat = lease
    return WorkerState(alive=bool(holder) and workspace.now() - beat < PATIENCE, heartbeat_at=beat)


def status(workspace: Workspace) -> dict[str, Any]:
    """champion, clients, dataset (rows, fingerprint), worker, last_run, decision (retrain, sentence)."""
    champion = workspace.champion()
    dataset = workspace.dataset()
    with workspace.store.reading() as db:
        runs = history.list_runs(db)
        decided = history.list_decisions(db)
        risks = models.current_risks(db)
    retrain = next((one for one in decided if one["question"] == "retrain"), None)
    promote = next((one for one in decided if one["question"] == "promote"), None)
    state = worker(workspace)
    return {
        "champion": champion.version if champion else None,
        "family": champion.family if champion else None,
        "provisional": champion.provisional if champion else None,
        "clients": int(risks["risk"].notna().sum()),
        "dataset": {
            "rows": len(dataset.rows) if dataset else 0,
            "outcomes": int(dataset.rows["_outcome"].notna().sum()) if dataset else 0,
            "fingerprint": dataset.fingerprint if dataset else None,
        },
        "worker": {"alive": state.alive, "heartbeat_at": state.heartbeat_at},
        "last_run": runs[0] if runs else None,
        "decision": {"retrain": retrain["answer"], "sentence": retrain["sentence"]} if retrain else None,
        "gate": {"promote": promote["answer"], "sentence": promote["sentence"]} if promote else None,
    }


def runs(workspace: Workspace) -> pd.DataFrame:
    """Runs, newest first: id, kind, started_at, ended_at, state, sentence, seconds."""
    with workspace.store.reading() as db:
        found = history.list_runs(db)
    return pd.DataFrame(found, columns=["id", "kind", "started_at", "ended_at", "state", "sentence", "seconds"])


def timings(workspace: Workspace) -> pd.DataFrame:
    """Duration of every step of every run, newest first: run_id, name, known_at, seconds."""
    with workspace.store.reading() as db:
        return history.list_steps(db)[["run_id", "name", "known_at", "seconds"]]


def packages(workspace: Workspace) -> pd.DataFrame:
    """Installed against newest: name, direct, installed, newest, outdated, failure, known_at; outdated first."""
    with workspace.store.reading() as db:
        found = history.list_packages(db)
    outdated = [is_outdated(*pair) for pair in zip(found["installed"], found["newest"], strict=True)]
    found = found.assign(outdated=pd.Series(outdated, index=found.index, dtype=bool))
    found = found.sort_values(["outdated", "direct", "name"], ascending=[False, False, True])
    return found[["name", "direct", "installed", "newest", "outdated", "failure", "known_at"]]


def jobs(workspace: Workspace) -> list[Job]:
    """Jobs, newest first."""
    with workspace.store.reading() as db:
        return queue.list_jobs(db)


def job_frame(found: list[Job]) -> pd.DataFrame:
    """Jobs as a table."""
    return pd.DataFrame([asdict(job) for job in found], columns=list(Job.__dataclass_fields__))


def open_job(workspace: Workspace, kind: str, config: str) -> Job | None:
    """The waiting or running job of a kind for a config; None when there is none."""
    return next(
        (job for job in jobs(workspace) if job.kind == kind and job.config == config and job.ended_at is None), None
    )


def last_job(workspace: Workspace, kind: str, config: str) -> Job | None:
    """The newest job of a kind for a config that has ended; None when there is none."""
    return next(
        (job for job in jobs(workspace) if job.kind == kind and job.config == config and job.ended_at is not None),
        None,
    )


def stamp(workspace: Workspace) -> str:
    """Changes whenever a run, a promotion, a batch or an answer may have changed what there is to see."""
    with workspace.store.reading() as db:
        found = history.list_runs(db)
        moves = models.list_promotions(db)
        answers = [(one["id"], one["answer"]) for one in monitoring.list_faults(db)]
        last = found[0] if found else None
    seen = [last and (last["id"], last["state"]), len(moves), answers, str(workspace.config_path)]
    return hashlib.blake2b(repr(seen).encode(), digest_size=16).hexdigest()


def decision_sentence(workspace: Workspace) -> str:
    """The newest answer to "retrain?" and, where it was yes, what the gate said in short; "" before the first."""
    with workspace.store.reading() as db:
        decided = history.list_decisions(db)
    retrain = next((one for one in decided if one["question"] == "retrain"), None)
    if retrain is None:
        return ""
    gate = next((one for one in decided if one["question"] == "promote" and one["run_id"] == retrain["run_id"]), None)
    if gate is None:
        return str(retrain["sentence"])
    return f"{retrain['sentence']} {'It was promoted.' if gate['answer'] else 'It was not promoted.'}"


def audit(workspace: Workspace) -> pd.DataFrame:
    """What people did, newest first: known_at, who, deed, subject, sentence."""
    columns = ["known_at", "who", "deed", "subject", "sentence"]
    with workspace.store.reading() as db:
        found = audit_log.list_deeds(db)
    return pd.DataFrame(found, columns=["id", *columns])[columns]
