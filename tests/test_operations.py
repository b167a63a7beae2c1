"""Does it run as it should: the worker's lateness, what is usual of a step, jobs in a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core import jobs
from core.config import ScheduleConfig
from core.errors import NotFound
from core.jobs import Rule, is_late, parse_rule
from core.records import Job
from core.store import history
from core.views import operations, timings, working
from core.workspace import Workspace
from tests.builders import Clock

NOW = datetime(2026, 1, 7, 9, tzinfo=UTC)  # a Wednesday
SCHEDULE = ScheduleConfig()


@pytest.mark.parametrize(
    ("phrase", "last", "late"),
    [
        # due at 02:00: on the 7th, and before it on the 6th
        ("every day at 02:00", "2026-01-07 02:01", False),
        ("every day at 02:00", "2026-01-06 02:01", False),
        ("every day at 02:00", "2026-01-06 01:59", True),
        ("every day at 02:00", "2025-12-24 02:01", True),
        # later today it is due: yesterday's and the day before yesterday's count
        ("every day at 23:00", "2026-01-05 23:05", False),
        ("every day at 23:00", "2026-01-05 22:55", True),
        ("every monday at 06:00", "2025-12-29 06:10", False),
        ("every monday at 06:00", "2025-12-29 05:50", True),
        ("every 6 hours", "2026-01-06 21:01", False),
        ("every 6 hours", "2026-01-06 21:00", True),
        ("never", "2020-01-01 00:00", False),
        ("every day at 02:00", None, False),
    ],
)
def test_something_is_late_when_it_was_due_twice_since_it_was_done(phrase: str, last: str | None, late: bool) -> None:
    moment = None if last is None else datetime.fromisoformat(last).replace(tzinfo=UTC)
    assert is_late(parse_rule(phrase), moment, NOW, SCHEDULE) is late


def test_lateness_knows_the_clocks_of_the_place() -> None:
    berlin = ScheduleConfig(timezone="Europe/Berlin")
    # 02:00 in Berlin is 01:00 UTC in winter
    assert not is_late(Rule(hour=2), datetime(2026, 1, 6, 1, 0, tzinfo=UTC), NOW, berlin)
    assert is_late(Rule(hour=2), datetime(2026, 1, 6, 0, 59, tzinfo=UTC), NOW, berlin)


def job(number: int, state: str, *, kind: str = "full", **changes: object) -> Job:
    told = {
        "config": "config.toml", "asked_at": NOW, "asked_by": "Ada", "heartbeat_at": None, "ended_at": None,
        "progress": 0.0, "doing": "", "sentence": "",
    }  # fmt: skip
    return Job(id=number, kind=kind, state=state, **{**told, **changes})  # type: ignore[arg-type]


def test_each_trouble_of_a_worker_says_what_to_do() -> None:
    good = NOW - timedelta(hours=7)

    def said(alive: bool, running: Job | None, last: datetime | None) -> str:
        return working.trouble(alive, running, last, NOW, SCHEDULE)

    assert said(True, None, good) == said(True, None, None) == ""
    assert "`python worker.py`" in said(False, None, good)
    beating = job(1, "running", heartbeat_at=NOW - timedelta(minutes=4))
    assert said(True, beating, good) == ""
    stuck = job(1, "running", heartbeat_at=NOW - timedelta(minutes=5))
    assert "full has given no sign of life since 7 Jan 2026, 08:55 UTC. Stop the worker" in said(True, stuck, good)
    late = said(True, None, NOW - timedelta(days=3))
    assert late.startswith("The full process is late: it was due twice since it last ended well, on 4 Jan 2026, 09:00")
    assert "page Jobs" in late
    assert "being done now" in said(True, beating, NOW - timedelta(days=3))


def test_a_worker_that_only_fails_is_late_from_when_it_first_should_have_succeeded(
    workspace: Workspace, clock: Clock
) -> None:
    jobs.hold_lease(workspace.store, "me", workspace.now())
    config = str(workspace.config_path)
    jobs.enqueue(workspace.store, "full", config, workspace.now(), jobs.SCHEDULE)
    first = jobs.claim(workspace.store, workspace.now())
    assert first is not None
    jobs.finish(workspace.store, first.id, workspace.now(), "failed", "No space is left.")
    assert working.worker(workspace).trouble == ""
    clock.forward(days=2)
    jobs.hold_lease(workspace.store, "me", workspace.now())
    assert "late" in working.worker(workspace).trouble


def test_full_runs_that_find_nothing_new_keep_a_worker_in_time(workspace: Workspace, clock: Clock) -> None:
    config = str(workspace.config_path)
    for _ in range(3):
        jobs.enqueue(workspace.store, "full", config, workspace.now(), jobs.SCHEDULE)
        claimed = jobs.claim(workspace.store, workspace.now())
        assert claimed is not None
        jobs.finish(workspace.store, claimed.id, workspace.now(), "done", "Nothing new; nothing was done.")
        jobs.hold_lease(workspace.store, "me", clock.forward(days=1))
        assert working.worker(workspace).trouble == ""
    jobs.hold_lease(workspace.store, "me", clock.forward(days=1))
    assert "late" in working.worker(workspace).trouble


def test_a_look_into_the_past_says_nothing_of_the_worker(workspace: Workspace) -> None:
    jobs.hold_lease(workspace.store, "me", workspace.now())
    assert operations.status(workspace)["worker"]["alive"] is True
    assert operations.status(workspace.at(workspace.now()))["worker"] is None


def steps(*runs: tuple[int, str, float]) -> pd.DataFrame:
    return pd.DataFrame(runs, columns=["run_id", "name", "seconds"])


def test_what_is_usual_are_the_quartiles_of_the_sums_of_a_step_in_each_run() -> None:
    told = timings.usual(steps((1, "train", 4), (1, "train", 2), (2, "train", 8), (3, "train", 10), (4, "score", 1)))
    # 6, 8, 10: the quartiles lie halfway between neighbours
    assert told.loc["train"].tolist() == [8, 7, 9, 3]
    assert told.loc["score"].tolist() == [1, 1, 1, 1]
    numbers = np.random.default_rng(1).gamma(2, 3, 17)
    many = timings.usual(steps(*[(number, "x", seconds) for number, seconds in enumerate(numbers)]))
    assert many.loc["x", ["low", "median", "high"]].tolist() == pytest.approx(np.quantile(numbers, [0.25, 0.5, 0.75]))


@pytest.mark.parametrize(
    ("seconds", "runs", "slow"),
    [
        (14.9, 6, False),  # the fence: 11 + 1.5 * 2 = 14, but half as much again as the median is 15
        (15.1, 6, True),
        (100.0, 4, False),  # too few runs to say what is usual
    ],
)
def test_a_step_is_slow_beyond_tukeys_fence_and_half_as_much_again(seconds: float, runs: int, slow: bool) -> None:
    before = steps(*[(number, "train", value) for number, value in enumerate([8, 9, 10, 10, 11, 12][:runs])])
    if runs == 6:
        before = steps(*[(number, "train", value) for number, value in enumerate([7, 9, 9, 10, 11, 11, 13])])
    told = timings.against_usual(steps((9, "train", seconds)), before)
    assert told["slow"].tolist() == [slow]
    assert bool(timings.slow_sentence(told)) is slow


def test_hundredths_of_a_second_are_never_slow() -> None:
    before = steps(*[(number, "report", 0.01) for number in range(30)])
    assert not timings.against_usual(steps((99, "report", 0.9)), before)["slow"].any()


def test_a_run_is_held_against_the_runs_of_its_kind_before_it(workspace: Workspace, clock: Clock) -> None:
    with workspace.store.writing() as db:
        for number in range(8):
            for kind in ("full", "ingest"):
                run = history.insert_run(db, kind, clock.forward(hours=1))
                seconds = 40.0 if (kind, number) == ("full", 6) else 10.0 if kind == "full" else 1.0
                history.insert_step(db, run, "ingest", clock(), seconds)
                history.end_run(db, run, clock(), state="done", sentence="", seconds=seconds, key="")
    slow = timings.recent_runs(workspace, "full")["id"].iloc[1]
    told = timings.one_run(workspace, int(slow))
    assert told.slow == (
        "Slower than usual: ingest took 40.0 s where 10.0 s (10.0 to 10.0 s) is usual, over 6 runs before it."
    )
    assert timings.one_run(workspace, 1).slow == ""
    assert timings.step_history(workspace, "ingest", 3)["run_id"].tolist() == [12, 14, 16]
    usual = timings.usual_of_newest(workspace, "full").loc["ingest"]
    assert usual.to_dict() == {"median": 10.0, "low": 10.0, "high": 10.0, "n": 8.0, "last": 10.0}
    assert timings.usual_of_newest(workspace, "packages").empty
    assert timings.recent_runs(workspace, state="failed").empty
    assert timings.recent_runs(workspace, limit=2)["id"].tolist() == [16, 15]
    with pytest.raises(NotFound, match="no run 99"):
        timings.one_run(workspace, 99)


def test_jobs_say_how_long_they_waited_and_ran(workspace: Workspace, clock: Clock) -> None:
    jobs.enqueue(workspace.store, "full", "a", clock(), "Ada")
    claimed = jobs.claim(workspace.store, clock.forward(seconds=40))
    assert claimed is not None
    jobs.finish(workspace.store, claimed.id, clock.forward(seconds=90), "done", "")
    jobs.enqueue(workspace.store, "packages", "a", clock(), "Ada")
    frame = operations.job_frame(operations.jobs(workspace), clock.forward(seconds=5))
    assert frame["waited"].tolist() == [5, 40]
    assert frame["ran"].tolist()[1] == 90
    assert np.isnan(frame["ran"].tolist()[0])


def test_a_job_counts_as_failed_until_one_of_its_kind_was_done_since() -> None:
    later = {"ended_at": NOW}
    found = [
        job(6, "queued"), job(5, "failed", **later), job(4, "done", **later), job(3, "done", kind="packages", **later),
        job(2, "failed", kind="packages", **later), job(1, "failed", **later),
    ]  # fmt: skip
    assert [one.id for one in operations.failed_jobs(found)] == [5]
