"""Is everything running: worker, runs, steps, jobs, packages."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import datetime
from typing import Any

import pandas as pd

from core import registry
from core.packages import is_outdated
from core.records import Job
from core.store import audit as audit_log
from core.store import history, models, queue, stamps
from core.views.working import worker
from core.workspace import Workspace


def status(workspace: Workspace) -> dict[str, Any]:
    """champion, clients, dataset (rows, fingerprint), worker, last_run, decision (retrain, sentence).

    What a worker did at an instant of the past is not known: `worker` is None then.
    """
    champion = workspace.champion()
    dataset = workspace.dataset()
    with workspace.store.reading() as db:
        runs = history.list_runs(db, limit=1)
        decided = history.list_decisions(db)
        clients = models.count_listed(db)
    retrain = next((one for one in decided if one["question"] == "retrain"), None)
    promote = next((one for one in decided if one["question"] == "promote"), None)
    state = worker(workspace) if workspace.store.at is None else None
    return {
        "champion": champion.version if champion else None,
        "family": champion.family if champion else None,
        "provisional": champion.provisional if champion else None,
        "clients": clients,
        "dataset": {
            "rows": len(dataset.rows) if dataset else 0,
            "outcomes": int(dataset.rows["_outcome"].notna().sum()) if dataset else 0,
            "fingerprint": dataset.fingerprint if dataset else None,
        },
        "worker": asdict(state) if state else None,
        "last_run": runs[0] if runs else None,
        "decision": {"retrain": retrain["answer"], "sentence": retrain["sentence"]} if retrain else None,
        "gate": {"promote": promote["answer"], "sentence": promote["sentence"]} if promote else None,
    }


def timings(workspace: Workspace) -> pd.DataFrame:
    """Duration of every step of every run, newest first: run_id, name, known_at, seconds."""
    with workspace.store.reading() as db:
        return history.list_steps(db)[["run_id", "name", "known_at", "seconds"]]


def packages(workspace: Workspace) -> pd.DataFrame:
    """Installed against newest: name, direct, installed, newest, outdated, trained_with (what the champion was made
    with; "" for packages that a model does not depend on), changed (since then), failure, known_at; outdated first.
    """
    champion = workspace.champion()
    manifest = registry.read_manifest(workspace.models_folder, champion) if champion else {}
    made_with = manifest.get("packages", {})
    with workspace.store.reading() as db:
        found = history.list_packages(db)
    outdated = [is_outdated(*pair) for pair in zip(found["installed"], found["newest"], strict=True)]
    found = found.assign(
        outdated=pd.Series(outdated, index=found.index, dtype=bool),
        trained_with=[made_with.get(str(name), "") for name in found["name"]],
    )
    found["changed"] = (found["trained_with"] != "") & (found["trained_with"] != found["installed"])
    found = found.sort_values(["outdated", "changed", "direct", "name"], ascending=[False, False, False, True])
    shown = ["name", "direct", "installed", "newest", "outdated", "trained_with", "changed", "failure", "known_at"]
    return found[shown]


def jobs(workspace: Workspace) -> list[Job]:
    """Jobs, newest first."""
    with workspace.store.reading() as db:
        return queue.list_jobs(db)


def job_frame(found: list[Job], now: datetime) -> pd.DataFrame:
    """Jobs as a table, with the seconds that each waited and ran (until `now` where it still does)."""
    frame = pd.DataFrame([asdict(job) for job in found], columns=list(Job.__dataclass_fields__))
    instants = ("started_at", "ended_at")
    begun, ended = (pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]") for name in instants)
    ended = ended.fillna(pd.Timestamp(now))
    frame["waited"] = (begun.fillna(ended) - pd.to_datetime(frame["asked_at"], utc=True)).dt.total_seconds()
    frame["ran"] = (ended - begun).dt.total_seconds()
    return frame


def failed_jobs(found: list[Job]) -> list[Job]:
    """The newest job of each kind and config, of those whose newest one that ended failed."""
    newest: dict[tuple[str, str], Job] = {}
    for job in found:
        if job.ended_at is not None:
            newest.setdefault((job.kind, job.config), job)
    return [job for job in newest.values() if job.state == "failed"]


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
    """Changes with every fact that is added or removed; the same for two looks at the same facts."""
    with workspace.store.reading() as db:
        newest = stamps.newest_ids(db)
    seen = [str(workspace.config_path), str(workspace.store.at), newest]
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
