"""Instants, sums and intervals as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from core.wording import number, plural


def plain(text: object) -> str:
    """A text from outside (names, file contents, sentences about them) that Markdown leaves as it is.

    Otherwise a client's name could be a picture on another host, which the browser would fetch.

    >>> print(plain("![x](http://a.example/p.png) & Söhne"))
    \\!\\[x\\](http://a.example/p.png) & Söhne
    """
    return re.sub(r"([\\`*\[\]<>~$!|#])", r"\\\1", " ".join(str(text).split()))


def when(moment: datetime | None, zone: ZoneInfo) -> str:
    """An instant in the zone of the installation.

    >>> when(datetime(2026, 1, 5, 9, 7, tzinfo=UTC), ZoneInfo("Europe/Berlin")), when(None, ZoneInfo("UTC"))
    ('5 Jan 2026, 10:07 CET', 'never')
    """
    if moment is None:
        return "never"
    return f"{day(moment, zone)}{moment.astimezone(zone):, %H:%M %Z}"


def day(moment: datetime, zone: tzinfo = UTC) -> str:
    """The day of an instant in a zone; snapshots are of days in UTC.

    >>> late = datetime(2026, 1, 5, 23, 7, tzinfo=UTC)
    >>> day(late), day(late, ZoneInfo("Asia/Tokyo"))
    ('5 Jan 2026', '6 Jan 2026')
    """
    local = moment.astimezone(zone)
    return f"{local.day} {local:%b %Y}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago something was.

    >>> from datetime import UTC
    >>> now = datetime(2026, 1, 5, 9, tzinfo=UTC)
    >>> ago(now - timedelta(seconds=20), now), ago(now - timedelta(hours=1), now), ago(now - timedelta(days=3), now)
    ('just now', '1 hour ago', '3 days ago')
    """
    passed = now - moment
    if passed < timedelta(minutes=1):
        return "just now"
    for noun, size in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if passed >= size:
            return f"{plural(int(passed / size), noun)} ago"
    return "just now"


def money(value: float, currency: str, per: str) -> str:
    """A sum with its unit.

    >>> money(2_140_000, "EUR", "year"), money(940, "EUR", "month"), money(float("nan"), "EUR", "year")
    ('EUR 2.1 million per year', 'EUR 940 per month', 'value unknown')
    """
    if value != value:  # noqa: PLR0124  NaN differs from itself
        return "value unknown"
    if abs(value) >= 1e6:
        return f"{currency} {value / 1e6:,.1f} million per {per}"
    return f"{currency} {number(round(value))} per {per}"


def interval(low: float, high: float, digits: int = 3) -> str:
    """A 95 % interval.

    >>> interval(0.79, 0.8512)
    '0.790 to 0.851'
    """
    return f"{low:.{digits}f} to {high:.{digits}f}"


def points(moved: float | None) -> str:
    """A change of a risk (share) as an addition to a sentence.

    >>> points(0.18), points(-0.042), points(0.001), points(float("nan"))
    (', ▲ 18 points since last time', ', ▼ 4 points since last time', '', '')
    """
    if moved is None or moved != moved or abs(moved) < 0.005:  # noqa: PLR0124  NaN differs from itself
        return ""
    count = round(100 * abs(moved))
    return f", {'▲' if moved > 0 else '▼'} {plural(count, 'point')} since last time"
