"""Reliability, gains, capacity, thresholds, grades, baselines, segments and contacted clients."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn import metrics as peer
from sklearn.calibration import calibration_curve

from core import evaluation, statistics
from core.config import GateConfig
from core.records import Metric


def drawn(n: int, seed: int, shift: float = -1.5) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and the true risks they were drawn from."""
    random = np.random.default_rng(seed)
    risk = expit(random.normal(shift, 1.2, n))
    return (random.random(n) < risk).astype(int), risk


# --- reliability


def test_the_reliability_curve_is_that_of_scikit_learn_with_intervals() -> None:
    outcome, risk = drawn(1000, 1)
    found = evaluation.reliability(outcome, risk)
    rates, risks = calibration_curve(outcome, risk, n_bins=10, strategy="quantile")
    assert found["n"].tolist() == [100] * 10
    np.testing.assert_allclose(found["rate"], rates, atol=1e-12)
    np.testing.assert_allclose(found["risk"], risks, atol=1e-12)
    first = statistics.wilson(round(rates[0] * 100), 100)
    assert (found["low"][0], found["high"][0]) == (first.low, first.high)


def test_few_rows_make_fewer_bins_and_equal_risks_stay_together() -> None:
    outcome, risk = drawn(70, 1)
    assert len(evaluation.reliability(outcome, risk)) == 3
    found = evaluation.reliability(outcome, np.where(risk > 0.2, 0.4, 0.1))
    assert found["risk"].tolist() == pytest.approx([0.1, 0.4])
    assert len(evaluation.reliability(outcome, np.full(70, 0.3))) == 1


def test_risks_that_come_true_have_no_calibration_error_and_bold_ones_their_own() -> None:
    errors = [evaluation.calibration_error(*drawn(2000, seed), seed=0) for seed in range(40)]
    # squared, it is unbiased: about half of them are cut off at 0
    assert np.median([error.value for error in errors]) < 0.01
    assert sum(error.low == 0 for error in errors) >= 36
    outcome, risk = drawn(200_000, 3)
    shifted = evaluation.calibration_error(outcome, risk + 0.1, seed=0)
    assert shifted.value == pytest.approx(0.1, abs=0.004)
    assert shifted.low < shifted.value < shifted.high
    assert math.isnan(evaluation.calibration_error(outcome[:39], risk[:39], seed=0).value)


# --- capacity


def test_what_a_capacity_catches_by_hand() -> None:
    outcome, risk = np.array([1, 0, 1, 0, 0, 1, 0, 0, 0, 0]), np.array([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]) / 10
    at = evaluation.at_capacity(outcome, risk, 4)
    assert (at.called, at.caught, at.leavers) == (4, 2, 3)
    assert (at.precision.value, at.recall.value, at.lift) == pytest.approx((2 / 4, 2 / 3, 0.5 / 0.3))
    assert at.sentence == (
        "Of 4 clients called, about 2 would have left: 67 % of all 3 leavers, 1.7 times as many as by chance."
    )
    assert evaluation.at_capacity(outcome, risk, 99).recall.value == 1
    assert "Nothing can be said" in evaluation.at_capacity(outcome, risk, 0).sentence
    assert "Nothing can be said" in evaluation.at_capacity(np.zeros(4), risk[:4], 2).sentence


def test_ties_at_the_border_count_by_expectation() -> None:
    # 0.9 first; of the three at 0.5, of whom two left, one more is called: two thirds of a leaver
    outcome, risk = np.array([1, 1, 1, 0, 0]), np.array([0.9, 0.5, 0.5, 0.5, 0.1])
    assert evaluation.at_capacity(outcome, risk, 2).caught == pytest.approx(1 + 2 / 3)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 150), steps=st.sampled_from([2, 6, 10**6]))
