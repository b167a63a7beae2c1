from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import schema
from core.config import DataConfig
from core.errors import ContractError, RefusedFile
from core.schema import CATEGORICAL, DATE, NUMERIC, Column, Contract, LeftOut


def config(**keys: Any) -> DataConfig:
    return DataConfig(**{"client_id": "id", "outcome": "left"} | keys)


def table(**columns: list[str]) -> pa.Table:
    """Texts under tidy names; the id and the outcome fill up to the longest column."""
    count = max(map(len, columns.values()), default=2)
    whole = {"id": [f"c{n}" for n in range(count)], "left": [str(n % 2) for n in range(count)], **columns}
    return pa.table({name: pa.array(texts, pa.string()) for name, texts in whole.items()})


def inferred(texts: list[str], **keys: Any) -> str:
    """Kind of a column by its texts, or why it is left out."""
    helper = ["1", "5", "2", *["3"] * (len(texts) - 3)]
    contract = schema.infer_contract(table(x=texts, helper=helper), config(**keys))
    found = [column.kind for column in contract.columns if column.name == "x"]
    return found[0] if found else next(left.reason for left in contract.left_out if left.name == "x")


# --- header names


def test_blanks_and_case_of_a_header_do_not_count_for_names_that_config_knows() -> None:
    found = schema.match_headers([" ID ", "Call  Failure", "LEFT", "Owner"], config(owner="owner"))
    assert found == ["id", "Call Failure", "left", "owner"]


def test_renamed_columns_get_the_name_config_gives_them() -> None:
    keys = config(rename={"Churn?": "left", "Customer No": "ID", "a": "b"})
    assert schema.match_headers(["customer  no", " CHURN? ", "A", "c"], keys) == ["id", "left", "b", "c"]


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        (["id", "x", "x"], "Two columns are called 'x' (columns 2 and 3); rename one."),
        (["id", "My  Column", "y", "my column"], "Two columns are called 'my column' (columns 2 and 4); rename one."),
        (["id", "Gone", "left"], "Two columns are called 'left' (columns 2 and 3); rename one."),
        (["id", "", "left"], "Column 2 has no name in the header line; give every column a name."),
        (["id", "left", " \t"], "Column 3 has no name in the header line; give every column a name."),
        (
            ["id", "_client", "left"],
            (
                "Column '_client' has a name that Bellwether uses itself; "
                "rename it, or map it to another name under [data.rename] in config.toml."
            ),
        ),
    ],
)
def test_a_header_that_cannot_be_told_apart_is_refused(headers: list[str], sentence: str) -> None:
    with pytest.raises(RefusedFile) as told:
        schema.match_headers(headers, config(rename={"gone": "left"}))
    assert str(told.value) == sentence


def test_other_names_may_begin_with_an_underscore() -> None:
    assert schema.match_headers(["_id", "_x"], config(client_id="_id")) == ["_id", "_x"]


@pytest.mark.parametrize(
    ("headers", "outcomes_only"),
    [
        (["id", "left"], True),
        (["left", "day", "id"], True),
        (["id", "left", "x"], False),
        (["id", "day"], False),
        (["left", "day"], False),
    ],
)
def test_a_table_of_id_and_outcome_alone_holds_outcomes(headers: list[str], outcomes_only: bool) -> None:
    assert schema.holds_outcomes_only(headers, config(as_of="day")) is outcomes_only


def test_without_ids_no_table_holds_outcomes_only() -> None:
    assert not schema.holds_outcomes_only(["left"], config(client_id=""))


# --- inferring the contract


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "2.5", "-3", "1"], NUMERIC),
        (["1", "?", "", "2", "NA"], NUMERIC),
        (["2024-01-01", "2024-02-01 10:00", "", "2024-03-01"], DATE),
        (["north", "south", "north", "south"], CATEGORICAL),
        (["true", "false", "true", "true"], CATEGORICAL),
        (["1,5", "2,5", "3,5", "4,5"], CATEGORICAL),
        (["only", "only", "", "only"], CATEGORICAL),
        (["", "?", "na", " "], "it is empty"),
        (["5", "5", "5", "5"], "it has one value only (5)"),
        (["yes", " yes", "yes ", "yes"], "it has one value only (yes)"),
    ],
)
def test_the_kind_of_a_column_is_found_by_its_values(texts: list[str], kind: str) -> None:
    assert inferred(texts) == kind


def test_one_text_in_twenty_numbers_leaves_a_number_column_and_two_make_it_categories() -> None:
    numbers = [str(n * n) for n in range(20)]
    assert inferred([*numbers[:19], "x"]) == NUMERIC
    assert inferred([*numbers[:18], "x", "y"]) == CATEGORICAL


def test_one_text_in_twenty_dates_leaves_a_date_column_and_two_make_it_categories() -> None:
    dates = [f"2024-01-{n + 1:02d}" for n in range(20)]
    assert inferred([*dates[:19], "soon"]) == DATE
    assert inferred([*dates[:18], "soon", "late"]) == CATEGORICAL


def test_fifty_numbers_that_count_up_by_one_number_the_rows() -> None:
    assert inferred([str(n) for n in range(100, 150)]) == "it numbers the rows"
    assert inferred([str(n) for n in range(100, 149)]) == NUMERIC
    assert inferred([str(2 * n) for n in range(50)]) == NUMERIC
    assert inferred([str(n) for n in [*range(1, 50), 0]]) == NUMERIC


