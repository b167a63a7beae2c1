"""A run and its steps: begun, timed, and ended in the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from core.errors import BellwetherError
from core.store import history
from core.store.database import Session
from core.workspace import Workspace

Progress = Callable[[float, str], None]

#: share of a full run that each step takes, for the progress bar
SHARES = {
    "ingest": 0.1,
    "evaluate": 0.05,
    "monitor": 0.03,
    "estimate": 0.02,
    "train": 0.6,
    "score": 0.1,
    "report": 0.05,
}


def silent(_share: float, _doing: str) -> None:
    """Progress that nobody watches."""


@dataclass
class Run:
    """One execution: `workspace` has its clock stopped at `at`, so all steps share one instant."""

    id: int
    workspace: Workspace
    at: datetime
    progress: Progress
    begun: float
    done: float = 0.0
    sentence: str = ""
    #: the state a full run leaves
    key: str = ""

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step. Its row is written by `Step.commit` together with its results, or at its end."""
        self.progress(self.done, name)
        step = Step(self, name, time.perf_counter())
        yield step
        if not step.committed:
            with step.commit():
                pass
        self.done = min(1.0, self.done + SHARES.get(name, 0.0))


@dataclass
class Step:
    """A timed part of a run."""

    run: Run
    name: str
    begun: float
    committed: bool = False

    @contextmanager
    def commit(self) -> Iterator[Session]:
        """The one transaction of the step: its results and the record that it ran."""
        with self.run.workspace.store.writing() as db:
            yield db
            seconds = time.perf_counter() - self.begun
            history.insert_step(db, self.run.id, self.name, self.run.at, seconds)
        self.committed = True

    def progress(self, share: float, doing: str) -> None:
        """How far this step is (0-1)."""
        self.run.progress(self.run.done + share * SHARES.get(self.name, 0.0), f"{self.name}: {doing}")


@contextmanager
def running(workspace: Workspace, kind: str, at: datetime, progress: Progress) -> Iterator[Run]:
    """Begin a run and end it: "done", or "failed" with the sentence of what a person can mend.

    A programming error passes through and leaves the run unfinished, as a kill does.
    """
    begun = time.perf_counter()
    with workspace.store.writing() as db:
        run_id = history.insert_run(db, kind, at)
    run = Run(run_id, replace(workspace, now=lambda: at), at, progress, begun)
    state = "failed"
    try:
        yield run
        state = "done"
    except BellwetherError as error:
        run.sentence = str(error)
        raise
    finally:
        if state == "done" or run.sentence:
            with workspace.store.writing() as db:
                seconds = time.perf_counter() - begun
                history.end_run(db, run_id, at, state=state, sentence=run.sentence, seconds=seconds, key=run.key)
    progress(1.0, "")
