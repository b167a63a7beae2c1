"""CBPE against NannyML's own figures, scikit-learn and the definitions; weighting, bands and verdicts beside it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn import metrics as peer
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import StratifiedShuffleSplit

from core import estimation
from core.estimation import COUNTS, METRICS, Estimator, calibrating, estimate, fit

CARLOAN = Path(__file__).parent / "reference" / "carloan"
SIZE, CALLED_FROM = 5000, 0.65
#: whatever nannyml has too
PUBLISHED = [metric for metric in METRICS if metric != "brier"]
EXACT = [metric for metric in PUBLISHED if metric not in {"roc_auc", "average_precision"}]

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def loans() -> Rows:
    """Outcome, risk and call of 100,000 rows; the first half is the reference."""
    with np.load(CARLOAN / "scores.npz") as stored:
        risk = stored["percent"] / 100
        return np.unpackbits(stored["repaid"])[: len(risk)], risk, (risk >= CALLED_FROM).astype(int)


@pytest.fixture(scope="module")
def estimator(loans: Rows) -> Estimator:
    outcome, risk, called = (part[:50_000] for part in loans)
    return fit(outcome, risk, called, chunk_size=SIZE)


@pytest.fixture(scope="module")
def chunks(loans: Rows, estimator: Estimator) -> list[dict[str, estimation.Estimate]]:
    """Estimates of ten reference and ten analysis chunks."""
    _, risk, called = loans
    return [estimate(estimator, risk[at : at + SIZE], called[at : at + SIZE]) for at in range(0, 100_000, SIZE)]


def column(chunks: list[dict[str, estimation.Estimate]], metric: str, name: str) -> list[float]:
    return [getattr(chunk[metric], name) for chunk in chunks]


# --- as published


@pytest.mark.parametrize("metric", EXACT)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("value", "value"),
        ("sampling_error", "sampling_error"),
        ("lower_threshold", "lower_threshold"),
        ("upper_threshold", "upper_threshold"),
        ("low", "lower_confidence_boundary"),
        ("high", "upper_confidence_boundary"),
        ("alert", "alert"),
    ],
)
def test_estimates_are_those_of_nannyml(chunks: list, metric: str, ours: str, theirs: str) -> None:
    wanted = pd.read_csv(CARLOAN / "nannyml_cbpe.csv")[f"{metric}_{theirs}"]
    assert column(chunks, metric, ours) == pytest.approx(wanted.tolist(), rel=1e-9)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision"])
def test_rankings_are_those_of_nannyml_but_for_its_rounding(chunks: list, metric: str) -> None:
    wanted = pd.read_csv(CARLOAN / "nannyml_cbpe.csv")
    for name in ("value", "lower_threshold", "upper_threshold"):
        assert column(chunks, metric, name) == pytest.approx(wanted[f"{metric}_{name}"].tolist(), abs=5e-6)
    assert column(chunks, metric, "alert") == wanted[f"{metric}_alert"].tolist()


def places_of_leavers(outcome: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Share of stayers before each leaver, as nannyml counts them."""
    leavers = np.flatnonzero(outcome[order])
    return (leavers - np.arange(len(leavers))) / (len(outcome) - len(leavers))


def test_the_sampling_error_of_roc_auc_is_nannymls_but_for_the_order_of_ties(loans: Rows, chunks: list) -> None:
    # nannyml's own figure hangs on how tied rows happen to lie; mid-ranks stand between the two extremes
    outcome, risk, _ = (part[:50_000] for part in loans)
    ours = chunks[0]["roc_auc"].sampling_error
    least, most = sorted(
        places_of_leavers(outcome, np.lexsort((tied, risk))).std() / math.sqrt(SIZE * outcome.mean())
        for tied in (outcome, 1 - outcome)
    )
    printed = pd.read_csv(CARLOAN / "documentation.csv")["roc_auc_sampling_error"][0]
    theirs = pd.read_csv(CARLOAN / "nannyml_cbpe.csv")["roc_auc_sampling_error"][0]
    assert least < min(ours, printed, theirs)
    assert max(ours, printed, theirs) < most
    assert ours == pytest.approx(printed, rel=2.5e-3)
    assert ours == pytest.approx(theirs, rel=5e-3)