def test_texts_that_differ_in_more_than_half_the_rows_name_the_clients() -> None:
    assert inferred([f"n{n}" for n in range(51)]) == (
        "it names the clients rather than describes them (51 different texts)"
    )
    assert inferred([f"n{n}" for n in range(50)]) == CATEGORICAL
    assert inferred([f"n{n % 51}" for n in range(102)]) == CATEGORICAL
    assert inferred([f"n{n % 51}" for n in range(101)]).startswith("it names the clients")


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
            "No column is left to learn from: every column is an id, constant, empty or ignored.",
        ),
        (
            ["id", "left", "size"],
            {"ignore": ("size",)},
            "No column is left to learn from: every column is an id, constant, empty or ignored.",
        ),
    ],
)
def test_a_first_file_that_makes_no_contract_is_refused(columns: list[str], keys: dict, sentence: str) -> None:
    found = pa.table({name: pa.array(["1", "2"]) for name in columns})
    with pytest.raises(RefusedFile) as told:
        schema.infer_contract(found, config(**keys))
    assert str(told.value) == sentence


# --- the contract

CONTRACT = Contract(
    client_id="id", outcome="left", as_of="day", value="revenue", owner="manager", label="name",
    columns=(Column("size", NUMERIC), Column("region", CATEGORICAL), Column("since", DATE)),
    left_out=(LeftOut("x", "it is empty"),),
)  # fmt: skip

words = st.text("abüß \"'{}", max_size=6)
contracts = st.builds(
    Contract,
    client_id=words, outcome=words, as_of=words, value=words, owner=words, label=words,
    columns=st.lists(st.builds(Column, words, st.sampled_from([NUMERIC, CATEGORICAL, DATE]))).map(tuple),
    left_out=st.lists(st.builds(LeftOut, words, words)).map(tuple),
)  # fmt: skip


@given(contracts)
def test_a_contract_comes_back_from_the_store_as_it_was(contract: Contract) -> None:
    assert Contract.from_json(contract.to_json()) == contract


@given(contracts, contracts)
def test_the_fingerprint_tells_contracts_apart(one: Contract, other: Contract) -> None:
    assert (one.fingerprint == other.fingerprint) == (one == other)


def test_a_column_that_plays_two_roles_is_stored_once() -> None:
    twice = replace(CONTRACT, label="manager", value="size")
    assert twice.names == ("size", "region", "since", "manager")
    assert twice.kinds == {"size": NUMERIC, "region": CATEGORICAL, "since": DATE, "manager": CATEGORICAL}


HEADERS = ["id", "left", "day", "revenue", "manager", "name", "size", "region", "since"]


def test_a_file_that_has_what_the_contract_asks_for_passes() -> None:
    schema.require_columns(CONTRACT, [*HEADERS, "more"])
    schema.require_columns(CONTRACT, ["region", "since", "size"], scoring=True)


@pytest.mark.parametrize(
    ("absent", "added", "sentence"),
    [
        ({"size"}, [], "The file lacks the column 'size'; add it, or map another name to it under [data.rename]"),
        ({"size"}, ["Sizes"], "The file lacks the column 'size' (did you mean 'Sizes'?); add it, or map"),
        (
            {"day", "region"},
            [],
            "The file lacks the columns 'day', 'region'; add them, or map other names to them under [data.rename]",
        ),
        ({"id"}, [], "The file lacks the column 'id'; add it"),
        ({"manager"}, [], "The file lacks the column 'manager'; add it"),
    ],
)
def test_every_absent_column_is_named_with_what_it_may_be_called(
    absent: set[str], added: list[str], sentence: str
) -> None:
    with pytest.raises(ContractError) as told:
        schema.require_columns(CONTRACT, [name for name in HEADERS if name not in absent] + added)
    assert str(told.value).startswith(sentence)


def test_scoring_a_file_asks_for_every_feature_and_for_nothing_else() -> None:
    with pytest.raises(ContractError, match=r"^The file lacks the columns 'region', 'since'; "):
        schema.require_columns(CONTRACT, ["id", "left", "day", "revenue", "size"], scoring=True)


def test_features_come_in_the_order_of_the_contract_with_dates_as_days_to_the_snapshot() -> None:
    rows = pd.DataFrame(
        {
            "since": pd.to_datetime(["2024-01-01", "2024-03-01", None], utc=True),
            "_as_of": pd.to_datetime(["2024-01-31T00:00", "2024-02-29T12:00", "2024-01-01T00:00"], utc=True),
            "region": ["north", None, "south"],
            "size": [1.5, np.nan, 3.0],
            "revenue": [1.0, 2.0, 3.0],
        },
        index=[7, 8, 9],
    )
    made = schema.features(rows, CONTRACT)
    assert list(made.columns) == ["size", "region", "since"]
    assert list(made.index) == [7, 8, 9]
    np.testing.assert_array_equal(made["since"], [30.0, -0.5, np.nan])
    np.testing.assert_array_equal(made["size"], [1.5, np.nan, 3.0])
    assert made["region"].isna().tolist() == [False, True, False]