def test_the_gain_curve_rises_from_nothing_to_all_and_holds_the_area(seed: int, n: int, steps: int) -> None:
    random = np.random.default_rng(seed)
    outcome, risk = (random.random(n) < 0.4).astype(int), np.round(random.random(n) * steps) / steps
    found = evaluation.gains(outcome, risk)
    if outcome.sum() == 0:
        assert len(found) == 0
        return
    assert (found["share"].iloc[0], found["caught"].iloc[0]) == (0, 0)
    assert (found["share"].iloc[-1], found["caught"].iloc[-1]) == pytest.approx((1, 1))
    assert (np.diff(found["caught"]) >= -1e-12).all()
    assert ((found["low"] <= found["caught"] + 1e-9) & (found["caught"] <= found["high"] + 1e-9)).all()
    if n <= 100 and outcome.sum() < n:
        # area under the gain curve = rate / 2 + (1 - rate) * area under the ROC curve
        rate, area = outcome.mean(), np.trapezoid(found["caught"], found["share"])
        assert area == pytest.approx(rate / 2 + (1 - rate) * peer.roc_auc_score(outcome, risk), abs=1e-9)


# --- grades


def measured(auc_low: float, *, auc: float = 0.0, error_low: float = 0.0) -> dict[str, Metric]:
    return {
        "roc_auc": Metric(metric="roc_auc", n=1000, value=auc or auc_low + 0.02, low=auc_low, high=auc_low + 0.04),
        "calibration_error": Metric(
            metric="calibration_error", n=1000, value=error_low + 0.01, low=error_low, high=error_low + 0.02
        ),
    }


@pytest.mark.parametrize(
    ("auc_low", "error_low", "letter"),
    [(0.8, 0, "A"), (0.799, 0, "B"), (0.7, 0, "B"), (0.699, 0, "C"), (0.6, 0, "C"), (0.55, 0, "D"), (0.49, 0, "E"),
     (0.85, 0.03, "B"), (0.85, 0.06, "C"), (0.49, 0.06, "E"), (0.55, 0.06, "E"), (0.85, 0.025, "A")],
)  # fmt: skip
def test_the_grade_follows_the_ranking_and_falls_where_risks_do_not_come_true(
    auc_low: float, error_low: float, letter: str
) -> None:
    found = evaluation.grade(measured(auc_low, error_low=error_low), 1000, 100, GateConfig())  # a tenth leaves
    assert found.letter == letter
    assert found.sentence.startswith(f"{letter}: It ")
    assert ("off by about" in found.sentence) == (error_low > 0.025)


@pytest.mark.parametrize(("outcomes", "leavers"), [(199, 50), (1000, 19), (1000, 981)])
def test_a_grade_is_withheld_below_a_minimum_of_outcomes(outcomes: int, leavers: int) -> None:
    found = evaluation.grade(measured(0.9), outcomes, leavers, GateConfig())
    assert found.letter == ""
    assert found.sentence == (
        f"No grade yet: {outcomes:,} outcomes are known, {leavers} of them 'left'; a grade needs 200 with at least "
        "20 of either kind."
    )


def test_too_good_is_flagged_as_a_probable_leak() -> None:
    found = evaluation.grade(measured(0.992), 1000, 100, GateConfig())
    assert found.letter == ""
    assert "too good to be true (roc_auc 1.012)" in found.sentence


# --- baselines


def test_a_model_is_better_than_the_base_rate_worse_than_the_truth_and_open_beside_its_like() -> None:
    outcome, risk = drawn(3000, 5)
    random = np.random.default_rng(0)
    blurred, like = (expit(np.log(risk / (1 - risk)) + random.normal(0, 1, 3000)) for _ in range(2))
    for theirs, name, verdict in (
        (evaluation.base_rate(outcome), "the base rate", evaluation.BETTER),
        (risk, "the truth", evaluation.WORSE),
        (like, "its like", evaluation.OPEN),
    ):
        found = evaluation.against(outcome, blurred, name, theirs, seed=0)
        assert (found.verdict, found.baseline) == (verdict, name)
        assert name in found.sentence
    loss = peer.log_loss(outcome, blurred) - peer.log_loss(outcome, risk)
    assert evaluation.against(outcome, blurred, "", risk, seed=0).log_loss.value == pytest.approx(loss, abs=1e-9)


# --- segments


