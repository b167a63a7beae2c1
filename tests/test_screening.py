"""Columns that are flagged before training: leaks, identifiers, and what says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.training import Flag, flags
from tests.model_builders import contract

COUNT, LEAVERS = 400, 100
LEFT = np.repeat([1.0, 0.0], [LEAVERS, COUNT - LEAVERS])


def rows(count: int = COUNT, **columns: Any) -> pd.DataFrame:
    """Rows of a dataset, the leavers first, each about another client."""
    return pd.DataFrame(
        {
            "_client": [f"C{number:06d}" for number in range(count)],
            "_as_of": pd.Timestamp("2024-03-01", tz="UTC"),
            **columns,
        }
    )


def found(frame: pd.DataFrame, kinds: dict[str, str], outcome: np.ndarray = LEFT, **how: Any) -> list[Flag]:
    return flags(frame, outcome, contract(kinds), 0.99, **how)


def noise(seed: int = 0, count: int = COUNT) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


@pytest.mark.parametrize(
    ("kind", "column", "how"),
    [
        (
            "numeric", np.where(LEFT == 1, 5.0, 1.0),
            "its median is 5 for those who left and 1 for those who stayed",
        ),
        (
            "numeric", np.where(LEFT == 1, 1.0, 5.0),
            "its median is 1 for those who left and 5 for those who stayed",
        ),
        (
            "numeric", np.where(LEFT == 1, noise(), np.nan),
            "known for 100 % of those who left and for 0.0 % of those who stayed",
        ),
        (
            "categorical", pd.Series(np.where(LEFT == 1, None, "active"), dtype=object),
            "known for 0.0 % of those who left and for 100 % of those who stayed",
        ),
        (
            "categorical", [*["gone"] * 60, *["dead"] * 40, *["active"] * 300],
            "100 % left where it is 'gone' and 'dead', 0.0 % elsewhere",
        ),
        (
            "categorical", [*"aaabbcdefg" * 10, *["active"] * 300],
            "100 % left where it is 'a', 'b', 'c' and 4 more, 0.0 % elsewhere",
        ),
        (
            "date", pd.Series([pd.Timestamp("2024-02-01", tz="UTC")] * LEAVERS + [pd.NaT] * 300),
            "known for 100 % of those who left and for 0.0 % of those who stayed",
        ),
    ],
)  # fmt: skip
def test_a_column_that_decides_the_outcome_is_a_leak(kind: str, column: Any, how: str) -> None:
    told = found(rows(x=column, other=noise(1)), {"x": kind, "other": "numeric"})
    assert [(flag.column, flag.kind) for flag in told] == [("x", "leak")]
    assert told[0].sentence == (
        f"'x' alone all but decides the outcome (roc_auc 1.000 on 400 rows, 100 of them 'left'): {how}. "
        "If it is only known once a client has left, it is a leak: add it to data.ignore."
    )


def test_the_threshold_of_config_decides_what_a_leak_is() -> None:
    # of 100 leavers 97 stand above every stayer and three with them: 0.97 + 0.03 / 2 of the pairs are in order
    frame = rows(x=np.repeat([1.0, 0.0], [97, 303]))
    [flag] = flags(frame, LEFT, contract({"x": "numeric"}), 0.9849)
    assert "(roc_auc 0.985 on 400 rows" in flag.sentence
    assert flags(frame, LEFT, contract({"x": "numeric"}), 0.9851) == []


def test_leaks_stand_first_the_surest_before_the_others() -> None:
    nearly = np.r_[np.arange(1000, 1099), [-1], np.arange(300)].astype(float)
    frame = rows(one="a", nearly=nearly, surely=LEFT)
    told = found(frame, {"one": "categorical", "nearly": "numeric", "surely": "numeric"})
    assert [(flag.column, flag.kind) for flag in told] == [
        ("surely", "leak"), ("nearly", "leak"), ("one", "constant now"),
    ]  # fmt: skip


def test_a_good_column_is_no_leak() -> None:
    frame = rows(x=LEFT + noise(), region=np.where(noise(2) + LEFT > 0.5, "north", "south"))
    assert found(frame, {"x": "numeric", "region": "categorical"}) == []


def test_too_few_outcomes_or_none_tell_of_no_leak() -> None:
    frame, kinds = rows(x=LEFT, none=np.nan), {"x": "numeric", "none": "numeric"}
    few = np.where(np.cumsum(LEFT) <= 9, LEFT, np.nan)  # nine leavers
    few[LEAVERS:] = 0.0
    assert [flag.kind for flag in found(frame, kinds, few)] == ["constant now"]
    few[9] = 1.0
    assert [flag.kind for flag in found(frame, kinds, few)] == ["leak", "constant now"]
    assert [flag.kind for flag in found(frame, kinds, np.full(COUNT, np.nan))] == ["constant now"]
    assert found(frame[:0], kinds, LEFT[:0]) == []


def test_rows_without_an_outcome_do_not_count_for_a_leak() -> None:
    outcome = LEFT.copy()
    outcome[50:300] = np.nan
    [flag] = found(rows(x=LEFT), {"x": "numeric"}, outcome)
    assert "on 150 rows, 50 of them 'left'" in flag.sentence


def test_of_many_rows_a_sample_by_seed_is_searched() -> None:
    count = 50_000
    left = (np.random.default_rng(3).random(count) < 0.2).astype(float)
    frame = rows(count, x=left + noise(4, count) * 0.2)
    one, same, other = (found(frame, {"x": "numeric"}, left, seed=seed)[0].sentence for seed in (0, 0, 1))
    assert "on 20,000 rows" in one
    assert one == same != other


def test_identifiers_are_flagged_whether_numbers_or_texts() -> None:
    frame = rows(
        account=15_000_000 + 4999.0 * np.random.default_rng(0).permutation(COUNT),
        name=[f"Firm {number}" for number in range(COUNT)],
        size=noise(),
        region=["north", "south"] * 200,
    )
    kinds = {"account": "numeric", "name": "categorical", "size": "numeric", "region": "categorical"}
    advice = "A model could only learn single clients by heart from it; add it to data.ignore if it is one."
    assert found(frame, kinds) == [
        Flag(
            "account", "identifier",
            f"'account': it looks like an identifier: 400 different whole numbers, of 8 digits. {advice}",
        ),
        Flag(
            "name", "identifier",
            f"'name': it looks like an identifier: 400 different texts for 400 clients. {advice}",
        ),
    ]  # fmt: skip


def test_an_identifier_that_comes_with_every_snapshot_of_a_client_is_one() -> None:
    frame = rows(
        account=np.arange(COUNT) % 100 * 7 + 40_000.0, name=[f"Firm {number % 100}" for number in range(COUNT)]
    )
    kinds = {"account": "numeric", "name": "categorical"}
    assert found(frame, kinds, np.zeros(COUNT)) == []
    frame["_client"] = [f"C{number % 100}" for number in range(COUNT)]
    assert [flag.column for flag in found(frame, kinds, np.zeros(COUNT))] == ["account", "name"]


@pytest.mark.parametrize(
    ("kind", "column", "sentence"),
    [
        ("numeric", 1234.5, "'x' is 1,234 in all 400 rows"),
        ("categorical", "gold", "'x' is gold in all 400 rows"),
        ("date", pd.Timestamp("2020-05-06", tz="UTC"), "'x' is 2020-05-06 in all 400 rows"),
        ("numeric", np.nan, "'x' is empty in all 400 rows"),
        ("categorical", None, "'x' is empty in all 400 rows"),
    ],
)  # fmt: skip
def test_a_column_that_says_nothing_now_is_told(kind: str, column: Any, sentence: str) -> None:
    ending = ", so nothing can be learned from it."
    assert found(rows(x=column), {"x": kind}) == [Flag("x", "constant now", sentence + ending)]
    assert found(rows(), {"x": kind}) == [Flag("x", "constant now", f"'x' is empty in all 400 rows{ending}")]


def test_one_value_that_is_sometimes_missing_says_something() -> None:
    frame = rows(x=np.where(noise() > 0, 1.0, np.nan), y=["gold", None] * 200)
    assert found(frame, {"x": "numeric", "y": "categorical"}) == []
