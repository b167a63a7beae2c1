"""The queue: what is asked for is written down, done one at a time, and its outcome kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.config import ScheduleConfig
from core.errors import ConfigError
from core.records import Job
from core.store import queue
from core.store.database import Store

#: what the schedule asks for, in the order in which things due at once are done
SCHEDULED = ("ingest", "full", "packages")
SCHEDULE = "the schedule"
#: a worker whose heartbeat is older than this is held to be gone
PATIENCE = timedelta(seconds=30)

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EVERY = re.compile(r"^every (?:(\d+) )?(second|minute|hour|day|week)s?$")
_AT = re.compile(r"^every (day|" + "|".join(_DAYS) + r") at ([01]?\d|2[0-3]):([0-5]\d)$")
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


@dataclass(frozen=True)
class Rule:
    """When something is due: every so many seconds, or at a time of day (on one weekday or on all)."""

    every: timedelta | None = None
    weekday: int | None = None
    hour: int = 0
    minute: int = 0


def parse_rule(phrase: str) -> Rule | None:
    """A phrase of [schedule] as a rule; "never" is None. Raises `ConfigError` when it cannot be read.

    >>> parse_rule("every 10 minutes").every
    datetime.timedelta(seconds=600)
    """
    text = re.sub(r"\s+", " ", phrase).strip().lower()
    if text == "never":
        return None
    if match := _EVERY.match(text):
        return Rule(every=timedelta(seconds=int(match[1] or 1) * _UNITS[match[2]]))
    if match := _AT.match(text):
        weekday = None if match[1] == "day" else _DAYS.index(match[1])
        return Rule(weekday=weekday, hour=int(match[2]), minute=int(match[3]))
    raise ConfigError(
        f"The schedule {phrase!r} cannot be read; write 'every 10 minutes', 'every day at 02:00', "
        "'every monday at 06:00' or 'never'."
    )


def rules(schedule: ScheduleConfig) -> dict[str, Rule | None]:
    """When each kind of job is due. Raises `ConfigError` for a phrase that cannot be read."""
    return {kind: parse_rule(getattr(schedule, kind)) for kind in SCHEDULED}


def is_due(rule: Rule | None, last: datetime | None, now: datetime, config: ScheduleConfig) -> bool:
    """Whether something is due at `now` that was last asked for at `last` (None: never, so it is due).

    However many times were missed during a pause, it is due once.
    """
    if rule is None:
        return False
    if last is None:
        return True
    if rule.every is not None:
        return now - last >= rule.every
    return last < latest_slot(rule, now, config)


def latest_slot(rule: Rule, now: datetime, config: ScheduleConfig) -> datetime:
    """The last instant at or before `now` that a time-of-day rule names, in the schedule's time zone.

    An hour that the clocks skip counts as the instant they jump to.
    """
    local = now.astimezone(config.zone)
    day = local.date()
    while True:
        if rule.weekday is None or day.weekday() == rule.weekday:
            slot = datetime(day.year, day.month, day.day, rule.hour, rule.minute, tzinfo=config.zone)
            if slot.astimezone(now.tzinfo) <= now:
                return slot.astimezone(now.tzinfo)
        day -= timedelta(days=1)


def is_late(rule: Rule | None, last: datetime | None, now: datetime, config: ScheduleConfig) -> bool:
    """Whether something was due twice since it was done at `last` (None: it never had to be, and is not late)."""
    if rule is None or last is None:
        return False
    if rule.every is not None:
        return now - last >= 2 * rule.every
    before = latest_slot(rule, latest_slot(rule, now, config) - timedelta(seconds=1), config)
    return last < before


def enqueue(store: Store, kind: str, config: str, at: datetime, asked_by: str) -> bool:
    """Ask for a job; False when one of its kind waits or runs already (it is queued once)."""
    with store.writing() as db:
        return queue.insert_job(db, kind, config, at, asked_by)


def enqueue_due(store: Store, schedule: ScheduleConfig, config: str, now: datetime) -> list[str]:
    """Queue what the schedule says is due; the kinds that were queued."""
    queued = []
    with store.reading() as db:
        last = {kind: queue.last_asked(db, kind, SCHEDULE) for kind in SCHEDULED}
    for kind, rule in rules(schedule).items():
        if is_due(rule, last[kind], now, schedule) and enqueue(store, kind, config, now, SCHEDULE):
            queued.append(kind)
    return queued


def claim(store: Store, at: datetime) -> Job | None:
    """Take the oldest waiting job."""
    with store.writing() as db:
        return queue.claim_job(db, at)


def beat(store: Store, job_id: int, at: datetime) -> None:
    """Say that a running job is alive."""
    with store.writing() as db:
        queue.update_job(db, job_id, heartbeat_at=at)


def report_progress(store: Store, job_id: int, progress: float, doing: str) -> None:
    """Say how far a running job is (0-1) and what it does."""
    with store.writing() as db:
        queue.update_job(db, job_id, progress=progress, doing=doing)


def finish(store: Store, job_id: int, at: datetime, state: str, sentence: str) -> None:
    """End a job: "done" or "failed", with its sentence."""
    with store.writing() as db:
        queue.update_job(db, job_id, state=state, ended_at=at, sentence=sentence, progress=1.0, doing="")


def release_stalled(store: Store) -> int:
    """Queue again what an ended worker left running; how many. Only the holder of the lease may."""
    with store.writing() as db:
        return queue.release_jobs(db)


def hold_lease(store: Store, holder: str, at: datetime) -> bool:
    """Take or keep the right to be the worker of this store."""
    with store.writing() as db:
        return queue.hold_lease(db, holder, at, PATIENCE)


def drop_lease(store: Store, holder: str) -> None:
    """Give that right back."""
    with store.writing() as db:
        queue.drop_lease(db, holder)
