"""Distances of two samples against figures that others computed, and against sorting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from core import drift
from core.config import MonitoringConfig
from core.drift import histograms
from core.drift.cells import counted, grid_of, opened_cells, quantile_ranks
from core.drift.levels import count_levels, level_distances
from core.drift.numeric import NumericDistances, ks_p_value, numeric_distances

CASES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "reference" / "univariate.json").read_text(encoding="utf-8")
)
TEXT = pd.StringDtype(na_value=np.nan)


def apart(reference: Any, current: Any) -> NumericDistances:
    """Distances of two samples of numbers without NaN."""
    sides = [np.asarray(side, dtype=np.float64) for side in (reference, current)]
    grid = grid_of(sides[0])
    deviation = float(np.std(sides[0][np.isfinite(sides[0])])) if np.isfinite(sides[0]).any() else 0.0
    return numeric_distances(*(counted(side, grid) for side in sides), deviation=deviation)


def sample(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The two samples of a reference case."""
    if "normal" in case:
        random = np.random.RandomState(case["normal"]["seed"])
        made = [random.normal(*case["normal"][side]) for side in ("reference", "current")]
    elif "reference_counts" in case:
        counts = [case[f"{side}_counts"] for side in ("reference", "current")]
        made = [np.repeat([float(value) for value in side], list(side.values())) for side in counts]
    else:
        made = [np.array(case[side], dtype=float) for side in ("reference", "current")]
    return made[0], made[1]


def by_chance(bins: int, reference: int, current: int) -> float:
    """Mean of PSI over so many bins under no drift (Yurdakul 2018)."""
    return (bins - 1) * (1 / reference + 1 / current)


# --- figures that others computed


@pytest.mark.parametrize("name", CASES["numbers"])
def test_distances_of_numbers_are_those_that_others_found(name: str) -> None:
    case = CASES["numbers"][name]
    reference, current = sample(case)
    found, exact = apart(reference, current), case["exact"]
    assert found.ks.distance == pytest.approx(exact["ks_stat"], rel=1e-9)
    assert found.wasserstein == pytest.approx(exact["wasserstein_over_refstd"], rel=1e-9)
    bins = len(np.unique(np.quantile(reference, np.linspace(0, 1, 11)[1:-1]))) + 1
    wanted = exact["psi_decile_jeffreys"] - by_chance(bins, len(reference), len(current))
    assert found.psi == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("name", CASES["levels"])
def test_distances_of_levels_are_those_that_others_found(name: str) -> None:
    case = CASES["levels"][name]
    sides = [{level: pair[at] for level, pair in case["counts"].items() if pair[at]} for at in (0, 1)]
    found, exact = level_distances(*sides), case["exact"]
    assert found.total_variation == pytest.approx(exact["tvd"], rel=1e-9)
    assert found.l_infinity == pytest.approx(exact["linf"], rel=1e-9)
    assert found.jensen_shannon == pytest.approx(exact["js_base2"], rel=1e-9)
    assert found.chi_square == pytest.approx(exact["chi2_contingency"], rel=1e-9)
    if min(min(pair) for pair in case["counts"].values()) >= 5:  # no rare levels to take together
        assert found.p == pytest.approx(exact["chi2_contingency_pvalue"], rel=1e-9)


def test_distances_are_those_printed_in_scipys_documentation() -> None:
    # scipy.stats.wasserstein_distance, scipy.spatial.distance.jensenshannon, scipy.stats.chi2_contingency (SciPy 1.17)
    assert apart([0, 1, 3], [5, 6, 8]).wasserstein * np.std([0, 1, 3]) == pytest.approx(5.0, rel=1e-12)
    assert histograms.jensen_shannon(np.array([1.0, 0, 0]), np.array([0, 1.0, 0])) == pytest.approx(1.0, rel=1e-12)
    natural = histograms.jensen_shannon(np.array([1.0, 0]), np.array([0.5, 0.5])) * np.sqrt(np.log(2))
    assert natural == pytest.approx(0.46450140402245893, rel=1e-12)
    statistic, p = histograms.chi_square(np.array([10.0, 10, 20]), np.array([20.0, 20, 20]))
    assert (statistic, p) == pytest.approx((2.7777777777777777, 0.2493522087772962), rel=1e-12)


def test_the_undrifted_chunks_of_the_car_loans_raise_no_alarm_and_the_drifted_ones_do() -> None:
    # risks of NannyML's synthetic car loans; its own methods raise 19 alarms on the five undrifted chunks
    with np.load(Path(__file__).parent / "reference" / "carloan" / "scores.npz") as stored:
        risk = stored["percent"] / 100
    profile = drift.profile(pd.DataFrame({"risk": risk[:50_000]}), {"risk": drift.PREDICTION})
    chunks = [pd.DataFrame({"risk": risk[start : start + 5000]}) for start in range(50_000, 100_000, 5000)]
    verdicts = [drift.compare(profile, chunk, MonitoringConfig())[0].verdict for chunk in chunks]
    assert verdicts == [drift.STABLE] * 5 + [drift.ALARM] * 5


