from __future__ import annotations

import math
import unicodedata

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


# --- what is missing


def test_blanks_around_a_text_do_not_count() -> None:
    assert values.trim(texts("  a b\t", "\u00a0x"), MISSING).to_pylist() == ["a b", "x"]


@pytest.mark.parametrize("around", [*" \t\r\n\u00a0\u202f\u2009\u3000\u200b\ufeff\u2060\u200e", " \ufeff\u00a0"])
def test_blanks_of_unicode_and_unseen_characters_around_a_text_do_not_count(around: str) -> None:
    found = texts(f"{around}a{around} b{around}", f"{around}?", around)
    assert values.trim(found, MISSING).to_pylist() == [f"a{around} b", None, None]


@given(st.text(st.characters(codec="utf-8"), max_size=6))
def test_what_python_strips_is_trimmed_too_and_nothing_that_is_seen(text: str) -> None:
    trimmed = values.trim(texts(text), ()).to_pylist()[0] or ""
    assert trimmed == trimmed.strip()
    assert trimmed in text
    around = "".join(text.split(trimmed, 1)) if trimmed else text
    assert all(one.isspace() or unicodedata.category(one) == "Cf" for one in around)


def test_a_spelling_of_missing_may_have_blanks_and_accents_itself() -> None:
    found = texts("N/A", " keine Angabe", "INCONNUÉ")
    assert values.trim(found, (" n/a ", "Keine Angabe", "inconnué")).to_pylist() == [None, None, None]


@pytest.mark.parametrize("text", ["", "   ", "?", " ? ", "NA", "na", "nan", "NULL", "Null"])
def test_the_spellings_of_missing_are_known_in_any_case_and_with_blanks(text: str) -> None:
    assert values.trim(texts(text), MISSING).to_pylist() == [None]


def test_nothing_is_missing_whatever_the_spellings_are() -> None:
    assert values.trim(texts("", " ", "?"), ("-",)).to_pylist() == [None, None, "?"]


def test_a_text_that_only_holds_a_spelling_of_missing_is_no_missing_one() -> None:
    assert values.trim(texts("NAPLES", "?!", "nullify"), MISSING).to_pylist() == ["NAPLES", "?!", "nullify"]


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


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ("ja", "JA"), ("Sí", "SÍ"), ("s\u00ed", "Si\u0301"), ("да", "ДА"), ("ß", "\u1e9e"), ("\u1e9e", "ß"),
        ("OUI", "oui"), ("ναίς", "ΝΑΊΣ"), ("はい", "はい"), (" ja\u00a0", "ja"), ("1.0", "1"), ("ЎЗ", "ўз"),
    ],
)  # fmt: skip
def test_spellings_of_outcomes_are_known_in_any_language(spelling: str, text: str) -> None:
    for positive, negative, outcome in (([spelling], ["x"], 1.0), (["x"], [spelling], 0.0)):
        found, bad = values.outcomes(texts(text), positive, negative)
        assert (found.tolist(), bad.tolist()) == ([outcome], [False])


def test_any_other_outcome_is_marked_and_never_guessed() -> None:
    assert read_outcomes("2", "maybe", "1.5", "-1", "y", "10", "0.01") == ["bad"] * 7


# --- ids


@pytest.mark.parametrize(
    ("text", "client"),
    [("17850.0", "17850"), ("17850.000", "17850"), ("17850", "17850"), ("007", "007"), ("007.0", "007"),
     ("17850.5", "17850.5"), ("1.785E+04", "1.785E+04"), ("17850,0", "17850,0"),
     ("A17850.0", "A17850.0"), ("1.0.0", "1.0.0"), (".0", ".0"), ("17850.", "17850.")],
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


def canonical(found: np.ndarray | pa.Array | pa.ChunkedArray) -> list[str | bytes]:
    return values.canonical(found).to_pylist()


def test_equal_numbers_have_one_canonical_text() -> None:
    one, same, other = canonical(np.array([1.0, float("1.00"), 2.0]))
    assert one == same
    assert one != other
    assert len(set(canonical(np.array([0.0, -0.0])))) == 1


def test_a_number_has_one_canonical_form_however_it_was_written() -> None:
    read, _ = values.read_numbers(texts("1", "1.0", " 1e0", "100 %", "\uff11", "1.5"), MISSING)
    one, *same, other = canonical(read)
    assert (
        set(same) == {one} == set(canonical(pa.array([1], pa.int64()))) == set(canonical(pa.array([1], pa.float32())))
    )
    assert other != one


def test_a_missing_value_has_a_canonical_form_of_its_own() -> None:
    (missing,) = set(canonical(np.array([np.nan, -np.nan]))) | set(canonical(pa.array([None], pa.float64())))
    assert missing not in canonical(np.array([0.0, np.inf, -1.0, 1e308, 5e-324]))
    (missing,) = set(canonical(texts(None)))
    assert missing not in canonical(texts("", "None", "nan", "null", " ", "\x00", "\x000", "0"))
    (missing,) = set(canonical(pa.array([None], values.UTC_MICROSECONDS)))
    assert missing not in canonical(pa.array([0, -1], values.UTC_MICROSECONDS))


@given(st.lists(st.none() | st.text("\x00\x1f\x1e01a", max_size=4), max_size=8))
def test_texts_have_the_same_canonical_text_exactly_when_they_are_the_same(found: list[str | None]) -> None:
    made = canonical(texts(*found))
    levels = canonical(texts(*found).combine_chunks().dictionary_encode())
    for text, own in zip(found, made, strict=True):
        assert "\x1f" not in own
        assert (
            [text == other for other in found] == [own == other for other in made] == [own == same for same in levels]
        )


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
