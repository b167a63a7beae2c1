from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.diagnostics import summarise
from core.records import Summary
from core.schema import CATEGORICAL, DATE, NUMERIC


def summary(values: Any, kind: str = NUMERIC) -> dict[str, Summary]:
    """Summaries of one column by statistic."""
    found = summarise(pd.DataFrame({"x": values}), {"x": kind})
    assert {one.column for one in found} == {"x"}
    assert len({one.statistic for one in found}) == len(found)
    return {one.statistic: one for one in found}


def test_the_statistics_of_a_small_table_are_those_of_a_calculation_by_hand() -> None:
    # activity: sum 40, mean 8; squares of what is left 36 + 16 + 4 + 0 + 144 = 200, over 4 is 50
    # employees: one of five missing; mean 5, squares 16 + 4 + 4 + 16 = 40, over 3
    # exited: three of five
    table = pd.DataFrame(
        {
            "activity": [2.0, 4.0, 6.0, 8.0, 20.0],
            "employees": [1.0, 3.0, np.nan, 7.0, 9.0],
            "exited": [1.0, 0.0, 1.0, 1.0, 0.0],
        }
    )
    found = {(one.column, one.statistic): one for one in summarise(table, dict.fromkeys(table.columns, NUMERIC))}
    wanted = {
        "activity": {"missing": 0, "mean": 8, "median": 6, "std": math.sqrt(50), "min": 2, "max": 20, "q25": 4,
                     "q75": 8},
        "employees": {"missing": 0.2, "mean": 5, "median": 5, "std": math.sqrt(40 / 3), "min": 1, "max": 9,
                      "q25": 2.5, "q75": 7.5},
        "exited": {"missing": 0, "mean": 0.6, "median": 1, "std": math.sqrt(0.3), "min": 0, "max": 1, "q25": 0,
                   "q75": 1},
    }  # fmt: skip
    assert {key: one.value for key, one in found.items()} == pytest.approx(
        {(column, name): value for column, figures in wanted.items() for name, value in figures.items()}
    )
    assert found["employees", "missing"].n == 5
    assert found["employees", "mean"].n == 4
    assert all(one.text == "" for one in found.values())


def test_the_statistics_of_the_outcome_are_its_own_and_not_its_mean() -> None:
    # a well-known predecessor printed the mean of the outcome as its median and as its standard deviation
    found = summary([1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    assert len({round(found[name].value, 12) for name in ("mean", "median", "std")}) == 3


def test_of_one_value_there_is_no_standard_deviation() -> None:
    found = summary([3.0])
    assert math.isnan(found["std"].value)
    assert {name: found[name].value for name in ("mean", "median", "min", "max", "q25", "q75")} == dict.fromkeys(
        ("mean", "median", "min", "max", "q25", "q75"), 3.0
    )


def test_the_most_frequent_level_is_told_with_its_count() -> None:
    found = summary(["b", "a", "b", None, "c"], CATEGORICAL)
    assert found["most_frequent"] == Summary("x", "most_frequent", 4, 2.0, "b")
    assert found["missing"].value == 0.2


def test_of_levels_equally_frequent_the_first_by_name_is_told() -> None:
    assert summary(["b", "a", "b", "a", "c"], CATEGORICAL)["most_frequent"].text == "a"
    assert summary(["a", "b"], CATEGORICAL)["most_frequent"].text == "a"


def test_dates_are_told_as_dates_and_the_middle_one_is_one_of_them() -> None:
    days = pd.to_datetime(["2024-03-01", "2024-01-01", "2024-02-15", None, "2024-01-31"], utc=True)
    found = summary(days, DATE)
    assert {name: one.text for name, one in found.items()} == {
        "missing": "", "median": "2024-01-31", "min": "2024-01-01", "max": "2024-03-01",
    }  # fmt: skip
    assert found["missing"].value == 0.2
    assert math.isnan(found["median"].value)
    assert found["median"].n == 4


@pytest.mark.parametrize("kind", [NUMERIC, CATEGORICAL, DATE])
def test_of_an_empty_column_only_that_it_is_missing_is_told(kind: str) -> None:
    dtype = {NUMERIC: float, CATEGORICAL: object, DATE: "datetime64[us, UTC]"}[kind]
    gone = summary(pd.Series([None, None], dtype=dtype), kind)
    assert {name: (one.n, one.value) for name, one in gone.items()} == {"missing": (2, 1.0)}
    nothing = summary(pd.Series([], dtype=dtype), kind)
    assert {name: (one.n, one.value) for name, one in nothing.items()} == {"missing": (0, 0.0)}


def test_columns_are_told_in_the_order_they_were_asked_for() -> None:
    table = pd.DataFrame({"b": [1.0], "a": [2.0], "c": ["x"]})
    found = summarise(table, {"c": CATEGORICAL, "a": NUMERIC})
    assert list(dict.fromkeys(one.column for one in found)) == ["c", "a"]


@given(st.lists(st.integers(-1000, 1000) | st.none(), min_size=1, max_size=20))
def test_figures_lie_in_order_and_go_with_the_values(values: list[int | None]) -> None:
    column = [np.nan if value is None else float(value) for value in values]
    found = {name: one.value for name, one in summary(column).items()}
    known = sorted(value for value in values if value is not None)
    assert found["missing"] == pytest.approx(1 - len(known) / len(values))
    if not known:
        return
    assert found["min"] == known[0] <= found["q25"] <= found["median"] <= found["q75"] <= known[-1] == found["max"]
    assert found["mean"] * len(known) == pytest.approx(sum(known), abs=1e-9)
    moved = {name: one.value for name, one in summary([10 - 2 * value for value in column]).items()}
    assert moved["median"] == pytest.approx(10 - 2 * found["median"])
    assert moved["q25"] == pytest.approx(10 - 2 * found["q75"])
    assert moved["std"] == pytest.approx(2 * found["std"], nan_ok=True)