def test_estimates_are_those_that_the_documentation_prints(chunks: list) -> None:
    wanted = pd.read_csv(CARLOAN / "documentation.csv")
    for metric in ("roc_auc", "accuracy", "f1"):
        for name in ("value", "lower_threshold", "upper_threshold"):
            assert column(chunks[10:], metric, name) == pytest.approx(wanted[f"{metric}_{name}"].tolist(), rel=1e-6)
        assert column(chunks[10:], metric, "alert") == wanted[f"{metric}_alert"].tolist()
    for metric in ("accuracy", "f1"):
        wanted_error = wanted[f"{metric}_sampling_error"].tolist()
        assert column(chunks[10:], metric, "sampling_error") == pytest.approx(wanted_error, rel=1e-6)


@pytest.mark.parametrize("metric", ["roc_auc", "f1", "precision", "recall", "accuracy", "specificity"])
def test_the_alarm_is_raised_in_the_last_five_chunks_and_in_no_other(chunks: list, metric: str) -> None:
    assert column(chunks, metric, "alert") == [False] * 15 + [True] * 5


def test_the_realised_metrics_of_the_reference_lie_in_the_bands(chunks: list) -> None:
    wanted = pd.read_csv(CARLOAN / "nannyml_cbpe.csv")
    for metric in PUBLISHED:
        for chunk, realised in zip(chunks[:10], wanted[f"{metric}_realized"], strict=False):
            assert chunk[metric].band_low <= realised <= chunk[metric].band_high


def test_an_estimator_is_stored_as_json_and_restored_to_the_bit(loans: Rows, estimator: Estimator) -> None:
    restored = Estimator.from_dict(json.loads(json.dumps(estimator.as_dict(), allow_nan=False)))
    assert restored == estimator
    _, risk, called = (part[-SIZE:] for part in loans)
    assert estimate(restored, risk, called) == estimate(estimator, risk, called)


# --- whether to calibrate, and how


def world(rows: int, seed: int, sure: float = 1.6, shift: float = 0.6, digits: int = 9) -> Rows:
    """Outcomes, risks whose log-odds are `sure` times and `shift` above the true ones, and calls."""
    random = np.random.default_rng(seed)
    log_odds = 1.3 * random.normal(size=rows) - 1.2
    risk = expit(sure * log_odds + shift).round(digits)
    return (random.random(rows) < expit(log_odds)).astype(int), risk, (risk >= 0.4).astype(int)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 120), st.integers(2, 120), st.integers(0, 9))
def test_the_held_out_rows_are_those_of_scikit_learn(leavers: int, stayers: int, seed: int) -> None:
    outcome = np.random.default_rng(seed).permutation(np.repeat([1.0, 0.0], [leavers, stayers]))
    if math.ceil(0.1 * len(outcome)) < 2:
        return
    wanted = StratifiedShuffleSplit(n_splits=10, test_size=0.1, random_state=42).split(outcome[:, None], outcome)
    for found, (_, test) in zip(calibrating.held_out(outcome), wanted, strict=True):
        assert found.tolist() == test.tolist()


def peer_needs_calibration(outcome: np.ndarray, risk: np.ndarray) -> bool:
    """nannyml 0.13.1, calibration.py, `needs_calibration` with ten bins and ten splits, on scikit-learn."""
    told, before, after = [], [], []
    splits = StratifiedShuffleSplit(n_splits=10, test_size=0.1, random_state=42)
    for train, test in splits.split(risk, outcome):
        line = IsotonicRegression(out_of_bounds="clip").fit(risk[train], outcome[train])
        told.append(outcome[test])
        before.append(risk[test])
        after.append(line.predict(risk[test]))
    left = np.concatenate(told)

    def error(chance: np.ndarray) -> float:
        order = chance.argsort()
        width = len(left) // 10
        edges = [*range(0, len(left) + 1, width)]
        edges[-1] = len(left)
        bins = [order[first:last] for first, last in zip(edges[:-1], edges[1:], strict=True)]
        return sum(len(rows) * abs(chance[rows].mean() - left[rows].mean()) for rows in bins) / len(left)

    return error(np.concatenate(before)) > error(np.concatenate(after))


