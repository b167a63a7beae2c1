"""Calibration maps: risks that come true, an order that stays, and no map where none is needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.metrics import log_loss

from core.config import ModelConfig
from core.training import calibrate, fit_winner, hold_contest
from core.training.calibration import Calibration, isotonic, sigmoid
from tests.model_builders import contract, rows_of, silent

LOGISTIC = ModelConfig(families=("logistic",))


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """True log-odds and outcomes drawn from them."""
    random = np.random.default_rng(seed)
    log_odds = random.normal(-1, 1.2, n)
    return log_odds, (random.random(n) < expit(log_odds)).astype(int)


def each_its_own(n: int) -> np.ndarray:
    return np.array([f"C{number}" for number in range(n)], dtype=object)


def test_a_sigmoid_is_the_maximum_of_the_likelihood_on_platts_targets() -> None:
    log_odds, outcome = drawn(3000, seed=1)
    said, leavers = 3 * log_odds + 1, outcome.sum()
    target = np.where(outcome == 1, (leavers + 1) / (leavers + 2), 1 / (3000 - leavers + 2))

    def loss(parameters: np.ndarray) -> float:
        risk = expit(parameters[0] * said + parameters[1])
        return -float(np.mean(target * np.log(risk) + (1 - target) * np.log1p(-risk)))

    peer = minimize(loss, [0.5, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14}).x
    found = sigmoid(said, outcome)
    assert (found.slope, found.shift) == pytest.approx(tuple(peer), abs=2e-3)
    assert (found.slope, found.shift) == pytest.approx((1 / 3, -1 / 3), abs=0.12)


@pytest.mark.parametrize("seed", range(3))
def test_a_sigmoid_never_turns_the_order_round(seed: int) -> None:
    log_odds, outcome = drawn(500, seed)
    assert sigmoid(-log_odds, outcome) == Calibration()
    assert sigmoid(0.2 * log_odds, outcome).slope > 0


@settings(max_examples=100, deadline=None)
@given(
    n=st.integers(4, 400), seed=st.integers(0, 10**6), stretch=st.floats(0.05, 20),
    ties=st.booleans(), rate=st.sampled_from([0.02, 0.3, 0.97]),
)  # fmt: skip
def test_an_isotonic_map_rises_strictly_everywhere(n: int, seed: int, stretch: float, ties: bool, rate: float) -> None:
    random = np.random.default_rng(seed)
    log_odds = random.normal(0, stretch, n).round(0 if ties else 12)
    outcome = (random.random(n) < rate).astype(int)
    found = isotonic(log_odds, outcome)
    places, heights = np.array(found.knots).T
    assert (np.diff(places) > 0).all()
    assert (np.diff(heights) > 0).all()
    asked = np.linspace(log_odds.min() - 3, log_odds.max() + 3, 300)
    mapped = logit(found.risk(asked).clip(1e-15, 1 - 1e-15))
    inside = np.abs(mapped) < 30
    assert (np.diff(mapped[inside]) > 0).all()


def test_an_isotonic_map_meets_the_rates_of_its_steps() -> None:
    # two scores; 40 of 100 and 90 of 200 leave, each step drawn to the overall rate by two rows' worth
    log_odds = np.repeat([0.0, 1.0], [100, 200])
    outcome = np.r_[np.ones(40), np.zeros(60), np.ones(90), np.zeros(110)].astype(int)
    low, high = (40 + 2 * 130 / 300) / 102, (90 + 2 * 130 / 300) / 202
    assert isotonic(log_odds, outcome).risk(np.array([0.0, 1.0])) == pytest.approx([low, high], abs=1e-12)
    # a step that falls is one with its neighbour: 70 of 100 and 60 of 200 have 130 of 300 together
    falling = np.r_[np.ones(70), np.zeros(30), np.ones(60), np.zeros(140)].astype(int)
    assert isotonic(log_odds, falling).risk(np.array([2 / 3])) == pytest.approx([130 / 300], abs=1e-12)


def test_few_outcomes_are_left_alone_and_many_may_bend_the_map() -> None:
    log_odds, outcome = drawn(60, seed=2)
    few = outcome.copy()
    few[np.flatnonzero(few)[9:]] = 0
    assert calibrate(5 * log_odds, few, each_its_own(60), 0).whole.kind == "none"
    log_odds, outcome = drawn(6000, seed=3)
    bent = np.where(log_odds > -1, log_odds + 2, log_odds / 4)  # no straight line puts this right
    found = calibrate(bent, outcome, each_its_own(6000), 0)
    assert found.whole.kind == "isotonic"
    best, straight = log_loss(outcome, expit(log_odds)), log_loss(outcome, sigmoid(bent, outcome).risk(bent))
    assert log_loss(outcome, found.risk(bent)) - best < 0.4 * (straight - best)


def test_an_overconfident_model_is_mapped_and_a_right_one_is_mostly_left_alone() -> None:
    kinds = []
    for seed in range(60):
        log_odds, outcome = drawn(400, seed)
        kinds.append(calibrate(log_odds, outcome, each_its_own(400), 0).whole.kind)
        assert calibrate(4 * log_odds, outcome, each_its_own(400), 0).whole.kind == "sigmoid"
    # held-out loss falls by chance when the fitted slope and shift lie by chance on the right side of 1 and 0
    assert kinds.count("none") >= 36


@pytest.mark.parametrize("stretch", [0.3, 1.0, 4.0])
def test_mapped_risks_come_true_on_rows_that_had_no_part_in_it(stretch: float) -> None:
    log_odds, outcome = drawn(4000, seed=5)
    found = calibrate(stretch * log_odds + 0.7, outcome, each_its_own(4000), 0)
    later, came = drawn(40_000, seed=6)
    risk = found.whole.risk(stretch * later + 0.7)
    error = np.sqrt(outcome.var() / 4000 + came.var() / 40_000)
    assert abs(risk.mean() - came.mean()) < 3 * error
    assert np.abs(risk - expit(later)).mean() < 0.02


def test_a_clients_own_outcomes_have_no_part_in_the_map_of_its_rows() -> None:
    log_odds, outcome = drawn(600, seed=4)
    client = np.array([f"C{number // 3}" for number in range(600)], dtype=object)
    before = calibrate(3 * log_odds, outcome, client, 0)
    assert before.whole.kind == "sigmoid"
    turned = outcome.copy()
    turned[:3] = 1 - turned[:3]
    after = calibrate(3 * log_odds, turned, client, 0)
    assert np.array_equal(before.risk(log_odds)[:3], after.risk(log_odds)[:3])
    assert not np.array_equal(before.risk(log_odds)[3:], after.risk(log_odds)[3:])
    for number in range(0, 600, 3):
        assert len(set(before.group[number : number + 3])) == 1


def test_rows_that_no_fold_tested_take_no_part() -> None:
    log_odds, outcome = drawn(500, seed=4)
    part = np.where(np.arange(500) < 200, np.nan, 3 * log_odds)
    first = calibrate(part, outcome, each_its_own(500), 0)
    second = calibrate(part, np.where(np.arange(500) < 200, 1 - outcome, outcome), each_its_own(500), 0)
    assert first.whole == second.whole
    assert np.isnan(first.risk(part)[:200]).all()
    assert np.isfinite(first.risk(part)[200:]).all()


def test_the_winner_carries_the_map_and_the_contest_shows_mapped_risks() -> None:
    random = np.random.default_rng(0)
    features = pd.DataFrame({f"x{n}": random.normal(size=150) for n in range(30)})
    outcome = (random.random(150) < expit(features["x0"])).astype(int).to_numpy()
    rows, kinds = rows_of(features, outcome), contract(dict.fromkeys(features, "numeric"))
    contest = hold_contest(rows, kinds, LOGISTIC, 0, silent)
    assert 0 < contest.calibration.slope < 0.8, "thirty columns on 150 rows are overconfident"
    model, _ = fit_winner(rows, kinds, LOGISTIC, contest)
    assert (model.slope, model.shift) == (contest.calibration.slope, contest.calibration.shift)
    plain = replace(model, slope=1.0, shift=0.0)
    assert np.array_equal(np.argsort(model.risk(features)), np.argsort(plain.risk(features)))
