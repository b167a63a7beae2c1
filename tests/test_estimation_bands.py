"""Bands that outcomes lie in as often as they say, weighting against a shift, and the verdicts that follow."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from core import statistics
from core.estimation import METRICS, Estimate, dropped, effective_size, estimate, estimate_weighted, fit, gap
from core.estimation.calibrating import Calibrator, Steps
from core.estimation.expected import expected
from core.estimation.measures import Confused, counted, realised
from core.statistics import NOTHING, Interval

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


def world(random: np.random.Generator, rows: int, *, sure: float, of_use: bool = True) -> Rows:
    log_odds = 1.3 * random.normal(size=rows) - 1.2
    risk = expit(sure * log_odds)
    chance = expit(log_odds) if of_use else np.full(rows, 0.25)
    return (random.random(rows) < chance).astype(float), risk, (risk >= 0.3).astype(int)


@pytest.mark.parametrize(
    ("sure", "of_use", "reference"),
    [(1.0, True, 8000), (1.7, True, 1200), (1.0, False, 1200)],
    ids=["risks come true", "risks are too sure, few outcomes", "risks are of no use"],
)
def test_what_outcomes_bring_lies_in_the_band_as_often_as_it_says(sure: float, of_use: bool, reference: int) -> None:
    worlds, hits = 120, dict.fromkeys(METRICS, 0)
    for seed in range(worlds):
        random = np.random.default_rng(seed)
        estimator = fit(*world(random, reference, sure=sure, of_use=of_use))
        outcome, risk, called = world(random, 800, sure=sure, of_use=of_use)
        came = realised(outcome, risk, called == 1)
        for metric, found in estimate(estimator, risk, called).items():
            hits[metric] += found.band_low <= came.value(metric) <= found.band_high
    # of 120 worlds at 95 %, 108 or fewer would come once in fifty times
    assert {metric: count for metric, count in hits.items() if count < 109} == {}


def test_the_band_of_a_share_by_hand() -> None:
    # risks come true, so there is no line; one step of the reference holds the chunk: 10 leavers of 40 rows
    outcome = np.tile([1, 0, 0, 0], 10)
    risk, called = np.full(40, 0.25), np.zeros(40, int)
    estimator = fit(outcome, risk, called)
    assert estimator.calibrator is None
    found = estimate(estimator, np.full(100, 0.25), np.zeros(100, int))["accuracy"]
    share = 10.5 / 41  # half a row towards either side
    reach = 1.959963984540054 * math.sqrt(0.75 * 0.25 / 100 + share * (1 - share) / 40)
    assert (found.value, found.band_low, found.band_high) == pytest.approx((0.75, 0.75 - reach, 0.75 + reach))


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.floats(1, 100)] * 4))
def test_what_one_more_chance_of_leaving_adds_is_the_derivative(counts: tuple[float, ...]) -> None:
    tp, fp, fn, tn = counts
    for metric in set(METRICS) - {"roc_auc", "average_precision", "brier"}:
        found, little = counted(Confused(*counts), metric), 1e-5
        called = counted(Confused(tp + little, fp - little, fn, tn), metric).value - found.value
        missed = counted(Confused(tp, fp, fn + little, tn - little), metric).value - found.value
        assert (found.called, found.not_called) == pytest.approx((called / little, missed / little), abs=1e-4)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "f1", "brier"])
def test_the_variance_of_a_chunk_is_that_of_drawing_it_anew_even_where_all_leave_alike(metric: str) -> None:
    # one step for all risks: the line knows no better, yet once outcomes come the risks put the rows in an order
    line, steps = Calibrator((0.0, 1.0), (0.3, 0.3)), Steps((0.0,), (0.3,), (1e9,))
    random = np.random.default_rng(0)
    risk = random.random(600)
    found = expected(risk, risk >= 0.6, line, steps).of(metric)
    drawn = []
    for _ in range(1500):
        again = risk[random.integers(0, 600, 600)] + random.normal(0, 1e-9, 600)
        drawn.append(realised((random.random(600) < 0.3).astype(float), again, again >= 0.6).value(metric))
    assert math.sqrt(found.chunk_variance) == pytest.approx(np.std(drawn), rel=0.08)  # 1500 draws leave some 2 %
    assert found.reference_variance < 1e-9


def test_a_larger_chunk_and_a_larger_reference_narrow_the_band() -> None:
    def width(reference: int, rows: int) -> float:
        random = np.random.default_rng(3)
        estimator = fit(*world(random, reference, sure=1.5))
        found = estimate(estimator, *world(random, rows, sure=1.5)[1:])["roc_auc"]
        return found.band_high - found.band_low

    assert width(1000, 1000) > width(10_000, 1000) > width(10_000, 10_000)


# --- weighted


def shifted(random: np.random.Generator, rows: int, share: float) -> tuple[Rows, np.ndarray]:
    """Clients of two kinds; the risk does not see the kind, and is too high for one and too low for the other."""
    kind = random.random(rows) < share
    log_odds = 1.3 * random.normal(size=rows) - 0.5
    risk = expit(log_odds)
    outcome = (random.random(rows) < expit(log_odds + np.where(kind, 1.2, -0.6))).astype(float)
    return (outcome, risk, (risk >= 0.5).astype(int)), kind


def test_under_a_shift_of_clients_the_weighted_estimate_is_nearer_to_what_comes() -> None:
    worlds, nearer = 40, dict.fromkeys(("precision", "recall", "accuracy", "brier"), 0)
    covered = dict.fromkeys(METRICS, 0)
    for seed in range(worlds):
        random = np.random.default_rng(seed)
        reference, kind = shifted(random, 6000, 0.2)
        (outcome, risk, called), _ = shifted(random, 3000, 0.7)
        estimator = fit(*reference)
        plain = estimate(estimator, risk, called)
        weights = np.where(kind, 0.7 / 0.2, 0.3 / 0.8)
        found = estimate_weighted(estimator, *reference[:2], weights, risk, called)
        came = {metric: realised(outcome, risk, called == 1).value(metric) for metric in METRICS}
        for metric in nearer:
            nearer[metric] += abs(found[metric].value - came[metric]) < abs(plain[metric].value - came[metric])
        for metric in METRICS:
            covered[metric] += found[metric].band_low <= came[metric] <= found[metric].band_high
    assert min(nearer.values()) >= worlds - 1, nearer
    # of 40 worlds at 95 %, 34 or fewer would come once in seventy times
    assert min(covered.values()) >= 35, covered


def test_without_a_shift_weighted_and_plain_agree() -> None:
    random = np.random.default_rng(1)
    reference = world(random, 6000, sure=1.7)
    _, risk, called = world(random, 3000, sure=1.7)
    estimator = fit(*reference)
    assert estimator.calibrator is not None
    plain = estimate(estimator, risk, called)
    for weights in (np.ones(6000), np.full(6000, 0.3)):
        found = estimate_weighted(estimator, *reference[:2], weights, risk, called)
        for metric in METRICS:
            for name in ("value", "sampling_error", "band_low", "band_high", "lower_threshold"):
                assert getattr(found[metric], name) == pytest.approx(getattr(plain[metric], name), rel=1e-9)


def test_a_weight_counts_as_so_many_rows() -> None:
    random = np.random.default_rng(2)
    (outcome, risk, called), (_, now, said) = world(random, 800, sure=1.7), world(random, 300, sure=1.7)
    times = random.integers(0, 4, 800)
    estimator = fit(outcome, risk, called)
    found = estimate_weighted(estimator, outcome, risk, times, now, said, least=1)
    repeated = np.repeat(outcome, times), np.repeat(risk, times), np.ones(times.sum())
    wanted = estimate_weighted(estimator, *repeated, now, said, least=1)
    assert [one.value for one in found.values()] == pytest.approx([one.value for one in wanted.values()], rel=1e-12)


def test_too_few_like_the_chunk_are_no_basis_for_an_estimate() -> None:
    random = np.random.default_rng(4)
    reference = world(random, 3000, sure=1.0)
    estimator = fit(*reference)
    weights = np.append(np.full(500, 20.0), np.full(2500, 0.01))
    assert effective_size(weights) == pytest.approx(10_025**2 / (500 * 400 + 2500 * 0.0001))
    found = estimate_weighted(estimator, *reference[:2], weights, reference[1], reference[2])
    assert all(math.isnan(one.value) and not one.alert for one in found.values())
    assert found["f1"].reason == (
        "Too few clients of the reference are like those of this chunk: they are worth 503 independent rows, and "
        "1,000 are needed."
    )
    enough = estimate_weighted(estimator, *reference[:2], weights, reference[1], reference[2], least=500)
    assert not math.isnan(enough["f1"].value)
    none = estimate_weighted(estimator, *reference[:2], np.full(3000, np.nan), reference[1], reference[2], least=0)
    assert "worth 0 independent rows" in none["f1"].reason


# --- verdicts


def told(value: float, low: float, high: float, metric: str = "roc_auc") -> Estimate:
    return Estimate(
        metric=metric, n=1000, value=value, sampling_error=0.01, low=value - 0.03, high=value + 0.03, band_low=low,
        band_high=high, lower_threshold=0.7, upper_threshold=0.8, alert=False,
    )  # fmt: skip


def test_outcomes_that_leave_the_band_tell_of_concept_drift() -> None:
    found = gap(told(0.752, 0.731, 0.773), Interval(0.690, 0.660, 0.720))
    assert found.changed is True
    assert found.difference == pytest.approx(-0.062)
    assert found.sentence == (
        "roc_auc was estimated at 0.752 (0.731 to 0.773) and came out at 0.690 (0.660 to 0.720): the rule that links "
        "columns and outcome has probably changed (concept drift), for the estimate assumes it has not."
    )


@pytest.mark.parametrize(
    ("value", "reach", "tolerance", "changed"),
    [
        (0.690, 0.030, 0.00, True),
        (0.690, 0.030, 0.07, False),  # told apart, yet within what is tolerated
        (0.690, 0.042, 0.00, False),  # the intervals overlap
        (0.814, 0.030, 0.00, True),  # better than estimated: the rule has changed all the same
        (0.728, 0.001, 0.00, False),  # apart, but 2.24 standard errors of the difference only
        (0.720, 0.001, 0.00, True),  # 2.98 of them
    ],
)
def test_a_gap_is_told_only_where_both_uncertainties_allow(
    value: float, reach: float, tolerance: float, changed: bool
) -> None:
    found = gap(told(0.752, 0.731, 0.773), Interval(value, value - reach, value + reach), tolerance=tolerance)
    assert found.changed is changed
    assert ("has probably changed" in found.sentence) is changed


def test_a_gap_to_what_is_not_known_is_no_verdict() -> None:
    nan = math.nan
    for estimated, came in [(told(0.75, 0.7, 0.8), NOTHING), (told(nan, nan, nan), Interval(0.7, 0.6, 0.8))]:
        found = gap(estimated, came)
        assert found.changed is None
        assert found.sentence == (
            "roc_auc cannot be held against its estimate: one of them, or its interval, is not known."
        )


def test_counts_are_told_as_whole_numbers() -> None:
    found = gap(told(1200, 1100, 1300, "true_positive"), Interval(1210, 1150, 1270))
    assert found.sentence == (
        "true_positive was estimated at 1,200 (1,100 to 1,300) and came out at 1,210 (1,150 to 1,270): no sign that "
        "the rule that links columns and outcome has changed."
    )


def test_a_changed_rule_is_found_and_an_unchanged_one_is_not() -> None:
    verdicts = []
    for seed, sign in itertools.product(range(10), (1, 0.6)):
        random = np.random.default_rng(seed)
        estimator = fit(*world(random, 4000, sure=1.0))
        _, risk, called = world(random, 3000, sure=1.0)
        outcome = (random.random(3000) < expit(sign * np.log(risk / (1 - risk)))).astype(float)
        found = gap(estimate(estimator, risk, called)["roc_auc"], statistics.roc_auc(outcome, risk))
        verdicts.append((sign == 1, found.changed))
    assert [changed for same, changed in verdicts if same] == [False] * 10
    assert [changed for same, changed in verdicts if not same] == [True] * 10


FALLEN = told(0.70, 0.68, 0.72)  # .05 below a reference of .75, and surely below it
UNSURE = told(0.70, 0.64, 0.76)  # as far below, but the reference lies in its band
LITTLE = told(0.735, 0.73, 0.74)  # surely below, but by .015 only
USUAL = told(0.75, 0.73, 0.77)
UNTOLD = told(math.nan, math.nan, math.nan)


@pytest.mark.parametrize(
    ("estimates", "fell"),
    [
        ([FALLEN, FALLEN], True),
        ([USUAL, FALLEN, FALLEN], True),
        ([FALLEN, FALLEN, USUAL], False),
        ([FALLEN, USUAL, FALLEN], False),
        ([FALLEN, USUAL], False),
        ([USUAL, FALLEN], False),
        ([FALLEN, UNSURE], False),
        ([UNSURE, FALLEN], False),
        ([LITTLE, FALLEN], False),
        ([FALLEN, LITTLE], False),
        ([FALLEN, UNTOLD], False),
        ([FALLEN, FALLEN, UNTOLD], False),
        ([FALLEN], False),
        ([], False),
    ],
)
def test_a_drop_is_confirmed_by_two_chunks_running(estimates: list[Estimate], fell: bool) -> None:
    assert dropped(estimates, 0.75, 0.02) is fell


def test_a_drop_of_no_more_than_the_tolerance_or_from_nowhere_is_none() -> None:
    exactly = replace(FALLEN, value=0.50, band_low=0.45, band_high=0.55)
    assert dropped([exactly, exactly], 0.75, 0.25) is False
    assert dropped([exactly, exactly], 0.75, 0.24) is True
    assert dropped([FALLEN, FALLEN], math.nan, 0.02) is False