@pytest.mark.parametrize("rows", [203, 1000, 3000])
def test_whether_to_calibrate_is_decided_as_nannyml_does(rows: int) -> None:
    found = []
    for seed in range(12):
        outcome, risk, called = world(rows, seed, sure=1.0, shift=0.05 * (seed % 3), digits=2 if seed % 2 else 9)
        decided = fit(outcome, risk, called).calibrator is not None
        assert decided == peer_needs_calibration(outcome, risk)
        found.append(decided)
    assert set(found) == {True, False}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 9]), st.booleans())
def test_the_line_is_that_of_isotonic_regression(seed: int, digits: int, weighted: bool) -> None:
    outcome, risk, _ = world(60, seed, digits=digits)
    weights = np.random.default_rng(seed).random(60) + 0.1 if weighted else None
    line, steps = calibrating.calibrated(calibrating.levels(risk, outcome, weights))
    wanted = IsotonicRegression(out_of_bounds="clip").fit(risk, outcome, sample_weight=weights)
    asked = np.concatenate([risk, np.linspace(0, 1, 50)])
    assert line.chances(asked) == pytest.approx(wanted.predict(asked), abs=1e-12)
    assert len(steps.starts) == len(np.unique(line.chance))
    if not weighted:
        assert sum(steps.rows) == 60


def test_risks_that_come_true_are_left_as_they_are_and_risks_that_do_not_are_mended() -> None:
    outcome, risk, called = world(20_000, seed=1, sure=2.0, shift=1.0)
    estimator = fit(outcome, risk, called)
    assert estimator.calibrator is not None
    later, risk, called = world(20_000, seed=2, sure=2.0, shift=1.0)
    found = estimate(estimator, risk, called)
    realised = {
        "accuracy": peer.accuracy_score(later, called),
        "brier": peer.brier_score_loss(later, risk),
        "roc_auc": peer.roc_auc_score(later, risk),
        "average_precision": peer.average_precision_score(later, risk),
        "f1": peer.f1_score(later, called),
    }
    assert {name: found[name].value for name in realised} == pytest.approx(realised, abs=0.01)
    told_by_the_risks = np.mean(np.where(called, risk, 1 - risk))
    assert abs(told_by_the_risks - realised["accuracy"]) > 0.05


# --- by definition


@st.composite
def reference_and_chunk(draw: st.DrawFn) -> tuple[Rows, Rows]:
    seed, digits = draw(st.integers(0, 10**6)), draw(st.sampled_from([1, 2, 9]))
    sure = draw(st.sampled_from([1.0, 3.0]))
    rows = draw(st.integers(1, 150))
    return world(400, seed, sure=sure, digits=digits), world(rows, seed + 1, sure=sure, digits=digits)


def chances(estimator: Estimator, risk: np.ndarray) -> np.ndarray:
    return risk if estimator.calibrator is None else estimator.calibrator.chances(risk)


