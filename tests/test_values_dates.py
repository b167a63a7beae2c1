from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import values

MISSING = ("", "?", "NA", "NaN", "null")


def texts(*found: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(found, pa.string())])


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024-02-29 13:45", datetime(2024, 2, 29, 13, 45, tzinfo=UTC)),
        ("2024-02-29T13:45:59", datetime(2024, 2, 29, 13, 45, 59, tzinfo=UTC)),
        ("2024-02-29T13:45:59.000001", datetime(2024, 2, 29, 13, 45, 59, 1, tzinfo=UTC)),
        ("2024-02-29T13:45:59Z", datetime(2024, 2, 29, 13, 45, 59, tzinfo=UTC)),
        ("2024-02-29 13:45:59+00", datetime(2024, 2, 29, 13, 45, 59, tzinfo=UTC)),
        ("2024-03-01T01:15+02:00", datetime(2024, 2, 29, 23, 15, tzinfo=UTC)),
        ("2024-02-29 18:30:00-0530", datetime(2024, 3, 1, tzinfo=UTC)),
        ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31", datetime(9999, 12, 31, tzinfo=UTC)),
        ("2024-02-29 00:00:00.0000000", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024-02-29T13:45:59.9999999Z", datetime(2024, 2, 29, 13, 45, 59, 999999, tzinfo=UTC)),
        ("2024-02-29 13:45:59,5", datetime(2024, 2, 29, 13, 45, 59, 500000, tzinfo=UTC)),
        ("2024-02-29 13:45:59 UTC", datetime(2024, 2, 29, 13, 45, 59, tzinfo=UTC)),
        ("2024-02-29 9:05", datetime(2024, 2, 29, 9, 5, tzinfo=UTC)),
        ("2024/02/29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024.02.29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024/2/9 7:30 PM", datetime(2024, 2, 9, 19, 30, tzinfo=UTC)),
        ("2024-1-1", datetime(2024, 1, 1, tzinfo=UTC)),
        ("20240229", datetime(2024, 2, 29, tzinfo=UTC)),
        ("19000101", datetime(1900, 1, 1, tzinfo=UTC)),
        ("21991231", datetime(2199, 12, 31, tzinfo=UTC)),
        ("03-Apr-2024", datetime(2024, 4, 3, tzinfo=UTC)),
        ("03-APR-24", datetime(2024, 4, 3, tzinfo=UTC)),
        ("31-DEC-68", datetime(2068, 12, 31, tzinfo=UTC)),
        ("01-JAN-69", datetime(1969, 1, 1, tzinfo=UTC)),
        ("3 April 2024", datetime(2024, 4, 3, tzinfo=UTC)),
        ("3. Sept. 2024", datetime(2024, 9, 3, tzinfo=UTC)),
        ("3rd June 2024", datetime(2024, 6, 3, tzinfo=UTC)),
        ("03Apr2024", datetime(2024, 4, 3, tzinfo=UTC)),
        ("Apr 3, 2024", datetime(2024, 4, 3, tzinfo=UTC)),
        ("may 31 2024 12:00 AM", datetime(2024, 5, 31, tzinfo=UTC)),
        ("Thursday, February 29, 2024", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024-Apr-03", datetime(2024, 4, 3, tzinfo=UTC)),
        ("Thu, 29 Feb 2024 10:15:00 +0100", datetime(2024, 2, 29, 9, 15, tzinfo=UTC)),
        ("\u0662\u0660\u0662\u0664-\u0660\u0662-\u0662\u0669", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024\u201102\u201129", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("order", ["ymd", "dmy", "mdy"])
def test_a_date_that_says_its_order_is_read_as_utc(text: str, instant: datetime, order: str) -> None:
    found, bad = values.instants(texts(text), order)
    assert found.to_pylist() == [instant]
    assert not bad[0]


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-00", "0000-01-01", "2024-01-01T25:00", "2024-01-01T24:00",
        "2024-01-01T10:61", "2024-01-01T10:10:60", "2024", "2024-02", "soon", "0001-01-01T00:00+02:00",
        "9999-12-31T23:00-05:00", "2024-01-01T", "2024-01-01Z", "2024-01-01 10", "2024-01-01 1015", "2024-W05-1",
        "2024-060", "2024-02/29", "20230229", "18991231", "22000101", "2024022", "202402290", "31 Apr 2024",
        "30-Feb-2024", "Apr 31, 2024", "3 Foo 2024", "12may12", "3-May/2024", "1 May-24", "3 Apr",
        "3 Apr 10:15", "2024-01-01 13:00 PM", "2024-01-01 0:30 AM", "2024-01-01T10:15+25:00",
        "2024-01-01T10:15+10:60", "12:00", "45351", "1.2.3", "1-2/2024",
        "1/2/024", "1/1/20245", "00/01/2024", "01/00/2024", "31.31.2024", "29.02.2023", "29-02-1900", "32/01/2024",
        "1/1/2024x", "2024-02-2\u0669", "today", "2024-01-01--", "29 .02.2024",
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", ["ymd", "dmy", "mdy"])
def test_what_is_no_date_is_marked(text: str, order: str) -> None:
    found, bad = values.instants(texts(text), order)
    assert found.to_pylist() == [None]
    assert bad[0]


@pytest.mark.parametrize(
    ("text", "day_first", "month_first"),
    [
        ("03/04/2024", date(2024, 4, 3), date(2024, 3, 4)), ("3.4.2024", date(2024, 4, 3), date(2024, 3, 4)),
        ("3-4-24", date(2024, 4, 3), date(2024, 3, 4)), ("3 4 2024", date(2024, 4, 3), date(2024, 3, 4)),
        ("29. 2. 2024", date(2024, 2, 29), None), ("29.02.2024", date(2024, 2, 29), None),
        ("02/29/2024", None, date(2024, 2, 29)), ("1/1/68", date(2068, 1, 1), date(2068, 1, 1)),
        ("1/1/69", date(1969, 1, 1), date(1969, 1, 1)), ("31.12.99", date(1999, 12, 31), None),
        ("1/1/0001", date(1, 1, 1), date(1, 1, 1)), ("\u200e29/\u200e02/\u200e2024", date(2024, 2, 29), None),
    ],
)  # fmt: skip
def test_day_and_month_are_read_in_the_order_that_is_said(
    text: str, day_first: date | None, month_first: date | None
) -> None:
    for order, day in (("ymd", None), ("dmy", day_first), ("mdy", month_first)):
        found, bad = values.instants(texts(text), order)
        assert [at.date() if at else None for at in found.to_pylist()] == [day]
        assert bad[0] == (day is None)


@pytest.mark.parametrize(
    ("time", "hour", "minute", "second", "microsecond"),
    [
        (" 14:05", 14, 5, 0, 0), (" 14:05:09", 14, 5, 9, 0), (" 14:05:09.123", 14, 5, 9, 123000),
        ("T14:05", 14, 5, 0, 0), (" 2:05 PM", 14, 5, 0, 0), (", 2:05:09\u202fPM", 14, 5, 9, 0),
        (" 12:00 am", 0, 0, 0, 0), (" 12:30 p.m.", 12, 30, 0, 0),
        (" 00:00:00", 0, 0, 0, 0), (" 16:05 +0200", 14, 5, 0, 0),
    ],
)  # fmt: skip
def test_a_time_may_follow_a_date(time: str, hour: int, minute: int, second: int, microsecond: int) -> None:
    found, bad = values.instants(texts(f"29.02.2024{time}", f"3 Apr 2024{time}"), "dmy")
    at = datetime(2024, 2, 29, hour, minute, second, microsecond, tzinfo=UTC)
    assert found.to_pylist() == [at, at.replace(month=4, day=3)]
    assert not bad.any()


def test_a_missing_date_is_missing_and_not_bad() -> None:
    found, bad = values.instants(texts(None, "2024-01-01", None))
    assert found.to_pylist() == [None, datetime(2024, 1, 1, tzinfo=UTC), None]
    assert not bad.any()


def test_no_dates_at_all_are_no_trouble() -> None:
    for empty in (texts(), texts(None), pa.chunked_array([], pa.string())):
        found, bad = values.instants(empty)
        assert found.type == values.UTC_MICROSECONDS
        assert (len(found), bad.any()) == (len(empty), False)


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(
    datetime.fromisoformat("0001-01-03"), datetime.fromisoformat("9999-12-29"), timezones=st.none() | ZONES
)


@given(st.lists(st.dates() | MOMENTS, max_size=8))
def test_every_iso_date_comes_back_as_it_was(moments: list[date]) -> None:
    found, bad = values.instants(texts(*(moment.isoformat() for moment in moments)))
    whole = [datetime.fromisoformat(moment.isoformat()) for moment in moments]
    assert found.to_pylist() == [at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC) for at in whole]
    assert not bad.any()


def test_dates_in_chunks_are_read_as_those_in_one() -> None:
    chunks = [["2024-01-01"], [], [None, "03/04/2024"], ["x", "3 Apr 2024"]]
    found, bad = values.instants(pa.chunked_array(chunks, pa.string()), "dmy")
    days = [at.date() if at else None for at in found.to_pylist()]
    assert days == [date(2024, 1, 1), None, date(2024, 4, 3), None, date(2024, 4, 3)]
    assert bad.tolist() == [False, False, False, True, False]


def day_month_year(day: date) -> list[str]:
    return [
        f"{day.day:02}.{day.month:02}.{day.year:04}", f"{day.day}/{day.month}/{day.year:04}",
        f"{day.day:02}-{day.month:02}-{day.year:04} 00:00:00", f"{day.day} {day.month} {day.year:04}",
    ]  # fmt: skip


def month_day_year(day: date) -> list[str]:
    return [f"{day.month:02}/{day.day:02}/{day.year:04}", f"{day.month}-{day.day}-{day.year:04} 12:00 AM"]


MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def month_by_name(day: date) -> list[str]:
    month = MONTHS[day.month - 1]
    return [
        f"{day.day:02}-{month[:3]}-{day.year:04}", f"{day.day} {month} {day.year:04}",
        f"{month} {day.day}, {day.year:04}", f"{month[:3].upper()} {day.day} {day.year:04}",
    ]  # fmt: skip


@given(st.lists(st.dates(), min_size=1, max_size=8), st.data())
def test_every_day_comes_back_in_the_order_it_was_written_in(days: list[date], data: st.DataObject) -> None:
    fixed = [lambda day: [f"{day:%Y/%m/%d}".zfill(10), day.isoformat()], month_by_name]
    for order, ways in (("ymd", fixed), ("dmy", [*fixed, day_month_year]), ("mdy", [*fixed, month_day_year])):
        found = [data.draw(st.sampled_from([text for way in ways for text in way(day)])) for day in days]
        read, bad = values.instants(texts(*found), order)
        assert [at.date() for at in read.to_pylist()] == days, found
        assert not bad.any()


@given(st.lists(st.dates() | st.none(), min_size=1, max_size=8), st.sampled_from(["", " 10:15", " 23:59:59"]))
def test_a_column_written_alike_is_read_as_its_cells_are_one_by_one(days: list[date | None], time: str) -> None:
    found = [day and f"{day.day:02}/{day.month:02}/{day.year:04}{time}" for day in days]
    for order in ("ymd", "dmy", "mdy"):
        together, bad = values.instants(texts(*found), order)
        one_by_one = [values.instants(texts(text, "no date"), order) for text in found]
        assert together.to_pylist() == [at[0].as_py() for at, _ in one_by_one]
        assert bad.tolist() == [wrong[0] for _, wrong in one_by_one]


@given(st.integers(0, 99_999_999))
def test_eight_digits_are_a_date_only_when_they_are_one_of_these_centuries(number: int) -> None:
    text = f"{number:08}"
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        day = None
    wanted = day if day and 1900 <= day.year <= 2199 else None
    found, bad = values.instants(texts(text))
    assert [at.date() if at else None for at in found.to_pylist()] == [wanted]
    assert bad[0] == (wanted is None)
