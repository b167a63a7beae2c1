"""The queue and the schedule: due once, queued once, done once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from core import jobs
from core.config import ScheduleConfig
from core.errors import ConfigError
from core.store import history, queue
from core.store.database import Session, Store, connect
from core.store.migrations import migrate

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)  # a Monday
T = TypeVar("T")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("phrase", "last", "now", "due"),
    [
        ("every 10 minutes", None, "2026-01-05T12:00", True),
        ("every 10 minutes", "2026-01-05T11:51", "2026-01-05T12:00", False),
        ("every 10 minutes", "2026-01-05T11:50", "2026-01-05T12:00", True),
        ("every hour", "2026-01-05T11:00", "2026-01-05T12:00", True),
        ("every day at 02:00", "2026-01-05T02:00", "2026-01-05T12:00", False),
        ("every day at 02:00", "2026-01-05T01:59", "2026-01-05T01:59:30", False),
        ("every day at 02:00", "2026-01-05T01:59", "2026-01-05T02:00", True),
        ("every day at 02:00", "2026-01-01T02:00", "2026-01-05T12:00", True),
        ("every monday at 06:00", "2026-01-05T06:00", "2026-01-11T23:00", False),
        ("every monday at 06:00", "2026-01-05T05:59", "2026-01-05T06:00", True),
        ("every monday at 06:00", "2025-12-29T06:00", "2026-01-04T12:00", False),
        ("never", None, "2026-01-05T12:00", False),
    ],
)
def test_something_is_due_when_its_time_has_passed_since_it_was_last_asked_for(
    phrase: str, last: str | None, now: str, due: bool
) -> None:
    rule = jobs.parse_rule(phrase)
    assert jobs.is_due(rule, at(last) if last else None, at(now), ScheduleConfig()) is due


def test_a_time_of_day_is_meant_in_the_time_zone_of_the_config() -> None:
    rule, berlin = jobs.parse_rule("every day at 02:00"), ScheduleConfig(timezone="Europe/Berlin")
    assert rule is not None
    assert jobs.latest_slot(rule, at("2026-01-05T00:59"), berlin) == at("2026-01-04T01:00")
    assert jobs.latest_slot(rule, at("2026-01-05T01:00"), berlin) == at("2026-01-05T01:00")
    assert jobs.latest_slot(rule, at("2026-07-05T12:00"), berlin) == at("2026-07-05T00:00")


def test_an_hour_that_the_clocks_skip_still_comes_once_that_day() -> None:
    rule, berlin = jobs.parse_rule("every day at 02:30"), ScheduleConfig(timezone="Europe/Berlin")
    assert rule is not None
    slots = {
        jobs.latest_slot(rule, at("2026-03-28T12:00") + timedelta(minutes=10 * step), berlin) for step in range(288)
    }
    assert {slot.date().isoformat() for slot in slots} == {"2026-03-28", "2026-03-29", "2026-03-30"}


@pytest.mark.parametrize("phrase", ["sometimes", "every day at 25:00", "every funday at 06:00", "at 06:00", ""])
def test_a_phrase_that_cannot_be_read_is_refused_with_examples(phrase: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read; write 'every 10 minutes'"):
        jobs.parse_rule(phrase)


def test_missed_times_are_caught_up_once_after_a_pause(store: Store) -> None:
    schedule = ScheduleConfig(packages="never")
    assert jobs.enqueue_due(store, schedule, "c", NOON) == ["ingest", "full"]
    finish_all(store)
    assert jobs.enqueue_due(store, schedule, "c", NOON + timedelta(days=9)) == ["ingest", "full"]
    finish_all(store)
    assert jobs.enqueue_due(store, schedule, "c", NOON + timedelta(days=9, minutes=9)) == []


def test_what_waits_already_is_not_queued_again(store: Store) -> None:
    assert jobs.enqueue(store, "retrain", "c", NOON, "Anna") is True
    assert jobs.enqueue(store, "retrain", "c", NOON, "Marek") is False
    claimed = jobs.claim(store, NOON)
    assert claimed is not None
    assert claimed.state == "running"
    assert jobs.enqueue(store, "retrain", "c", NOON, "Marek") is False
    assert jobs.enqueue(store, "retrain", "another config", NOON, "Marek") is True
    jobs.finish(store, claimed.id, NOON, "done", "Retrained.")
    assert jobs.enqueue(store, "retrain", "c", NOON, "Marek") is True


def test_jobs_are_claimed_in_the_order_they_were_asked_for_and_each_once(store: Store) -> None:
    for kind in ("full", "ingest", "report"):
        jobs.enqueue(store, kind, "c", NOON, "Anna")
    claimed = [jobs.claim(store, NOON) for _ in range(4)]
    assert [job.kind for job in claimed if job] == ["full", "ingest", "report"]
    assert claimed[3] is None


def test_a_second_worker_gets_the_lease_only_when_the_first_is_silent_or_gone(store: Store) -> None:
    assert jobs.hold_lease(store, "one", NOON)
    assert not jobs.hold_lease(store, "two", NOON + timedelta(seconds=29))
    assert jobs.hold_lease(store, "one", NOON + timedelta(seconds=29))
    assert not jobs.hold_lease(store, "two", NOON + timedelta(seconds=58))
    assert jobs.hold_lease(store, "two", NOON + timedelta(seconds=59))
    assert not jobs.hold_lease(store, "one", NOON + timedelta(seconds=60))
    jobs.drop_lease(store, "two")
    assert jobs.hold_lease(store, "one", NOON + timedelta(seconds=61))


def test_what_an_ended_worker_left_running_waits_again(store: Store) -> None:
    jobs.enqueue(store, "full", "c", NOON, "Anna")
    jobs.claim(store, NOON)
    assert jobs.release_stalled(store) == 1
    again = jobs.claim(store, NOON)
    assert again is not None
    assert again.kind == "full"


def finish_all(store: Store) -> None:
    while (job := jobs.claim(store, NOON)) is not None:
        jobs.finish(store, job.id, NOON, "done", "")
    with store.reading() as db:
        assert all(job.state == "done" for job in queue.list_jobs(db))


# --- the queue, in one transaction with other things


def ask(db: Session, kind: str, config: str = "c.toml") -> bool:
    return queue.insert_job(db, kind, config, NOON, "a person")


def test_one_job_of_a_kind_waits_for_each_config(store: Store) -> None:
    with store.writing() as db:
        assert ask(db, "full")
        assert not ask(db, "full")
        assert ask(db, "ingest")
        assert ask(db, "full", "other.toml")
    with store.reading() as db:
        assert len(queue.list_jobs(db)) == 3


def test_while_a_job_runs_none_of_its_kind_is_queued_and_once_it_ended_one_is(store: Store) -> None:
    with store.writing() as db:
        assert ask(db, "full")
        job = queue.claim_job(db, NOON)
        assert job is not None
        assert (job.state, job.heartbeat_at, job.progress, job.doing) == ("running", NOON, 0.0, "starting")
        assert not ask(db, "full")
        queue.update_job(db, job.id, state="failed", ended_at=NOON)
        assert ask(db, "full")
        assert not ask(db, "full")
    with store.reading() as db:
        assert [one.state for one in queue.list_jobs(db)] == ["queued", "failed"]


def test_a_refused_job_spoils_nothing_else_of_its_transaction(store: Store) -> None:
    with store.writing() as db:
        ask(db, "full")
    with store.writing() as db:
        history.insert_run(db, "full", NOON)
        assert not ask(db, "full")
        history.insert_run(db, "ingest", NOON)
    with store.reading() as db:
        assert len(history.list_runs(db)) == 2


def test_when_something_was_last_asked_for_is_known_by_who_asked(store: Store) -> None:
    for hours, who in ((0, jobs.SCHEDULE), (2, jobs.SCHEDULE), (3, "Anna")):
        assert jobs.enqueue(store, "full", "c", NOON + timedelta(hours=hours), who)
        finish_all(store)
    with store.reading() as db:
        assert queue.last_asked(db, "full", jobs.SCHEDULE) == NOON + timedelta(hours=2)
        assert queue.last_asked(db, "ingest", jobs.SCHEDULE) is None


# --- several at once


def at_once(work: Callable[[int], T], threads: int = 6) -> list[T]:
    """What each of several threads got that began together."""
    begin = threading.Barrier(threads)

    def run(number: int) -> T:
        begin.wait(30)
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def test_of_several_who_ask_at_once_one_is_heard(store: Store) -> None:
    for kind in ("full", "ingest", "report"):
        heard = at_once(lambda number, kind=kind: jobs.enqueue(store, kind, "c", NOON, f"person {number}"))  # type: ignore[misc]
        assert sorted(heard) == [False] * 5 + [True]


def test_of_several_who_claim_at_once_each_job_goes_to_one(store: Store) -> None:
    for number in range(30):
        jobs.enqueue(store, "full", f"config {number}", NOON, "Anna")

    def claim_all(_: int) -> list[int]:
        claimed = []
        while len(claimed) < 30:
            if job := jobs.claim(store, NOON):
                claimed.append(job.id)
                continue
            with store.reading() as db:  # others may be taking the last ones
                if not any(job.state == "queued" for job in queue.list_jobs(db)):
                    break
        assert claimed == sorted(claimed), "the oldest first"
        return claimed

    claimed = [job for jobs_of_one in at_once(claim_all) for job in jobs_of_one]
    with store.reading() as db:
        assert sorted(claimed) == sorted(job.id for job in queue.list_jobs(db))
    assert len(set(claimed)) == 30


def test_of_several_workers_that_begin_or_take_over_at_once_one_gets_the_lease(store: Store) -> None:
    held = at_once(lambda number: jobs.hold_lease(store, f"worker {number}", NOON))
    assert sorted(held) == [False] * 5 + [True]
    later = NOON + jobs.PATIENCE
    held = at_once(lambda number: jobs.hold_lease(store, f"new worker {number}", later))
    assert sorted(held) == [False] * 5 + [True]
    with store.reading() as db:
        assert queue.read_lease(db) == (f"new worker {held.index(True)}", later)


@pytest.mark.postgres
def test_a_claim_that_is_not_committed_yet_holds_up_nobody_in_postgres(postgres_url: str) -> None:
    engine = connect(postgres_url, patience=0.2)
    migrate(engine, NOON)
    store = Store(engine)
    for kind in ("full", "ingest"):
        jobs.enqueue(store, kind, "c", NOON, "Anna")
    with store.writing() as one:
        first = queue.claim_job(one, NOON)
        with store.writing() as other:
            second, third = queue.claim_job(other, NOON), queue.claim_job(other, NOON)
    assert first is not None
    assert second is not None
    assert (first.kind, second.kind, third) == ("full", "ingest", None)
    engine.dispose()