def test_the_segment_whose_risks_are_off_comes_first_and_is_told() -> None:
    outcome, risk = drawn(4000, 6)
    random = np.random.default_rng(0)
    region = random.choice(["north", "south", "east"], 4000)
    said = np.where(region == "south", np.minimum(risk * 2, 0.99), risk)
    features = pd.DataFrame(
        {"region": region, "size": random.normal(size=4000), "plan": random.choice(["A", "B"], 4000)}
    )
    found = evaluation.segments(outcome, said, features)
    assert found.loc[0, ["column", "segment", "off"]].tolist() == ["region", "south", True]
    south = region == "south"
    assert found.loc[0, "n"] == south.sum()
    assert found.loc[0, "gap"] == pytest.approx(said[south].mean() - outcome[south].mean())
    assert found.loc[0, "roc_auc"] == pytest.approx(peer.roc_auc_score(outcome[south], said[south]))
    assert evaluation.worst_sentence(found).startswith("For region south the risks are too high: ")
    assert (found["column"] == "size").sum() == 4
    assert found.groupby("column")["n"].sum().tolist() == [4000] * 3


def test_segments_of_a_date_are_told_as_dates_earlier_ones_first() -> None:
    outcome, risk = drawn(400, 3)
    features = pd.DataFrame({"ends": np.repeat([-60.0, -30.0, 10.0, 200.0], 100)})
    found = evaluation.segments(outcome, risk, features, dates={"ends"})
    # quartiles at -37.5, -10 and 57.5 days before the snapshot
    assert set(found["segment"]) == {
        "in 38 days to in 60 days", "in 10 days to in 38 days", "58 days ago to in 10 days",
        "200 days ago to 58 days ago",
    }  # fmt: skip


def test_where_risks_come_true_no_segment_is_called_off() -> None:
    called = 0
    for seed in range(20):
        outcome, risk = drawn(1500, seed)
        random = np.random.default_rng(seed)
        features = pd.DataFrame({f"x{n}": random.normal(size=1500) for n in range(5)})
        found = evaluation.segments(outcome, risk, features)
        called += bool(found["off"].any())
    assert called <= 4  # one in twenty by design
    assert evaluation.worst_sentence(found.assign(off=False)) == (
        "In none of 20 segments do the risks surely lie above or below what happened."
    )


def test_missing_values_are_a_segment_and_small_ones_are_left_out() -> None:
    outcome, risk = drawn(300, 1)
    features = pd.DataFrame(
        {
            "size": np.where(np.arange(300) < 100, np.nan, np.arange(300.0)),
            "plan": pd.Series(np.where(np.arange(300) < 20, "rare", "A"), dtype="str").mask(np.arange(300) > 250),
            "empty": np.full(300, np.nan),
        }
    )
    found = evaluation.segments(outcome, risk, features)
    assert set(found.loc[found["column"] == "size", "n"]) == {100, 50}
    assert set(found.loc[found["column"] == "plan", "segment"]) == {"unknown", "A"}
    assert found.loc[found["column"] == "empty", ["segment", "n"]].to_numpy().tolist() == [["unknown", 300]]
    assert len(evaluation.segments(outcome, risk, features.iloc[:, :0])) == 0


# --- contacted


def test_contacted_clients_who_stayed_make_a_model_look_worse_than_it_is() -> None:
    outcome, risk = drawn(4000, 7, shift=-0.5)
    contacted = risk > np.quantile(risk, 0.7)
    saved = np.where(contacted, 0, outcome)
    found = evaluation.by_contact(saved, risk, contacted, threshold=0.5, seed=0, most=0.2)
    assert (found.rows, found.contacted) == (4000, int(contacted.sum()))
    assert found.share == pytest.approx(0.3, abs=0.001)
    everyone, alone = ({m.metric: m.value for m in own} for own in (found.everyone, found.left_alone))
    assert everyone["mean_risk_gap"] > 0.1
    assert abs(alone["mean_risk_gap"]) < 0.02
    assert alone["roc_auc"] == pytest.approx(peer.roc_auc_score(saved[~contacted], risk[~contacted]))
    assert found.warning.startswith("30 % of the 4,000 rows are of clients who were contacted")
    few = evaluation.by_contact(saved, risk, np.arange(4000) < 100, threshold=0.5, seed=0, most=0.2)
    assert few.warning == ""
    assert evaluation.by_contact(saved, risk, np.ones(4000, bool), threshold=0.5, seed=0, most=0.2).left_alone == []