@settings(max_examples=60, deadline=None)
@given(reference_and_chunk())
def test_each_estimate_is_the_metric_with_every_row_both_left_and_stayed(case: tuple[Rows, Rows]) -> None:
    # scikit-learn on 2 n rows: each row once as a leaver, weighted with its chance, and once as a stayer
    reference, (_, risk, called) = case
    estimator = fit(*reference)
    found, chance = estimate(estimator, risk, called), chances(estimator, risk)
    n, p = len(risk), np.concatenate([chance, 1 - chance])
    outcome, twice, said = np.repeat([1, 0], n), np.tile(risk, 2), np.tile(called, 2)
    wanted = {"accuracy": peer.accuracy_score(outcome, said, sample_weight=p)}
    wanted["brier"] = float(np.average((twice - outcome) ** 2, weights=p))
    if min(chance.sum(), (1 - chance).sum()) > 0:
        wanted["roc_auc"] = peer.roc_auc_score(outcome, twice, sample_weight=p)
        wanted["recall"] = peer.recall_score(outcome, said, sample_weight=p)
        wanted["specificity"] = peer.recall_score(1 - outcome, 1 - said, sample_weight=p)
        if called.any():
            wanted["precision"] = peer.precision_score(outcome, said, sample_weight=p)
            wanted["f1"] = peer.f1_score(outcome, said, sample_weight=p)
    tn, fp, fn, tp = peer.confusion_matrix(outcome, said, sample_weight=p, labels=[0, 1]).ravel()
    wanted |= {"true_negative": tn, "false_positive": fp, "false_negative": fn, "true_positive": tp}
    assert {name: found[name].value for name in wanted} == pytest.approx(wanted, abs=1e-9)
    assert sum(found[name].value for name in COUNTS) == pytest.approx(n)


@settings(max_examples=60, deadline=None)
@given(reference_and_chunk())
def test_average_precision_takes_the_rows_one_by_one_from_the_highest_risk(case: tuple[Rows, Rows]) -> None:
    reference, (_, risk, called) = case
    estimator = fit(*reference)
    chance = np.sort(chances(estimator, risk))[::-1]
    caught = np.cumsum(chance)
    wanted = float(np.sum(chance * caught / np.arange(1, len(risk) + 1)) / caught[-1]) if caught[-1] else math.nan
    found = estimate(estimator, risk, called)["average_precision"].value
    assert found == pytest.approx(wanted, abs=1e-10, nan_ok=True)


@pytest.mark.parametrize("scale", [1.0, 1e-9])
def test_many_rows_and_risks_beyond_the_reference_are_estimated_row_by_row_all_the_same(scale: float) -> None:
    outcome, risk, called = world(20_000, seed=13)
    reference = outcome, risk * scale, called
    wide = np.concatenate([np.linspace(0, 1, 30_001), risk]) * scale
    said = np.random.default_rng(0).integers(0, 2, len(wide))
    estimator = fit(*reference)
    assert estimator.calibrator is not None
    found, chance = estimate(estimator, wide, said), estimator.calibrator.chances(wide)
    rows, p = np.tile(wide, 2), np.concatenate([chance, 1 - chance])
    wanted = peer.roc_auc_score(np.repeat([1, 0], len(wide)), rows, sample_weight=p)
    assert found["roc_auc"].value == pytest.approx(wanted, abs=1e-9)
    assert found["true_positive"].value == pytest.approx(chance @ said, rel=1e-12)
    ranked = np.sort(chance)[::-1]
    wanted = np.sum(ranked * np.cumsum(ranked) / np.arange(1, len(wide) + 1)) / ranked.sum()
    assert found["average_precision"].value == pytest.approx(wanted, rel=1e-11)


@settings(max_examples=40, deadline=None)
@given(reference_and_chunk())
def test_neither_the_order_of_the_rows_nor_rows_without_a_risk_change_an_estimate(case: tuple[Rows, Rows]) -> None:
    reference, (_, risk, called) = case
    estimator = fit(*reference)
    order = np.random.default_rng(len(risk)).permutation(len(risk) + 2)
    widened, said = np.append(risk, [np.nan] * 2)[order], np.append(called, [1, 0])[order]
    one, other = estimate(estimator, risk, called), estimate(estimator, widened, said)
    for metric in METRICS:
        for name in ("n", "value", "low", "high", "band_low", "band_high"):
            assert getattr(one[metric], name) == pytest.approx(getattr(other[metric], name), abs=1e-9, nan_ok=True)


