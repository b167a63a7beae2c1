from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import drift
from core.config import MonitoringConfig
from core.drift import ALARM, STABLE, TOO_FEW, WATCH
from core.records import ColumnDrift
from core.schema import CATEGORICAL, DATE, NUMERIC, Column, Contract

CASES: dict[str, Any] = json.loads((Path(__file__).parent / "reference" / "psi.json").read_text(encoding="utf-8"))
TEXT = pd.StringDtype(na_value=np.nan)


def compared(reference: Any, current: Any, kind: str = NUMERIC, **config: Any) -> ColumnDrift:
    """Drift of one column."""
    dtype = TEXT if kind == CATEGORICAL else float
    sides = [pd.DataFrame({"x": pd.Series(side, dtype=dtype)}) for side in (reference, current)]
    return drift.compare(*sides, {"x": kind}, MonitoringConfig(**config))[0]


def bins(reference: Any, current: Any, kind: str = NUMERIC) -> tuple[list[float], list[float]]:
    dtype = TEXT if kind == CATEGORICAL else float
    sides = (pd.Series(reference, dtype=dtype), pd.Series(current, dtype=dtype))
    first, second = drift.histograms(*sides, kind)
    return first.tolist(), second.tolist()


def levels(counts: list[int], names: list[str] | None = None) -> list[str]:
    """A column with so many rows of each level."""
    return [name for name, count in zip(names or "abcdefgh", counts, strict=False) for _ in range(count)]


# --- the distance


def test_psi_by_hand() -> None:
    # with half a count added the shares are 80.5/101 and 20.5/101, and the other way round
    found = drift.psi(np.array([80.0, 20.0]), np.array([20.0, 80.0]))
    assert found == pytest.approx(2 * 60 / 101 * np.log(80.5 / 20.5) - (1 / 100 + 1 / 100))


def test_an_empty_bin_leaves_psi_finite() -> None:
    found = drift.psi(np.array([10.0, 0.0, 10.0]), np.array([10.0, 10.0, 0.0]))
    assert found == pytest.approx(2 * 10 / 21.5 * np.log(10.5 / 0.5) - 2 * (1 / 20 + 1 / 20))


def test_psi_of_many_rows_is_that_of_evidently_and_deepchecks() -> None:
    case = CASES["six_levels"]
    many = 10**8  # so many rows that neither half a count nor chance matters
    found = drift.psi(np.array(case["reference"]) * many, np.array(case["current"]) * many)
    assert found == pytest.approx(case["psi_of_evidently_and_deepchecks"], rel=1e-6)


def by_chance(kinds: int, reference: int, current: int) -> float:
    """Mean of PSI over so many bins under no drift."""
    return (kinds - 1) * (1 / reference + 1 / current)


def test_psi_of_numbers_is_taken_in_the_deciles_of_the_reference() -> None:
    case = CASES["normal_1_1_against_5_2"]
    found = compared(case["reference"], case["current"])
    wanted = case["psi_in_reference_deciles_half_a_count_added"]
    assert found.psi == pytest.approx(wanted - by_chance(10, 100, 100), rel=1e-9)
    assert found.verdict == ALARM


def test_psi_of_numbers_that_nearly_all_lie_beyond_the_reference() -> None:
    random = np.random.RandomState(1)  # the recipe of the case
    reference, current = random.normal(0, 1, 100_000), random.normal(-4, 1, 1000)
    wanted = CASES["normal_moved_by_4"]["psi_in_reference_deciles_half_a_count_added"]
    assert compared(reference, current).psi == pytest.approx(wanted - by_chance(10, 100_000, 1000), rel=1e-9)


histogram_pairs = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50)).filter(any), min_size=1, max_size=6
).filter(lambda pairs: all(sum(side) for side in zip(*pairs, strict=True)))


@given(histogram_pairs, st.randoms(use_true_random=False))
def test_psi_is_the_same_from_either_side_and_in_any_order_of_bins(pairs: list, random: Any) -> None:
    reference, current = np.array(pairs, float).T
    one = drift.psi(reference, current)
    order = random.sample(range(len(pairs)), len(pairs))
    assert drift.psi(current, reference) == pytest.approx(one, abs=1e-12)
    assert drift.psi(reference[order], current[order]) == pytest.approx(one, abs=1e-12)
    assert one >= -by_chance(len(pairs), int(reference.sum()), int(current.sum())) - 1e-12


