from __future__ import annotations

import math
import re
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core import values

MISSING = ("", "?", "NA", "NaN", "null")


def texts(*found: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(found, pa.string())])


def read_number(text: str, missing: tuple[str, ...] = MISSING, decimal: str = ".") -> tuple[float, bool]:
    found, bad = values.read_numbers(texts(text), missing, decimal)
    return float(found[0]), bool(bad[0])


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


@pytest.mark.parametrize("text", ["", " ", "?", "nan", "NA"])
def test_a_missing_number_is_missing_and_not_bad(text: str) -> None:
    found, bad = read_number(text)
    assert math.isnan(found)
    assert not bad


def test_a_number_that_stands_for_missing_is_missing_also_where_all_else_is_plain() -> None:
    found, bad = values.read_numbers(texts("1", "-999", "2"), ("-999",))
    np.testing.assert_array_equal(found, [1.0, np.nan, 2.0])
    assert not bad.any()


def test_a_number_that_stands_for_missing_stands_for_its_value() -> None:
    for found in (texts("1", "-999.0", "-9.99e2"), texts("1", "-999.00", "-999 EUR"), texts("1", "-999", "(999)")):
        read, bad = values.read_numbers(found, ("", "-999"))
        np.testing.assert_array_equal(read, [1.0, np.nan, np.nan])
        assert not bad.any()


@given(st.lists(st.floats(-1e100, 1e100), max_size=20))
def test_every_number_comes_back_as_it_was(numbers: list[float]) -> None:
    found, bad = values.read_numbers(texts(*map(repr, numbers)), MISSING)
    assert found.tolist() == numbers
    assert not bad.any()


@pytest.mark.parametrize("text", ["1e101", "-1.1e100", "1" + "0" * 101, "1e999", "inf", "-Infinity", "1e101 EUR"])
def test_a_number_too_large_to_be_a_quantity_is_bad(text: str) -> None:
    found, bad = read_number(text)
    assert math.isnan(found)
    assert bad
    assert read_number("1e100") == (1e100, False)


SNIPPETS = st.sampled_from(
    ["", " ", "?", "NA", "1", "-2.5", "+.5", "1e3", "x", "1,5", "inf", "nan", "12 ", "0", "1.234"]
)


