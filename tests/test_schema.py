from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core import schema
from core.config import DataConfig
from core.errors import ContractError, RefusedFile
from core.model import ModelColumn
from core.schema import CATEGORICAL, DATE, NUMERIC, Change, Column, Contract, Flagged, LeftOut


def config(**keys: Any) -> DataConfig:
    return DataConfig(**{"client_id": "id", "outcome": "left"} | keys)


# --- header names


def test_blanks_and_case_of_a_header_do_not_count_for_names_that_config_knows() -> None:
    found = schema.match_headers([" ID ", "Call  Failure", "LEFT", "Owner"], config(owner="owner"))
    assert found == ["id", "Call Failure", "left", "owner"]


@pytest.mark.parametrize(
    "header",
    [
        "Call Failure", "call failure", " CALL  FAILURE\t", "Call\xa0Failure", "Call\u2007\u202fFailure",
        "\ufeffCall Failure", "ï»¿Call Failure", "'Call Failure'", '"Call Failure"', "“ call failure ”",
        "«Call Failure»", '"\'Call failure\'"', "Call\nFailure", "Call Fai\xadlure", "Call Failure\x00",
        "\u200bCall\u3000Failure",
    ],
)  # fmt: skip
def test_a_known_name_is_recognised_however_it_is_dressed(header: str) -> None:
    assert schema.match_headers(["id", header], config(), ["Call Failure"]) == ["id", "Call Failure"]
    assert schema.match_headers(["id", header], config(numeric=("Call Failure",))) == ["id", "Call Failure"]
    assert schema.match_headers(["id", header], config(rename={"CALL failure": "calls"})) == ["id", "calls"]


def test_letters_composed_in_two_ways_are_one_name() -> None:
    assert schema.match_headers(["Gro\u0308\u00dfe"], config(), ["Größe"]) == ["Größe"]
    assert schema.match_headers(["GRÖSSE"], config(), ["Größe"]) == ["Größe"]


@pytest.mark.parametrize("header", ["call_failure", "call-failure", "CallFailure", "call.failure", "calls failure"])
def test_other_marks_between_words_make_another_name(header: str) -> None:
    assert schema.match_headers([header], config(), ["call failure"]) == [header]


def test_quotes_that_belong_to_the_name_stay() -> None:
    headers = ["the client's", '3" pipes', "'a' or 'b", '"', "''"]
    assert schema.match_headers(headers, config()) == [*headers[:4], "column 5 (no name)"]


def test_renamed_columns_get_the_name_config_gives_them() -> None:
    keys = config(rename={"Churn?": "left", "Customer No": "ID", "a": "b"})
    assert schema.match_headers(["customer  no", " CHURN? ", "A", "c"], keys) == ["id", "left", "b", "c"]


def test_the_spelling_of_config_counts_for_its_roles_and_that_of_the_contract_for_the_rest() -> None:
    keys = config(numeric=("SIZE",), owner="Owner")
    found = schema.match_headers(["ID", "size", "OWNER", "region"], keys, ["Size", "OWNER", "Region"])
    assert found == ["id", "Size", "Owner", "Region"]


def test_columns_without_a_name_are_called_by_their_place() -> None:
    found = schema.match_headers(["id", "", "left", " \t", "Unnamed: 4", '""', "\ufeff"], config())
    assert found == ["id", "column 2 (no name)", "left"] + [f"column {place} (no name)" for place in (4, 5, 6, 7)]
    assert [schema.nameless(name) for name in found] == [False, True, False, True, True, True, True]
    assert not schema.nameless("column 5")


def test_a_name_that_means_none_is_one_where_config_or_the_contract_knows_it() -> None:
    assert schema.match_headers(["Unnamed: 0"], config(), ["Unnamed: 0"]) == ["Unnamed: 0"]
    assert schema.match_headers(["Unnamed: 0"], config(rename={"unnamed: 0": "size"})) == ["size"]


