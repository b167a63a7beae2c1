"""How often reports on made worlds are alarmed without a cause, and how often a change is found with its cause.

Run by `benchmarks/false_alarms.py`, and over fewer worlds by the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.watched_worlds import COLUMN, CONCEPT, FAULT, REALISED, Alarm, Memory, Sizes, Watched, report, watch
from core import statistics
from core.example.columns import EMPTYING, LEVEL, NEW_LEVEL, SHIFT, TURN, UNIT, Change
from core.statistics import Interval

MONTHS = 12
#: most of all reports that may be alarmed, least of all changes that must be found
MOST_ALARMED, LEAST_FOUND = 0.05, 0.95
#: a factor by which a unit changes: hours for days, thousands, cents, months for years, dozens, weeks
FACTORS = (24.0, 1000.0, 0.001, 100.0, 12.0, 60.0, 7.0, 1 / 12)
#: from which share on a missing value or a new level must be seen, and from how many leavers on a turned rule
MUST_SEE_MISSING, MUST_SEE_LEVEL, MUST_SEE_LEAVERS = 0.05, 0.02, 200
WORDS = {
    SHIFT: "two columns move by half a standard deviation",
    TURN: "the two strongest effects turn round",
    UNIT: "a column changes its unit",
    EMPTYING: "a column empties by 5 points a month",
    LEVEL: "a new level takes over 2 % or more",
}
#: kinds of faults that name the cause of a change
CAUSES = {UNIT: ("unit",), EMPTYING: ("missing", "empty"), LEVEL: ("new level",)}


@dataclass(frozen=True)
class Seen:
    """What became of a change in one world."""

    found: bool
    #: the right cause was named first
    cause: bool
    #: what was named first instead, for the curious
    first: str


def quiet(watched: Watched) -> list[list[Alarm]]:
    """The reports of twelve months in which nothing happens."""
    memory = Memory()
    return [report(watched, watched.world.month(k, watched.rows), memory) for k in range(1, MONTHS + 1)]


def live_through(watched: Watched, kind: str) -> Seen:
    """A change in a random month, looked at in the first batch that can show it; nothing is known of months before."""
    luck = np.random.default_rng([watched.world.seed, 2, list(WORDS).index(kind)])
    start, size = int(luck.integers(1, MONTHS, endpoint=True)), _size(kind, luck)
    memory, leavers = Memory(), 0
    for k in range(start, start + 60):
        grown = min(size * (k - start + 1), 1.0) if kind == EMPTYING else size
        change = Change(kind, grown)
        batch = watched.world.month(k, watched.rows, change)
        alarms = report(watched, batch, memory)
        leavers += int(batch["exited"].sum())
        struck = watched.world.struck(change)
        if any(shows(kind, alarm, struck) for alarm in alarms):
            return Seen(True, names_cause(kind, alarms[0], struck), _name(alarms[0]))
        if must_see(kind, batch, struck, leavers):
            return Seen(False, False, _name(alarms[0]) if alarms else "nothing")
    raise AssertionError(f"world {watched.world.seed}: no batch could show {kind}")


def _size(kind: str, luck: np.random.Generator) -> float:
    if kind == UNIT:
        return float(luck.choice(FACTORS))
    return {SHIFT: 0.5, TURN: 1.0, EMPTYING: MUST_SEE_MISSING, LEVEL: float(luck.uniform(0.025, 0.1))}[kind]


def must_see(kind: str, batch: pd.DataFrame, struck: tuple[str, ...], leavers: int) -> bool:
    """Whether a rule that has not found the change by now has missed it."""
    if kind == EMPTYING:
        return bool(batch[struck[0]].isna().mean() >= MUST_SEE_MISSING)
    if kind == LEVEL:
        return bool((batch[struck[0]] == NEW_LEVEL).mean() >= MUST_SEE_LEVEL)
    return kind != TURN or leavers >= MUST_SEE_LEAVERS


def shows(kind: str, alarm: Alarm, struck: tuple[str, ...]) -> bool:
    """Whether an alarm would make someone look at the change."""
    if kind == TURN:
        return alarm.what == REALISED
    return alarm.column in struck and (alarm.what == COLUMN or (alarm.what == FAULT and kind in CAUSES))


def names_cause(kind: str, alarm: Alarm, struck: tuple[str, ...]) -> bool:
    """Whether an alarm says what the change is."""
    if kind in CAUSES:
        return alarm.what == FAULT and alarm.kind in CAUSES[kind] and alarm.column in struck
    return shows(kind, alarm, struck) or (kind == TURN and alarm.what == CONCEPT)


def _name(alarm: Alarm) -> str:
    return " ".join(filter(None, [alarm.what, alarm.kind]))


@dataclass(frozen=True)
class Outcome:
    """What one world adds to the study."""

    seed: int
    quiet: tuple[tuple[str, ...], ...]
    seen: dict[str, Seen]


def study_world(seed: int, sizes: Sizes) -> Outcome:
    """Quiet months, and every change, of one world."""
    watched = watch(seed, sizes)
    alarmed = tuple(tuple(f"{_name(one)} {one.column}".strip() for one in month) for month in quiet(watched))
    return Outcome(seed, alarmed, {kind: live_through(watched, kind) for kind in WORDS})


def study(worlds: int, sizes: Sizes, jobs: int) -> list[Outcome]:
    """All worlds, seeds from 0."""
    from joblib import Parallel, delayed

    found: list[Outcome] = Parallel(n_jobs=jobs)(delayed(study_world)(seed, sizes) for seed in range(worlds))
    return found


def alarmed_share(outcomes: list[Outcome]) -> Interval:
    """Share of quiet reports with an alarm; the reports of a world go together."""
    hit = np.array([bool(month) for one in outcomes for month in one.quiet])
    return statistics.share(hit, np.repeat([one.seed for one in outcomes], MONTHS))


def found_share(outcomes: list[Outcome], kind: str) -> tuple[Interval, Interval]:
    """Share of worlds in which a change was found in time, and in which its cause was named first too."""
    seen = [one.seen[kind] for one in outcomes]
    both = np.array([[one.found, one.found and one.cause] for one in seen])
    return statistics.share(both[:, 0]), statistics.share(both[:, 1])


def table(outcomes: list[Outcome]) -> Iterator[str]:
    """The study in Markdown."""
    quiet_share = alarmed_share(outcomes)
    yield "| what happens | reports or worlds | share (95 % interval) | limit |"
    yield "|---|---|---|---|"
    yield (
        f"| nothing: reports with any alarm | {len(outcomes) * MONTHS:,} | {_interval(quiet_share)} "
        f"| upper end {MOST_ALARMED:.0%} |"
    )
    for kind, words in WORDS.items():
        found, caused = found_share(outcomes, kind)
        yield f"| {words}: found | {len(outcomes):,} | {_interval(found)} | {LEAST_FOUND:.0%} |"
        yield f"| its cause named first | {len(outcomes):,} | {_interval(caused)} | {LEAST_FOUND:.0%} |"


def _interval(one: Interval) -> str:
    return f"{one.value:.1%} ({one.low:.1%} to {one.high:.1%})"


def kept(outcomes: list[Outcome]) -> bool:
    """Whether the study keeps all its limits."""
    shares = [share.value for kind in WORDS for share in found_share(outcomes, kind)]
    return alarmed_share(outcomes).high <= MOST_ALARMED and min(shares) >= LEAST_FOUND