def test_risks_on_another_scale_rank_alike() -> None:
    outcome, risk, called = world(3000, seed=3)
    _, now, said = world(500, seed=4)
    one = estimate(fit(outcome, risk, called), now, said)
    other = estimate(fit(outcome, risk**3, called), now**3, said)
    for metric in set(METRICS) - {"brier"}:  # the squared distance is that of the risks themselves
        assert one[metric].value == pytest.approx(other[metric].value, abs=2e-3)
        assert one[metric].lower_threshold == other[metric].lower_threshold


def test_sampling_errors_and_thresholds_by_hand() -> None:
    # two chunks; called and left: 2 and 1, called and stayed: 1 and 1, missed: 1 and 1, left alone: 2 and 3
    outcome = np.array([1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0])
    called = np.array([1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0])
    risk = np.where(called, 0.7, 0.2) + np.arange(12) / 1000
    found = fit(outcome, risk, called, chunks=np.repeat(["b", "a"], 6)).metrics
    accuracy = found["accuracy"]
    assert accuracy.realised == pytest.approx(8 / 12)
    assert accuracy.sampling_error("accuracy", 50) == pytest.approx(math.sqrt(8 / 12 * 4 / 12 / 50))
    assert (accuracy.lower_threshold, accuracy.upper_threshold) == pytest.approx((8 / 12, 8 / 12))
    # precision 2/3 and 1/2: mean 7/12, standard deviation 1/12
    precision = found["precision"]
    assert (precision.lower_threshold, precision.upper_threshold) == pytest.approx((4 / 12, 10 / 12))
    assert precision.sampling_error("precision", 50) == pytest.approx(math.sqrt(3 / 5 * 2 / 5 / (50 * 5 / 12)))
    assert found["recall"].sampling_error("recall", 50) == pytest.approx(math.sqrt(3 / 5 * 2 / 5 / (50 * 5 / 12)))
    # of the 7 rows that f1 speaks of 3 are hits; each counts 7 / (3 + 4 / 2)
    expected_f1 = math.sqrt(3 / 7 * 4 / 7) * 7 / 5 / math.sqrt(50 * 7 / 12)
    assert found["f1"].sampling_error("f1", 50) == pytest.approx(expected_f1)
    # true positives 2 and 1: mean 3/2, standard deviation 1/2
    hits = found["true_positive"]
    assert (hits.lower_threshold, hits.upper_threshold) == pytest.approx((0.0, 3.0))
    assert hits.sampling_error("true_positive", 50) == pytest.approx(math.sqrt(50 * 3 / 12 * 9 / 12))
    losses = (risk - outcome) ** 2
    assert found["brier"].sampling_error("brier", 50) == pytest.approx(losses.std() / math.sqrt(50))


def test_the_sampling_error_of_roc_auc_is_nannymls_where_nothing_ties() -> None:
    outcome, risk, called = world(2000, seed=5)
    found = fit(outcome, risk, called).metrics["roc_auc"].sampling_error("roc_auc", 700)
    shares = places_of_leavers(outcome, np.argsort(risk))
    assert found == pytest.approx(shares.std() / math.sqrt(700 * outcome.mean()), rel=1e-9)


def test_the_sampling_error_of_average_precision_is_what_resampling_finds() -> None:
    outcome, risk, called = world(2000, seed=6)
    random = np.random.default_rng(0)
    drawn = [random.integers(0, 2000, 2000) for _ in range(600)]
    spread = np.std([peer.average_precision_score(outcome[rows], risk[rows]) for rows in drawn])
    found = fit(outcome, risk, called).metrics["average_precision"].sampling_error("average_precision", 2000)
    assert found == pytest.approx(spread, rel=0.1)  # 600 draws leave some 3 % of chance


