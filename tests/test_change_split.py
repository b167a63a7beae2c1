"""A change of risk is split exactly, reasons go both ways, and what was never seen is said."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import scoring
from core.config import ModelConfig
from core.model import AdditiveModel
from core.pipeline.changed import changes_since
from core.pipeline.full import full_run
from core.scoring import changes, effect_curve, pair_table, reasons, score, score_one, unfamiliar
from core.scoring.reasons import strongest_both_ways
from core.store import models
from core.training import fit_family
from core.views import client as views
from core.workspace import Workspace
from tests.builders import clients_frame, drop, make_workspace
from tests.model_builders import MIXED, contract, hand_made, mixed_rows


@pytest.fixture(scope="module")
def two() -> tuple[AdditiveModel, AdditiveModel]:
    """A logistic regression, and a boosting machine with pairs that learned from other rows."""
    first, second = mixed_rows(500, seed=1), mixed_rows(500, seed=2)
    return (
        replace(fit_family("logistic", *first, contract(MIXED), ModelConfig()), slope=0.8, shift=-0.1),
        replace(
            fit_family("ebm_pairs", *second, contract(MIXED), ModelConfig(pairs=2)), knots=((-2.0, -1.5), (1.0, 1.2))
        ),
    )


# --- the split


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_parts_add_up_to_the_change_and_the_columns_to_their_part(
    seed: int, two: tuple[AdditiveModel, AdditiveModel]
) -> None:
    before, now = two
    random = np.random.default_rng(seed)
    was, is_now = mixed_rows(30, seed=seed, strange=True)[0], mixed_rows(30, seed=seed + 1)[0]
    delivered = random.random(30), random.random(30)
    found = changes.split(before, now, was, is_now, delivered)
    np.testing.assert_allclose(found.client + found.model + found.memory, delivered[1] - delivered[0], atol=1e-15)
    # without anything remembered the two parts are the change of the models' own risks
    np.testing.assert_allclose(found.client + found.model, now.risk(is_now) - before.risk(was), atol=1e-12)

    def log_odds(model: AdditiveModel, rows: pd.DataFrame) -> np.ndarray:
        return model.log_odds(model.contributions(model.encode(rows)))

    moved = sum(found.client_reasons.values()) + sum(found.model_reasons.values())
    np.testing.assert_allclose(moved, log_odds(now, is_now) - log_odds(before, was), atol=1e-9)
    by_client = [log_odds(model, is_now) - log_odds(model, was) for model in two]
    np.testing.assert_allclose(sum(found.client_reasons.values()), np.mean(by_client, axis=0), atol=1e-9)


def test_a_client_who_stayed_the_same_changed_nothing_and_neither_did_the_same_model(
    two: tuple[AdditiveModel, AdditiveModel],
) -> None:
    before, now = two
    was, is_now = mixed_rows(40, seed=3)[0], mixed_rows(40, seed=4)[0]
    same = changes.split(before, now, was, was, (before.risk(was), now.risk(was)))
    assert np.abs(same.client).max() == 0
    assert all(np.abs(part).max() == 0 for part in same.client_reasons.values())
    np.testing.assert_allclose(same.model, now.risk(was) - before.risk(was), atol=1e-15)
    other = changes.split(before, before, was, is_now, (before.risk(was), before.risk(is_now)))
    assert np.abs(other.model).max() == 0
    assert np.abs(other.memory).max() < 1e-15


def test_a_split_by_hand() -> None:
    before = hand_made()
    now = replace(before, intercept=before.intercept + 0.5)
    was = pd.DataFrame({"usage": [2.0], "plan": pd.Series(["A"], dtype=object)})
    is_now = pd.DataFrame({"usage": [8.0], "plan": pd.Series(["A"], dtype=object)})
    four = [float(model.risk(rows)[0]) for model in (before, now) for rows in (was, is_now)]
    found = changes.split(before, now, was, is_now, (np.array([four[0]]), np.array([four[3]])))
    assert found.client[0] == pytest.approx(((four[1] - four[0]) + (four[3] - four[2])) / 2)
    assert found.model[0] == pytest.approx(((four[2] - four[0]) + (four[3] - four[1])) / 2)
    (stored,) = changes.as_stored(found, now, was, is_now, "v1")
    assert stored["client_reasons"][0] == {
        "column": "usage", "before": "2", "now": "8", "contribution": pytest.approx(-3.0),
    }  # fmt: skip
    assert stored["model_reasons"] == [{"column": "", "contribution": pytest.approx(0.5)}]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((0.18, 0.15, 0.03, 0.0), "Since last time: +18 points, of which +15 the client and +3 the model."),
        ((-0.2, -0.2, 0.001, 0.0), "Since last time: -20 points, all of it the client."),
        ((0.0, 0.0, 0.0, 0.0), "Since last time: no points."),
        ((0.009, 0.005, 0.004, 0.0), "Since last time: +1 points, all of it the client."),
        ((-0.009, -0.005, -0.004, 0.0), "Since last time: -1 points, all of it the client."),
        ((0.02, 0.1, -0.1, 0.02), "Since last time: +2 points, of which +10 the client, -10 the model and +2 what the "
                                  "model remembered of the client."),
    ],
)  # fmt: skip
def test_a_split_in_words(change: tuple[float, ...], said: str) -> None:
    assert changes.sentence(dict(zip(("total", "client", "model", "memory"), change, strict=True))) == said


# --- reasons in both directions


def test_reasons_hold_the_strongest_of_either_direction() -> None:
    contributions = np.array([[3.0, -0.1, 2.0, 1.0, -0.2, 0.5, 0.0]])
    assert strongest_both_ways(contributions) == [[0, 2, 3, 4, 1]]
    assert strongest_both_ways(np.zeros((1, 3))) == [[]]


def test_a_pair_is_told_as_two_values_together(two: tuple[AdditiveModel, AdditiveModel]) -> None:
    model, rows = two[1], mixed_rows(50, seed=9)[0]
    told = [scoring.sentence(one) for own in reasons(model, score(model, rows), rows) for one in own]
    assert any(" together with " in one for one in told)
    assert all(one.endswith(("raises the risk", "lowers the risk")) for one in told)


# --- like nothing before


def test_what_was_never_seen_is_said() -> None:
    n = 400
    features = pd.DataFrame(
        {
            "delay": np.r_[np.linspace(0, 50, n - 1), 120.0],
            "plan": pd.Series(["A", "B"] * (n // 2), dtype="str"),
            "since": np.linspace(100, 900, n),
        }
    )
    kinds = contract({"delay": "numeric", "plan": "categorical", "since": "date"})
    model = fit_family("logistic", features, (np.arange(n) % 3 == 0).astype(int), kinds, ModelConfig())
    asked = pd.DataFrame(
        {
            "delay": [124.0, 480.0, 80.0, -10.0, np.nan],
            "plan": pd.Series(["A", "A", "B", "C", "A"], dtype="str"),
            "since": [500.0, 500.0, 500.0, 40.0, 500.0],
        }
    )
    found = unfamiliar.unfamiliar(model, model.encode(asked))
    said = unfamiliar.told(model, found, asked)
    assert said == [
        [],
        ["delay is 480, the most seen was 120"],
        ["delay is 80, nobody was between 50 and 120"],
        ["delay is -10, the least seen was 0", "plan is C, which hardly anybody had",
         "since is 40 days ago, the latest seen was 100 days ago"],
        ["delay is unknown, it was known of all"],
    ]  # fmt: skip
    assert found.any().tolist() == [False, True, True, True, True]
    assert unfamiliar.sentence(said[1]) == (
        "There was nothing like this among the clients learned from: delay is 480, the most seen was 120."
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_rows_that_were_learned_from_are_not_unfamiliar_but_for_rare_levels(seed: int) -> None:
    features, outcome = mixed_rows(120, seed)
    model = fit_family("logistic", features, outcome, contract(MIXED), ModelConfig())
    found = unfamiliar.unfamiliar(model, model.encode(features))
    for name in ("usage", "tickets", "age"):
        assert not found.columns[name].any()


# --- shapes


def test_an_effect_curve_is_what_a_column_adds(two: tuple[AdditiveModel, AdditiveModel]) -> None:
    for model in two:
        for column in model.columns:
            curve = effect_curve(model, column.name)
            place = [term.columns for term in model.terms].index((column.name,))
            rows = mixed_rows(len(curve), seed=1)[0].assign(**{column.name: curve["value"].to_numpy()})
            if column.categorical:
                rows[column.name] = rows[column.name].astype("str").mask(curve["value"].isna().to_numpy())
            added = model.contributions(model.encode(rows))[:, place]
            np.testing.assert_allclose(curve["contribution"], added, atol=1e-12)
            if not column.categorical:
                assert (curve["value"].min(), curve["value"].max()) == (column.low, column.high)


def test_a_pair_table_holds_the_weights_of_the_pair(two: tuple[AdditiveModel, AdditiveModel]) -> None:
    model = two[1]
    term = next(term for term in model.terms if len(term.columns) == 2)
    table = pair_table(model, *term.columns)
    assert table.shape == term.weights.shape
    assert table.index[0] == "unknown"
    assert pair_table(model, "usage", "usage").empty


# --- one client


def test_one_client_alone_is_scored_to_the_bit_as_in_a_frame(two: tuple[AdditiveModel, AdditiveModel]) -> None:
    rows = mixed_rows(60, seed=5, strange=True)[0]
    cuts = scoring.BandCuts(0.5, 0.2)
    for model in two:
        together = score(model, rows)
        named = reasons(model, together, rows)
        bands = cuts.band(together.risk)
        for place, values in enumerate(rows.to_dict("records")):
            found = score_one(model, values, cuts)
            assert found.risk == together.risk[place]
            assert found.band == bands[place]
            assert found.reasons == named[place]
    assert 0 < score_one(two[0], {}, None).risk < 1


# --- through the pipeline


@pytest.fixture
def lived(tmp_path: Path) -> tuple[Workspace, list[datetime]]:
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    settings_ = {"model": {"families": ["logistic"]}, "retrain": {"on_drift": False}}
    workspace = make_workspace(tmp_path, settings_, lambda: clock[0])
    frame = clients_frame(400, seed=1)
    drop(workspace, "first.csv", frame)
    full_run(workspace)
    return workspace, clock


def test_each_delivered_change_is_stored_and_shown_with_its_parts(lived: tuple[Workspace, list[datetime]]) -> None:
    workspace, clock = lived
    with workspace.store.reading() as db:
        before = models.current_risks(db).set_index("client")
    assert before["change"].isna().all()
    clock[0] += timedelta(days=1)
    frame = clients_frame(400, seed=1)
    stays = frame[frame[workspace.contract().outcome].astype(str).isin(["0", "no"])].head(50).copy()
    stays["activity"] = stays["activity"].astype(float) * 0.2
    stays[workspace.contract().outcome] = ""
    drop(workspace, "second.csv", stays)
    full_run(workspace)
    with workspace.store.reading() as db:
        now = models.current_risks(db).set_index("client")
    told = now[now["change"].notna()]
    assert len(told) == 50
    for client, row in told.iterrows():
        change = row["change"]
        assert change["total"] == pytest.approx(row["risk"] - before.loc[client, "risk"], abs=1e-12)
        assert change["client"] + change["model"] + change["memory"] == pytest.approx(change["total"], abs=1e-12)
        assert change["model"] == 0
        assert change["client_reasons"][0]["column"] == "activity"
    client = told.index[0]
    detail = views.one_client(workspace, client)
    assert detail is not None
    assert detail.row is not None
    assert detail.row["change"].startswith("Since last time: ")
    assert detail.client_change["column"].iloc[0] == "activity"


def test_a_change_whose_model_or_values_are_gone_is_not_told_apart(lived: tuple[Workspace, list[datetime]]) -> None:
    workspace, _ = lived
    champion, dataset = workspace.champion(), workspace.dataset()
    model = workspace.model(champion)
    with workspace.store.reading() as db:
        stored = models.current_risks(db).set_index("client")
    rows = [
        {"client": client, "as_of": row["as_of"].to_pydatetime(), "risk": row["risk"]}
        for client, row in stored.head(3).iterrows()
    ]
    assert all(one and one["total"] == 0 for one in changes_since(workspace, dataset, rows, stored, model))
    corrected = stored.assign(content="00" * 16)
    told = changes_since(workspace, dataset, rows, corrected, model)
    assert told == [{"unknown": "the values of that time were corrected or are gone"}] * 3
    assert changes.sentence(told[0]) == (
        "Since last time: not told apart, because the values of that time were corrected or are gone."
    )
    shutil.rmtree(workspace.models_folder / champion.version)
    gone = changes_since(workspace, dataset, rows, stored, model)
    assert gone == [{"unknown": f"the files of version {champion.version} are gone"}] * 3
    assert changes_since(workspace, dataset, [], stored, model) == []