@given(st.lists(st.none() | SNIPPETS | st.text("0123456789.,+-eE ", max_size=6), max_size=12), st.sampled_from(".,"))
def test_the_quick_way_and_the_careful_way_read_the_same_numbers(found: list[str | None], decimal: str) -> None:
    quick = values.read_numbers(texts(*found), MISSING, decimal)
    careful = values.numbers(values.trim(texts(*found), MISSING), decimal)
    np.testing.assert_array_equal(quick[0], careful[0])
    np.testing.assert_array_equal(quick[1], careful[1])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        # signs
        ("- 5", -5.0), ("\u22125", -5.0), ("\u20135", -5.0), ("+ 5", 5.0), ("123-", -123.0), ("1,234.50-", -1234.5),
        ("(5)", -5.0), ("(1,234.50)", -1234.5), ("( .5 )", -0.5), ("1.5e-3", 0.0015), ("-1E-3", -0.001),
        # groups
        ("1,234", 1234.0), ("12,345,678.9", 12345678.9), ("1 234", 1234.0), ("1\u00a0234\u00a0567", 1234567.0),
        ("1\u202f234.5", 1234.5), ("1\u2009234", 1234.0), ("1'234'567.25", 1234567.25), ("1\u2019234", 1234.0),
        ("1,23,456", 123456.0), ("12,34,56,789.5", 123456789.5), ("-1,234", -1234.0), ("1,234.", 1234.0),
        # currencies
        ("$5", 5.0), ("€ 5", 5.0), ("5€", 5.0), ("5\u00a0€", 5.0), ("-€5", -5.0), ("€-5", -5.0), ("- € 5", -5.0),
        ("($5)", -5.0), ("$(5)", -5.0), ("(5) €", -5.0), ("£1,234.50", 1234.5), ("\u20bf2", 2.0), ("\u00a53", 3.0),
        ("EUR 5", 5.0), ("5 eur", 5.0), ("5EUR", 5.0), ("Usd5", 5.0), ("CHF 1'234.50", 1234.5), ("5.00- EUR", -5.0),
        ("5 CHF", 5.0), ("GBP -5", -5.0), ("US$5", 5.0), ("R$ 5", 5.0), ("5 kr.", 5.0), ("Fr. 5", 5.0), ("5 zł", 5.0),
        ("100円", 100.0), ("2e3 EUR", 2000.0),
        # no cents
        ("499.-", 499.0), ("CHF 1'234.\u2013", 1234.0), ("12.--", 12.0), ("12.\u2014", 12.0), ("-12.-", -12.0),
        # percent, to the last bit
        ("12 %", 0.12), ("12%", 0.12), ("0.7%", 0.007), ("-5 %", -0.05), ("(5 %)", -0.05), ("%12", 0.12),
        ("1,234.5 %", 12.345), ("5 ‰", 0.005), ("12\uff05", 0.12), ("5.%", 0.05),
        # digits of other scripts
        ("\u0663", 3.0), ("\u0661\u0662\u066b\u0665", 12.5), ("\u0661\u066c\u0662\u0663\u0664", 1234.0),
        ("\uff11\uff12", 12.0), ("\u0967\u0968", 12.0), ("\uff0d\uff11\uff0e\uff15", -1.5),
        ("\u06f1\u06f2\u066a", 0.12),
        # unseen characters
        ("\u200e-5", -5.0), ("\ufeff5", 5.0), ("1\u200b5", 15.0),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it_with_a_decimal_point(text: str, number: float) -> None:
    assert read_number(text) == (number, False)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,5", 1.5), ("1,", 1.0), (",5", 0.5), ("-1,5", -1.5), ("1,5E+3", 1500.0), ("1234,5", 1234.5),
        ("0,123", 0.123), ("1.234,5", 1234.5), ("1.234", 1234.0), ("12.345.678", 12345678.0),
        ("1,234", 1.234), ("1 234,5", 1234.5),
        ("1'234,5", 1234.5), ("1.234,50 €", 1234.5), ("EUR 1.234,50", 1234.5), ("(1.234,50)", -1234.5),
        ("1.234,50-", -1234.5), ("499,-", 499.0), ("1.234,-- €", 1234.0), ("0,7 %", 0.007), ("\u0661\u066b\u0665", 1.5),
        ("12", 12.0), ("1e3", 1000.0), ("Rs. 5,5", 5.5),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it_with_a_decimal_comma(text: str, number: float) -> None:
    found, bad = values.read_numbers(texts(text), MISSING, ",")
    assert (float(found[0]), bool(bad[0])) == (number, False)


@pytest.mark.parametrize(
    "text",
    [
        "x", "0x1A", "1_000", "1e", "e5", ".", ",", "-", "+-1", "--1", "-(5)", "(-5)", "(5", "5)", "()", "((5))", "5-5",
        "1.2.3", "12abc", "1 2", "1 23", "12 34", "1  234", "1234 567", "1,23,4 ", "1,23,45", "true", "5\n6", "1:5",
        "1\t234", "1\u00a0234\n567",
        "€", "EUR", "%", "5 %%", "€5€", "$5 USD", "5 EURO", "5 E", "5 USDX", "XUSD 5", "1e3 %", "1 234e5", "-5-", "+5-",
        "5.---", "5,---", "(5) 6", "5 (6)", "1'23", "'123", "1,234.567.8", "1.234,567,8", "1'234 567", "½", "5²", "Ⅴ",
        "1\u0662", "\uff115", "#5", "5 pieces", "10+", "5k", "3M", "~5", "<5", "5*", "2024-01-01", "01.02.2024",
        "555-123-456", "+49 30 123456",
    ],
)  # fmt: skip
@pytest.mark.parametrize("decimal", [".", ","])
def test_what_is_no_number_is_marked_and_never_guessed(text: str, decimal: str) -> None:
    found, bad = values.read_numbers(texts(text), MISSING, decimal)
    assert math.isnan(found[0])
    assert bad[0]


