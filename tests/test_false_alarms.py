"""Monitoring over made worlds: it keeps quiet where nothing happens, and finds what does in time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.alarm_study import (
    CAUSES,
    LEAST_FOUND,
    MONTHS,
    MOST_ALARMED,
    WORDS,
    Outcome,
    Seen,
    alarmed_share,
    found_share,
    kept,
    live_through,
    must_see,
    names_cause,
    shows,
    study,
    table,
)  # fmt: skip
from benchmarks.watched_worlds import (
    COLUMN,
    CONCEPT,
    FAULT,
    REALISED,
    Alarm,
    Memory,
    Sizes,
    Watched,
    report,
    told_apart,
    watch,
)  # fmt: skip
from core.example.columns import EMPTYING, LEVEL, NEW_LEVEL, SHIFT, TURN, UNIT, Change

#: smaller than in the full study, for the sake of time
SMALL = Sizes(reference=(2000, 3000), batch=(500, 1500), domain=0)


@pytest.fixture(scope="module")
def watched() -> Watched:
    return watch(3, SMALL)


@pytest.mark.slow
def test_in_twenty_worlds_reports_keep_quiet_and_changes_are_found_with_their_cause() -> None:
    outcomes = study(20, SMALL, jobs=2)
    assert alarmed_share(outcomes).high <= MOST_ALARMED, [one.quiet for one in outcomes]
    for kind in WORDS:
        found, caused = found_share(outcomes, kind)
        assert found.value >= LEAST_FOUND, kind
        assert caused.value >= LEAST_FOUND, [one.seen[kind].first for one in outcomes]


def test_a_batch_that_moved_by_a_standard_deviation_is_alarmed_by_its_columns(watched: Watched) -> None:
    struck = watched.world.struck(Change(SHIFT))
    assert report(watched, watched.world.month(5, 800), Memory()) == []
    alarms = report(watched, watched.world.month(5, 800, Change(SHIFT, 1.0)), Memory())
    assert {alarm.column for alarm in alarms if alarm.what == COLUMN} >= set(struck)
    assert alarms[0].column in struck


def test_a_drop_that_is_only_watched_becomes_one_in_the_second_month(watched: Watched) -> None:
    memory = Memory(worse=False)
    batch = watched.world.month(5, 2000, Change(TURN))
    assert REALISED in {alarm.what for alarm in report(watched, batch, memory)}
    assert memory.worse
    report(watched, watched.world.month(6, 2000), memory)
    assert not memory.worse


def outcome(seed: int, alarmed: int, *, found: bool = True, cause: bool = True) -> Outcome:
    months = (("column numeric usage",),) * alarmed + ((),) * (MONTHS - alarmed)
    return Outcome(seed, months, dict.fromkeys((SHIFT, TURN, UNIT, EMPTYING, LEVEL), Seen(found, cause, "column")))


def test_shares_are_counted_over_reports_and_over_worlds() -> None:
    outcomes = [outcome(0, 3), outcome(1, 0, cause=False), outcome(2, 0, found=False), outcome(3, 0)]
    share = alarmed_share(outcomes)
    assert share.value == pytest.approx(3 / 48)
    # the three stand in one world and are worth less than three of 48: Wilson's upper end alone would be 0.168
    assert share.high > 0.17
    found, caused = found_share(outcomes, SHIFT)
    assert (found.value, caused.value) == (0.75, 0.5)


def test_a_cause_named_first_counts_only_where_the_change_was_found() -> None:
    _, caused = found_share([outcome(0, 0, found=False, cause=True)], UNIT)
    assert caused.value == 0


@pytest.mark.parametrize(
    ("kind", "column", "leavers", "must"),
    [
        (SHIFT, [1.0] * 100, 0, True),
        (UNIT, [1.0] * 100, 0, True),
        (TURN, [1.0] * 100, 199, False),
        (TURN, [1.0] * 100, 200, True),
        (EMPTYING, [None] * 4 + [1.0] * 96, 900, False),
        (EMPTYING, [None] * 5 + [1.0] * 95, 0, True),
        (LEVEL, [NEW_LEVEL] + ["a"] * 99, 900, False),
        (LEVEL, [NEW_LEVEL] * 2 + ["a"] * 98, 0, True),
    ],
)
def test_what_a_batch_must_show(kind: str, column: list[object], leavers: int, must: bool) -> None:
    batch = pd.DataFrame({"usage": column})
    assert must_see(kind, batch, ("usage",), leavers) is must


@pytest.mark.parametrize(
    ("kind", "what", "fault", "shown", "cause"),
    [
        (SHIFT, COLUMN, "numeric", True, True),
        (SHIFT, FAULT, "unit", False, False),
        (TURN, REALISED, "roc_auc", True, True),
        (TURN, CONCEPT, "roc_auc", False, True),
        (TURN, COLUMN, "numeric", False, False),
        (UNIT, FAULT, "unit", True, True),
        (UNIT, FAULT, "missing", True, False),
        (UNIT, COLUMN, "numeric", True, False),
        (EMPTYING, FAULT, "missing", True, True),
        (LEVEL, FAULT, "new level", True, True),
        (LEVEL, COLUMN, "categorical", True, False),
    ],
)
def test_what_shows_a_change_and_what_names_its_cause(
    kind: str, what: str, fault: str, shown: bool, cause: bool
) -> None:
    alarm = Alarm(what, fault, "usage", "")
    assert (shows(kind, alarm, ("usage",)), names_cause(kind, alarm, ("usage",))) == (shown, cause)
    if kind != TURN:  # an alarm about another column is chance
        assert not shows(kind, alarm, ("logins",))
        assert not names_cause(kind, alarm, ("logins",))
    assert set(CAUSES) == {UNIT, EMPTYING, LEVEL}


def test_the_study_is_told_as_a_table() -> None:
    lines = list(table([outcome(seed, 0) for seed in range(10)]))
    assert len({line.count("|") for line in lines}) == 1
    assert "| 120 | 0.0% (0.0% to 3.1%) | upper end 5% |" in lines[2]  # Wilson: 1.96² / (120 + 1.96²) = 3.1 %
    assert all("100.0% (72.2% to 100.0%)" in line for line in lines[3:])  # 10 / (10 + 1.96²) = 72.2 %
    assert len(lines) == 3 + 2 * 5


def test_the_same_world_gives_the_same_study(watched: Watched) -> None:
    again, batch = watch(3, SMALL), watched.world.month(1, 500)[list(watched.world.kinds)]
    risks = [one.model.risk(told_apart(batch, one.levels)) for one in (watched, again)]
    assert np.array_equal(*risks)
    assert (again.rows, again.roc_auc, again.importance) == (watched.rows, watched.roc_auc, watched.importance)
    assert live_through(watched, TURN) == live_through(again, TURN)


def test_limits_are_kept_or_not() -> None:
    good = [outcome(seed, 0) for seed in range(40)]
    assert kept(good)
    assert not kept([*good, *(outcome(seed, 6) for seed in range(40, 50))])
    assert not kept([*good[:-3], *(outcome(seed, 0, cause=False) for seed in range(3))])
    assert np.isclose(alarmed_share(good).value, 0)