# --- the bins


def test_numbers_fall_into_deciles_of_the_reference_with_open_ends() -> None:
    reference = list(range(1, 101))  # deciles between 10.9 and 90.1
    assert bins(reference, [-50, 1, 10, 11, 91, 1e9])[0] == [10.0] * 10
    assert bins(reference, [-50, 1, 10, 11, 91, 1e9])[1] == [3, 1, 0, 0, 0, 0, 0, 0, 0, 2]


def test_up_to_ten_values_are_a_bin_each_and_what_lies_beyond_another() -> None:
    assert bins([0, 0, 1, 1, 2], [0, 1, 1, 3, -1]) == ([0, 2, 2, 1, 0], [1, 1, 2, 0, 1])
    assert bins([0, 0, 1], [0, 1, 1]) == ([2, 1], [1, 2])
    ten = [0, 1, 2, 3, 4, 5, 6, 7, 8, 100]
    assert bins(ten * 3, [*ten, 8, 101]) == ([3] * 10 + [0], [1] * 8 + [2, 1, 1])


def test_a_value_that_fills_several_deciles_has_a_bin_of_its_own() -> None:
    zeros = [0.0] * 950 + [float(n) for n in range(1, 51)]
    assert bins(zeros, [0.0] * 10 + [1.0, 30.0, 99.0]) == ([950, 50], [10, 3])
    capped = [float(n) for n in range(1, 51)] + [100.0] * 950
    assert bins(capped, [1.0, 99.0, 100.0, 101.0]) == ([50, 950], [2, 2])
    middle = [float(n) for n in range(-50, 0)] + [0.0] * 900 + [float(n) for n in range(1, 51)]
    assert bins(middle, [-1.0, 0.0, 0.0, 5.0]) == ([50, 900, 50], [1, 2, 1])


def test_missing_is_a_bin_of_its_own_where_either_side_has_it() -> None:
    assert bins([1, 1, 2, np.nan], [1, 2, 2, 2]) == ([2, 1, 1], [1, 3, 0])
    assert bins([1, 1, 2], [1, np.nan, np.nan]) == ([2, 1, 0], [1, 0, 2])
    assert bins(["a", "b", None], ["a", None, None], CATEGORICAL) == ([1, 1, 1], [1, 0, 2])
    assert bins(["a", "b"], ["a", None], CATEGORICAL) == ([1, 1, 0], [1, 0, 1])


def test_levels_are_bins_whatever_holds_them() -> None:
    reference = pd.Series(["a", "b", None, "a"], dtype=TEXT)
    current = pd.Series(["b", None, "c"], dtype="category")
    first, second = drift.histograms(reference, current, CATEGORICAL)
    assert (first.tolist(), second.tolist()) == ([2, 1, 0, 1], [0, 1, 1, 1])


numbers = st.lists(st.sampled_from([0.0, 1.0, 2.5, -3.0]) | st.floats(-9, 9) | st.just(np.nan), max_size=40)


@given(numbers, numbers)
def test_every_row_falls_into_one_bin(reference: list[float], current: list[float]) -> None:
    first, second = bins(reference, current)
    assert (sum(first), sum(second)) == (len(reference), len(current))
    assert all(one + other > 0 for one, other in zip(first, second, strict=True))


@given(numbers, numbers, st.floats(0.5, 4), st.integers(-5, 5))
def test_another_unit_changes_no_bin(reference: list[float], current: list[float], scale: float, offset: int) -> None:
    factor = 2.0 ** round(np.log2(scale))  # so that rounding moves no value over an edge
    moved = [np.round(np.array(side) * 64) / 64 for side in (reference, current)]
    assert bins(*moved) == bins(*(side * factor + offset for side in moved))


# --- the verdict


@pytest.mark.parametrize(
    ("distance", "rows", "verdict"),
    [
        (0.099, (30, 30), STABLE), (0.1, (30, 30), WATCH), (0.249, (30, 900), WATCH), (0.25, (900, 30), ALARM),
        (9.0, (29, 900), TOO_FEW), (9.0, (900, 29), TOO_FEW), (-0.5, (30, 30), STABLE), (0.0, (0, 0), TOO_FEW),
    ],
)  # fmt: skip
def test_the_verdict_follows_from_distance_and_rows(distance: float, rows: tuple[int, int], verdict: str) -> None:
    assert drift.verdict(distance, *rows, MonitoringConfig()) == verdict


