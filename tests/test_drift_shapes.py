"""Shapes of both sides of a comparison, against numpy's histograms, and as they are stored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core import drift
from core.config import MonitoringConfig
from core.drift import RISK
from core.drift.cells import counted, grid_of
from core.store import monitoring
from tests.dashboard_fixtures import Stores, opened

RANDOM = np.random.default_rng(5)
SIDES = {
    "whole numbers": (RANDOM.poisson(20, 900).astype(float), RANDOM.poisson(26, 700).astype(float)),
    "tenths": (RANDOM.normal(7, 1, 900).round(1), RANDOM.normal(8, 1, 800).round(1)),
    "any numbers": (RANDOM.lognormal(3, 1, 1200), RANDOM.lognormal(3.5, 1, 900)),
    "many": (RANDOM.normal(0, 1, 40_000), RANDOM.normal(2, 3, 30_000)),
    "far away": (RANDOM.normal(0, 1, 900), RANDOM.normal(1e6, 1, 900)),
    "one value": (np.full(300, 4.0), np.full(300, 4.0)),
    "not of the lattice": (RANDOM.integers(0, 40, 900).astype(float), RANDOM.uniform(0, 40, 900)),
    "infinite": (np.append(RANDOM.normal(size=500), [np.inf, -np.inf]), RANDOM.normal(size=500)),
}  # fmt: skip


@pytest.mark.parametrize("case", SIDES)
def test_the_rows_in_each_bin_are_those_of_numpys_histogram(case: str) -> None:
    reference, current = SIDES[case]
    grid = grid_of(reference)
    found = drift.number_shape(counted(reference, grid), counted(current, grid))
    assert len(found["reference"]) == len(found["current"]) == len(found["edges"]) + 1 <= drift.BINS
    assert found["edges"] == sorted(found["edges"])
    finite = [np.nextafter(np.finfo(float).min, 0), *found["edges"], np.inf]
    for name, values in (("reference", reference), ("current", current)):
        inside = np.clip(values, np.finfo(float).min / 2, np.finfo(float).max)
        assert found[name] == np.histogram(inside, bins=finite)[0].tolist()


def test_no_outermost_bin_is_empty_and_edges_of_whole_numbers_are_round() -> None:
    reference, current = SIDES["whole numbers"]
    grid = grid_of(reference)
    found = drift.number_shape(counted(reference, grid), counted(current, grid))
    assert found["reference"][0] + found["current"][0] > 0
    assert found["reference"][-1] + found["current"][-1] > 0
    assert all(edge % 2 == 0 for edge in found["edges"]), "about forty whole numbers in at most twenty bins"


def test_levels_are_named_most_frequent_first_and_the_rest_is_counted_together() -> None:
    reference: dict[str | None, int] = {f"plan {number:02}": 100 - number for number in range(20)}
    current: dict[str | None, int] = {"plan 00": 10, "new": 500, None: 40}
    found = drift.level_shape(reference, current)
    assert found["levels"][:2] == ["new", "plan 00"]
    assert (found["reference"][:2], found["current"][:2]) == ([0, 100], [500, 10])
    assert found["missing"] == [0, 40]
    assert found["others"] == [sum(reference.values()) - sum(found["reference"]), 0]
    assert len(found["levels"]) == drift.LEVELS


def test_a_comparison_gives_the_shape_of_every_column_with_what_is_missing() -> None:
    frame = pd.DataFrame({"age": [20.0, 30.0, np.nan] * 40, "plan": pd.Series(["a", "b", None] * 40, dtype="str")})
    made = drift.profile(frame, {"age": "numeric", "plan": "categorical"})
    found = {one.column: one.shape for one in drift.compare(made, frame.head(60), MonitoringConfig())}
    between = [0] * 9
    assert found["age"] == {
        "edges": [float(edge) for edge in range(21, 31)], "reference": [40, *between, 40],
        "current": [20, *between, 20], "missing": [40, 20],
    }  # fmt: skip
    assert found["plan"] == {
        "levels": ["a", "b"], "reference": [40, 40], "current": [20, 20], "others": [0, 0], "missing": [40, 20],
    }  # fmt: skip


def test_a_run_stores_the_shape_of_every_compared_column_the_risk_included(stores: Stores) -> None:
    store = opened(stores.rich / "config.toml")
    with store.store.reading() as db:
        told = monitoring.list_drift(db)
        columns = told[told["kind"].isin(["numeric", "categorical", "prediction"])]
        assert RISK in columns["column"].tolist()
        for row in columns.itertuples():
            shape = monitoring.find_shape(db, row.version, row.chunk, row.column)
            for name, rows in (("reference", row.reference_n), ("current", row.current_n)):
                side = ("reference", "current").index(name)
                beside = [shape["missing"][side], *([shape["others"][side]] if "others" in shape else [])]
                assert sum(shape[name]) + sum(beside) == rows
        assert monitoring.find_shape(db, "", "2026-07", "nothing") == {}
