"""The curves and thresholds that a version keeps, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from core import evaluation, registry
from tests.dashboard_fixtures import Stores, opened


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and risks that say something about them, many of them tied."""
    random = np.random.default_rng(seed)
    risk = random.beta(1, 3, n).round(2)
    return (random.random(n) < risk).astype(np.int64), risk


def one(found: pd.DataFrame, name: str) -> pd.DataFrame:
    return found[found["curve"] == name].reset_index(drop=True)


def test_the_counts_at_each_threshold_are_scikit_learns_confusion_matrix() -> None:
    outcome, risk = drawn(900, 1)
    value = np.random.default_rng(2).uniform(1, 9, 900)
    value[::7] = np.nan
    found = evaluation.at_thresholds(outcome, risk, value)
    assert found["threshold"].tolist() == [at / 200 for at in range(201)]
    for row in found.iloc[[0, 21, 60, 131, 200]].itertuples():
        said = risk >= row.threshold
        matrix = confusion_matrix(outcome, said, labels=[0, 1])
        assert [[row.left_alone, row.in_vain], [row.missed, row.caught]] == matrix.tolist()
        assert row.called == said.sum()
        assert row.caught_value == pytest.approx(np.nansum(value[said & (outcome == 1)]))
        assert row.missed_value == pytest.approx(np.nansum(value[~said & (outcome == 1)]))
        assert row.in_vain_value == pytest.approx(np.nansum(value[said & (outcome == 0)]))


def test_without_values_there_are_counts_and_no_sums() -> None:
    found = evaluation.at_thresholds(*drawn(50, 3))
    assert found[["caught_value", "missed_value", "in_vain_value"]].isna().all(axis=None)
    assert found["called"].iloc[0] == 50


def test_the_roc_curve_runs_through_scikit_learns_points() -> None:
    outcome, risk = drawn(700, 4)
    found = one(evaluation.curves(outcome, risk, seed=0), "roc")
    false_alarms, recall, _ = roc_curve(outcome, risk, drop_intermediate=False)
    for x, y in zip(found["x"], found["y"], strict=True):
        right = max(y for at, y in zip(false_alarms, recall, strict=True) if at <= x + 1e-9)
        beyond = min((y for at, y in zip(false_alarms, recall, strict=True) if at > x + 1e-9), default=1.0)
        assert right - 1e-9 <= y <= beyond + 1e-9
    on_a_point = np.isclose(found["x"].to_numpy()[:, None], false_alarms[None, :], atol=1e-12)
    for place, point in np.argwhere(on_a_point):
        assert found["y"][place] >= recall[point] - 1e-12
    assert found["y"].iloc[-1] == 1


def test_the_precision_recall_curve_has_scikit_learns_precision_where_a_recall_is_first_reached() -> None:
    outcome, risk = drawn(700, 5)
    found = one(evaluation.curves(outcome, risk, seed=0), "precision_recall")
    precision, recall, threshold = precision_recall_curve(outcome, risk)
    for x, y in zip(found["x"], found["y"], strict=True):
        first = max(at for at, reached in zip(threshold, recall[:-1], strict=True) if reached >= x - 1e-12)
        assert y == pytest.approx(precision[:-1][threshold == first][0])


def test_gain_and_calibration_come_out_as_by_hand() -> None:
    outcome = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0, 0])
    risk = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
    found = evaluation.curves(outcome, risk, seed=0)
    gain = one(found, "gain").set_index("x")["y"]
    assert [gain[at] for at in (0, 0.1, 0.2, 0.3, 0.4, 1)] == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3, 1, 1])
    bins = one(found, "calibration")  # too few rows for more than one bin
    assert bins[["x", "y", "n"]].to_numpy().tolist() == [[pytest.approx(risk.mean()), 0.3, 10]]


def test_bands_hold_their_curve_are_told_again_and_grow_where_a_clients_rows_go_together() -> None:
    outcome, risk = drawn(600, 6)
    found = evaluation.curves(outcome, risk, seed=7)
    assert (found["low"] <= found["y"]).all()
    assert (found["y"] <= found["high"]).all()
    pd.testing.assert_frame_equal(found, evaluation.curves(outcome, risk, seed=7))
    alike = np.repeat(np.arange(600), 4)
    again = evaluation.curves(outcome[alike], risk[alike], seed=7, cluster=alike)
    loose = evaluation.curves(outcome[alike], risk[alike], seed=7)
    width = {name: (one(made, "roc")["high"] - one(made, "roc")["low"]).mean() for name, made in
             (("once", found), ("together", again), ("loose", loose))}  # fmt: skip
    assert width["together"] == pytest.approx(width["once"], rel=0.15)
    assert width["loose"] == pytest.approx(width["once"] / 2, rel=0.2)


def test_the_roc_band_covers_the_truth_about_as_often_as_it_says() -> None:
    """Normal scores a standard deviation apart: at a tenth of false alarms recall is Phi(1 - 1.2816) = .3891."""
    inside = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        outcome = np.repeat([1, 0], [80, 240])
        score = random.normal(outcome.astype(float))
        at = one(evaluation.curves(outcome, score, seed=seed), "roc").iloc[10]
        inside += at["low"] <= 0.3891 <= at["high"]
    assert inside >= 52


def test_one_kind_of_outcome_gives_no_curve() -> None:
    assert evaluation.curves(np.zeros(30, int), np.linspace(0, 1, 30), seed=0).empty


def test_a_version_keeps_what_its_out_of_fold_risks_say_and_its_manifest_vouches_for_it(stores: Stores) -> None:
    store = opened(stores.rich / "config.toml")
    champion = store.champion()
    assert champion is not None
    learned = registry.load_learned(store.models_folder, champion).dropna(subset="risk")
    kept = registry.load_table(store.models_folder, champion, registry.THRESHOLDS)
    assert kept is not None
    row = kept.iloc[50]
    matrix = confusion_matrix(learned["outcome"], learned["risk"] >= 0.25)
    assert [[row["left_alone"], row["in_vain"]], [row["missed"], row["caught"]]] == matrix.tolist()
    manifest = registry.read_manifest(store.models_folder, champion)
    assert {registry.CURVES, registry.THRESHOLDS} <= set(manifest["files"])
    assert manifest["judged"]["rows"] == len(learned)
    assert manifest["judged"]["clients"] == learned["_client"].nunique() == 400
    # every month has the same clients and values: 1000 + 37 x number
    value = 1000.0 + 37 * learned["_client"].str[1:].astype(int)
    called_leavers = (learned["risk"] >= 0.25) & (learned["outcome"] == 1)
    assert row["caught_value"] == pytest.approx(value[called_leavers].sum())