def test_what_the_download_of_rejected_rows_added_is_not_read() -> None:
    headers = ["bellwether_line", "id", "left", "Bellwether_Reason "]
    assert schema.match_headers(headers, config()) == ["", "id", "left", ""]


def test_five_thousand_columns_are_read_and_more_are_refused() -> None:
    many = [f"c{number}" for number in range(5001)]
    assert schema.match_headers(many[:5000], config()) == many[:5000]
    with pytest.raises(RefusedFile) as told:
        schema.match_headers(many, config())
    assert str(told.value) == (
        "The table has 5,001 columns, and at most 5,000 are read; leave out those that say nothing about a client."
    )


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        (["id", "x", "x"], "Two columns are called 'x' (columns 2 and 3); rename one."),
        (["id", "My  Column", "y", "my column"], "Two columns are called 'my column' (columns 2 and 4); rename one."),
        (["id", "'x'", "X "], "Two columns are called 'X' (columns 2 and 3); rename one."),
        (["bellwether_line", "id", "Gone", "left"], "Two columns are called 'left' (columns 3 and 4); rename one."),
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


anything = st.text(max_size=8) | st.text(" aAbB_-\"'\xa0\ufeff", max_size=6)


@given(st.lists(anything, max_size=8))
def test_every_column_gets_a_name_of_its_own_that_it_keeps(headers: list[str]) -> None:
    named = [name for name in map(schema.folded, headers) if name]
    assume(not any(name.startswith("_") for name in named))  # it may be a name of the dataset's own
    if len(set(named)) < len(named):
        with pytest.raises(RefusedFile, match=r"^Two columns are called"):
            schema.match_headers(headers, config())
        return
    names = schema.match_headers(headers, config())
    assert len(names) == len(headers)
    assert len({schema.folded(name) for name in names}) == len(names)
    assert schema.match_headers(names, config()) == names
    assert schema.match_headers([name.upper() for name in names], config(), names) == names


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
        (["id", "left", "", "column 4 (no name)"], True),
    ],
)
def test_a_table_of_id_and_outcome_alone_holds_outcomes(headers: list[str], outcomes_only: bool) -> None:
    assert schema.holds_outcomes_only(headers, config(as_of="day")) is outcomes_only


def test_without_ids_no_table_holds_outcomes_only() -> None:
    assert not schema.holds_outcomes_only(["left"], config(client_id=""))


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
    flagged=st.lists(st.builds(Flagged, words, words)).map(tuple),
)  # fmt: skip


@given(contracts)
def test_a_contract_comes_back_from_the_store_as_it_was(contract: Contract) -> None:
    assert Contract.from_json(contract.to_json()) == contract


@given(contracts, contracts)
def test_the_fingerprint_tells_contracts_apart(one: Contract, other: Contract) -> None:
    assert (one.fingerprint == other.fingerprint) == (one == other)


def test_a_contract_stored_before_there_were_flags_is_read_and_keeps_its_text() -> None:
    stored = (
        '{"as_of": "day", "client_id": "id", "columns": [{"kind": "numeric", "name": "size"}, '
        '{"kind": "categorical", "name": "region"}, {"kind": "date", "name": "since"}], "label": "name", '
        '"left_out": [{"name": "x", "reason": "it is empty"}], "outcome": "left", "owner": "manager", '
        '"value": "revenue"}'
    )
    assert Contract.from_json(stored) == CONTRACT
    assert CONTRACT.to_json() == stored


def test_a_column_that_plays_two_roles_is_stored_once() -> None:
    twice = replace(CONTRACT, label="manager", value="size")
    assert twice.names == ("size", "region", "since", "manager")
    assert twice.kinds == {"size": NUMERIC, "region": CATEGORICAL, "since": DATE, "manager": CATEGORICAL}


