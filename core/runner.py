"""Does one job: the only place that catches every error, because it writes each one down."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from core import jobs
from core.errors import BellwetherError, NotFound
from core.pipeline.full import HANDLERS
from core.replay import build_example
from core.store import queue
from core.workspace import Workspace, open_workspace

ALL_HANDLERS: dict[str, Callable[..., str]] = {**HANDLERS, "demo": build_example}

#: progress is written at most this often
_PROGRESS_SECONDS = 0.5


def perform(own: Workspace, job_id: int) -> None:
    """Do a claimed job of `own`'s queue on the workspace it names, and write down how it ended."""
    with own.store.reading() as db:
        job = queue.read_job(db, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}.")
    try:
        workspace = own if Path(job.config) == own.config_path else open_workspace(Path(job.config), own.now)
        sentence = ALL_HANDLERS[job.kind](workspace, progress=_reporter(own, job_id))
        state = "done"
    except BellwetherError as error:
        state, sentence = "failed", str(error)
    except Exception as error:
        traceback.print_exc()
        state = "failed"
        sentence = f"Stopped by an error in the program ({type(error).__name__}: {error}); the log has the details."
    jobs.finish(own.store, job_id, own.now(), state, sentence)


def _reporter(own: Workspace, job_id: int) -> Callable[[float, str], None]:
    last = 0.0

    def report(share: float, doing: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _PROGRESS_SECONDS:
            last = time.monotonic()
            jobs.report_progress(own.store, job_id, share, doing)

    return report


def die_with_parent() -> None:
    """End this process and its children as soon as the worker that started it is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        print("the worker is gone; this job stops", file=sys.stderr)  # noqa: T201
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
