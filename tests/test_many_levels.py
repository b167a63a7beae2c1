"""Columns of thousands of levels, and columns without a value, in real fits of every family."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from core.config import ModelConfig
from core.model import AdditiveModel
from core.training import best_rule, describe_columns, fit_family
from tests.model_builders import contract, rows_of

CITIES = [f"city {number:04d}" for number in range(5000)]
KINDS = contract({"usage": "numeric", "city": "categorical", "branch": "categorical", "plan": "categorical"})
FAMILIES = ["logistic", "ebm"]


def cities(count: int, seed: int) -> np.ndarray:
    """Big and small ones: city k is about as frequent as 1 / (k + 1)."""
    share = 1 / np.arange(1, len(CITIES) + 1)
    return np.random.default_rng(seed).choice(CITIES, count, p=share / share.sum())


def book(count: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Clients of 5,000 cities; those of the biggest city leave more often, and usage keeps them on plan A."""
    random = np.random.default_rng(seed)
    usage, plan, city = random.normal(size=count), random.choice(["A", "B"], count), cities(count, seed + 1)
    log_odds = -1 + 1.5 * usage * np.where(plan == "A", -1, 1) + 2.0 * (city == "city 0000")
    frame = pd.DataFrame(
        {
            "usage": usage,
            "city": pd.Series(city, dtype="str").mask(random.random(count) < 0.03),
            "branch": pd.Series(cities(count, seed + 2), dtype="str"),
            "plan": pd.Series(plan, dtype="str"),
        }
    )
    return frame, (random.random(count) < expit(log_odds)).astype(np.int64)


def test_the_hundred_most_frequent_levels_have_a_weight_of_their_own() -> None:
    counts = {f"level {number:03d}": 200 - number for number in range(150)} | {"tie": 101, "rare": 4}
    frame = pd.DataFrame(
        {"x": pd.Series([level for level, count in counts.items() for _ in range(count)], dtype="str")}
    )
    [column] = describe_columns(frame, contract({"x": "categorical"}))
    # level 099 and "tie" both stand 101 times at the hundredth place; the first in the alphabet has it
    assert column.levels == tuple(f"level {number:03d}" for number in range(100))
    assert column.usual == "level 000"


def test_of_few_levels_all_that_are_frequent_enough_have_a_weight() -> None:
    frame = pd.DataFrame({"x": pd.Series(["a"] * 5 + ["b"] * 4 + ["c"] * 9, dtype="str")})
    assert describe_columns(frame, contract({"x": "categorical"}))[0].levels == ("a", "c")


@pytest.mark.parametrize("family", FAMILIES)
def test_thousands_of_levels_cost_little_memory(family: str) -> None:
    frame, outcome = book(12_000)
    often = np.array([f"level {number:04d}" for number in range(1500)])  # eight rows each
    many = frame.assign(
        city=pd.Series(np.tile(often, 8), dtype="str"), branch=pd.Series(np.repeat(often, 8), dtype="str")
    )
    tracemalloc.start()
    model = fit_family(family, many, outcome, KINDS, ModelConfig())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120e6, "a column for each level would take 12,000 x 3,000 numbers, 288 MB"
    assert max(np.size(getattr(term, "weights", 0)) for term in model.terms) <= 1100, "no table of levels x levels"


@pytest.mark.parametrize("family", FAMILIES)
def test_frequent_levels_are_learned_and_the_rest_share_a_weight_with_levels_never_seen(family: str) -> None:
    frame, outcome = book(8000)
    model = fit_family(family, frame, outcome, KINDS, ModelConfig())
    usual = frame.head(1).assign(usage=0.0, branch="city 0001", plan="A")

    def risk(city: str | None) -> float:
        return float(model.risk(usual.assign(city=pd.Series([city], dtype="str")))[0])

    assert risk("city 0000") > risk("city 0001") + 0.15
    assert risk("city 4999") == risk("city 3777") == risk("Atlantis") != risk("city 0001")


def test_pairs_leave_out_columns_of_many_levels_and_still_find_the_pair_that_is_there() -> None:
    frame, outcome = book(4000)
    model = fit_family("ebm_pairs", frame, outcome, KINDS, ModelConfig(pairs=5))
    assert [term.columns for term in model.terms if len(term.columns) == 2] == [("usage", "plan")]
    small = frame.assign(city=frame["city"].str[-1], branch=frame["branch"].str[-1])
    wide = fit_family("ebm_pairs", small, outcome, KINDS, ModelConfig(pairs=5))
    assert len([term for term in wide.terms if len(term.columns) == 2]) == 5


def test_a_rule_of_a_column_of_many_levels_has_the_weights_it_has_words_for() -> None:
    random = np.random.default_rng(0)
    city = cities(6000, 1)
    outcome = (random.random(6000) < np.where(city < "city 0050", 0.7, 0.1)).astype(np.int64)
    rule = best_rule(
        rows_of({"city": pd.Series(city, dtype="str")}, outcome), contract({"city": "categorical"}), ModelConfig()
    )
    assert rule is not None
    [term] = rule.model.terms
    assert term.bins[0].levels == rule.model.columns[0].levels
    assert len(term.bins[0].levels) == 100


@pytest.mark.parametrize("family", FAMILIES)
def test_columns_without_any_value_are_learned_as_such(family: str) -> None:
    frame, outcome = book(600)
    frame = frame.assign(usage=np.nan, city=pd.Series(None, index=frame.index, dtype=object))
    model: AdditiveModel = fit_family(family, frame, outcome, KINDS, ModelConfig())
    moved = frame.assign(usage=3.0, city=pd.Series("city 0001", index=frame.index, dtype="str"))
    assert np.isfinite(model.risk(frame)).all()
    assert np.isfinite(model.risk(moved)).all()