# --- the columns of a file against the contract

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
        (
            {"region", "revenue"},
            ["annual_revenue", "Region Code"],
            "The file lacks the columns 'region' (did you mean 'Region Code'?), 'revenue' (did you mean "
            "'annual_revenue'?); add them",
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


def test_of_many_absent_columns_twenty_are_named() -> None:
    wide = replace(CONTRACT, columns=tuple(Column(f"c{number}", NUMERIC) for number in range(5000)))
    others = [f"d{number}" for number in range(5000 - len(HEADERS))]
    with pytest.raises(ContractError) as told:
        schema.require_columns(wide, HEADERS + others)
    assert str(told.value).count("did you mean") <= 20
    assert " and 4,980 more; add them" in str(told.value)


def test_missing_new_and_renamed_columns_are_told_apart() -> None:
    absent = {"size", "region", "revenue", "left"}
    found = schema.compare_columns(
        CONTRACT, [name for name in HEADERS if name not in absent] + ["", "x", "Re-Gion", "shade", "column 9 (no name)"]
    )
    assert found.missing == ("size", "region", "revenue")  # in the contract's order; the outcome may come later
    assert found.new == ("Re-Gion", "shade")  # x is left out by the contract
    assert found.renamed == (("region", "Re-Gion"),)


def test_a_new_name_stands_for_one_missing_column_only_the_likest() -> None:
    contract = replace(CONTRACT, columns=(Column("calls", NUMERIC), Column("calls lost", NUMERIC)))
    base = ["id", "day", "revenue", "manager", "name"]
    assert schema.compare_columns(contract, [*base, "calls_lost"]).renamed == (("calls lost", "calls_lost"),)
    found = schema.compare_columns(contract, [*base, "Calls lost 90d", "Calls2"])
    assert found.renamed == (("calls", "Calls2"), ("calls lost", "Calls lost 90d"))


def test_new_columns_are_told_in_a_sentence() -> None:
    assert schema.compare_columns(CONTRACT, HEADERS).sentence == ""
    assert schema.compare_columns(CONTRACT, [*HEADERS, "shade"]).sentence == (
        "The column 'shade' is new: the contract does not know it, and it is not looked at."
    )
    assert schema.compare_columns(CONTRACT, [*HEADERS, "b", "a"]).sentence == (
        "The columns 'b', 'a' are new: the contract does not know them, and they are not looked at."
    )


# --- features

ROWS = pd.DataFrame(
    {
        "since": pd.to_datetime(["2024-01-01", "2024-03-01", None], utc=True),
        "_as_of": pd.to_datetime(["2024-01-31T00:00", "2024-02-29T12:00", "2024-01-01T00:00"], utc=True),
        "region": ["north", None, "south"],
        "size": [1.5, np.nan, 3.0],
        "revenue": [1.0, 2.0, 3.0],
    },
    index=[7, 8, 9],
)


@pytest.mark.parametrize(
    "columns", [CONTRACT.columns, tuple(ModelColumn(column.name, column.kind) for column in CONTRACT.columns)]
)
def test_features_come_in_the_order_asked_for_with_dates_as_days_to_the_snapshot(columns: Any) -> None:
    made = schema.features(ROWS, columns)
    assert list(made.columns) == ["size", "region", "since"]
    assert list(made.index) == [7, 8, 9]
    np.testing.assert_array_equal(made["since"], [30.0, -0.5, np.nan])
    np.testing.assert_array_equal(made["size"], [1.5, np.nan, 3.0])
    assert made["region"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("name", ["gone", "size", "region", "since"])
@pytest.mark.parametrize("kind", [NUMERIC, CATEGORICAL, DATE])
def test_a_feature_that_the_rows_lack_or_hold_in_another_kind_is_missing(name: str, kind: str) -> None:
    own = {"size": NUMERIC, "region": CATEGORICAL, "since": DATE}.get(name)
    made = schema.features(ROWS, [Column(name, kind), Column("size", NUMERIC)])
    assert list(made.columns) == list(dict.fromkeys([name, "size"]))
    if own == kind or name == "size":
        return
    assert made[name].isna().all()
    assert list(made.index) == [7, 8, 9]
    assert made[name].dtype == (object if kind == CATEGORICAL else np.float64)


# --- changing the contract


def with_columns(*columns: Column, **changed: Any) -> Contract:
    return replace(CONTRACT, columns=columns, **changed)


def test_no_change_is_found_between_contracts_that_read_the_same() -> None:
    other = replace(
        CONTRACT,
        columns=CONTRACT.columns[::-1],
        left_out=(LeftOut("y", "it is empty"),),
        flagged=(Flagged("size", "it looks like an identifier"),),
    )
    assert schema.changes(CONTRACT, other) == []
    assert schema.consequence([], ["size"], "V1") == "Nothing changes."


def test_every_change_is_told_in_a_sentence() -> None:
    new = with_columns(
        Column("x", NUMERIC), Column("size", CATEGORICAL), Column("since", DATE), Column("shade", CATEGORICAL),
        left_out=(LeftOut("region", "config.toml says to ignore it"),), owner="", label="title",
    )  # fmt: skip
    assert schema.changes(CONTRACT, new) == [
        Change("size", "becomes", "'size' is read as categories; it was read as numbers."),
        Change(
            "region", "removed",
            "'region' is no longer a column that the model looks at: config.toml says to ignore it.",
        ),
        Change(
            "x", "added", "'x' becomes a column that the model looks at (numbers); it was left out: it is empty."
        ),
        Change("shade", "added", "'shade' becomes a column that the model looks at (categories)."),
        Change(
            "manager", "becomes", "The client manager is read from no column; it was read from 'manager'.",
            feature=False,
        ),
        Change("title", "becomes", "The name to show is read from 'title'; it was read from 'name'.", feature=False),
    ]  # fmt: skip


SIZE, REGION, SINCE, SHADE = CONTRACT.columns[0], CONTRACT.columns[1], CONTRACT.columns[2], Column("shade", CATEGORICAL)


@pytest.mark.parametrize(
    ("new", "champion_columns", "sentence"),
    [
        (
            with_columns(REGION, SINCE, SHADE),
            ["size", "region"],
            "The champion V1 uses 'size', which is no longer a column: until a new model is promoted, new rows are "
            "scored as if it were missing. Rows already in the dataset have no value for 'shade'.",
        ),
        (
            with_columns(REGION),
            ["size", "since"],
            "The champion V1 uses 'size' and 'since', which are no longer columns: until a new model is promoted, new "
            "rows are scored as if they were missing.",
        ),
        (
            with_columns(SIZE, Column("region", NUMERIC)),
            ["size", "region", "since"],
            "The champion V1 uses 'since', which is no longer a column, and 'region', which is read in another way: "
            "until a new model is promoted, new rows are scored as if they were missing. "
            "Rows already in the dataset count as having no value for 'region'.",
        ),
        (
            with_columns(REGION, SINCE),
            ["region"],
            "The champion uses none of the changed columns; nothing changes for it until the next training.",
        ),
        (
            with_columns(*CONTRACT.columns, SHADE),
            ["size", "shade"],
            "The champion V1 uses 'shade', which is a column again: new rows are scored by what they say. "
            "Rows already in the dataset have no value for 'shade'.",
        ),
        (
            with_columns(*CONTRACT.columns, label="title"),
            ["size"],
            "The columns that the model looks at stay as they are; nothing changes for the champion. "
            "Rows already in the dataset keep the id, date, outcome, worth, manager and name they came with.",
        ),
    ],
)
def test_the_consequence_for_the_champion_is_said(new: Contract, champion_columns: list[str], sentence: str) -> None:
    assert schema.consequence(schema.changes(CONTRACT, new), champion_columns, "V1") == sentence


def test_without_a_champion_the_next_training_takes_the_new_columns() -> None:
    assert schema.consequence(schema.changes(CONTRACT, with_columns(SIZE)), [], "") == (
        "There is no champion yet; the next training learns from the new columns."
    )
