"""The worker: ticks, queues what is due, does what waits, one job at a time, until it is told to stop.

Each job runs in a process of its own: a job that fails, or is killed for its memory, leaves the worker at
work, and a stop does not wait for a fit to end. What the job committed before is kept; the rest is done again.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import schedule

from core import jobs
from core.errors import BellwetherError, NotFound
from core.records import Job
from core.store import queue
from core.workspace import HOME, Workspace, config_path, open_workspace

TICK_SECONDS = 1
HEARTBEAT = timedelta(seconds=5)
#: a stopped job gets this long to end by itself
GRACE_SECONDS = 3


@dataclass
class Worker:
    """Holds the lease of a workspace's store and does its jobs."""

    workspace: Workspace
    holder: str
    job: Job | None = None
    process: subprocess.Popen[bytes] | None = None
    holds: bool = False
    told: bool = False
    _away: str = ""
    _beat: datetime | None = None
    _job_beat: datetime | None = None

    def try_tick(self) -> None:
        """As `tick`; while the store is away, say so once and try again."""
        try:
            self.tick()
            self._away = ""
        except BellwetherError as error:
            if str(error) != self._away:
                self._away = str(error)
                say(f"{error} Trying again.")

    def tick(self) -> None:
        """Keep the lease; look after the running job, or queue what is due and start what waits."""
        if not self._keep_lease():
            return
        if self.process is not None:
            self._look_after()
            return
        config = str(self.workspace.config_path)
        jobs.enqueue_due(self.workspace.store, self.workspace.config.schedule, config, self.workspace.now())
        self.job = jobs.claim(self.workspace.store, self.workspace.now())
        if self.job is not None:
            self._start(self.job)

    def stop(self) -> None:
        """Stop the running job, put it back into the queue, and give the lease back."""
        self._stop_job()
        if self.holds:
            jobs.release_stalled(self.workspace.store)
            jobs.drop_lease(self.workspace.store, self.holder)

    def _keep_lease(self) -> bool:
        now = self.workspace.now()
        if self.holds and self._beat is not None and now - self._beat < HEARTBEAT:
            return True
        held = jobs.hold_lease(self.workspace.store, self.holder, now)
        if held:
            self._beat = now
            if not self.holds:
                jobs.release_stalled(self.workspace.store)
                say("at work")
        elif self.holds:
            say("another worker took over; stopping the running job")
            self._stop_job()
        elif not self.told:
            self.told = True
            say("another worker is at work on this workspace; waiting for it to end")
        self.holds = held
        return held

    def _start(self, job: Job) -> None:
        say(f"job {job.id}: {job.kind}")
        command = [sys.executable, "-m", "core", "perform", str(job.id), "--config", str(self.workspace.config_path)]
        self.process = subprocess.Popen(command, cwd=HOME, start_new_session=True)  # noqa: S603  our own command

    def _look_after(self) -> None:
        """Beat for the running job; once its process has ended, see how the job did."""
        if self.process is None or self.job is None:
            return
        code = self.process.poll()
        if code is None:
            if self._beat != self._job_beat:
                self._job_beat = self._beat
                jobs.beat(self.workspace.store, self.job.id, self.workspace.now())
            return
        ended = self._read(self.job.id)
        if ended.state == "running":
            sentence = f"The job's process ended before its work (exit code {code}); the log may say why."
            jobs.finish(self.workspace.store, ended.id, self.workspace.now(), "failed", sentence)
            ended = self._read(ended.id)
        say(f"job {ended.id}: {ended.state}. {ended.sentence}")
        self.process = self.job = None

    def _read(self, job_id: int) -> Job:
        with self.workspace.store.reading() as db:
            found = queue.read_job(db, job_id)
        if found is None:
            raise NotFound(f"Job {job_id} vanished from the queue.")
        return found

    def _stop_job(self) -> None:
        if self.process is None:
            return
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, how)
                self.process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                pass
            break
        self.process = self.job = None


def say(text: str) -> None:
    """A line in the log."""
    print(f"worker: {text}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the schedule until SIGTERM or Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(description="Bellwether's worker.")
    parser.add_argument("--config", metavar="FILE", help="configuration (default: config.toml, or RISK_CONFIG)")
    given = parser.parse_args(arguments)
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    try:
        workspace = open_workspace(config_path(given.config))
        for phrase in (
            workspace.config.schedule.ingest,
            workspace.config.schedule.full,
            workspace.config.schedule.packages,
        ):
            jobs.parse_rule(phrase)
    except BellwetherError as error:
        print(error, file=sys.stderr)
        return 1
    worker = Worker(workspace, f"{socket.gethostname()}:{os.getpid()}:{workspace.now():%Y%m%dT%H%M%S}")
    clock = schedule.Scheduler()
    clock.every(TICK_SECONDS).seconds.do(worker.try_tick)
    clock.run_all()
    while not stopping.wait(0.2):
        clock.run_pending()
    try:
        worker.stop()
    except BellwetherError as error:
        say(f"{error} Another worker will find what was left running.")
    say("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
