"""Faults of the data: found where there is one, with its cause, and not where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import fisher_exact, ks_2samp

from core import drift
from core.diagnostics import (
    Counts,
    FaultRules,
    RowCounts,
    categorical_faults,
    find_faults,
    numeric_faults,
    row_faults,
    share_faults,
)
from core.diagnostics.conversions import FACTORS
from core.diagnostics.levels import variant_of
from core.diagnostics.units import distance
from core.records import Fault
from core.schema import CATEGORICAL, DATE, NUMERIC
from core.statistics.proportions import fisher_above, newcombe


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def amounts(n: int, seed: int) -> np.ndarray:
    """Skewed amounts with a median of 100."""
    return np.round(100 * np.exp(0.8 * random(seed).normal(size=n)), 2)


def only(found: list[Fault]) -> Fault:
    assert len(found) == 1, [one.sentence for one in found]
    return found[0]


# --- another unit


@pytest.mark.parametrize("factor", [*FACTORS, 1440.0])
def test_every_known_factor_is_found_and_named(factor: float) -> None:
    n = 200_000 if 0.2 < factor < 5 else 2_000
    fault = only(numeric_faults("x", amounts(n, 1), factor * amounts(n, 2)))
    assert fault.kind == "unit"
    assert fault.figures["factor"] == pytest.approx(factor)
    assert fault.figures["ks_after"] < 0.05


@pytest.mark.parametrize(
    ("column", "factor", "sentence", "cause"),
    [
        ("payment_delay_days", 24, "payment_delay_days is 24 times what it was (median 312, was 13), in all quartiles "
         "alike (101 rows).", "Probably hours instead of days. "),
        ("tenure_years", 12, "tenure_years is 12 times what it was (median 156, was 13), in all quartiles alike "
         "(101 rows).", "Probably months instead of years. "),
        ("revenue", 0.001, "revenue is 1/1,000 of what it was (median 0.013, was 13), in all quartiles alike "
         "(101 rows).", "Probably thousands instead of single units. "),
        ("weight_kg", 1000, "weight_kg is 1000 times what it was (median 13,000, was 13), in all quartiles alike "
         "(101 rows).".replace("1000", "1,000"), "Probably grams instead of kilograms. "),
        ("call_minutes", 60, "call_minutes is 60 times what it was (median 780, was 13), in all quartiles alike "
         "(101 rows).", "Probably seconds instead of minutes. "),
        ("price", 100, "price is 100 times what it was (median 1,300, was 13), in all quartiles alike (101 rows).",
         "Probably cents instead of whole amounts, or a decimal point moved by 2 places. "),
    ],
)  # fmt: skip
def test_a_change_of_unit_is_told_in_plain_words(column: str, factor: float, sentence: str, cause: str) -> None:
    before = np.sort(np.concatenate([np.arange(1.0, 26.0), np.arange(1.0, 26.0), np.arange(1.0, 26.0), [13.0] * 26]))
    fault = only(numeric_faults(column, before, before * factor))
    assert fault.sentence == sentence
    assert fault.cause == cause + (
        "Ask whoever fills the column; until someone answers, these values count as a fault of the data and not as "
        "drift."
    )


def test_shares_written_as_percent_are_named_so() -> None:
    shares = random().beta(2, 3, 1000)
    assert "percent instead of shares" in only(numeric_faults("use", shares, 100 * random(1).beta(2, 3, 800))).cause
    assert "shares instead of percent" in only(numeric_faults("use", 100 * shares, random(1).beta(2, 3, 800))).cause


def test_a_small_factor_counts_sooner_where_the_name_speaks_of_the_unit() -> None:
    before, after = amounts(9000, 1), amounts(8000, 2) / 1.609344
    assert "miles instead of kilometres" in only(numeric_faults("distance_km", before, after)).cause
    assert numeric_faults("distance", before, after) == []
    assert numeric_faults("distance_miles", before, after) == []


def test_degrees_of_the_other_scale_are_found_both_ways() -> None:
    celsius, later = random().normal(11, 8, 3000).round(1), random(1).normal(11, 8, 1000).round(1)
    fault = only(numeric_faults("temperature", celsius, 1.8 * later + 32))
    assert (fault.figures["factor"], fault.figures["offset"]) == (1.8, 32)
    assert "degrees Fahrenheit instead of Celsius" in fault.cause
    back = only(numeric_faults("temperature", 1.8 * celsius + 32, later))
    assert "degrees Celsius instead of Fahrenheit" in back.cause


def test_a_part_of_the_rows_in_another_unit_is_found() -> None:
    days, later = 1 + random().poisson(14, 4000), (1 + random(1).poisson(14, 1000)).astype(float)
    later[:300] *= 1440
    fault = only(numeric_faults("delay_days", days.astype(float), later))
    assert fault.figures["share"] == pytest.approx(0.3)
    assert fault.figures["factor"] == 1440
    assert "30 % of 1,000 rows of delay_days are 1,440 times what they were" in fault.sentence


def test_numbers_with_zeros_and_both_signs_have_units_too() -> None:
    profit = np.where(random().random(3000) < 0.4, 0, random().normal(2, 5, 3000))
    later = np.where(random(1).random(1000) < 0.4, 0, random(1).normal(2, 5, 1000))
    assert only(numeric_faults("profit", profit, later * 1000)).figures["factor"] == 1000


def test_counts_of_few_values_have_units_too() -> None:
    before, later = (random(seed).poisson(0.7, 3000).astype(float) for seed in (0, 1))
    assert only(numeric_faults("calls", before, later / 12)).figures["factor"] == pytest.approx(1 / 12)


def test_the_values_are_put_right_but_for_rounding() -> None:
    assert 0.1 * 3 * 10 != 3
    assert distance(np.array([2.0, 3.0]), np.array([2.0, 0.1 * 3 * 10])) == 0
    assert distance(np.array([2.0, 3.0]), np.array([2.0, 3.0000001])) == 0.5


@given(st.lists(st.integers(0, 12), min_size=2, max_size=30), st.lists(st.integers(0, 12), min_size=2, max_size=30))
def test_the_distance_is_that_of_scipy(first: list[int], second: list[int]) -> None:
    sides = np.sort(np.array(first) / 7), np.sort(np.array(second) / 7)
    assert distance(*sides) == pytest.approx(ks_2samp(*sides, method="asymp").statistic, abs=1e-12)


@given(
    st.lists(st.floats(0.5, 400), min_size=30, max_size=80).filter(lambda values: min(values) < max(values)),
    st.sampled_from([1000.0, 0.001]),
)
@example([3.0] * 29 + [4.0], 1000.0)
def test_a_copy_a_thousand_times_as_large_is_always_another_unit(values: list[float], factor: float) -> None:
    fault = only(numeric_faults("x", np.array(values), np.array(values) * factor))
    assert (fault.kind, fault.figures["factor"]) == ("unit", factor)
    assert fault.figures["ks_after"] == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x * 1.65,  # half a standard deviation of the logarithm: the world may do that
        lambda x: x * 3.3,  # of no known units
        lambda x: x + 200,  # moved, not scaled
        lambda x: 1000 + 24 * x,  # both
        lambda x: x**2,  # not in all quartiles alike
        lambda x: np.where(random(5).random(len(x)) < 0.5, 0, x * 24),  # zero is zero in every unit
        lambda x: x * np.exp(2.5 * random(6).normal(size=len(x))),  # wider
        lambda x: np.where(random(7).random(len(x)) < 0.02, 24 * x, x),  # too few rows to be sure
    ],
)
def test_the_world_may_change_without_a_fault(change: Any) -> None:
    assert numeric_faults("x", amounts(4000, 1), change(amounts(1000, 2))) == []


def test_dates_have_no_unit_and_no_sign() -> None:
    assert numeric_faults("since", amounts(1000, 1), 24 * amounts(1000, 2), measured=False) == []
    assert numeric_faults("since", amounts(1000, 1), -amounts(1000, 2), measured=False) == []


def test_too_few_values_say_nothing_of_the_unit() -> None:
    assert numeric_faults("x", amounts(1000, 1), 1000 * amounts(29, 2)) == []
    assert numeric_faults("x", amounts(29, 1), 1000 * amounts(1000, 2)) == []
    assert numeric_faults("x", amounts(1000, 1), np.full(500, np.nan)) == []
    assert numeric_faults("x", np.array([]), amounts(500, 2)) == []


def test_values_without_end_and_missing_ones_do_not_count() -> None:
    odd = np.concatenate([24 * amounts(500, 2), [np.inf, -np.inf, np.nan]])
    assert only(numeric_faults("x", amounts(1000, 1), odd)).figures["n"] == 500


# --- sign, constants


def test_a_flipped_sign_is_found_where_the_column_has_one() -> None:
    fault = only(numeric_faults("balance", -amounts(1000, 1), amounts(500, 2)))
    assert fault.kind == "sign"
    assert fault.sentence.startswith("balance has the other sign (median ")
    # half a standard deviation to the other side is no flip
    assert numeric_faults("x", random().normal(0.25, 1, 1000), random(1).normal(-0.25, 1, 500)) == []


def test_a_column_that_has_one_value_now_is_found_unless_chance_does_that() -> None:
    fault = only(numeric_faults("x", amounts(1000, 1), np.full(30, 7.0)))
    assert (fault.kind, fault.sentence) == (
        "constant", "x is 7 in 30 rows, all that have a value; 0.0 % were 7 before.",
    )  # fmt: skip
    # 99 of 100 had it: thirty rows alike have a chance of .99^30 = .74, and a thousand .99^1000 = 4e-5
    nearly = np.array([0.0] * 990 + [1.0] * 10)
    assert numeric_faults("x", nearly, np.zeros(30)) == []
    assert only(numeric_faults("x", nearly, np.zeros(1200))).kind == "constant"
    assert numeric_faults("x", np.zeros(1000), np.zeros(5000)) == []


# --- levels


def test_a_new_level_is_found_when_its_share_is_surely_above_half_a_percent() -> None:
    # Wilson's lower bound (statsmodels proportion_confint): of 12/1000 .0069, of 9/1000 .0047
    before = {"north": 900, "south": 1100}
    fault = only(categorical_faults("region", before, {"north": 480, "south": 508, "east coast": 12}))
    assert fault.kind == "new level"
    assert fault.sentence == 'region: "east coast" with 1.2 % of 1,000 rows is new; none of 2,000 were so before.'
    assert fault.figures["levels"] == {"east coast": 12}
    assert "a new level" in fault.cause
    assert categorical_faults("region", before, {"north": 480, "south": 511, "east coast": 9}) == []


def test_a_level_that_chance_may_bring_is_not_called_new() -> None:
    # one row of thirty is surely above half a percent, but as rare a level came as rarely among 60
    before: dict[str | None, int] = {f"level {n}": 1 for n in range(60)}
    assert categorical_faults("x", before, {f"other {n}": 1 for n in range(30)}) == []


def test_another_spelling_of_a_known_level_is_named() -> None:
    before = {"Logistics": 500, "Retail": 500}
    now: dict[str | None, int] = {"Logistics": 400, "Retail": 300, "LOGISTICS ": 200, "Retial": 90, "Steel": 10}
    fault = only(categorical_faults("industry", before, now))
    assert fault.figures["spelling_of"] == {"LOGISTICS ": "Logistics", "Retial": "Retail"}
    assert '"LOGISTICS " is probably "Logistics" spelled differently' in fault.cause


@pytest.mark.parametrize(
    ("level", "known", "variant"),
    [
        ("north", "North", True), ("north ", "north", True), ("nor th", "north", True), ("Muenchen", "München", True),
        ("Munchen", "München", True), ("Münchn", "München", True), ("Müncheen", "München", True),
        ("Mümchen", "München", True), ("Mücnhen", "München", True), ("Mücnehn", "München", False),
        ("plan 2", "plan 1", False), ("plan-1", "plan 1", True), ("A2", "A1", False), ("east", "west", False),
        ("A", "B", False), ("+", "-", False), ("north", "south", False), ("level 10", "level 1", False),
    ],
)  # fmt: skip
def test_spellings_are_told_from_names(level: str, known: str, variant: bool) -> None:
    assert (variant_of(level, [known]) == known) is variant


def test_one_level_where_there_were_several_is_a_fault() -> None:
    fault = only(categorical_faults("region", {"north": 500, "south": 500}, {"north": 40, None: 3}))
    assert fault.kind == "constant"
    assert fault.sentence == 'region is "north" in 40 rows, all that have a value; 50 % were "north" before.'
    assert categorical_faults("region", {"north": 500}, {"north": 40}) == []
    assert categorical_faults("region", {"north": 500, "south": 1}, {"north": 40}) == []


# --- shares


def test_the_difference_of_two_shares_is_that_of_newcombe() -> None:
    # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10
    cases = {
        (56, 70, 48, 80): (0.0524, 0.3339), (9, 10, 3, 10): (0.1705, 0.8090), (5, 56, 0, 29): (-0.0381, 0.1926),
        (0, 10, 0, 20): (-0.1611, 0.2775), (10, 10, 0, 20): (0.6791, 1.0), (10, 10, 0, 10): (0.6075, 1.0),
    }  # fmt: skip
    for counts, (low, high) in cases.items():
        found = newcombe(*counts)
        assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)
    assert np.isnan(newcombe(0, 0, 1, 2).value)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_chance_is_that_of_fishers_exact_test(hits: int, misses: int, other: int, others: int) -> None:
    wanted = fisher_exact([[hits, misses], [other, others]], alternative="greater").pvalue
    assert fisher_above(hits, hits + misses, other, other + others) == pytest.approx(wanted, abs=1e-12)


def test_missing_cells_are_told_when_they_surely_rose_by_more_than_a_point() -> None:
    fault = only(share_faults({("missing", "x"): (Counts(20, 1000), Counts(60, 500))}))
    rise = newcombe(60, 500, 20, 1000)
    assert fault.sentence == (
        f"x: 12 % of 500 cells are missing, 2.0 % were before ({100 * rise.low:.1f} to {100 * rise.high:.1f} points "
        "more)."
    )
    # a rise of two points is surely more than one only in many rows
    assert share_faults({("missing", "x"): (Counts(100, 1000), Counts(60, 500))}) == []
    assert share_faults({("missing", "x"): (Counts(10_000, 100_000), Counts(6_000, 50_000))}) != []
    # a surely smaller one never
    assert share_faults({("missing", "x"): (Counts(100_000, 1_000_000), Counts(108_000, 1_000_000))}) == []
    assert share_faults({("missing", "x"): (Counts(500, 1000), Counts(0, 500))}) == []


def test_what_is_one_of_many_must_be_clearer() -> None:
    # Fisher's exact test gives .0014 here: enough for one column, not for one of forty
    pair = Counts(5, 500), Counts(22, 600)
    assert 0.001 < fisher_above(22, 600, 5, 500) < 0.005
    calm = {("missing", f"c{n}"): (Counts(5, 500), Counts(5, 600)) for n in range(40)}
    rules = FaultRules(share_rise=0.0)
    assert len(share_faults({("missing", "x"): pair}, rules)) == 1
    assert share_faults({("missing", "x"): pair, **calm}, rules) == []


def test_an_empty_column_is_told_as_such() -> None:
    fault = only(share_faults({("missing", "x"): (Counts(20, 1000), Counts(40, 40))}))
    assert (fault.kind, fault.sentence) == ("empty", "x is empty in all 40 rows; 98 % had a value before.")
    assert share_faults({("missing", "x"): (Counts(1000, 1000), Counts(40, 40))}) == []
    assert share_faults({("missing", "x"): (Counts(20, 1000), Counts(29, 29))}) == []


@pytest.mark.parametrize(("kind", "word"), [("unreadable", "are unreadable"), ("out of bounds", "are out of bounds")])
def test_unreadable_cells_and_those_out_of_bounds_are_told_alike(kind: str, word: str) -> None:
    fault = only(share_faults({(kind, "x"): (Counts(0, 1000), Counts(30, 500))}))
    assert fault.kind == kind
    assert word in fault.sentence


# --- rows


def test_a_chunk_much_smaller_or_larger_than_usual_is_told() -> None:
    usual = (1000, 1040, 980, 1010, 1030)
    assert row_faults(RowCounts(rows=1200, earlier_rows=usual)) == []
    few = only(row_faults(RowCounts(rows=300, earlier_rows=usual)))
    assert few.kind == "volume"
    assert few.sentence.startswith("300 rows came, usual are 1,010 (")
    assert "missing" in few.cause
    assert "twice" in only(row_faults(RowCounts(rows=5000, earlier_rows=usual))).cause
    assert only(row_faults(RowCounts(rows=0, earlier_rows=usual))).kind == "volume"
    assert row_faults(RowCounts(rows=1, earlier_rows=usual[:2])) == []


def test_where_counts_vary_much_only_much_is_unusual() -> None:
    assert row_faults(RowCounts(rows=300, earlier_rows=(200, 1000, 4000, 700, 2500))) == []
    # three chunks alike say less than twelve
    assert row_faults(RowCounts(rows=300, earlier_rows=(1000,) * 3)) == []
    assert row_faults(RowCounts(rows=300, earlier_rows=(1000,) * 12)) != []


@pytest.mark.parametrize("spread", [0.05, 0.3, 0.8])
@pytest.mark.parametrize("chunks", [3, 6, 12])
def test_counts_that_vary_as_before_are_hardly_ever_unusual(spread: float, chunks: int) -> None:
    rng = random(chunks)
    unusual = 0
    for _ in range(400):
        counts = np.exp(7 + spread * rng.normal(size=chunks + 1)).astype(int).tolist()
        unusual += bool(row_faults(RowCounts(rows=counts[0], earlier_rows=counts[1:])))
    assert unusual <= 8


@pytest.mark.parametrize(("name", "kind"), [("duplicates", "duplicates"), ("unseen", "stale")])
def test_a_share_of_rows_well_above_all_before_is_told(name: str, kind: str) -> None:
    before = [Counts(20, 1000), Counts(50, 1000), Counts(30, 1000)]

    def found(now: Counts, earlier: list[Counts]) -> list[Fault]:
        given_: dict[str, Any] = {name: now, f"earlier_{name}": earlier}
        return row_faults(RowCounts(rows=1000, **given_))

    fault = only(found(Counts(200, 1000), before))
    assert fault.kind == kind
    assert "usual are 3.0 %, and never more than 5.0 %" in fault.sentence
    assert found(Counts(100, 1000), before) == []
    assert found(Counts(200, 1000), before[:2]) == []
    assert found(Counts(200, 1000), [*before, Counts(190, 1000)]) == []


# --- all together

KINDS = {
    "amount": NUMERIC,
    "visits": NUMERIC,
    "use": NUMERIC,
    "since": DATE,
    "region": CATEGORICAL,
    "plan": CATEGORICAL,
}


def clients(n: int, seed: int) -> pd.DataFrame:
    rng = random(seed)
    made = pd.DataFrame(
        {
            "amount": np.round(np.exp(rng.normal(6, 1.2, n)), 2),
            "visits": rng.poisson(0.8, n).astype(float),
            "use": rng.standard_t(2, n),
            "since": rng.uniform(0, 3000, n),
            "region": rng.choice(["north", "south", "east", "west"], n),
            "plan": [f"plan {level}" for level in rng.zipf(1.7, n)],
        }
    )
    return made.mask(rng.random(made.shape) < [0, 0.02, 0.3, 0.001, 0.1, 0])


def faults(reference: pd.DataFrame, current: pd.DataFrame, **given_: Any) -> list[Fault]:
    return find_faults(drift.profile(reference, KINDS).columns, current, KINDS, **given_)


def test_rows_of_the_same_world_have_no_faults() -> None:
    faulty = 0
    for seed in range(100):
        rng = random(seed)
        n, m = int(rng.integers(30, 4000)), int(rng.integers(30, 4000))
        faulty += bool(faults(clients(n, 2 * seed), clients(m, 2 * seed + 1)))
    assert faulty <= 1


def test_resampled_rows_have_no_faults() -> None:
    rows = clients(3000, 1)
    reference = drift.profile(rows, KINDS).columns
    found = [find_faults(reference, rows.sample(700, replace=True, random_state=seed), KINDS) for seed in range(100)]
    assert sum(map(bool, found)) <= 1


def test_every_fault_is_told_of_its_column_what_breaks_most_first() -> None:
    now = clients(1000, 2).assign(visits=np.nan, region="north")
    now["amount"] /= 1000
    now.loc[now.index[:400], "plan"] = "PLAN 1"
    weights = {"amount": 0.5, "visits": 0.1, "region": 0.2, "plan": 0.2}
    rows = RowCounts(rows=1000, earlier_rows=[9000] * 12)
    found = faults(clients(3000, 1), now, importance=weights, rows=rows)
    assert [(one.kind, one.column) for one in found] == [
        ("volume", ""), ("unit", "amount"), ("constant", "region"), ("empty", "visits"), ("new level", "plan"),
    ]  # fmt: skip
    assert all(one.sentence.endswith(".") and one.cause.endswith(".") for one in found)


def test_cells_counted_elsewhere_are_faults_too() -> None:
    same = clients(1000, 2)
    bad = {"use": (Counts(0, 3000), Counts(300, 1000))}
    assert only(faults(clients(3000, 1), same, unreadable=bad)).kind == "unreadable"
    assert only(faults(clients(3000, 1), same, out_of_bounds=bad)).kind == "out of bounds"


def test_a_stored_profile_finds_the_same() -> None:
    now = clients(1000, 2).assign(amount=lambda rows: 24 * rows["amount"])
    made = drift.profile(clients(3000, 1), KINDS)
    stored = drift.from_frame(drift.to_frame(made))
    assert find_faults(stored.columns, now, KINDS) == find_faults(made.columns, now, KINDS) != []


def test_a_million_rows_are_looked_through_quickly_enough_and_nothing_is_found() -> None:
    rng = random()
    kinds = {"a": NUMERIC, "b": NUMERIC}
    sides = [pd.DataFrame({"a": rng.normal(size=300_000), "b": rng.lognormal(size=300_000)}) for _ in range(2)]
    assert find_faults(drift.profile(sides[0], kinds).columns, sides[1], kinds) == []