def test_p_values_are_near_those_of_scipy() -> None:
    for rows in ((200, 200), (5000, 300), (20_000, 20_000), (400_000, 300_000)):
        for scaled in (0.5, 1.0, 1.5, 2.0):
            gap = scaled / np.sqrt(rows[0] * rows[1] / sum(rows))
            exact = stats.kstwo.sf(gap, round(rows[0] * rows[1] / sum(rows)))
            assert ks_p_value(gap, *rows) == pytest.approx(exact, rel=0.08)


# --- exact without sorting


def sorted_ks(reference: np.ndarray, current: np.ndarray) -> float:
    """The definition: the greatest gap at any value."""
    points = np.concatenate([reference, current])
    shares = [np.searchsorted(np.sort(side), points, side="right") / len(side) for side in (reference, current)]
    return float(np.abs(shares[0] - shares[1]).max())


def test_one_huge_value_hides_no_shift() -> None:
    random = np.random.default_rng(16)
    reference, current = random.normal(0, 1, 20_000), random.normal(0.27, 1, 20_000)
    reference[7] = current[3] = 5e8
    found = apart(reference, current)
    assert found.ks.distance == pytest.approx(sorted_ks(reference, current), abs=1e-12)
    assert 0.1 < found.ks.distance < 0.12
    assert found.p < 1e-40
    usual = apart(np.delete(reference, 7), np.delete(current, 3))
    assert found.psi == pytest.approx(usual.psi, abs=0.001)


DRAWS = {
    "normal": lambda random, n: random.normal(size=n),
    "heavy tails": lambda random, n: random.standard_cauchy(size=n) * 1e3,
    "skewed": lambda random, n: random.lognormal(2, 2, n),
    "counts": lambda random, n: random.poisson(3, n).astype(float),
    "tenths": lambda random, n: np.round(random.normal(7, 1, n), 1),
    "cents": lambda random, n: np.round(random.lognormal(4, 1, n), 2),
    "tenths and thirds": lambda random, n: np.where(random.random(n) < 0.5, np.round(random.normal(size=n), 1), 1 / 3),
    "mostly zero": lambda random, n: np.maximum(random.normal(-1, 1, n), 0),
    "far from zero": lambda random, n: 1e12 + random.normal(size=n),
    "tiny": lambda random, n: random.normal(size=n) * 1e-300,
    "constant": lambda random, n: np.full(n, 7.25),
    "infinite": lambda random, n: np.where(random.random(n) < 0.02, np.inf, random.normal(size=n)),
}


@pytest.mark.parametrize("sizes", [(50, 70), (3000, 500), (100_000, 90_000)], ids=str)
@pytest.mark.parametrize("name", DRAWS)
def test_distances_equal_those_of_sorting_whatever_the_numbers(name: str, sizes: tuple[int, int]) -> None:
    random = np.random.default_rng(len(name))
    reference, current = (DRAWS[name](random, n) for n in sizes)
    current = np.where(random.random(sizes[1]) < 0.05, reference[0] + abs(reference[0]) / 3, current)
    grid = grid_of(reference)
    sides = [counted(side, grid) for side in (reference, current)]
    finite = [side[np.isfinite(side)] for side in (reference, current)]
    found = numeric_distances(*sides, deviation=1.0)
    assert found.ks.distance == pytest.approx(sorted_ks(reference, current), abs=1e-12)
    share = np.mean(current <= found.ks.point)
    assert abs(share - np.mean(reference <= found.ks.point)) == pytest.approx(found.ks.distance, abs=1e-12)
    exact = stats.wasserstein_distance(*finite)
    spread = np.subtract(*np.quantile(finite[0], [0.99, 0.01]))
    assert found.wasserstein == pytest.approx(exact, rel=1e-9, abs=1e-5 * spread)
    if np.isfinite(reference).all():
        assert found.reference_quartiles == pytest.approx(np.quantile(reference, [0.25, 0.5, 0.75]), rel=1e-12)


values = st.lists(
    st.sampled_from([0.0, 1.0, -3.0, 0.1, 5e8, float("inf"), -float("inf")]) | st.floats(-1e9, 1e9),
    min_size=1,
    max_size=60,
)


@given(values, values)
def test_the_ks_distance_is_exact_for_any_numbers(reference: list[float], current: list[float]) -> None:
    sides = np.array(reference), np.array(current)
    assert apart(*sides).ks.distance == pytest.approx(sorted_ks(*sides), abs=1e-12)


@given(values)
def test_quantiles_and_counts_need_only_some_cells(drawn: list[float]) -> None:
    side = np.array(drawn)
    grid = grid_of(side)
    held = counted(side, grid)
    shares = np.array([0.1, 0.25, 0.5, 0.9])
    opened = opened_cells(held, held.holding(quantile_ranks(held.n, shares)))
    if np.isfinite(side).all():
        assert opened.quantiles(shares) == pytest.approx(np.quantile(side, shares), rel=1e-9, abs=1e-9)
    points = np.unique(side)
    everything = opened_cells(held, np.unique(held.cells))
    assert everything.at_most(points).tolist() == [int((side <= point).sum()) for point in points]
    assert (held.counts.sum(), held.below[-1]) == (len(side), len(side))