def test_thresholds_are_those_of_the_config() -> None:
    config = MonitoringConfig(min_rows=2, psi_watch=0.5, psi_alarm=1.0)
    assert [drift.verdict(distance, 2, 2, config) for distance in (0.4, 0.5, 1.0)] == [STABLE, WATCH, ALARM]


def test_what_chance_explains_is_stable_however_far() -> None:
    assert drift.verdict(0.9, 40, 40, MonitoringConfig(), 1.0) == STABLE
    assert drift.verdict(1.0, 40, 40, MonitoringConfig(), 1.0) == ALARM
    # upper thousandths of chi-square in any table: 10.828 with one degree of freedom, 27.877 with nine
    assert drift.chance(np.full(2, 50), np.full(2, 25)) == pytest.approx(9.828 * (1 / 100 + 1 / 50), rel=1e-4)
    assert drift.chance(np.full(10, 50), np.full(10, 5)) == pytest.approx(18.877 * (1 / 500 + 1 / 50), rel=1e-4)
    assert drift.chance(np.array([50]), np.array([50])) == 0


Draw = Callable[[np.random.Generator, int], Any]

SAMPLES: dict[str, tuple[str, Draw]] = {
    "normal": (NUMERIC, lambda random, n: random.normal(size=n)),
    "skewed": (NUMERIC, lambda random, n: random.exponential(size=n) ** 2),
    "mostly zero": (NUMERIC, lambda random, n: np.maximum(0, random.normal(-1.2, 1, n))),
    "counts": (NUMERIC, lambda random, n: random.poisson(2, n).astype(float)),
    "often missing": (NUMERIC, lambda random, n: np.where(random.random(n) < 0.3, np.nan, random.normal(size=n))),
    "yes or no": (CATEGORICAL, lambda random, n: random.choice(["yes", "no"], n)),
    "five levels": (CATEGORICAL, lambda random, n: random.choice(list("abcde"), n)),
    "rare levels": (CATEGORICAL, lambda random, n: (random.zipf(1.6, n).clip(max=400)).astype(str)),
}


@pytest.mark.parametrize("sizes", [(30, 30), (50, 50), (200, 100), (5000, 50)], ids=str)
@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_of_one_law_hardly_ever_raise_an_alarm_however_small(sample: str, sizes: tuple[int, int]) -> None:
    kind, draw = SAMPLES[sample]
    random = np.random.default_rng(20260105)
    verdicts = [compared(draw(random, sizes[0]), draw(random, sizes[1]), kind).verdict for _ in range(60)]
    assert verdicts.count(STABLE) >= 59  # one in a thousand is allowed, so two of sixty all but never happen


