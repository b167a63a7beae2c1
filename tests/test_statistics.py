from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss, roc_auc_score

from core import statistics

REFERENCE = Path(__file__).parent / "reference"

Z95 = 1.959963984540054


def published(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


def by_definition(y_true: list[int], score: list[float]) -> tuple[float, np.ndarray, np.ndarray]:
    """AUC as the share of pairs in order, ties half, and DeLong's placements, pair by pair."""
    leavers = [s for y, s in zip(y_true, score, strict=True) if y == 1]
    stayers = [s for y, s in zip(y_true, score, strict=True) if y == 0]
    wins = np.array([[(a > b) + (a == b) / 2 for b in stayers] for a in leavers])
    return float(wins.mean()), wins.mean(axis=1), wins.mean(axis=0)


@st.composite
def scored(draw: st.DrawFn, scores: int = 1) -> tuple[np.ndarray, ...]:
    """Outcomes with at least two of each kind, and as many sets of scores, with ties."""
    y_true = [*draw(st.lists(st.integers(0, 1), max_size=12)), 0, 0, 1, 1]
    values = st.lists(st.integers(-4, 4), min_size=len(y_true), max_size=len(y_true))
    return np.array(y_true), *(np.array(draw(values), float) for _ in range(scores))


# --- roc_auc


@pytest.fixture(scope="module")
def cancer() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Malignant or not, mean texture and mean smoothness."""
    bunch = load_breast_cancer()
    columns = list(bunch.feature_names)
    texture, smoothness = (bunch.data[:, columns.index(name)] for name in ("mean texture", "mean smoothness"))
    return 1 - bunch.target, np.round(texture, 2), np.round(smoothness, 3)


def test_roc_auc_and_its_interval_are_those_of_delong(cancer: tuple) -> None:
    y_true, *scores = cancer
    wanted = published("delong")
    for score, value, se in zip(scores, wanted["auc"], wanted["se"], strict=True):
        found = statistics.roc_auc(y_true, score)
        assert found.value == pytest.approx(value, rel=1e-9)
        assert found.high - found.value == pytest.approx(Z95 * se, rel=1e-9)
        assert found.value - found.low == pytest.approx(Z95 * se, rel=1e-9)
    texture = statistics.roc_auc(y_true, scores[0])
    assert [texture.low, texture.high] == pytest.approx(wanted["ci95_A"], rel=1e-9)


def test_the_difference_of_two_roc_aucs_on_the_same_rows_takes_their_covariance_into_account(cancer: tuple) -> None:
    y_true, texture, smoothness = cancer
    wanted = published("delong")
    found = statistics.roc_auc_difference(y_true, texture, smoothness)
    se = (found.high - found.low) / 2 / Z95
    assert found.value == pytest.approx(wanted["auc"][0] - wanted["auc"][1], rel=1e-9)
    assert se**2 == pytest.approx(wanted["cov"][0][0] + wanted["cov"][1][1] - 2 * wanted["cov"][0][1], rel=1e-9)
    assert found.value / se == pytest.approx(wanted["z"], rel=1e-9)


def test_another_confidence_reaches_further(cancer: tuple) -> None:
    y_true, texture, _ = cancer
    se = published("delong")["se"][0]
    found = statistics.roc_auc(y_true, texture, confidence=0.99)
    assert found.high - found.value == pytest.approx(2.5758293035489004 * se, rel=1e-9)


def test_roc_auc_agrees_with_scikit_learn_on_calibrated_risks() -> None:
    case = published("calibration")
    assert statistics.roc_auc(np.array(case["y"]), np.array(case["p"])).value == pytest.approx(case["roc_auc"])


def test_roc_auc_by_hand() -> None:
    # leavers .8 and .35 against stayers .1 and .4: three of four pairs in order.
    # placements of leavers (1, 1/2), of stayers (1, 1/2): variances 1/8 and 1/8, each over 2 -> 1/8 in all
    found = statistics.roc_auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), confidence=0.5)
    half = 0.6744897501960817
    assert found.value == 0.75
    assert found.low == pytest.approx(0.75 - half * np.sqrt(1 / 8))
    assert found.high == pytest.approx(0.75 + half * np.sqrt(1 / 8))


@given(scored())
def test_roc_auc_is_the_share_of_pairs_in_order_with_delongs_variance(case: tuple) -> None:
    y_true, score = case
    value, above, below = by_definition(y_true.tolist(), score.tolist())
    variance = np.var(above, ddof=1) / len(above) + np.var(below, ddof=1) / len(below)
    found = statistics.roc_auc(y_true, score)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.low == pytest.approx(max(0, value - Z95 * np.sqrt(variance)), abs=1e-9)
    assert found.high == pytest.approx(min(1, value + Z95 * np.sqrt(variance)), abs=1e-9)


@given(scored(), st.sampled_from([np.exp, np.arctan, lambda s: s**3 - 5, lambda s: 2 * s + 1e6]))
def test_roc_auc_depends_on_the_order_of_scores_alone(case: tuple, monotone: Any) -> None:
    y_true, score = case
    one, other = statistics.roc_auc(y_true, score), statistics.roc_auc(y_true, monotone(score))
    assert [one.value, one.low, one.high] == pytest.approx([other.value, other.low, other.high], abs=1e-12)


@given(scored())
def test_roc_auc_turns_round_with_the_scores_and_with_the_outcomes(case: tuple) -> None:
    y_true, score = case
    value = statistics.roc_auc(y_true, score).value
    assert statistics.roc_auc(y_true, -score).value == pytest.approx(1 - value, abs=1e-12)
    assert statistics.roc_auc(1 - y_true, score).value == pytest.approx(1 - value, abs=1e-12)


@given(scored(), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_of_no_account(case: tuple, random: Any) -> None:
    y_true, score = case
    order = random.sample(range(len(score)), len(score))
    one, other = statistics.roc_auc(y_true, score), statistics.roc_auc(y_true[order], score[order])
    assert [one.value, one.low, one.high] == pytest.approx([other.value, other.low, other.high], abs=1e-12)


@given(scored(scores=2))
def test_the_difference_is_that_of_the_two_and_turns_round_with_them(case: tuple) -> None:
    y_true, first, second = case
    found = statistics.roc_auc_difference(y_true, first, second)
    back = statistics.roc_auc_difference(y_true, second, first)
    wanted = by_definition(y_true.tolist(), first.tolist())[0] - by_definition(y_true.tolist(), second.tolist())[0]
    assert found.value == pytest.approx(wanted, abs=1e-12)
    assert [found.value, found.low, found.high] == pytest.approx([-back.value, -back.high, -back.low], abs=1e-12)


@given(scored())
def test_a_score_does_not_differ_from_itself(case: tuple) -> None:
    y_true, score = case
    found = statistics.roc_auc_difference(y_true, score, score)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_the_interval_of_roc_auc_holds_the_truth_in_about_95_of_100_samples() -> None:
    # normal scores one standard deviation apart: the true value is Phi(1 / sqrt 2)
    random, truth, draws = np.random.default_rng(0), 0.7602499389065233, 1000
    y_true = np.repeat([0, 1], [120, 60])
    held = [
        found.low <= truth <= found.high
        for found in (statistics.roc_auc(y_true, random.normal(y_true)) for _ in range(draws))
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=4 * np.sqrt(0.05 * 0.95 / draws))


def test_one_class_has_no_roc_auc_and_one_of_a_class_no_interval() -> None:
    for y_true in ([0, 0], [1, 1], []):
        found = statistics.roc_auc(np.array(y_true), np.arange(len(y_true), dtype=float))
        assert np.isnan([found.value, found.low, found.high]).all()
        paired = statistics.roc_auc_difference(np.array(y_true), np.arange(len(y_true)), np.arange(len(y_true)))
        assert np.isnan([paired.value, paired.low, paired.high]).all()
    single = statistics.roc_auc(np.array([0, 0, 1]), np.array([1.0, 3.0, 2.0]))
    assert single.value == 0.5
    assert np.isnan([single.low, single.high]).all()


# --- shares and means


@pytest.mark.parametrize("case", published("wilson")["cases"], ids=lambda case: f"{case['k']} of {case['n']}")
def test_the_interval_of_a_share_is_that_of_statsmodels(case: dict) -> None:
    found = statistics.wilson(case["k"], case["n"], confidence=1 - case["alpha"])
    assert found.value == case["k"] / case["n"]
    assert [found.low, found.high] == pytest.approx(case["wilson"], rel=1e-9, abs=1e-12)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_of_a_share_ends_where_the_score_test_begins_to_reject(case: tuple[int, int]) -> None:
    hits, n = case
    found = statistics.wilson(hits, n)
    assert 0 <= found.low <= found.value <= found.high <= 1
    for end in (found.low, found.high):
        if 0 < end < 1:
            assert abs(found.value - end) == pytest.approx(Z95 * np.sqrt(end * (1 - end) / n), rel=1e-6, abs=1e-12)
    turned = statistics.wilson(n - hits, n)
    assert [turned.low, turned.high] == pytest.approx([1 - found.high, 1 - found.low], abs=1e-12)


def test_of_nothing_there_is_no_share_and_no_mean() -> None:
    for found in (statistics.wilson(0, 0), statistics.mean(np.array([]))):
        assert np.isnan([found.value, found.low, found.high]).all()


def test_the_interval_of_a_mean_by_hand() -> None:
    # 1, 2, 3, 4: mean 2.5, variance 5/3, of the mean 5/12
    found = statistics.mean(np.array([1.0, 2.0, 3.0, 4.0]))
    assert found.value == 2.5
    assert [found.low, found.high] == pytest.approx([2.5 - Z95 * np.sqrt(5 / 12), 2.5 + Z95 * np.sqrt(5 / 12)])
    single = statistics.mean(np.array([7.0]))
    assert single.value == 7.0
    assert np.isnan([single.low, single.high]).all()


# --- bootstrap


def _auc(y_true: np.ndarray, score: np.ndarray, drawn: np.ndarray) -> float:
    return float(roc_auc_score(y_true, score, sample_weight=drawn))


def test_the_bootstrap_comes_near_delong_and_near_another_bootstrap(cancer: tuple) -> None:
    y_true, texture, _ = cancer
    wanted = published("delong")
    found = statistics.bootstrap(_auc, y_true, texture, seed=0, draws=2000)
    assert found.value == pytest.approx(wanted["auc"][0], rel=1e-9)
    for ends in (wanted["ci95_A"], wanted["bootstrap4000"]["ci95_A"]):
        assert [found.low, found.high] == pytest.approx(ends, abs=0.2 * wanted["se"][0])


def test_the_same_seed_gives_the_same_interval_and_another_seed_another(cancer: tuple) -> None:
    y_true, texture, _ = cancer
    one, same, other = (statistics.bootstrap(_auc, y_true, texture, seed=seed, draws=50) for seed in (1, 1, 2))
    assert one == same
    assert one.value == other.value
    assert (one.low, one.high) != (other.low, other.high)


def test_every_draw_of_the_bootstrap_keeps_the_number_of_either_outcome() -> None:
    drawn: list[int] = []

    def leavers(y_true: np.ndarray, score: np.ndarray, counts: np.ndarray) -> float:
        assert (score[y_true == 1] < 0).all()
        assert (np.diff(score) <= 0).all()
        drawn.append(int(counts @ y_true))
        return float((counts > 0).sum())

    y_true = np.array([1, 0, 0, 0, 1, 0, 0])
    found = statistics.bootstrap(leavers, y_true, np.where(y_true == 1, -1, 1) * np.arange(1, 8), seed=0, draws=40)
    assert set(drawn) == {2}
    assert found.value == 7
    assert found.low < 7


def test_one_class_has_no_bootstrap() -> None:
    assert np.isnan(statistics.bootstrap(_auc, np.zeros(4), np.arange(4.0), seed=0).value)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), steps=st.sampled_from([3, 10, 10**6]))
def test_the_differences_are_those_of_the_metrics_and_turn_round_with_the_risks(seed: int, steps: int) -> None:
    random = np.random.default_rng(seed)
    outcome = np.r_[0, 1, (random.random(40) < 0.3).astype(int)]
    one, other = (np.round(random.uniform(0.01, 0.99, 42) * steps) / steps * 0.98 + 0.01 for _ in range(2))
    found = statistics.differences(outcome, one, other, seed=0, draws=30)
    assert found.roc_auc.value == pytest.approx(roc_auc_score(outcome, one) - roc_auc_score(outcome, other), abs=1e-12)
    assert found.log_loss.value == pytest.approx(log_loss(outcome, one) - log_loss(outcome, other), abs=1e-9)
    turned = statistics.differences(outcome, other, one, seed=0, draws=30)
    for name in ("roc_auc", "log_loss"):
        here, there = getattr(found, name), getattr(turned, name)
        assert (here.low, here.high) == pytest.approx((-there.high, -there.low), abs=1e-12)
    same = statistics.differences(outcome, one, one, seed=0, draws=30)
    assert same.roc_auc == same.log_loss == statistics.Interval(0.0, 0.0, 0.0)


def test_the_paired_bootstrap_comes_near_delong_and_near_the_mean() -> None:
    random = np.random.default_rng(0)
    outcome = (random.random(2000) < 0.2).astype(int)
    one, other = (expit(random.normal(outcome * shift - 1, 1)) for shift in (1.2, 1.0))
    found = statistics.differences(outcome, one, other, seed=0)
    exact = statistics.roc_auc_difference(outcome, one, other)
    assert [found.roc_auc.low, found.roc_auc.high] == pytest.approx([exact.low, exact.high], abs=0.003)
    gap = statistics.mean(statistics.log_losses(outcome, one) - statistics.log_losses(outcome, other))
    assert [found.log_loss.low, found.log_loss.high] == pytest.approx([gap.low, gap.high], abs=0.003)


# --- clusters


def months_of(clients: int, months: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes and scores of clients whose months are much alike, and whose they are."""
    random = np.random.default_rng(seed)
    nature = np.repeat(random.normal(size=clients), months)
    outcome = np.repeat((random.random(clients) < 0.3).astype(int), months)
    score = nature + 0.8 * outcome + 0.3 * random.normal(size=clients * months)
    return outcome, score, np.repeat(np.arange(clients), months)


def test_clusters_of_one_row_change_little() -> None:
    outcome, score, client = months_of(400, 1, 0)
    alone, together = statistics.roc_auc(outcome, score), statistics.roc_auc(outcome, score, cluster=client)
    assert [together.low, together.high] == pytest.approx([alone.low, alone.high], abs=1e-3)
    first, second = statistics.mean(score), statistics.mean(score, cluster=client)
    assert [second.low, second.high] == pytest.approx([first.low, first.high], rel=1e-9)
    one, other = statistics.share(score > 1), statistics.share(score > 1, client)
    assert [other.low, other.high] == pytest.approx([one.low, one.high], abs=1e-3)


def test_a_row_told_nine_times_over_is_worth_one() -> None:
    outcome, score, _ = months_of(300, 1, 1)
    client = np.repeat(np.arange(300), 9)
    for once, often in (
        (statistics.roc_auc(outcome, score), statistics.roc_auc(outcome.repeat(9), score.repeat(9), cluster=client)),
        (statistics.mean(score), statistics.mean(score.repeat(9), cluster=client)),
        (statistics.share(score > 0), statistics.share((score > 0).repeat(9), client)),
        (
            statistics.bootstrap(_auc, outcome, score, seed=0, cluster=np.arange(300)),
            statistics.bootstrap(_auc, outcome.repeat(9), score.repeat(9), seed=0, cluster=client),
        ),
    ):
        assert [often.value, often.low, often.high] == pytest.approx([once.value, once.low, once.high], abs=2e-3)


def test_months_of_the_same_clients_are_not_taken_for_independent() -> None:
    truth = norm.cdf(0.8 / np.sqrt(2 * (1 + 0.09)))
    hits = {"together": 0, "apart": 0}
    for seed in range(300):
        outcome, score, client = months_of(120, 6, seed)
        for name, cluster in (("together", client), ("apart", None)):
            found = statistics.roc_auc(outcome, score, cluster=cluster)
            hits[name] += found.low <= truth <= found.high
    assert hits["together"] >= 0.91 * 300
    assert hits["apart"] <= 0.75 * 300


# --- log loss


def test_log_losses_by_hand() -> None:
    found = statistics.log_losses(np.array([1, 0, 1, 0]), np.array([0.5, 0.5, 0.9, 0.9]))
    assert found.tolist() == pytest.approx([np.log(2), np.log(2), -np.log(0.9), np.log(10)])


def test_the_mean_log_loss_agrees_with_scikit_learn() -> None:
    case = published("calibration")
    found = statistics.log_losses(np.array(case["y"]), np.array(case["p"])).mean()
    assert found == pytest.approx(case["log_loss"], rel=1e-9)


def test_certainty_costs_much_when_wrong_and_nothing_when_right() -> None:
    found = statistics.log_losses(np.array([1, 0, 1, 0]), np.array([0.0, 1.0, 1.0, 0.0]))
    assert found[:2] == pytest.approx([12 * np.log(10)] * 2, rel=1e-4)
    assert found[2:] == pytest.approx([0, 0], abs=1e-11)
