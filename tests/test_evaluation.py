"""Every metric against scikit-learn, thresholds against brute force, intervals by what they must do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn import metrics as peer

from core import statistics
from core.evaluation import Confusion, average_precision, best_threshold, confusion, evaluate, f1
from core.records import Metric


@st.composite
def judged(draw: st.DrawFn, *, both: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and risks, often with ties."""
    count = draw(st.integers(4, 60))
    outcome = np.array(draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)))
    if both:
        outcome[:4] = 0, 1, 0, 1
    steps = draw(st.sampled_from([2, 5, 20, 10**6]))
    risk = np.array(draw(st.lists(st.integers(0, steps), min_size=count, max_size=count))) / steps
    return outcome, 1e-6 + risk * (1 - 2e-6)


def by_name(found: list[Metric]) -> dict[str, Metric]:
    return {metric.metric: metric for metric in found}


@settings(max_examples=60, deadline=None)
@given(judged(), st.floats(0.05, 0.95))
def test_every_metric_is_the_one_scikit_learn_computes(case: tuple[np.ndarray, np.ndarray], threshold: float) -> None:
    outcome, risk = case
    found = by_name(evaluate(outcome, risk, threshold=threshold, seed=0))
    expected = {
        "roc_auc": peer.roc_auc_score(outcome, risk),
        "average_precision": peer.average_precision_score(outcome, risk),
        "brier": peer.brier_score_loss(outcome, risk),
        "log_loss": peer.log_loss(outcome, risk),
        "f1": peer.f1_score(outcome, risk >= threshold, zero_division=0),
        "recall": peer.recall_score(outcome, risk >= threshold),
        "accuracy": peer.accuracy_score(outcome, risk >= threshold),
        "mean_risk_gap": risk.mean() - outcome.mean(),
    }
    if (risk >= threshold).any():
        expected["precision"] = peer.precision_score(outcome, risk >= threshold)
    else:
        assert math.isnan(found["precision"].value)
    assert {name: found[name].value for name in expected} == pytest.approx(expected, abs=1e-9)
    assert set(found) == {*expected, "precision", "calibration_error"}
    counts = {"precision": int((risk >= threshold).sum()), "recall": int(outcome.sum())}
    assert {name: metric.n for name, metric in found.items()} == dict.fromkeys(found, len(outcome)) | counts


@settings(max_examples=60, deadline=None)
@given(judged())
def test_average_precision_counts_tied_risks_as_one_step(case: tuple[np.ndarray, np.ndarray]) -> None:
    outcome, risk = case
    assert average_precision(outcome, risk) == pytest.approx(peer.average_precision_score(outcome, risk), abs=1e-12)
    order = np.random.default_rng(0).permutation(len(outcome))
    assert average_precision(outcome[order], risk[order]) == pytest.approx(average_precision(outcome, risk), abs=1e-12)


@settings(max_examples=150, deadline=None)
@given(judged())
def test_the_best_threshold_is_as_good_as_any(case: tuple[np.ndarray, np.ndarray]) -> None:
    outcome, risk = case
    found = best_threshold(outcome, risk)
    assert found in risk
    every = {float(at): peer.f1_score(outcome, risk >= at, zero_division=0) for at in np.unique(risk)}
    assert f1(outcome, risk, found) == pytest.approx(max(every.values()), abs=1e-12)


def test_of_equally_good_thresholds_the_highest_is_taken() -> None:
    # calling only the first: precision 1, recall 1/2, f1 2/3; calling the first four: 1/2 and 1, f1 2/3 again
    outcome, risk = np.array([1, 0, 0, 1]), np.array([0.9, 0.6, 0.5, 0.4])
    assert f1(outcome, risk, 0.9) == pytest.approx(2 / 3)
    assert f1(outcome, risk, 0.4) == pytest.approx(2 / 3)
    assert best_threshold(outcome, risk) == 0.9


def test_without_both_outcomes_the_threshold_is_one_half() -> None:
    assert best_threshold(np.zeros(3, int), np.array([0.1, 0.2, 0.3])) == 0.5
    assert best_threshold(np.ones(3, int), np.array([0.1, 0.2, 0.3])) == 0.5


