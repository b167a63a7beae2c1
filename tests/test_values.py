from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import values

MISSING = ("", "?", "NA", "NaN", "null")


def texts(*found: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(found, pa.string())])


def read_number(text: str, missing: tuple[str, ...] = MISSING) -> tuple[float, bool]:
    found, bad = values.read_numbers(texts(text), missing)
    return float(found[0]), bool(bad[0])


# --- what is missing


def test_blanks_around_a_text_do_not_count() -> None:
    assert values.trim(texts("  a b\t", "\u00a0x"), MISSING).to_pylist() == ["a b", "x"]


@pytest.mark.parametrize("text", ["", "   ", "?", " ? ", "NA", "na", "nan", "NULL", "Null"])
def test_the_spellings_of_missing_are_known_in_any_case_and_with_blanks(text: str) -> None:
    assert values.trim(texts(text), MISSING).to_pylist() == [None]


def test_nothing_is_missing_whatever_the_spellings_are() -> None:
    assert values.trim(texts("", " ", "?"), ("-",)).to_pylist() == [None, None, "?"]


def test_a_text_that_only_holds_a_spelling_of_missing_is_no_missing_one() -> None:
    assert values.trim(texts("NAPLES", "?!", "nullify"), MISSING).to_pylist() == ["NAPLES", "?!", "nullify"]


# --- numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0.0), ("-0", 0.0), ("+5", 5.0), ("-12.50", -12.5), (".5", 0.5), ("5.", 5.0), ("007", 7.0), (" 3 ", 3.0),
        ("1e3", 1000.0), ("1E+3", 1000.0), ("-2.5e-2", -0.025), ("9007199254740993", 9007199254740992.0),
        ("1e-999", 0.0),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_is_written(text: str, number: float) -> None:
    assert read_number(text) == (number, False)


@pytest.mark.parametrize(
    "text",
    [
        "x", "1,5", "1.234,5", "1 000", "12%", "€5", "0x1A", "1_000", "1e", "e5", ".", "-", "+-1", "--1", "inf",
        "-Infinity", "1e999", "true", "1.2.3", "٣", "−5", "5\n6",
    ],
)  # fmt: skip
def test_what_is_no_finite_number_is_marked_and_never_guessed(text: str) -> None:
    found, bad = read_number(text)
    assert math.isnan(found)
    assert bad


@pytest.mark.parametrize("text", ["", " ", "?", "nan", "NA"])
def test_a_missing_number_is_missing_and_not_bad(text: str) -> None:
    found, bad = read_number(text)
    assert math.isnan(found)
    assert not bad


def test_a_number_that_stands_for_missing_is_missing_also_where_all_else_is_plain() -> None:
    found, bad = values.read_numbers(texts("1", "-999", "2"), ("-999",))
    np.testing.assert_array_equal(found, [1.0, np.nan, 2.0])
    assert not bad.any()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_every_finite_number_comes_back_as_it_was(numbers: list[float]) -> None:
    found, bad = values.read_numbers(texts(*map(repr, numbers)), MISSING)
    assert found.tolist() == numbers
    assert not bad.any()


SNIPPETS = st.sampled_from(["", " ", "?", "NA", "1", "-2.5", "+.5", "1e3", "x", "1,5", "inf", "nan", "12 ", "0"])


@given(st.lists(SNIPPETS | st.text("0123456789.+-eE ", max_size=6), max_size=12))
def test_the_quick_way_and_the_careful_way_read_the_same_numbers(found: list[str]) -> None:
    quick = values.read_numbers(texts(*found), MISSING)
    careful = values.numbers(values.trim(texts(*found), MISSING))
    np.testing.assert_array_equal(quick[0], careful[0])
    np.testing.assert_array_equal(quick[1], careful[1])


@given(st.lists(st.text("0123456789.+-eEx ", max_size=6), min_size=1, max_size=12))
def test_a_text_is_a_number_missing_or_bad_and_python_agrees(found: list[str]) -> None:
    read, bad = values.read_numbers(texts(*found), MISSING)
    for text, number, wrong in zip(found, read.tolist(), bad.tolist(), strict=True):
        try:
            wanted = float(text)
        except ValueError:
            wanted = math.nan
        if math.isfinite(wanted):
            assert (number, wrong) == (wanted, False)
        else:
            assert math.isnan(number)
            assert wrong == bool(text.strip())


