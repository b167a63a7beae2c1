"""The queue and the schedule: due once, queued once, done once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import jobs
from core.config import ScheduleConfig
from core.errors import ConfigError
from core.store import queue
from core.store.database import Store, connect, sqlite_url
from core.store.migrations import migrate

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)  # a Monday


@pytest.fixture
def store(tmp_path: Path) -> Store:
    engine = connect(sqlite_url(tmp_path / "risk.db"))
    migrate(engine, NOON)
    return Store(engine)


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
