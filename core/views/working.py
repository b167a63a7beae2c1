"""Is a worker at work, and does it keep up?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import jobs
from core.config import ScheduleConfig
from core.records import Job
from core.store import history, queue
from core.workspace import Workspace

#: a running job without a sign of life for so long has lost its process, or its machine sleeps
STUCK = timedelta(minutes=5)
NO_WORKER = (
    "No worker is running: files are not taken in, and nothing is retrained or looked up. Start it with "
    "`python worker.py`, or everything together with `make run`."
)


@dataclass(frozen=True)
class WorkerState:
    """How the worker does."""

    alive: bool
    heartbeat_at: datetime | None
    #: what is wrong and what to do, in a sentence; "": nothing is
    trouble: str = ""


def worker(workspace: Workspace) -> WorkerState:
    """The worker's last sign of life, and what it lacks behind."""
    now = workspace.now()
    with workspace.store.reading() as db:
        lease, job = queue.read_lease(db), queue.running_job(db)
        # a full run that finds nothing new is a job without a run; one by hand is a run without a job
        ended = [history.last_done(db, "full"), queue.last_done(db, ("full", "retrain"))]
        last = max((one for one in ended if one is not None), default=queue.first_asked(db, "full", jobs.SCHEDULE))
    holder, beat = lease or ("", None)
    alive = bool(holder) and beat is not None and now - beat < jobs.PATIENCE
    return WorkerState(alive, beat, trouble(alive, job, last, now, workspace.config.schedule))


def trouble(alive: bool, job: Job | None, last: datetime | None, now: datetime, schedule: ScheduleConfig) -> str:
    """What is wrong with a worker and what to do, in a sentence; "" when nothing is.

    `job`: the one being done. `last`: when a full run last ended well, or was first due where none ever did.
    """
    if not alive:
        return NO_WORKER
    beat = None if job is None else job.heartbeat_at or job.asked_at
    if job is not None and beat is not None and now - beat >= STUCK:
        return (
            f"The job {job.kind} has given no sign of life since {_when(beat, schedule)}. Stop the worker and start it "
            "again: the job goes back into the queue, and what it finished is kept."
        )
    if jobs.is_late(jobs.parse_rule(schedule.full), last, now, schedule):
        doing = " It is being done now." if job is not None and job.kind in ("full", "retrain") else ""
        return (
            f"The full process is late: it was due twice since it last ended well, on {_when(last, schedule)}.{doing} "
            "The page Jobs says what failed, and lets you ask for it again."
        )
    return ""


def _when(moment: datetime | None, schedule: ScheduleConfig) -> str:
    if moment is None:
        return "a day that is not known"
    local = moment.astimezone(schedule.zone)
    return f"{local.day} {local:%b %Y, %H:%M %Z}"
