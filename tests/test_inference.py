"""What the first batch says about the columns: kinds, what is left out and why, what is flagged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import schema
from core.config import DataConfig
from core.errors import RefusedFile
from core.schema import CATEGORICAL, DATE, NUMERIC, Column, Flagged, LeftOut
from core.values import Spelling


def config(**keys: Any) -> DataConfig:
    return DataConfig(**{"client_id": "id", "outcome": "left"} | keys)


def table(**columns: list[str]) -> pa.Table:
    """Texts under tidy names; the id and the outcome fill up to the longest column."""
    count = max(map(len, columns.values()), default=2)
    whole = {"id": [f"c{n}" for n in range(count)], "left": [str(n % 2) for n in range(count)], **columns}
    return pa.table({name: pa.array(texts, pa.string()) for name, texts in whole.items()})


def inferred(texts: list[str], name: str = "x", spelling: Spelling | None = None, **columns: list[str]) -> str:
    """Kind of a column by its texts, or why it is left out."""
    found = contract_of(texts, name, spelling, **columns)
    kinds = [column.kind for column in found.columns if column.name == name]
    return kinds[0] if kinds else next(left.reason for left in found.left_out if left.name == name)


def flagged(texts: list[str], name: str = "x", **columns: list[str]) -> str:
    """Why a column is flagged; "" when it is not, or left out."""
    return next((flag.reason for flag in contract_of(texts, name, **columns).flagged if flag.name == name), "")


def contract_of(
    texts: list[str], name: str = "x", spelling: Spelling | None = None, **columns: list[str]
) -> schema.Contract:
    helper = ["1", "5", "2", *["3"] * (len(texts) - 3)]
    whole = table(**{name: texts, "helper": helper, **columns})
    return schema.infer_contract(whole, config(), *([spelling] if spelling else []))


# --- kinds


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "2.5", "-3", "1"], NUMERIC),
        (["1", "?", "", "2", "NA"], NUMERIC),
        (["2024-01-01", "2024-02-01 10:00", "", "2024-03-01"], DATE),
        (["north", "south", "north", "south"], CATEGORICAL),
        (["true", "false", "true", "true"], CATEGORICAL),
        (["only", "only", "", "only"], CATEGORICAL),
        (["", "?", "na", " "], "it is empty"),
        (["5", "5", "5", "5"], "it has one value only (5)"),
        (["yes", " yes", "yes ", "yes"], "it has one value only (yes)"),
    ],
)
def test_the_kind_of_a_column_is_found_by_its_values(texts: list[str], kind: str) -> None:
    assert inferred(texts) == kind


def test_numbers_and_dates_are_read_by_the_spelling_of_the_file() -> None:
    assert inferred(["1,5", "2,5", "3,5", "4,5"], spelling=Spelling(decimal=",")) == NUMERIC
    dates = ["31.01.2024", "28.02.2024", "01.03.2024", "30.04.2024", "01.05.2024"]
    assert inferred(dates, spelling=Spelling(dates="dmy")) == DATE
    assert inferred(dates) == (
        "its texts look like dates, but not in the order of year, month and day that is read here (data.date_format)"
    )


def test_one_text_in_twenty_numbers_leaves_a_number_column_and_two_make_it_categories() -> None:
    numbers = [str(n * n) for n in range(20)]
    assert inferred([*numbers[:19], "x"]) == NUMERIC
    assert inferred([*numbers[:18], "x", "y"]) == CATEGORICAL


def test_one_text_in_twenty_dates_leaves_a_date_column_and_more_make_it_something_else() -> None:
    dates = [f"2024-01-{n + 1:02d}" for n in range(20)]
    assert inferred([*dates[:19], "soon"]) == DATE
    assert inferred([*dates[:18], "soon", "late"]) == CATEGORICAL


def test_numbers_that_are_often_something_else_are_told_of() -> None:
    numbers = [str(n) for n in range(1, 81)]
    reason = "80 % of its values are numbers and the others are not, 20 of them 'unknown'; if that means missing, "
    assert inferred(numbers + ["unknown"] * 20) == f"{reason}add it to data.missing"
    few = [str(n % 12) for n in range(80)]
    assert inferred(few + ["unknown"] * 20) == CATEGORICAL
    assert flagged(few + ["unknown"] * 20) == f"{reason}add it to data.missing"
    assert flagged([str(n % 9) for n in range(80)] + ["unknown"] * 20) == ""  # levels that happen to be digits


def test_a_text_that_one_client_alone_has_is_never_told() -> None:
    numbers = [str(n) for n in range(1, 81)]
    reason = inferred(numbers + [f"Mr {chr(65 + n)} Smith" for n in range(20)])
    assert reason == "80 % of its values are numbers and the others are not"
    assert "@" not in inferred([f"{chr(97 + n)}@example.org" for n in range(20)])


# --- row numbers and identifiers


def test_fifty_numbers_that_count_up_or_down_by_one_number_the_rows() -> None:
    assert inferred([str(n) for n in range(100, 150)]) == "it numbers the rows"
    assert inferred([str(n) for n in range(150, 100, -1)]) == "it numbers the rows"
    assert inferred([str(n) for n in range(100, 149)]) == NUMERIC
    assert inferred([str(2 * n) for n in range(50)]) == NUMERIC
    assert inferred([str(n) for n in [*range(1, 50), 0]]) == NUMERIC


SHUFFLED = np.random.default_rng(0).permutation(200)


@pytest.mark.parametrize(
    ("name", "numbers", "reason"),
    [
        ("x", 15_000_000 + 4999 * SHUFFLED, "200 different whole numbers, of 8 digits"),
        ("x", 7 + SHUFFLED, "200 different whole numbers, close together"),
        ("Customer No", 7 + 50 * SHUFFLED, "200 different whole numbers, as its name says"),
        ("customerId", 7 + 50 * SHUFFLED, "200 different whole numbers, as its name says"),
        ("Kundennummer", 7 + 50 * SHUFFLED, "200 different whole numbers, as its name says"),
        (
            "key_of_client",
            10_000 + SHUFFLED,
            "200 different whole numbers, of 5 digits, close together, as its name says",
        ),
        ("x", 7 + 50 * SHUFFLED, ""),  # a quantity may be another for each client
        ("number_of_employees", 7 + 50 * SHUFFLED, ""),
        ("paid", 7 + 50 * SHUFFLED, ""),
        ("id2", 7 + (50 * SHUFFLED) // 90, ""),  # not another for each
        ("revenue_no", 0.5 + SHUFFLED, ""),
        ("x", 15_000_000 + 4999 * SHUFFLED[:49], ""),
    ],
)
def test_numbers_that_look_like_identifiers_stay_and_are_flagged(name: str, numbers: np.ndarray, reason: str) -> None:
    texts = [f"{number:g}" if number % 1 else str(int(number)) for number in numbers]
    assert inferred(texts, name) == NUMERIC
    assert flagged(texts, name) == (f"it looks like an identifier: {reason}" if reason else "")


def test_an_identifier_that_comes_with_every_snapshot_of_a_client_is_one() -> None:
    clients = [f"c{n % 100}" for n in range(600)]
    account = [str(40_000 + 7 * (n % 100)) for n in range(600)]
    assert "an identifier: 100 different whole numbers, of 5 digits" in flagged(account, id=clients)
    assert flagged(account) == ""  # of 600 clients it would be a level of six each
    names = [f"{chr(65 + n % 10)}{chr(97 + n % 100 // 10)} and sons" for n in range(600)]
    assert inferred(names, id=clients).startswith("it names the clients")
    assert inferred(names) == CATEGORICAL


# --- codes


def test_numbers_that_begin_with_zeros_are_codes() -> None:
    postal = [f"{n * 97 % 99_999:05d}" for n in range(1, 1001)]
    assert inferred(postal) == "it holds codes (numbers that begin with zeros, 1,000 different ones)"
    few = [f"0{n % 40 + 10}" for n in range(1000)]
    assert inferred(few) == CATEGORICAL
    assert flagged(few) == "its numbers begin with zeros, so they are taken for codes, not for quantities"
    some = [f"{n % 50 * 1999:05d}" for n in range(1000)]  # as postal codes are: one in ten begins with a zero
    assert inferred(some) == CATEGORICAL
    enough = [f"{n % 60:05d}" for n in range(1200)]  # twenty clients each
    assert inferred(enough) == CATEGORICAL
    assert inferred(enough[:-1]).startswith("it holds codes")


def test_a_zero_before_the_point_and_a_slip_make_no_code() -> None:
    assert inferred([f"0.{n}" for n in range(10, 60)]) == NUMERIC
    assert inferred([str(n * n) for n in range(200)] + ["007"]) == NUMERIC


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ([f"AB-{n:05d}" for n in range(100)], "it holds codes of the form A-9 (A: letters, 9: digits)"),
        ([f"C{n}" for n in range(100)], "it holds codes of the form A9 (A: letters, 9: digits)"),
        ([f"{n * 7919 % 65536:04x}-{n:02d}b" for n in range(4096, 4200)], "it holds codes of 10 characters"),
        ([f"{n:08x}-0000-4000-8000-{n:012x}" for n in range(20)], "it holds identifiers (UUIDs)"),
        ([f"{n:032x}" for n in range(10**30, 10**30 + 20)], "it holds identifiers (UUIDs)"),
        ([f"jo.{n}@example.co.uk" for n in range(20)], "it holds e-mail addresses"),
        ([f"https://example.org/{n}" for n in range(20)], "it holds web addresses"),
        ([f"www.firm{n}.example" for n in range(20)], "it holds web addresses"),
        ([f"+49 30 123{n:04d}" for n in range(20)], "it holds telephone numbers"),
        ([f"+4930123{n:04d}" for n in range(20)], "it holds telephone numbers"),
        ([f"030/123{n:04d}" for n in range(20)], "it holds telephone numbers"),
        ([f"(555) 123-{n:04d}" for n in range(20)], "it holds telephone numbers"),
    ],
)
def test_texts_of_one_form_that_each_client_has_for_itself_are_left_out(texts: list[str], reason: str) -> None:
    assert inferred(texts) == reason


def test_codes_that_many_clients_share_are_categories() -> None:
    assert inferred([f"AB-{n % 60:05d}" for n in range(1200)]) == CATEGORICAL
    assert inferred([f"jo{n % 4}@example.org" for n in range(100)]) == CATEGORICAL


# --- names, free text and many levels


def test_texts_that_differ_in_more_than_half_the_rows_name_the_clients() -> None:
    def names(levels: int, count: int) -> list[str]:
        return [f"{'aeiou'[n % levels % 5]}{'bcdfghjklmnp'[n % levels // 5]}ing firm" for n in range(count)]

    assert inferred(names(51, 51)) == "it names the clients rather than describes them (51 different texts)"
    assert inferred(names(50, 50)) == CATEGORICAL
    assert inferred(names(51, 102)) == CATEGORICAL
    assert inferred(names(51, 101)).startswith("it names the clients")
    assert flagged(names(51, 102)) == (
        "it has 51 different texts for 102 clients, so it may name rather than describe them"
    )
    assert flagged(names(51, 1020)) == ""


def test_sentences_that_differ_are_free_text() -> None:
    words = ["slow", "support", "prices", "rise", "we", "like", "it", "and", "will", "stay"]
    random = np.random.default_rng(0)
    notes = [" ".join(random.choice(words, 12)) for _ in range(60)]
    assert inferred(notes) == "it is free text (12 words on average)"
    assert inferred(notes[:20]) == "it is free text (12 words on average)"
    assert inferred(notes[:4] * 15) == CATEGORICAL
    unbroken = ["".join(random.choice(list("顧客は満足して"), 80)) for _ in range(60)]
    assert inferred(unbroken) == "it is free text (1 words on average)"


def test_thousands_of_levels_stay_categories() -> None:
    random = np.random.default_rng(0)
    cities = random.choice([f"{a}{b}{c}ville" for a in "BCDFGHKLMNPRSTVW" for b in "aeiou" for c in range(60)], 20_000)
    assert len(set(cities)) > 4700
    found = contract_of(cities.tolist())
    assert found.columns[0] == Column("x", CATEGORICAL)
    assert [flag.name for flag in found.flagged] == ["x"]


# --- roles, lists and what is refused
def test_id_outcome_date_owner_and_label_are_never_features_and_value_may_be_one() -> None:
    roles = {"as_of": "day", "owner": "manager", "label": "name", "value": "revenue"}
    many = table(
        day=["2024-01-01", "2024-02-01"], manager=["A", "B"], name=["x", "y"], revenue=["1", "3"], size=["7", "9"]
    )
    contract = schema.infer_contract(many, config(**roles))
    assert contract.columns == (Column("revenue", NUMERIC), Column("size", NUMERIC))
    assert (contract.client_id, contract.outcome, contract.as_of) == ("id", "left", "day")
    assert (contract.value, contract.owner, contract.label) == ("revenue", "manager", "name")
    assert contract.names == ("revenue", "size", "manager", "name")
    assert contract.kinds == {"revenue": NUMERIC, "size": NUMERIC, "manager": CATEGORICAL, "name": CATEGORICAL}
    assert contract.dated


def test_a_role_whose_column_is_absent_is_not_played() -> None:
    contract = schema.infer_contract(
        table(size=["7", "9"]), config(as_of="day", owner="manager", label="name", value="revenue")
    )
    assert (contract.as_of, contract.value, contract.owner, contract.label) == ("", "", "", "")
    assert contract.names == ("size",)
    assert not contract.dated


def test_columns_that_config_lists_keep_the_kind_given_there_and_no_other_is_looked_at() -> None:
    contract = schema.infer_contract(
        table(code=["1", "2"], since=["2024-01-01", "2024-02-01"], size=["7", "9"], x=["1", "3"]),
        config(numeric=("size",), categorical=("code",), dates=("since",)),
    )
    assert contract.columns == (Column("code", CATEGORICAL), Column("since", DATE), Column("size", NUMERIC))
    assert contract.left_out == (LeftOut("x", "config.toml does not list it"),)


def test_dates_that_config_lists_leave_the_others_to_be_inferred() -> None:
    contract = schema.infer_contract(table(since=["2024-01-01", "soon"], size=["7", "9"]), config(dates=("since",)))
    assert contract.columns == (Column("since", DATE), Column("size", NUMERIC))


def test_ignored_columns_are_left_out() -> None:
    contract = schema.infer_contract(table(row=["1", "2"], size=["7", "9"]), config(ignore=("row",)))
    assert contract.columns == (Column("size", NUMERIC),)
    assert contract.left_out == (LeftOut("row", "config.toml says to ignore it"),)


@pytest.mark.parametrize("other", ["size", "felt", "leftover_stock"])
def test_the_outcome_may_come_later(other: str) -> None:
    contract = schema.infer_contract(table(**{other: ["7", "9"]}).drop_columns("left"), config())
    assert contract.outcome == "left"
    assert contract.columns == (Column(other, NUMERIC),)


@pytest.mark.parametrize(
    ("columns", "keys", "sentence"),
    [
        (
            ["idd", "left", "size"],
            {},
            (
                "The file has no column 'id', which config.toml names as client_id (did you mean 'idd'?); "
                "its columns are idd, left, size."
            ),
        ),
        (
            ["number", "left", "size"],
            {},
            "The file has no column 'id', which config.toml names as client_id; its columns are number, left, size.",
        ),
        (
            ["id", "lefft", "size"],
            {},
            (
                "The file has no column 'left', which config.toml names as outcome (did you mean 'lefft'?); "
                "its columns are id, lefft, size."
            ),
        ),
        (
            ["id", "left", "Sizes"],
            {"numeric": ("size",)},
            "The file has no column 'size', which config.toml lists (did you mean 'Sizes'?).",
        ),
        (
            ["id", "left"],
            {"as_of": "day"},
            "No column is left to learn from beside the id, the outcome and the like.",
        ),
        (
            ["id", "left", "size", "column 4 (no name)"],
            {"ignore": ("size",)},
            "No column is left to learn from beside the id, the outcome and the like: 'size' (config.toml says to "
            "ignore it), 'column 4 (no name)' (it has no name in the header line).",
        ),
    ],
)
def test_a_first_file_that_makes_no_contract_is_refused(columns: list[str], keys: dict, sentence: str) -> None:
    found = pa.table({name: pa.array(["1", "2"]) for name in columns})
    with pytest.raises(RefusedFile) as told:
        schema.infer_contract(found, config(**keys))
    assert str(told.value) == sentence


def test_a_refusal_names_twenty_of_many_columns() -> None:
    found = pa.table({f"c{number}": pa.array(["1", "2"]) for number in range(3000)})
    with pytest.raises(RefusedFile) as told:
        schema.infer_contract(found, config())
    assert str(told.value).endswith("c18, c19 and 2,980 more.")


def test_a_column_without_a_name_is_left_out_and_so_reported() -> None:
    contract = schema.infer_contract(table(**{"size": ["7", "9"], "column 4 (no name)": ["1", "3"]}), config())
    assert contract.columns == (Column("size", NUMERIC),)
    assert contract.left_out == (LeftOut("column 4 (no name)", "it has no name in the header line"),)


def test_a_worth_that_holds_no_numbers_is_not_used_and_one_that_mostly_does_is_a_number() -> None:
    mostly = ["1", "2", "3", "4", "5", "n/a-"]
    contract = schema.infer_contract(table(worth=mostly, size=["7", "9", "8", "1", "2", "3"]), config(value="worth"))
    assert contract.value == "worth"
    assert contract.kinds == {"worth": NUMERIC, "size": NUMERIC}
    never = ["gold", "silver", "gold", "gold", "5", "silver"]
    contract = schema.infer_contract(table(worth=never, size=["7", "9", "8", "1", "2", "3"]), config(value="worth"))
    assert contract.value == ""
    assert contract.kinds == {"worth": CATEGORICAL, "size": NUMERIC}
    assert contract.flagged == (
        Flagged(
            "worth",
            "config.toml names it as value, but it does not hold numbers, so nothing is said about what is at stake",
        ),
    )
    empty = schema.infer_contract(table(worth=["", "", ""], size=["7", "9", "8"]), config(value="worth"))
    assert (empty.value, empty.kinds) == ("worth", {"size": NUMERIC, "worth": NUMERIC})


cells = st.text(max_size=6) | st.sampled_from(
    ["", "?", "1", "2.5", "01", "0123", "2024-01-01", "1.2.2024", "a", "AB-1", "+49 30 123456", "a@b.c", "x y z"]
)


@given(st.lists(cells, min_size=3, max_size=90), st.randoms(use_true_random=False))
def test_a_column_is_looked_at_or_left_out_with_a_reason_whatever_it_holds_and_however_it_is_sorted(
    texts: list[str], random: Any
) -> None:
    found = contract_of(texts)
    places = [column.name for column in found.columns] + [left.name for left in found.left_out]
    assert sorted(places) == ["helper", "x"]
    assert all(left.reason for left in found.left_out)
    again = contract_of(random.sample(texts, len(texts)))
    assert (again.columns, again.left_out, again.flagged) == (found.columns, found.left_out, found.flagged)
