from __future__ import annotations

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import values
from core.values import Evidence

MISSING = ("", "?", "NA")


def evidence(*found: str | None) -> Evidence:
    return values.evidence(pa.chunked_array([pa.array(found, pa.string())]), MISSING)


def counts(found: Evidence) -> tuple[int, ...]:
    """Cells for: point, comma, either; day first, month first, either order."""
    return found.point, found.comma, found.either, found.day_first, found.month_first, found.either_order


def test_a_spelling_is_plain_unless_said_otherwise() -> None:
    assert values.Spelling(".", "ymd") == values.PLAIN


# --- numbers


@pytest.mark.parametrize(
    ("text", "point", "comma", "either"),
    [
        ("12", 0, 0, 0), ("-7", 0, 0, 0), ("1e3", 0, 0, 0), ("1 234", 0, 0, 0), ("1'234", 0, 0, 0), ("12 %", 0, 0, 0),
        ("1.5", 1, 0, 0), ("1234.567", 1, 0, 0), ("0.123", 1, 0, 0), ("1.2345", 1, 0, 0), ("1,234,567", 1, 0, 0),
        ("1,234.5", 1, 0, 0), ("12,34,567", 1, 0, 0), ("1.234e5", 1, 0, 0), ("5.", 1, 0, 0), ("1 234.567", 1, 0, 0),
        ("1,5", 0, 1, 0), ("1234,567", 0, 1, 0), ("0,123", 0, 1, 0), ("1.234.567", 0, 1, 0), ("1.234,5", 0, 1, 0),
        ("1,234e5", 0, 1, 0), ("499,-", 0, 1, 0), ("1'234,567", 0, 1, 0),
        ("1,234", 0, 0, 1), ("1.234", 0, 0, 1), ("-123.456", 0, 0, 1), ("€ 1.234", 0, 0, 1), ("(1,234)", 0, 0, 1),
        ("12,345 %", 0, 0, 1), ("1.000", 0, 0, 1),
    ],
)  # fmt: skip
def test_a_number_speaks_for_the_decimal_sign_with_which_alone_it_is_one(
    text: str, point: int, comma: int, either: int
) -> None:
    for found in (evidence(text), evidence(text, "5", None, "NA", " ? "), evidence(text, "1'000", "€ 5")):
        assert counts(found) == (point, comma, either, 0, 0, 0)
        assert found.either_example == (text if either else "")


def test_cells_are_counted_and_not_only_texts() -> None:
    assert counts(evidence("1.5", "1.5", "1.234", "1.234", "1.234", "", "2"))[:3] == (2, 0, 3)
    assert counts(evidence("1,5", "1,5", "1.234", "1.234", "1,234", "", "2"))[:3] == (0, 2, 3)


@pytest.mark.parametrize(
    "column",
    [
        ["1.2.3", "1.3.0", "2.0.10", "2.1"], ["north", "south", "1,5"], ["030/123.45", "555-0199", "1.5"], ["x", "1.5"],
        [], [None], ["", "NA"], ["1.2.24", "3.4.10", "5.6.99"], ["192.168.0.1", "10.0.0.138"], ["v1.2", "v1.3"],
    ],
)  # fmt: skip
def test_a_column_that_holds_other_things_tells_nothing(column: list[str | None]) -> None:
    assert evidence(*column) == Evidence()


def test_a_column_that_is_mostly_numbers_tells_by_those() -> None:
    assert counts(evidence("1,5", "2,5", "see notes")) == (0, 2, 0, 0, 0, 0)


# --- dates


@pytest.mark.parametrize(
    ("text", "day_first", "month_first", "either"),
    [
        ("13/02/2024", 1, 0, 0), ("29.02.2024", 1, 0, 0), ("31-12-99", 1, 0, 0), ("13 1 2024 10:15", 1, 0, 0),
        ("02/13/2024", 0, 1, 0), ("2/29/24", 0, 1, 0), ("12/31/2024, 2:05 PM", 0, 1, 0),
        ("03/04/2024", 0, 0, 1), ("1.2.2024", 0, 0, 1), ("01.02.24", 0, 0, 1), ("1/2/24", 0, 0, 1),
        ("03/03/2024", 0, 0, 0), ("2024-02-03", 0, 0, 0), ("2024/2/3", 0, 0, 0), ("03-Apr-2024", 0, 0, 0),
        ("20240203", 0, 0, 0), ("31/02/2024", 0, 0, 0), ("2024-02-03 10:15", 0, 0, 0),
    ],
)  # fmt: skip
def test_a_date_speaks_for_the_order_in_which_alone_it_is_one(
    text: str, day_first: int, month_first: int, either: int
) -> None:
    found = evidence(text, "2024-01-01", "2024-01-02", "NA", None)
    assert counts(found) == (0, 0, 0, day_first, month_first, either)
    told = (found.day_first_example, found.month_first_example, found.either_order_example)
    assert told == tuple(text if count else "" for count in (day_first, month_first, either))


