"""Weeks as people live them: from Monday, in the zone of the installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Week:
    """One week."""

    #: ISO year and week; sorts by time
    name: str
    #: its first instant, and the first of the next
    begins: datetime
    ends: datetime
    #: the end of the day that was asked for
    today_ends: datetime


def week_of(at: datetime, zone: ZoneInfo) -> Week:
    """The week of an instant.

    >>> week = week_of(datetime(2026, 1, 4, 23, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    >>> week.name, str(week.begins), str(week.today_ends)
    ('2026-W02', '2026-01-04 23:00:00+00:00', '2026-01-05 23:00:00+00:00')
    """
    day = at.astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())
    year, number, _ = day.isocalendar()
    begins, ends, today = (
        datetime.combine(date, time(), zone).astimezone(UTC)
        for date in (monday, monday + timedelta(days=7), day + timedelta(days=1))
    )
    return Week(f"{year}-W{number:02}", begins, ends, today)
