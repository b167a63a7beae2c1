"""How files came in over time: by fate, by source and its rhythm, and how the dataset grew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

import numpy as np
import pandas as pd

from core.store import ingested
from core.wording import plural
from core.workspace import Workspace

#: what becomes of a row that was read; the four add up to the rows read
FATES = ("accepted", "duplicate", "superseded", "rejected")
#: bars of a chart at most
MOST_PERIODS = 60
_PERIODS = (("day", "D"), ("week", "W"), ("month", "M"))
#: gaps between arrivals that a rhythm is told from: so many newest, and no fewer than
_GAPS, _FEWEST_GAPS = 12, 3
#: longer than the usual gap by this is late, where no gap lately was as long
_LATE = 1.25


@dataclass(frozen=True, eq=False)
class History:
    """Rows by fate, period by period."""

    #: "day", "week" or "month"
    period: str
    #: label, files, refused (files), read, and a column for each of `FATES`; oldest first, at most `MOST_PERIODS`
    rows: pd.DataFrame


def history(workspace: Workspace) -> History:
    """What came in by day, week or month in the installation's time zone: the finest that gives few enough bars."""
    found = _arrivals(workspace)
    if found.empty:
        return History("day", pd.DataFrame(columns=["label", "files", "refused", "read", *FATES]))
    local = found["known_at"].dt.tz_convert(workspace.config.schedule.zone).dt.tz_localize(None)
    for period, code in _PERIODS:
        name, places = period, local.dt.to_period(code)
        periods = pd.period_range(places.min(), places.max(), freq=code)
        if len(periods) <= MOST_PERIODS:
            break
    counted = found.assign(files=1, refused=found["refused"].astype(int))
    sums = counted.groupby(places)[["files", "refused", "read", *FATES]].sum().reindex(periods, fill_value=0)
    sums = sums.tail(MOST_PERIODS)
    labels = [_label(name, one.start_time) for one in sums.index]
    return History(name, sums.reset_index(drop=True).assign(label=labels))


def _arrivals(workspace: Workspace) -> pd.DataFrame:
    with workspace.store.reading() as db:
        return ingested.list_arrivals(db)


def _label(period: str, begins: datetime) -> str:
    if period == "month":
        return f"{begins:%b %Y}"
    return f"{begins.day} {begins:%b %Y}"


def every(gap: timedelta) -> str:
    """A usual gap as people say it.

    >>> every(timedelta(days=30)), every(timedelta(days=1)), every(timedelta(hours=6)), every(timedelta(minutes=10))
    ('every 30 days', 'every day', 'every 6 hours', 'every 10 minutes')
    """
    for noun, size in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if gap >= 0.95 * size:
            count = round(gap / size)
            return f"every {noun}" if count == 1 else f"every {plural(count, noun)}"
    return "within a minute of each other"


@dataclass(frozen=True)
class Rhythm:
    """How regularly files come."""

    usual: timedelta
    #: the longest of the gaps that it was told from
    longest: timedelta
    gaps: int

    def is_late(self, last: datetime, now: datetime) -> bool:
        """Whether the next should have come by now: later than usual, and than any gap lately."""
        return now - last > max(_LATE * self.usual, self.longest)


def rhythm(arrivals: list[datetime]) -> Rhythm | None:
    """The usual gap between arrivals (the median of the newest twelve); None where there are fewer than three."""
    ordered = sorted(set(arrivals))
    gaps = [later - earlier for earlier, later in pairwise(ordered)][-_GAPS:]
    if len(gaps) < _FEWEST_GAPS:
        return None
    return Rhythm(timedelta(seconds=median(gap.total_seconds() for gap in gaps)), max(gaps), len(gaps))


SOURCE_COLUMNS = ["source", "holds", "files", "last", "usual", "next", "late", "told"]


def by_source(workspace: Workspace) -> pd.DataFrame:
    """Each source and what it holds: files taken, the last one, the usual gap in words, when the next is expected
    (NaT: not known), whether it is late, and why that is said; late ones first.
    """
    found, now = _arrivals(workspace), workspace.now()
    found = found[~found["refused"]]
    rows = []
    for (source, holds), own in found.groupby(["source", "holds"], sort=False):
        newest = own["known_at"].drop_duplicates().sort_values().tail(_GAPS + 1)
        arrivals = [moment.to_pydatetime() for moment in newest]
        rows.append([source, holds, len(own), max(arrivals), *_expected(str(source), arrivals, now)])
    known = set(found["source"])
    rows += [
        [source.name, "", 0, pd.NaT, "", pd.NaT, False, "Nothing has come from it yet"]
        for source in workspace.config.sources
        if source.name not in known
    ]
    made = pd.DataFrame(rows, columns=SOURCE_COLUMNS)
    for name in ("last", "next"):
        made[name] = pd.to_datetime(made[name], utc=True)
    return made.sort_values("late", ascending=False, kind="stable", ignore_index=True)


def _expected(source: str, arrivals: list[datetime], now: datetime) -> tuple[str, datetime | None, bool, str]:
    """usual, next, late, told"""
    if source == ingested.UPLOAD:
        return "", None, False, "Given by hand: no rhythm"
    found = rhythm(arrivals)
    if found is None:
        return "", None, False, f"Too few arrivals to tell ({len(set(arrivals))} of 4)"
    last = max(arrivals)
    usual, due = every(found.usual), last + found.usual
    if not found.is_late(last, now):
        return usual, due, False, f"On time, judged by the last {plural(found.gaps, 'gap')}"
    return usual, due, True, f"Late: longer than any of the last {plural(found.gaps, 'gap')}"


#: points of a line at most
_MOST_POINTS = 400


def growth(workspace: Workspace) -> pd.DataFrame:
    """How the dataset grew: known_at, snapshots, outcomes (known); the last run of each day, at most 400 of them."""
    contract = workspace.contract()
    columns = ["known_at", "snapshots", "outcomes"]
    if contract is None:
        return pd.DataFrame(columns=columns)
    with workspace.store.reading() as db:
        sizes = ingested.dataset_sizes(db, contract.outcome)
    made = pd.DataFrame(sizes, columns=columns)
    if made.empty:
        return made
    day = made["known_at"].dt.tz_convert(workspace.config.schedule.zone).dt.date
    made = made[~day.duplicated(keep="last")].reset_index(drop=True)
    places = np.unique(np.linspace(0, len(made) - 1, min(len(made), _MOST_POINTS)).round().astype(int))
    return made.iloc[places].reset_index(drop=True)