@pytest.mark.parametrize("sizes", [(200, 200), (5000, 100)], ids=str)
def test_a_shift_of_one_standard_deviation_is_seen_in_small_samples(sizes: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    verdicts = [compared(random.normal(0, 1, sizes[0]), random.normal(1, 1, sizes[1])).verdict for _ in range(20)]
    assert verdicts == [ALARM] * 20


def test_a_loss_of_zeros_is_seen_in_a_column_that_is_mostly_zero() -> None:
    random = np.random.default_rng(2)
    reference = np.where(random.random(5000) < 0.93, 0, random.exponential(size=5000))
    current = np.where(random.random(1000) < 0.6, 0, random.exponential(size=1000))
    found = compared(reference, current)
    # 93 % against 60 % zeros
    assert found.psi == pytest.approx((0.93 - 0.6) * np.log(0.93 / 0.6 * 0.4 / 0.07), rel=0.1)
    assert found.verdict == ALARM


# --- columns that are special


def test_a_level_that_is_new_and_one_that_is_gone_raise_an_alarm() -> None:
    case = CASES["new_level"]
    found = compared(*(levels(case[side], case["levels"]) for side in ("reference", "current")), CATEGORICAL)
    p, q = ((np.array(case[side]) + 0.5) / (np.sum(case[side]) + 2.5) for side in ("reference", "current"))
    assert found.psi == pytest.approx(np.sum((p - q) * np.log(p / q)) - by_chance(5, 10_000, 1000), rel=1e-9)
    assert found.verdict == ALARM
    assert found.current_usual == "b"


def test_a_rare_new_level_raises_none() -> None:
    assert compared(levels([500, 500]), levels([300, 299, 1]), CATEGORICAL).verdict == STABLE


def test_a_column_that_always_has_one_value_does_not_drift_until_the_value_is_another() -> None:
    for kind, one, other in ((NUMERIC, 5.0, 9.0), (NUMERIC, 5.0, 1.0), (CATEGORICAL, "a", "b")):
        assert (compared([one] * 50, [one] * 40, kind).psi, compared([one] * 50, [one] * 40, kind).verdict) == (
            0, STABLE,
        )  # fmt: skip
        assert compared([one] * 50, [other] * 40, kind).verdict == ALARM


def test_a_column_that_is_always_missing_does_not_drift_until_it_is_there() -> None:
    for kind, known in ((NUMERIC, 5.0), (CATEGORICAL, "a")):
        gone = [np.nan if kind == NUMERIC else None]
        nothing = compared(gone * 40, gone * 40, kind)
        assert (nothing.psi, nothing.verdict, nothing.reference_usual) == (0, STABLE, "missing")
        assert compared(gone * 40, [known] * 40, kind).verdict == ALARM
        lost = compared([known] * 40, gone * 40, kind)
        assert (lost.verdict, lost.current_missing, lost.current_usual) == (ALARM, 1.0, "missing")


def test_a_rise_of_the_missing_share_alone_is_drift() -> None:
    random = np.random.default_rng(3)
    reference, current = random.normal(size=2000), random.normal(size=2000)
    current[:600] = np.nan
    found = compared(reference, current)
    assert found.verdict == ALARM
    assert (found.reference_missing, found.current_missing) == (0.0, 0.3)


@pytest.mark.parametrize("rows", [(29, 500), (500, 29), (0, 500), (500, 0), (0, 0)])
def test_tiny_samples_say_not_enough_data(rows: tuple[int, int]) -> None:
    for kind, sides in ((NUMERIC, ([1.0], [9.0])), (CATEGORICAL, (["a"], ["b"]))):
        found = compared(sides[0] * rows[0], sides[1] * rows[1], kind)
        assert found.verdict == TOO_FEW
        assert (found.reference_n, found.current_n) == rows
        assert np.isnan(found.psi) == (0 in rows)


def test_each_column_is_told_with_its_rows_its_usual_value_and_its_missing_share() -> None:
    found = compared([1, 2, 2, 9, np.nan] * 10, [3, 3, 4, np.nan] * 10)
    assert (found.column, found.kind, found.reference_n, found.current_n) == ("x", NUMERIC, 50, 40)
    assert (found.reference_usual, found.current_usual) == ("2", "3")
    assert (found.reference_missing, found.current_missing) == (0.2, 0.25)
    told = compared(["a", "b", "b", None] * 10, ["c", "a", "c"] * 10, CATEGORICAL)
    assert (told.reference_usual, told.current_usual, told.reference_missing) == ("b", "c", 0.25)


def test_the_strongest_drift_comes_first_and_what_cannot_be_said_last() -> None:
    reference = pd.DataFrame({"calm": [1.0, 2.0] * 50, "loud": [1.0, 2.0] * 50, "also": [1.0, 2.0] * 50})
    current = pd.DataFrame({"calm": [1.0, 2.0] * 50, "loud": [2.0] * 100, "also": [1.0, 2.0] * 50})
    kinds = dict.fromkeys(["calm", "loud", "also"], NUMERIC)
    found = drift.compare(reference, current, kinds, MonitoringConfig())
    assert [(one.column, one.verdict) for one in found] == [("loud", ALARM), ("also", STABLE), ("calm", STABLE)]
    nothing = drift.compare(reference, current[:0], kinds, MonitoringConfig())
    assert [one.column for one in nothing] == ["also", "calm", "loud"]


def test_every_feature_is_compared_by_its_kind() -> None:
    columns = (Column("size", NUMERIC), Column("region", CATEGORICAL), Column("since", DATE))
    contract = Contract("id", "left", "", "revenue", "owner", "name", columns, ())
    assert drift.feature_kinds(contract) == {"size": NUMERIC, "region": CATEGORICAL, "since": DATE}


def test_dates_are_compared_as_days_to_the_snapshot() -> None:
    assert compared([100.0, 200.0] * 50, [400.0, 500.0] * 50, DATE).verdict == ALARM
