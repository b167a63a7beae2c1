"""Texts become instants: ISO dates always, the dates of people in the order of day and month that is said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.values.texts import casts, plain_characters, whole

UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")
_FIRST = np.datetime64("0001-01-01T00:00:00", "us").astype(np.int64)
_LAST = np.datetime64("9999-12-31T23:59:59.999999", "us").astype(np.int64)

#: no date is written with more characters
_LONGEST = 64
#: lengths of ISO date-times that Arrow reads as we do: to the day, minute, second and fractions of it
_LENGTHS = {10, 16, 19, 23, 26}
_LENGTHS_WITH_ZONE = {20, 24, 27}
#: two digits from here on are a year of the 1900s, those before one of the 2000s (POSIX strptime)
_PIVOT = 69

_MONTHS = pa.array(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
_MONTH = (
    "(?P<m>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?))"
)
_DAY = "(?P<d>[0-9]{1,2})"
_YEAR = "(?P<y>[0-9]{4})"
_NTH = "(?i:st|nd|rd|th)?"
_WEEKDAY = r"(?i:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? +)?"
_TIME = (
    "(?:(?:T|,? +)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?: *(?P<half>(?i:[ap]\.?m\.?)))?(?: *(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?)?$"
)
#: what lies between numbers; a blank may follow a point
_BETWEEN = r"(?:\. |[./ -])"
#: order of the parts is plain from the text
_FIXED = (
    rf"^{_YEAR}(?P<a>[./-])(?P<m>[0-9]{{1,2}})(?P<b>[./-]){_DAY}{_TIME}",
    rf"^{_WEEKDAY}{_DAY}(?:{_NTH}|\.)(?P<a>[ /-]){_MONTH}\.?,?(?P<b>[ /-])(?P<y>[0-9]{{4}}|[0-9]{{2}}){_TIME}",
    rf"^{_WEEKDAY}{_MONTH}\.?(?P<a>[ /-]){_DAY}{_NTH},?(?P<b>[ /-]){_YEAR}{_TIME}",
    rf"^{_YEAR}(?P<a>[ /-]){_MONTH}(?P<b>[ /-]){_DAY}{_TIME}",
    rf"^(?P<d>[0-9]{{2}}){_MONTH}{_YEAR}{_TIME}",
    r"^(?P<y>(?:19|20|21)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})$",
)
#: whether day or month comes first is not
_OPEN = rf"^(?P<d>[0-9]{{1,2}})(?P<a>{_BETWEEN})(?P<m>[0-9]{{1,2}})(?P<b>{_BETWEEN})(?P<y>[0-9]{{4}}|[0-9]{{2}}){_TIME}"


def instants(texts: pa.Array | pa.ChunkedArray, order: str = "ymd") -> tuple[pa.Array, np.ndarray]:
    """Trimmed dates or date-times as UTC microseconds (n,) (UTC where they name no zone), and which texts are none.

    Read in any `order`: dates with the year first ("2024-02-29", "2024/2/9", "2024.02.29", and "20240229" where
    its eight digits are a date between 1900 and 2199) and dates with an English month ("03-Apr-2024",
    "3 April 2024", "Apr 3, 2024"). With "dmy" or "mdy" also those with day and month first, separated by . / -
    or a blank. Two digits of a year: 00 to 68 are 2000 to 2068, 69 to 99 are 1969 to 1999.
    A time may follow: hours and minutes, seconds and their fraction (cut to microseconds), AM or PM, a zone.
    Days that no calendar has, and instants outside the years 1 to 9999 of UTC, are bad.

    >>> values, bad = instants(pa.chunked_array([["2024-02-29", "2023-02-29", None, "3 Apr 2024", "29/02/2024"]]))
    >>> [str(v) for v in values]
    ['2024-02-29 00:00:00+00:00', 'None', 'None', '2024-04-03 00:00:00+00:00', 'None']
    >>> bad.tolist()
    [False, True, False, False, True]
    """
    texts = whole(texts)
    known = texts.is_valid().to_numpy(zero_copy_only=False)
    values = quick(_year_first(texts, order))
    if values is None:
        encoded = texts.dictionary_encode()
        values = written(encoded.dictionary).in_order(order).take(encoded.indices)
    moments = pc.fill_null(values.cast(pa.int64()), _LAST + 1).to_numpy(zero_copy_only=False)
    outside = (moments < _FIRST) | (moments > _LAST)
    return pa.array(moments, pa.int64(), mask=outside).cast(UTC_MICROSECONDS), known & outside


def quick(texts: pa.Array) -> pa.Array | None:
    """The instants, where all are written in one ISO way that Arrow reads as we do; else None."""
    length = _common_length(texts)
    if length in _LENGTHS:
        return casts(texts, pa.timestamp("us"))
    return casts(texts, UTC_MICROSECONDS) if length in _LENGTHS_WITH_ZONE else None


def _common_length(texts: pa.Array) -> int:
    """Bytes of each text, where they are the same and any text is known; else 0."""
    lengths = pc.min_max(pc.binary_length(texts)).as_py()
    return (lengths["max"] or 0) if lengths["min"] == lengths["max"] else 0


def _year_first(texts: pa.Array, order: str) -> pa.Array:
    """Texts that are all like 29.02.2024 or 02/29/2024, perhaps with a time, as ISO; others as they are."""
    same = order != "ymd" and _common_length(texts) in _LENGTHS and pc.all(pc.string_is_ascii(texts)).as_py()
    pattern = "|".join(rf"^[0-9]{{2}}{sign}[0-9]{{2}}{sign}[0-9]{{4}}($|[ T])" for sign in (r"\.", "/", "-", " "))
    if not same or not pc.all(pc.match_substring_regex(texts, pattern)).as_py():
        return texts
    one, other, year = (pc.utf8_slice_codeunits(texts, start, stop) for start, stop in ((0, 2), (3, 5), (6, 10)))
    month, day = (other, one) if order == "dmy" else (one, other)
    date = pc.binary_join_element_wise(year, month, day, "-")
    return pc.binary_join_element_wise(date, pc.utf8_slice_codeunits(texts, 10, 99), "")


@dataclass(frozen=True, eq=False)
class Written:
    """Dates as they are written (n,), before it is known whether day or month comes first."""

    #: parts as they would be in the order day-month-year; 0 where the text is no date
    day: np.ndarray
    month: np.ndarray
    year: np.ndarray
    #: microseconds from midnight of that day, its zone taken into account; and whether that time exists
    time: np.ndarray
    timely: np.ndarray
    #: whether day and month may also be the other way round
    open: np.ndarray

    def in_order(self, order: str) -> pa.Array:
        """Microseconds since 1970 (n,) int64 in UTC, null where the text is no date in that order."""
        turned = self.open & (order == "mdy")
        day, month = np.where(turned, self.month, self.day), np.where(turned, self.day, self.month)
        fine = self.timely & (self.year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
        if order == "ymd":
            fine &= ~self.open
        months = (np.where(fine, self.year, 1970) - 1970) * 12 + np.where(fine, month, 1) - 1
        first = months.astype("datetime64[M]")
        fine &= day <= ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
        at = first.astype("datetime64[us]").astype(np.int64) + (day - 1) * 86_400_000_000 + self.time
        return pa.array(at, pa.int64(), mask=~fine)


def written(texts: pa.Array) -> Written:
    """Distinct trimmed texts taken apart; null is no date."""
    count = len(texts)
    day, month, year, time = (np.zeros(count, np.int64) for _ in range(4))
    made = Written(day, month, year, time, timely=np.zeros(count, bool), open=np.zeros(count, bool))
    may_be = pc.and_(pc.match_substring_regex(texts, r"\p{Nd}"), pc.less_equal(pc.utf8_length(texts), _LONGEST))
    places = np.flatnonzero(pc.fill_null(may_be, False).to_numpy(zero_copy_only=False))
    tidy = plain_characters(texts.take(pa.array(places)))
    letters = pc.any(pc.match_substring_regex(tidy, "[A-Za-z]{3}")).as_py()
    for form in (*_FIXED, _OPEN):
        if _MONTH in form and not letters:
            continue
        parts = pc.extract_regex(tidy, form)
        found = parts.is_valid().to_numpy(zero_copy_only=False)
        if found.any():
            taken = parts.filter(pa.array(found))
            part = dict(zip((field.name for field in parts.type), taken.flatten(), strict=True))
            _fill(made, places[found], part, named=_MONTH in form)
            made.open[places[found]] = form is _OPEN
            tidy, places = tidy.filter(pa.array(~found)), places[~found]
    return made


def _fill(made: Written, places: np.ndarray, part: dict[str, pa.Array], *, named: bool) -> None:
    made.day[places] = _numbers(part["d"])
    if named:
        made.month[places] = (
            pc.index_in(pc.utf8_lower(pc.utf8_slice_codeunits(part["m"], 0, 3)), _MONTHS).to_numpy() + 1
        )
    else:
        made.month[places] = _numbers(part["m"])
    year = _numbers(part["y"])
    of_two = pc.equal(pc.binary_length(part["y"]), 2).to_numpy(zero_copy_only=False)
    made.year[places] = year + of_two * np.where(year < _PIVOT, 2000, 1900)
    alike = pc.equal(part["a"], part["b"]).to_numpy(zero_copy_only=False) if "a" in part else np.ones(len(places), bool)
    if "hour" in part:
        made.time[places], timely = _times(part)
        made.timely[places] = alike & timely
    else:
        made.timely[places] = alike


def _times(part: dict[str, pa.Array]) -> tuple[np.ndarray, np.ndarray]:
    """Microseconds from midnight, less the zone's offset; and whether there is such a time."""
    hour, minute, second = (_numbers(part[name]) for name in ("hour", "minute", "second"))
    half = pc.utf8_lower(pc.utf8_slice_codeunits(part["half"], 0, 1))
    after_noon = pc.equal(half, "p").to_numpy(zero_copy_only=False)
    halved = pc.not_equal(half, "").to_numpy(zero_copy_only=False)
    fine = np.where(halved, (hour >= 1) & (hour <= 12), hour <= 23) & (minute <= 59) & (second <= 59)
    hour = np.where(halved, hour % 12 + 12 * after_noon, hour)
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(part["fraction"], 6, "0"), 0, 6)
    digits = pc.replace_substring_regex(part["zone"], "[^0-9]", "")
    ahead = _numbers(pc.utf8_slice_codeunits(digits, 0, 2)) * 60 + _numbers(pc.utf8_slice_codeunits(digits, 2, 4))
    fine &= (ahead < 24 * 60) & (ahead % 60 == _numbers(pc.utf8_slice_codeunits(digits, 2, 4)))
    ahead *= np.where(pc.starts_with(part["zone"], "-").to_numpy(zero_copy_only=False), -1, 1)
    return ((hour * 60 + minute - ahead) * 60 + second) * 1_000_000 + _numbers(fraction), fine


def _numbers(digits: pa.Array) -> np.ndarray:
    """Texts of digits as whole numbers; no digits are 0."""
    found: np.ndarray = pc.if_else(pc.equal(digits, ""), "0", digits).cast(pa.int64()).to_numpy()
    return found