def test_the_example_to_show_is_a_date_in_doubt_or_one_of_the_rarer_order() -> None:
    assert evidence("13/02/2024", "03/04/2024").order_example == "03/04/2024"
    assert evidence("13/02/2024", "14/02/2024", "02/15/2024").order_example == "02/15/2024"
    assert evidence("13/02/2024", "02/14/2024", "02/15/2024").order_example == "13/02/2024"
    assert evidence("13/02/2024").order_example == "13/02/2024"
    assert evidence("2024-01-01").order_example == ""


@given(st.lists(st.dates(), min_size=1, max_size=10))
def test_dates_that_could_be_both_are_told_as_such(days: list[date]) -> None:
    turned = sum(day.day <= 12 and day.day != day.month for day in days)
    plain = sum(day.day == day.month for day in days)
    for order, text in (("dmy", "{0.day}/{0.month}/{0.year:04}"), ("mdy", "{0.month}/{0.day}/{0.year:04}")):
        found = evidence(*map(text.format, days))
        sure = len(days) - turned - plain
        assert counts(found)[3:] == ((sure, 0, turned) if order == "dmy" else (0, sure, turned))


# --- adding up

CELLS = st.sampled_from(
    ["1", "1.5", "1,5", "1.234", "1,234", "1.234,5", "€ 1,234.5", "NA", "", "-0.5", "1e3", "12 %", "1.234 €", "7-"]
)
DATES = st.sampled_from(["2024-01-01", "13/02/2024", "02/13/2024", "03/04/2024", "03/03/2024", "3 Apr 2024", "NA", "?"])


@given(st.lists(CELLS, max_size=12) | st.lists(DATES, max_size=12), st.integers(0, 12))
def test_evidence_of_parts_of_a_column_adds_up_to_that_of_the_column(cells: list[str], cut: int) -> None:
    parts = evidence(*cells[:cut]) + evidence(*cells[cut:])
    assert counts(parts) == counts(evidence(*cells))
    assert bool(parts.either_example) == (parts.either > 0)
    assert bool(parts.either_order_example) == (parts.either_order > 0)


@given(st.lists(CELLS | st.none(), max_size=12))
def test_evidence_is_the_same_whether_or_not_all_cells_are_plain(cells: list[str | None]) -> None:
    assert evidence(*cells, "1'000", "'", "2'000") == evidence(*cells)


def test_nothing_adds_nothing() -> None:
    found = evidence("1.234", "1,5")
    assert found + Evidence() == Evidence() + found == found
    assert found + found == replace(found, either=2, comma=2)


# --- choosing


@pytest.mark.parametrize(
    ("found", "forced", "prior", "chosen"),
    [
        (Evidence(point=9), ",", "", (",", "config")),
        (Evidence(comma=9), ".", ",", (".", "config")),
        (Evidence(point=1, either=50), "auto", ",", (".", "found")),
        (Evidence(comma=1, either=50), "auto", ".", (",", "found")),
        (Evidence(point=2, comma=3), "auto", ".", (",", "found")),
        (Evidence(point=3, comma=2), "auto", ",", (".", "found")),
        (Evidence(point=3, comma=3), "auto", ",", (".", "found")),
        (Evidence(either=5), "auto", ",", (",", "assumed")),
        (Evidence(either=5), "auto", ".", (".", "assumed")),
        (Evidence(either=5), "auto", "", (".", "assumed")),
        (Evidence(), "auto", ",", (",", "assumed")),
        (Evidence(), "", "", (".", "assumed")),
    ],
)
def test_the_decimal_sign_is_said_by_config_or_found_or_assumed(
    found: Evidence, forced: str, prior: str, chosen: tuple[str, str]
) -> None:
    assert values.choose_decimal(found, forced, prior) == chosen
