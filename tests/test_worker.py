"""The worker as an operator sees it: a real process on a real workspace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core import jobs
from core.records import Job
from core.store import queue
from core.views import working
from core.workspace import Workspace, open_workspace, utc_now
from tests.builders import clients_frame, drop, make_workspace

HOME = Path(__file__).resolve().parents[1]
QUICK = {
    "schedule": {"ingest": "every 1 second", "full": "never", "packages": "never"},
    "model": {"families": ["logistic"]},
}
STILL = {**QUICK, "schedule": {"ingest": "never", "full": "never", "packages": "never"}}
PATIENT = 60.0

pytestmark = pytest.mark.slow


@contextmanager
def worker(workspace: Workspace) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A running worker and its log; killed at the end if it still runs."""
    log = workspace.config_path.parent / f"worker-{time.monotonic_ns()}.log"
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "worker.py", "--config", str(workspace.config_path)],
            cwd=HOME, stdout=written, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            yield process, log
        finally:
            process.kill()
            process.wait()


def wait_for(condition: Callable[[], object], log: Path, seconds: float = PATIENT) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited in vain; the log says:\n{log.read_text()}"
        time.sleep(0.1)


def real(folder: Path, config: dict) -> Workspace:
    """A workspace on the real clock."""
    return open_workspace(make_workspace(folder, config).config_path, utc_now)


def newest(workspace: Workspace) -> Job:
    with workspace.store.reading() as db:
        return queue.list_jobs(db)[0]


def test_a_dropped_file_leads_to_a_list_and_a_sigterm_stops_the_worker_within_seconds(tmp_path: Path) -> None:
    workspace = real(tmp_path, QUICK)
    drop(workspace, "clients.csv", clients_frame(300, seed=1))
    with worker(workspace) as (process, log):
        wait_for(lambda: workspace.champion() is not None, log)
        assert working.worker(workspace).alive
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - begun < 5
        assert "worker: stopped" in log.read_text()
    assert not working.worker(workspace).alive


def test_a_second_worker_waits_and_takes_over_when_the_first_stops(tmp_path: Path) -> None:
    workspace = real(tmp_path, STILL)
    with worker(workspace) as (first, log):
        wait_for(lambda: "at work" in log.read_text(), log)
        with worker(workspace) as (_second, second_log):
            wait_for(lambda: "another worker is at work" in second_log.read_text(), second_log)
            assert "worker: at work" not in second_log.read_text()
            first.send_signal(signal.SIGTERM)
            wait_for(lambda: "worker: at work" in second_log.read_text(), second_log)


def test_a_failing_job_is_written_down_and_the_next_one_is_done(tmp_path: Path) -> None:
    workspace = real(tmp_path, STILL)
    config = str(workspace.config_path)
    jobs.enqueue(workspace.store, "report", config, utc_now(), "test")
    jobs.enqueue(workspace.store, "ingest", config, utc_now(), "test")
    with worker(workspace) as (_process, log):
        wait_for(lambda: newest(workspace).ended_at is not None, log)
    with workspace.store.reading() as db:
        second, first = queue.list_jobs(db)
    assert first.state == "failed"
    assert first.sentence.startswith("No clients yet: put a client file into")
    assert second.state == "done"


def test_a_killed_worker_leaves_a_whole_store_and_its_job_is_done_by_the_next_one(tmp_path: Path) -> None:
    workspace = real(tmp_path, {**STILL, "model": {"families": ["ebm"]}})
    drop(workspace, "clients.csv", clients_frame(2500, seed=2))
    jobs.enqueue(workspace.store, "full", str(workspace.config_path), utc_now(), "test")
    with worker(workspace) as (process, log):
        wait_for(lambda: newest(workspace).doing.startswith("train"), log)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert newest(workspace).state == "running"
    assert workspace.champion() is None
    with workspace.store.writing() as db:  # as if the patience had passed
        queue.drop_lease(db, db.connection.exec_driver_sql("select holder from worker").scalar_one())
    with worker(workspace) as (_process, log):
        wait_for(lambda: newest(workspace).ended_at is not None, log, 2 * PATIENT)
    assert newest(workspace).state == "done"
    assert workspace.champion() is not None
    dataset = workspace.dataset()
    assert dataset is not None
    assert len(dataset.rows) == 2500


def test_a_stop_in_the_middle_of_a_fit_puts_the_job_back_into_the_queue(tmp_path: Path) -> None:
    workspace = real(tmp_path, {**STILL, "model": {"families": ["ebm"]}})
    drop(workspace, "clients.csv", clients_frame(2500, seed=2))
    jobs.enqueue(workspace.store, "full", str(workspace.config_path), utc_now(), "test")
    with worker(workspace) as (process, log):
        wait_for(lambda: newest(workspace).doing.startswith("train"), log)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert time.monotonic() - begun < 8
    assert newest(workspace).state == "queued"