def test_without_chunks_ten_parts_of_the_reference_say_what_is_usual() -> None:
    outcome, risk, called = world(1000, seed=7)
    parts = [peer.roc_auc_score(outcome[at : at + 100], risk[at : at + 100]) for at in range(0, 1000, 100)]
    found = fit(outcome, risk, called).metrics["roc_auc"]
    assert found.lower_threshold == pytest.approx(np.mean(parts) - 3 * np.std(parts), abs=1e-12)
    assert found.upper_threshold == pytest.approx(min(1, np.mean(parts) + 3 * np.std(parts)), abs=1e-12)
    assert found.realised == pytest.approx(peer.roc_auc_score(outcome, risk), abs=1e-12)


# --- where something cannot be said


def nothing_but(found: dict[str, estimation.Estimate]) -> set[str]:
    return {metric for metric, one in found.items() if not math.isnan(one.value)}


def test_a_chunk_without_risks_has_no_estimate_and_says_why() -> None:
    estimator = fit(*world(500, seed=8))
    for risk in (np.array([]), np.array([np.nan, np.nan])):
        found = estimate(estimator, risk, np.zeros(len(risk), int))
        assert nothing_but(found) == set()
        assert {one.reason for one in found.values()} == {"No row of this chunk has a risk."}
        assert not any(one.alert for one in found.values())


def test_a_chunk_in_which_nobody_leaves_or_is_called_has_only_some_estimates() -> None:
    random = np.random.default_rng(0)
    risk = random.random(400).round(2)
    estimator = fit((random.random(400) < risk).astype(int), risk, (risk >= 0.5).astype(int))
    found = estimate(Estimator(**{**vars(estimator), "calibrator": None}), np.zeros(9), np.zeros(9, int))
    assert nothing_but(found) == {"accuracy", "specificity", "brier", *COUNTS}
    assert found["recall"].reason == "By their risks nobody of this chunk leaves."
    assert found["precision"].reason == "Nobody of this chunk is called."
    assert found["specificity"].value == found["accuracy"].value == 1.0
    found = estimate(Estimator(**{**vars(estimator), "calibrator": None}), np.ones(9), np.ones(9, int))
    assert found["specificity"].reason == found["roc_auc"].reason == "By their risks nobody of this chunk stays."
    assert found["recall"].value == 1.0


@pytest.mark.parametrize("left", [0, 1])
def test_a_reference_with_one_kind_of_outcome_still_gives_values(left: int) -> None:
    _, risk, called = world(300, seed=9)
    estimator = fit(np.full(300, left), risk, called)
    assert estimator.calibrator is None
    found = estimate(estimator, risk, called)["roc_auc"]
    assert 0 < found.value < 1
    assert math.isnan(found.low)
    assert not found.alert
    assert found.reason.startswith("The reference does not show what is usual")
    assert estimate(Estimator.from_dict(estimator.as_dict()), risk, called)["roc_auc"].value == found.value


def test_an_empty_reference_gives_no_estimate_and_says_why() -> None:
    nothing = np.array([])
    estimator = fit(nothing, nothing, nothing)
    found = estimate(Estimator.from_dict(estimator.as_dict()), np.array([0.3]), np.array([0]))
    assert nothing_but(found) == set()
    assert {one.reason for one in found.values()} == {"The reference has no row whose risk and outcome are known."}


def test_rows_whose_outcome_is_not_known_are_no_reference() -> None:
    outcome, risk, called = world(500, seed=10)
    chunks = np.arange(500) // 100
    waiting = np.append(outcome, [np.nan] * 50), np.append(risk, risk[:50]), np.append(called, called[:50])
    found = fit(*waiting, chunks=np.append(chunks, [7] * 50))
    assert found.as_dict() == fit(outcome, risk, called, chunks=chunks).as_dict()


def test_only_the_metrics_that_are_asked_for_are_estimated() -> None:
    outcome, risk, called = world(500, seed=11)
    assert list(estimate(fit(outcome, risk, called, metrics=("f1", "roc_auc")), risk, called)) == ["f1", "roc_auc"]
