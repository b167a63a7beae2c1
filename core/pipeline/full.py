"""The full process of DESIGN, and its parts as commands of their own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta

from core import packages, registry, training
from core.dataset import Dataset
from core.errors import BellwetherError
from core.pipeline import deciding, learn
from core.pipeline import ingest as ingesting
from core.pipeline.drifting import compare_chunks
from core.pipeline.estimating import estimate_chunks
from core.pipeline.listing import lists_of
from core.pipeline.look import looking
from core.pipeline.realised import evaluate_delivered
from core.pipeline.report import report
from core.pipeline.running import Progress, Run, running, silent
from core.pipeline.score import score_clients
from core.records import Version
from core.schema import Contract
from core.store import audit, history, models, monitoring
from core.store.database import Session
from core.wording import plural
from core.workspace import HOME, Workspace

NO_CLIENTS = "No clients yet: put a client file into {places}, then run again."
#: who moved the champion's pointer where nobody says
SOMEBODY = "a person"


def _stopped(workspace: Workspace, at: datetime) -> Workspace:
    return replace(workspace, now=lambda: at)


def full_run(workspace: Workspace, *, retrain: bool = False, progress: Progress = silent) -> str:
    """Ingest, evaluate, monitor, decide, train, gate, promote, score, report; a sentence on what came of it.

    With nothing new since the last full run (files, outcomes that ripened, champion, config) it does no work
    and says so. `retrain`: a person asks for training whatever the evidence says.
    """
    at = workspace.now()
    workspace = _stopped(workspace, at)
    with ExitStack() as looked:
        found = looked.enter_context(looking(workspace))
        with workspace.store.reading() as db:
            last = history.last_state(db)
        if not found.anything and not retrain and last and last[0] == _state_key(workspace):
            said = f"Nothing new since {last[1]:%Y-%m-%d %H:%M} UTC; nothing was done."
            return " ".join([said, *found.sentences])
        with running(workspace, "full", at, progress) as run:
            with run.step("ingest") as step:
                sentences = [ingesting.ingest(run.workspace, step, found, at)]
            looked.close()  # others need not wait while we train
            dataset, contract = workspace.dataset(), workspace.contract()
            if dataset is None or contract is None:
                sentences.append(_no_clients(workspace))
            else:
                sentences += _walk(run, dataset, contract, retrain=retrain)
            run.sentence = " ".join(sentences)
            if dataset is not None:
                with run.step("report") as step:
                    report(run.workspace, step, run.sentence)
            run.key = _state_key(workspace)
    return run.sentence


def _no_clients(workspace: Workspace) -> str:
    places = ", ".join(source.place for source in workspace.config.sources) or "a folder named under [[sources]]"
    return NO_CLIENTS.format(places=places)


def _walk(run: Run, dataset: Dataset, contract: Contract, *, retrain: bool) -> list[str]:
    workspace = run.workspace
    champion = workspace.champion()
    _watch(run, dataset, contract, champion)
    decision = deciding.decide(run, dataset, champion, asked=retrain)
    sentences = [decision.sentence]
    if decision.answer:
        sentences += _to_look_into(workspace, dataset, contract)
        with run.step("train") as step:
            tired = _tired(decision.evidence, workspace)
            attempt = learn.learn(step, dataset, contract, champion, tired=tired)
        sentences.append(attempt.decision.sentence)
        champion = attempt.promoted or champion
    if champion is not None:
        with run.step("score") as step:
            count = score_clients(workspace, step, dataset, contract, champion)
        sentences.append(f"{plural(count, 'client')} scored.")
    return sentences


def _watch(run: Run, dataset: Dataset, contract: Contract, champion: Version | None) -> None:
    """Hold outcomes against the risks delivered, chunks against the reference, and estimate what is not known yet."""
    with run.step("evaluate") as step:
        evaluate_delivered(run.workspace, step, dataset, contract, champion)
    with run.step("monitor") as step:
        watched = compare_chunks(run.workspace, step, dataset, contract, champion)
    with run.step("estimate") as step:
        estimate_chunks(run.workspace, step, dataset, contract, champion, watched)


def _to_look_into(workspace: Workspace, dataset: Dataset, contract: Contract) -> list[str]:
    """What a person should look into before a model learns from it."""
    config = workspace.config.model
    outcome = dataset.rows["_outcome"].to_numpy()
    found = training.flags(dataset.rows, outcome, contract, config.gate.leak_roc_auc, seed=config.seed)
    return [f"Look into {flag.sentence}" for flag in found if flag.kind == training.LEAK]


def _tired(evidence: dict, workspace: Workspace) -> bool:
    """Whether the champion is over age or has a confirmed performance drop."""
    over_age = evidence["champion_age_days"] > workspace.config.retrain.max_age_days
    return bool(over_age or evidence["dropped"])


def _state_key(workspace: Workspace) -> str:
    """Changes when a full run would find something to do."""
    dataset, champion = workspace.dataset(), workspace.champion()
    config = workspace.config
    parts = [config.data, config.model, config.monitoring, config.retrain]
    seen = []
    if dataset is not None:
        at = workspace.now()
        current, missing = dataset.current(at, config.data.stale_after)
        ripe = len(dataset.trainable(at, config.data.horizon_days))
        seen = [dataset.fingerprint, len(dataset.deliveries), ripe, len(current), len(missing)]
    with workspace.store.reading() as db:
        attempts = [one["known_at"] for one in history.list_decisions(db) if one["question"] == "promote"]
        answers = [(one["id"], one["answer"]) for one in monitoring.list_faults(db) if one["answer"]]
    rules, now = config.retrain, workspace.now()
    over_age = champion is not None and now - champion.known_at > timedelta(days=rules.max_age_days)
    rested = not attempts or now - attempts[0] >= timedelta(days=rules.cool_down_days)
    content = [*(part.model_dump_json() for part in parts), *seen, champion and champion.version, over_age, rested]
    content += [*answers, lists_of(workspace, champion)]
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()


def ingest_run(workspace: Workspace, *, known_at: datetime | None = None, progress: Progress = silent) -> str:
    """Take what is new in every source, known at `known_at` (replayed history) or now. No arrivals: no run."""
    at = workspace.now()
    if known_at is not None and known_at > at:
        raise BellwetherError(f"The instant {known_at.isoformat()} lies in the future; nothing is known yet then.")
    with looking(workspace) as found:
        if not found.anything:
            return " ".join(["No new batch.", *found.sentences])
        with running(workspace, "ingest", at, progress) as run, run.step("ingest") as step:
            run.sentence = ingesting.ingest(run.workspace, step, found, known_at or at)
    return run.sentence


def _state(workspace: Workspace) -> tuple[Dataset, Contract]:
    dataset, contract = workspace.dataset(), workspace.contract()
    if dataset is None or contract is None:
        raise BellwetherError(_no_clients(workspace))
    return dataset, contract


def train_run(workspace: Workspace, *, progress: Progress = silent) -> str:
    """Train, ask the gate, promote when it agrees, and score."""
    at = workspace.now()
    workspace = _stopped(workspace, at)
    dataset, contract = _state(workspace)
    champion = workspace.champion()
    with running(workspace, "train", at, progress) as run:
        decision = deciding.decide(run, dataset, champion, asked=True)
        sentences = [decision.sentence]
        if decision.answer:
            with run.step("train") as step:
                attempt = learn.learn(step, dataset, contract, champion, tired=_tired(decision.evidence, workspace))
            sentences.append(attempt.decision.sentence)
            if attempt.promoted is not None:
                with run.step("score") as step:
                    score_clients(workspace, step, dataset, contract, attempt.promoted)
        run.sentence = " ".join(sentences)
    return run.sentence


def monitor_run(workspace: Workspace, *, progress: Progress = silent) -> str:
    """Hold outcomes against the risks delivered, and the newest rows against the reference."""
    at = workspace.now()
    workspace = _stopped(workspace, at)
    dataset, contract = _state(workspace)
    champion = workspace.champion()
    with running(workspace, "monitor", at, progress) as run:
        _watch(run, dataset, contract, champion)
        run.sentence = "Monitored."
    return run.sentence


def packages_run(workspace: Workspace, *, progress: Progress = silent) -> str:
    """Look for newer versions of every installed package; a failed look-up is recorded as such."""
    at = workspace.now()
    with running(workspace, "packages", at, progress) as run:
        with run.step("packages") as step:
            found = packages.look_up(HOME / "requirements.in", packages.index_url())
            with step.commit() as db:
                history.insert_packages(db, run.id, found, at)
        outdated = sum(packages.is_outdated(one["installed"], one["newest"]) for one in found)
        failed = sum(bool(one["failure"]) for one in found)
        run.sentence = f"{plural(len(found), 'package')}: {outdated} outdated, {failed} could not be looked up."
    return run.sentence


def report_run(workspace: Workspace, *, progress: Progress = silent) -> str:
    """Write a report of what is known now; a sentence with its path."""
    at = workspace.now()
    workspace = _stopped(workspace, at)
    _state(workspace)
    with running(workspace, "report", at, progress) as run, run.step("report") as step:
        run.sentence = f"Report written to {report(workspace, step, 'On demand.')}."
    return run.sentence


def _rescored(workspace: Workspace, at: datetime, version: Version, kind: str) -> str:
    dataset, contract = _state(workspace)
    with running(workspace, kind, at, silent) as run:
        with run.step("score") as step:
            count = score_clients(workspace, step, dataset, contract, version)
        run.sentence = f"{version.version} is champion; {plural(count, 'client')} scored by it."
    return run.sentence


def promote(workspace: Workspace, name: str, who: str = SOMEBODY, reason: str = "") -> str:
    """Make a stored version champion by the word of `who`, and score the clients with it."""
    at = workspace.now()
    workspace = _stopped(workspace, at)
    with workspace.store.writing() as db:
        version = registry.promote(db, workspace.models_folder, name, at, "Promoted by a person." + _because(reason))
        _audit_move(db, who, at)
    return _rescored(workspace, at, version, "promote")


def roll_back(workspace: Workspace, who: str = SOMEBODY, reason: str = "") -> str:
    """Make the champion before the present one champion again, and score the clients with it."""
    at = workspace.now()
    workspace = _stopped(workspace, at)
    with workspace.store.writing() as db:
        version = registry.roll_back(
            db, workspace.models_folder, at,
            lambda now, before: f"Rolled back from {now.version} to {before.version} by a person." + _because(reason),
        )  # fmt: skip
        _audit_move(db, who, at)
    return _rescored(workspace, at, version, "rollback")


def _because(reason: str) -> str:
    """The reason that a person gave, as a further sentence."""
    said = " ".join(reason.split())
    return f" Reason: {said}" if said else ""


def _audit_move(db: Session, who: str, at: datetime) -> None:
    """Write the last move of the pointer into the audit log, in its own transaction."""
    move = models.list_promotions(db)[0]
    audit.insert_deed(db, who, move["kind"], f"version {move['version']}", move["sentence"], at)


def _retrain(workspace: Workspace, *, progress: Progress = silent) -> str:
    return full_run(workspace, retrain=True, progress=progress)


def _take_and_score(workspace: Workspace, *, progress: Progress = silent) -> str:
    """What the schedule does often: take new files and score the clients they changed.

    Before the first champion this is a full run, so that the first files lead to a list at once.
    """
    champion = workspace.champion()
    if champion is None:
        return full_run(workspace, progress=progress)
    at = workspace.now()
    workspace = _stopped(workspace, at)
    with ExitStack() as looked:
        found = looked.enter_context(looking(workspace))
        if not found.anything:
            return " ".join(["No new batch.", *found.sentences])
        with running(workspace, "ingest", at, progress) as run:
            with run.step("ingest") as step:
                said = ingesting.ingest(workspace, step, found, at)
            looked.close()
            dataset, contract = _state(workspace)
            with run.step("score") as step:
                count = score_clients(workspace, step, dataset, contract, champion)
            run.sentence = f"{said} {plural(count, 'client')} scored."
    return run.sentence


#: what a job of each kind does
HANDLERS: dict[str, Callable[..., str]] = {
    "ingest": _take_and_score,
    "full": full_run,
    "retrain": _retrain,
    "packages": packages_run,
    "report": report_run,
}