@pytest.mark.parametrize(
    ("decimal", "text"),
    [
        (".", "1,5"), (".", "0,123"), (".", "1.234,5"), (".", "1.234.567"), (".", "1234,567"), (".", "00,123"),
        (".", "1,23,4"), (".", "499,-"), (".", "1,234,56"), (",", "1.5"), (",", "0.123"), (",", "1,234.5"),
        (",", "1,234,567"), (",", "1234.567"), (",", "12,34,567"), (",", "1.23.456"), (",", "499.-"),
    ],
)  # fmt: skip
def test_a_number_with_the_other_decimal_sign_is_marked(decimal: str, text: str) -> None:
    assert values.numbers(texts(text), decimal)[1].tolist() == [True]


GROUPS = st.sampled_from(["", ",", ".", " ", "\u00a0", "\u202f", "\u2009", "'", "\u2019"])
BEFORE_AND_BEHIND = st.sampled_from(
    [("", ""), ("€", ""), ("EUR ", ""), ("", " €"), ("", "usd"), ("\u00a5 ", ""), ("", "\u00a0CHF"), (" ", "\u00a0")]
)
SIGNS = st.sampled_from(["-{}", "{}-", "({})", "\u2212{}", "- {}"])


def as_written(number: float, decimal: str, group: str) -> str:
    """A number of 0 or more in full, its digits before the decimal sign in groups of three."""
    digits, _, cents = f"{Decimal(repr(number)):f}".partition(".")
    return f"{int(digits):,}".replace(",", group) + (decimal + cents if cents else "")


@given(
    st.lists(st.floats(-1e15, 1e15).map(lambda number: float(f"{number:.12g}")), min_size=1, max_size=8),
    st.sampled_from(".,"), GROUPS, BEFORE_AND_BEHIND, SIGNS,
)  # fmt: skip
def test_a_number_written_in_any_country_is_read_to_the_last_bit(
    numbers: list[float], decimal: str, group: str, unit: tuple[str, str], sign: str
) -> None:
    assume(group != decimal)
    found = []
    for number in numbers:
        text = as_written(abs(number), decimal, group)
        assume(len(text) < 50)
        found.append(unit[0] + (sign.format(text) if math.copysign(1, number) < 0 else text) + unit[1])
    read, bad = values.read_numbers(texts(*found), MISSING, decimal)
    assert read.tolist() == numbers
    assert not bad.any()


@given(st.decimals(-(10**9), 10**9, places=4))
def test_percent_is_a_hundredth_to_the_last_bit(number: Decimal) -> None:
    assert read_number(f"{number} %") == (float(number / 100), False)


#: what a number may look like, written down once more with a reference back to the first separator
GRAMMAR = {
    decimal: re.compile(
        rf"(?P<digits>\d+|[1-9]\d{{0,2}}(?P<group>[{other} '])\d{{3}}(?:(?P=group)\d{{3}})*"
        + (r"|[1-9]\d?(?:,\d\d)+,\d{3}" if decimal == "." else "")
        + rf"|(?=[{decimal}]\d))(?P<cents>[{decimal}](?:\d*|--?))?(?P<power>[eE][+-]?\d+)?"
    )
    for decimal, other in ((".", ","), (",", "."))
}