# --- histograms


def test_psi_by_hand() -> None:
    # with half a count added the shares are 80.5/101 and 20.5/101, and the other way round
    found = drift.psi(np.array([80.0, 20.0]), np.array([20.0, 80.0]))
    assert found == pytest.approx(2 * 60 / 101 * np.log(80.5 / 20.5) - (1 / 100 + 1 / 100))


def test_an_empty_bin_leaves_psi_finite() -> None:
    found = drift.psi(np.array([10.0, 0.0, 10.0]), np.array([10.0, 10.0, 0.0]))
    assert found == pytest.approx(2 * 10 / 21.5 * np.log(10.5 / 0.5) - 2 * (1 / 20 + 1 / 20))


def test_psi_of_many_rows_is_that_of_evidently_and_deepchecks() -> None:
    many = 10**8  # so many rows that neither half a count nor chance matters
    found = drift.psi(np.array([16, 18, 16, 14, 12, 12]) * many, np.array([16, 16, 16, 16, 16, 8]) * many)
    assert found == pytest.approx(0.037218381577290835, rel=1e-6)  # what both give for these six levels


def test_psi_of_thousands_of_levels_is_about_nothing_where_nothing_changed() -> None:
    random = np.random.default_rng(5)
    sides = [count_levels(pd.Series(random.zipf(1.3, 3000).clip(max=5000).astype(str), dtype=TEXT)) for _ in range(2)]
    assert len({*sides[0], *sides[1]}) > 700
    found = level_distances(*sides)
    assert abs(found.psi) < 0.03
    assert abs(found.excess) < 0.02
    assert found.p > 0.001


histogram_pairs = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50)).filter(any), min_size=1, max_size=6
).filter(lambda pairs: all(sum(side) for side in zip(*pairs, strict=True)))


@given(histogram_pairs, st.randoms(use_true_random=False))
def test_distances_of_histograms_are_the_same_from_either_side_and_in_any_order(pairs: list, random: Any) -> None:
    reference, current = np.array(pairs, float).T
    order = random.sample(range(len(pairs)), len(pairs))
    for measure in (histograms.psi, histograms.jensen_shannon, histograms.total_variation, histograms.l_infinity):
        one = measure(reference, current)
        assert measure(current, reference) == pytest.approx(one, abs=1e-12)
        assert measure(reference[order], current[order]) == pytest.approx(one, abs=1e-12)
    assert drift.jensen_shannon(reference, current) == pytest.approx(
        distance.jensenshannon(reference, current, base=2), abs=1e-7
    )
    assert 0 <= histograms.total_variation(reference, current) <= 1


@given(histogram_pairs)
def test_rare_bins_are_taken_together_and_no_row_is_lost(pairs: list) -> None:
    reference, current = np.array(pairs, float).T
    first, second = histograms.merged(reference, current)
    assert (first.sum(), second.sum()) == (reference.sum(), current.sum())
    share = min(reference.sum(), current.sum()) / (reference.sum() + current.sum())
    assert len(first) == 1 or ((first + second) * share >= 5 - 1e-9).all()


def test_chi_square_is_that_of_scipy() -> None:
    table = np.array([[30.0, 20, 50], [25, 35, 60]])
    wanted = stats.chi2_contingency(table, correction=False)
    assert histograms.chi_square(*table) == pytest.approx((wanted.statistic, wanted.pvalue))
    assert histograms.chi_square(np.array([9.0]), np.array([4.0])) == (0.0, 1.0)


def test_total_variation_by_chance_is_its_mean_over_samples_of_one_law() -> None:
    random = np.random.default_rng(3)
    shares = [0.4, 0.3, 0.2, 0.1]
    drawn = [[random.multinomial(n, shares).astype(float) for n in (1000, 300)] for _ in range(2000)]
    mean = np.mean([histograms.total_variation(*pair) for pair in drawn])
    assert histograms.total_variation_by_chance(*drawn[0]) == pytest.approx(mean, rel=0.05)


# --- levels


def test_levels_are_counted_whatever_holds_them() -> None:
    for values in (
        pd.Series(["b", None, "a", "b"], dtype=TEXT), pd.Series(["b", None, "a", "b"], dtype="category"),
        pd.Series(["b", None, "a", "b"], dtype=object),
    ):  # fmt: skip
        assert list(count_levels(values).items()) == [("b", 2), ("a", 1), (None, 1)]


def test_new_and_vanished_levels_are_named_once_they_cannot_be_chance() -> None:
    reference = {"a": 900, "b": 60, "c": 3}
    current = {"a": 950, "d": 20, "e": 2}
    found = level_distances(reference, current)
    assert [level.name for level in found.new] == ["d"]  # two rows of "e" may be a slip
    assert [level.name for level in found.vanished] == ["b"]  # of "c" only three were to be expected
    assert [level.name for level in found.grown] == ["a", "d", "e"]