# --- dates


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
    ],
)
def test_a_date_or_a_date_and_time_is_read_as_utc(text: str, instant: datetime) -> None:
    found, bad = values.instants(texts(text))
    assert found.to_pylist() == [instant]
    assert not bad[0]


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29", "2024-13-01", "2024-00-10", "0000-01-01", "2024-01-01T25:00", "2024-01-01T10:61", "2024-1-1",
        "01.02.2024", "2024/01/02", "20240102", "2024", "soon",
        "0001-01-01T00:00+02:00", "9999-12-31T23:00-05:00", "2024-01-01T", "2024-01-01Z", "2024-01-01 10",
    ],
)  # fmt: skip
def test_what_is_no_iso_date_is_marked(text: str) -> None:
    found, bad = values.instants(texts(text))
    assert found.to_pylist() == [None]
    assert bad[0]


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


# --- outcomes


def read_outcomes(*found: str | None) -> list[float | None]:
    read, bad = values.outcomes(texts(*found), ["1", "true", "Yes "], ["0", "false", "no"])
    return ["bad" if wrong else None if math.isnan(value) else value for value, wrong in zip(read, bad, strict=True)]


def test_outcomes_are_known_by_their_spellings_in_any_case() -> None:
    assert read_outcomes("1", "TRUE", "yes", "0", "False", "NO", None) == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, None]


def test_outcomes_that_went_through_a_spreadsheet_as_floats_are_known_too() -> None:
    assert read_outcomes("1.0", "0.0", "1.00") == [1.0, 0.0, 1.0]
    found, bad = values.outcomes(texts("1", "0"), ["1.0"], ["0.0"])
    assert (found.tolist(), bad.any()) == ([1.0, 0.0], False)


def test_any_other_outcome_is_marked_and_never_guessed() -> None:
    assert read_outcomes("2", "maybe", "1.5", "-1", "y", "10", "0.01") == ["bad"] * 7


# --- ids


@pytest.mark.parametrize(
    ("text", "client"),
    [("17850.0", "17850"), ("17850.000", "17850"), ("17850", "17850"), ("007", "007"), ("007.0", "007"),
     ("17850.5", "17850.5"), ("A17850.0", "A17850.0"), ("1.0.0", "1.0.0"), (".0", ".0"), ("17850.", "17850.")],
)  # fmt: skip
def test_an_id_that_went_through_a_spreadsheet_as_a_float_gets_its_digits_back(text: str, client: str) -> None:
    assert values.identifiers(texts(text)).to_pylist() == [client]


# --- levels


@given(st.lists(st.sampled_from(["a", " a", "A", "?", "", "b ", "NA", "c"]), max_size=12), st.integers(0, 12))
def test_levels_read_once_each_are_the_texts_read_one_by_one(found: list[str], cut: int) -> None:
    chunked = pa.chunked_array([pa.array(found[:cut], pa.string()), pa.array(found[cut:], pa.string())])
    assert values.read_levels(chunked, MISSING).to_pylist() == values.trim(chunked, MISSING).to_pylist()


def test_two_spellings_of_one_level_are_one_level() -> None:
    assert values.read_levels(texts("a", " a ", "b"), MISSING).dictionary.to_pylist() == ["a", "b"]


# --- canonical texts


def canonical(found: np.ndarray | pa.Array | pa.ChunkedArray) -> list[str]:
    return values.canonical(found).to_pylist()


def test_equal_numbers_have_one_canonical_text() -> None:
    one, same, other = canonical(np.array([1.0, float("1.00"), 2.0]))
    assert one == same
    assert one != other
    assert len(set(canonical(np.array([0.0, -0.0])))) == 1


def test_a_missing_value_has_a_canonical_text_of_its_own() -> None:
    missing = {*canonical(np.array([np.nan])), *canonical(pa.array([None], pa.float64())), *canonical(texts(None))}
    assert len(missing) == 1
    assert missing.isdisjoint(canonical(texts("", "None", "nan", "null", " ")))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=6))
@example([0.1, 0.1 + 2**-56])
@example([0.0, -0.0, 1.0, -1.0])
def test_numbers_have_the_same_canonical_text_exactly_when_they_are_equal(numbers: list[float]) -> None:
    made = canonical(np.array(numbers))
    for number, text in zip(numbers, made, strict=True):
        assert [number == other for other in numbers] == [text == other for other in made]


def test_levels_have_the_canonical_text_of_their_texts() -> None:
    assert canonical(texts("b", "a", None).combine_chunks().dictionary_encode()) == canonical(texts("b", "a", None))


def test_an_instant_has_one_canonical_text_however_it_was_written() -> None:
    found, _ = values.instants(texts("2024-02-29", "2024-02-29 00:00:00", "2024-02-29T02:00+02:00", "2024-03-01"))
    made = canonical(found)
    assert made[0] == made[1] == made[2] != made[3]


def test_pandas_sees_the_instants_as_utc() -> None:
    found, _ = values.instants(texts("2024-02-29"))
    assert found.to_pandas()[0] == pd.Timestamp("2024-02-29", tz="UTC")