def number_by_grammar(text: str, decimal: str) -> float | None:
    """A slow reading of a trimmed text of the characters below."""
    signs = 0
    if match := re.fullmatch(r"([€%]?) *\(([^()]*)\) *([€%]?)", text):
        text, signs = f"{match[1]}{match[2].strip(' ')}{match[3]}", 1
        if "-" in text or "+" in text:
            return None
    unit = ""
    negative = signs == 1
    while text[:1] in {"+", "-", "€", "%"}:
        if text[0] in "+-":
            if signs or unit == "%":
                return None
            signs, negative = 1, text[0] == "-"
        elif unit:
            return None
        else:
            unit = text[0]
        text = text[1:].lstrip(" ")
    if text[-1:] in {"€", "%"}:
        if unit:
            return None
        unit, text = text[-1], text[:-1].rstrip(" ")
    behind = re.fullmatch(r"(.*\d|.*\d[.,])-", text) and not text.endswith((decimal + "-", "--"))
    if behind:
        if signs or unit == "%":
            return None
        negative, text = True, text[:-1]
    match = GRAMMAR[decimal].fullmatch(text)
    if match is None:
        return None
    cents = match["cents"] or ""
    grouped = not (match["digits"].isdigit() or match["digits"] == "")
    if match["power"] and (unit == "%" or behind or "-" in cents or grouped):
        return None
    if "-" in cents and (unit == "%" or behind or not match["digits"]):
        return None
    plain = re.sub(r"\D", "", match["digits"]) + "." + re.sub(r"\D", "", cents) + "0"
    number = float(Decimal(plain) / 100) if unit == "%" else float(plain + (match["power"] or ""))
    return -number if negative else number


NEARLY_NUMBERS = st.text("0123456789.,' -+()€%e", max_size=9) | st.from_regex(
    r"\A[-(€ ]?[0-9]{1,3}[., '][0-9]{3}[., '-][0-9%€)]{0,4}\Z"
)


@given(st.lists(NEARLY_NUMBERS, min_size=1, max_size=40))
@example(["5-€", "€5-", "5,-€", "-.5e3", "5.-", "5.--", "(5)", "(-5)", "€-5", "-%5", "%-5", "1,23,456", "0,123", "-"])
def test_a_text_is_a_number_exactly_when_the_grammar_says_so(found: list[str]) -> None:
    trimmed = [text.strip(" ") for text in found]
    for decimal in ".,":
        read, bad = values.numbers(texts(*trimmed), decimal)
        for text, number, wrong in zip(trimmed, read.tolist(), bad.tolist(), strict=True):
            wanted = number_by_grammar(text, decimal)
            if wanted is None or abs(wanted) > 1e100:
                assert math.isnan(number), text
                assert wrong
            else:
                assert (number, wrong) == (wanted, False), text


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Nd", "Cs"]), min_size=1, max_size=12))
def test_a_text_without_a_digit_is_never_a_number_and_never_a_date(text: str) -> None:
    assert values.numbers(texts(text))[1].tolist() == [True]
    assert values.numbers(texts(text), ",")[1].tolist() == [True]
    assert values.instants(texts(text), "dmy")[1].tolist() == [True]


@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    for decimal in ".,":
        found, bad = values.read_numbers(texts(text), MISSING, decimal)
        assert bool(bad[0]) == (math.isnan(found[0]) and values.trim(texts(text), MISSING)[0].as_py() is not None)
    at, bad = values.instants(texts(text), "mdy")
    assert bad[0] == (at[0].as_py() is None)


@pytest.mark.parametrize("chunks", [[], [[]], [["1"], [], [None, "2,5"], ["x", "(3)"]], [["1"], ["2"]]])
@pytest.mark.parametrize("decimal", [".", ","])
def test_a_column_in_chunks_is_read_as_the_column_in_one(chunks: list[list[str | None]], decimal: str) -> None:
    whole = texts(*(text for chunk in chunks for text in chunk))
    for found, wanted in zip(
        values.read_numbers(pa.chunked_array(chunks, pa.string()), MISSING, decimal),
        values.read_numbers(whole, MISSING, decimal),
        strict=True,
    ):
        np.testing.assert_array_equal(found, wanted)
        assert len(found) == len(whole)


def test_a_cell_of_a_million_characters_is_no_trouble() -> None:
    for text in ("1" * 1_000_000, "1," * 500_000, "9" * 70 + " EUR", "(" * 100_000, "1.1." * 100_000):
        assert values.numbers(texts(text))[1].tolist() == [True]
        assert values.instants(texts(text), "dmy")[1].tolist() == [True]