def test_the_confusion_matrix_by_hand() -> None:
    #                   caught  in vain  missed  rightly left alone
    outcome = np.array([1, 1, 1, 0, 0, 1, 0])
    risk = np.array([0.9, 0.8, 0.5, 0.5, 0.7, 0.49, 0.1])  # a risk at the threshold is called
    assert confusion(outcome, risk, 0.5) == Confusion(
        threshold=0.5, true_positive=3, false_positive=2, false_negative=1, true_negative=1
    )
    assert f1(outcome, risk, 0.5) == pytest.approx(2 * 3 / (2 * 3 + 2 + 1))


@settings(max_examples=60, deadline=None)
@given(judged(both=False), st.floats(0, 1))
def test_the_confusion_matrix_is_the_one_of_scikit_learn(case: tuple[np.ndarray, np.ndarray], at: float) -> None:
    outcome, risk = case
    found = confusion(outcome, risk, at)
    expected = peer.confusion_matrix(outcome, risk >= at, labels=[0, 1])
    assert [
        [found.true_negative, found.false_positive],
        [found.false_negative, found.true_positive],
    ] == expected.tolist()


@settings(max_examples=60, deadline=None)
@given(judged(), st.floats(0.05, 0.95))
def test_every_interval_contains_its_value(case: tuple[np.ndarray, np.ndarray], threshold: float) -> None:
    outcome, risk = case
    assume(min(outcome.sum(), (1 - outcome).sum()) >= 2)
    for metric in evaluate(outcome, risk, threshold=threshold, seed=1):
        if math.isnan(metric.value):
            assert metric.metric == "calibration_error" or metric.n == 0
            continue
        assert metric.low - 1e-9 <= metric.value <= metric.high + 1e-9, metric


def test_the_interval_of_a_mean_loss_by_hand() -> None:
    outcome, risk = np.array([1, 0, 0, 1]), np.array([0.9, 0.2, 0.4, 0.5])
    losses = np.array([0.01, 0.04, 0.16, 0.25])
    reach = norm.ppf(0.975) * math.sqrt(losses.var(ddof=1) / 4)
    brier = by_name(evaluate(outcome, risk, threshold=0.5, seed=0))["brier"]
    assert (brier.value, brier.low, brier.high) == pytest.approx((0.115, 0.115 - reach, 0.115 + reach), abs=1e-12)


def test_the_interval_of_roc_auc_covers_the_truth_as_often_as_it_says() -> None:
    truth = float(norm.cdf(1 / math.sqrt(2)))  # of two normal scores one apart
    hits = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        outcome = (np.arange(150) < 50).astype(int)
        score = random.normal(outcome, 1)
        found = statistics.roc_auc(outcome, score)
        hits += found.low <= truth <= found.high
    assert 0.90 * 200 <= hits <= 0.99 * 200


def test_with_one_kind_of_outcome_only_the_losses_are_said() -> None:
    found = by_name(evaluate(np.zeros(5), np.full(5, 0.2), threshold=0.5, seed=0))
    assert {name for name, metric in found.items() if math.isnan(metric.value)} == {
        "roc_auc", "average_precision", "f1", "precision", "recall", "calibration_error",
    }  # fmt: skip
    assert found["accuracy"].value == 1
    assert found["brier"].value == pytest.approx(0.04)
    assert found["log_loss"].value == pytest.approx(-math.log(0.8))


def test_certain_and_wrong_is_a_large_loss_and_no_infinite_one() -> None:
    found = by_name(evaluate(np.array([1, 0, 1, 0]), np.array([0.0, 1.0, 1.0, 0.0]), threshold=0.5, seed=0))
    assert found["log_loss"].value == pytest.approx(-math.log(1e-12) / 2, rel=1e-3)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    random = np.random.default_rng(0)
    outcome, risk = (random.random(80) < 0.4).astype(int), random.random(80)
    first, again, other = (evaluate(outcome, risk, threshold=0.5, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert by_name(first)["average_precision"].low != by_name(other)["average_precision"].low
