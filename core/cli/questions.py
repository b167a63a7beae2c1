"""Commands that read. Views are imported where they are asked: they are slow to import."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from core.cli.showing import plain, say
from core.workspace import Workspace


def status(workspace: Workspace) -> Any:
    """Champion, clients, dataset, worker, last run and decision."""
    from core.views import operations

    return operations.status(workspace)


def versions(workspace: Workspace) -> Any:
    """Stored models, newest first."""
    from core.views import model

    return model.versions(workspace)


def decisions(workspace: Workspace) -> Any:
    """Retrain and promote decisions with their evidence."""
    from core.views import monitoring

    return monitoring.decisions(workspace)


def drift(workspace: Workspace) -> Any:
    """Drift of every column by chunk."""
    from core.views import monitoring

    return monitoring.drift(workspace)


def performance(workspace: Workspace) -> Any:
    """How the delivered risks did."""
    from core.views import monitoring

    return monitoring.performance(workspace)


def faults(workspace: Workspace) -> Any:
    """What is wrong with the data, and what people said of it."""
    from core.views import monitoring

    return monitoring.faults(workspace)


def timings(workspace: Workspace) -> Any:
    """Duration of every step of every run."""
    from core.views import operations

    return operations.timings(workspace)


def batches(workspace: Workspace) -> Any:
    """What came in."""
    from core.views import ingestion

    return ingestion.batches(workspace)


def troubles(workspace: Workspace) -> Any:
    """What could not be read last time, and since when."""
    from core.views import ingestion

    return ingestion.troubles(workspace)


def audit(workspace: Workspace) -> Any:
    """What people did: who, what, when."""
    from core.views import operations

    return operations.audit(workspace)


def statistics(workspace: Workspace) -> Any:
    """Summary statistics and missing shares of the dataset."""
    from core.views import ingestion

    return ingestion.statistics(workspace)


def contract(workspace: Workspace) -> Any:
    """What a client table looks like."""
    from dataclasses import asdict

    from core.views import ingestion

    found = ingestion.contract(workspace)
    return asdict(found) if found else None


def clients(workspace: Workspace) -> Any:
    """Current clients by risk, with reasons."""
    from core.views import clients

    return clients.client_list(workspace).clients


QUESTIONS: dict[str, tuple[Callable[[Workspace], Any], str]] = {
    "status": (status, "champion, clients, dataset, worker, last run and decision"),
    "clients": (clients, "current clients by risk, with reasons"),
    "versions": (versions, "stored models, newest first"),
    "decisions": (decisions, "retrain and promote decisions with their evidence"),
    "drift": (drift, "drift of every column by chunk"),
    "performance": (performance, "how the delivered risks did"),
    "faults": (faults, "what is wrong with the data, and what people said of it"),
    "statistics": (statistics, "summary statistics and missing shares of the dataset"),
    "timings": (timings, "duration of every step of every run"),
    "batches": (batches, "what came in"),
    "troubles": (troubles, "sources and files that could not be read"),
    "audit": (audit, "what people did: who, what, when"),
}


def _told(question: Callable[[Workspace], Any], found: Any) -> Any:
    """What is printed for people: of drift and faults a line each, what programs get being too wide to read."""
    if question is drift and len(found):
        rows = found.to_dict("records")
        return "\n".join(f"{one['place']:<18} {one['verdict']:<7} {one['sentence']}" for one in rows)
    if question is faults and len(found):
        rows = found.to_dict("records")
        return "\n".join(
            f"{one['id']:>4}  {one['chunk']}  {one['answer'] or 'open':<6} {one['sentence']} {one['cause']}"
            for one in rows
        )
    return found


def question(ask: Callable[[Workspace], Any]) -> Callable[[Workspace, argparse.Namespace], None]:
    """A command that shows something, as it was known at `--as-of`."""

    def perform(workspace: Workspace, arguments: argparse.Namespace) -> None:
        found = ask(workspace.at(arguments.as_of) if arguments.as_of else workspace)
        say(plain(found) if arguments.json else _told(ask, found), as_json=arguments.json)

    return perform
