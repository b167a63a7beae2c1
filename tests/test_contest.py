"""Which family wins, how old rows count, what being explainable costs, and what fits into a budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from core.config import ModelConfig, RecencyConfig
from core.errors import BellwetherError
from core.training import (
    Recency,
    Trial,
    fit_winner,
    hold_contest,
    looked_at,
    make_folds,
    rows_within,
    timed_families,
    training_set,
)
from core.training.choosing import Standing, compared, simplest
from core.training.families import candidates, fit_rows, fit_together
from core.training.recency import recent
from tests.model_builders import MIXED, contract, mixed_rows, rows_of, silent

LOGISTIC = ModelConfig(families=("logistic",), folds=3)
NUMBER = contract({"x": "numeric"})


# --- the simplest that is good enough


def test_families_are_compared_by_the_paired_differences_of_the_folds() -> None:
    found = compared({"plain": np.array([0.5, 0.7, 0.6]), "rich": np.array([0.4, 0.7, 0.4])})
    # gaps .1, 0 and .2: mean .1, standard deviation .1, standard error .1 / sqrt(3)
    assert found["plain"].loss == pytest.approx(0.6)
    assert found["plain"].behind == pytest.approx(0.1)
    assert found["plain"].error == pytest.approx(0.1 / np.sqrt(3))
    assert found["rich"] == Standing(0.5, 0.0, 0.0)
    assert compared({"only": np.array([0.4])})["only"].error == 0


@pytest.mark.parametrize(
    ("behind", "winner"),
    [((0.02, 0.009, 0.0), "middle"), ((0.0, 0.001, 0.002), "plain"), ((0.01, 0.02, 0.0), "plain"),
     ((0.011, 0.011, 0.0), "rich"), ((0.0, 0.0, 0.0), "plain")],
)  # fmt: skip
def test_the_simplest_family_within_one_standard_error_of_the_best_wins(behind: tuple[float, ...], winner: str) -> None:
    found = {
        name: Standing(0.5 + gap, gap, 0.01) for name, gap in zip(("plain", "middle", "rich"), behind, strict=True)
    }
    assert simplest(found) == winner


def test_candidates_go_from_simple_to_rich_in_whatever_order_config_names_them() -> None:
    assert candidates(ModelConfig()) == ("logistic", "ebm", "ebm_pairs")
    assert candidates(ModelConfig(families=("ebm", "logistic"), pairs=0)) == ("logistic", "ebm")
    assert candidates(ModelConfig(families=("ebm",))) == ("ebm", "ebm_pairs")


@pytest.mark.parametrize("weighted", [False, True])
def test_a_machine_without_pairs_comes_out_of_the_one_with_pairs_as_if_it_had_been_fitted(weighted: bool) -> None:
    features, outcome = mixed_rows(900, seed=3)
    weight = np.random.default_rng(0).uniform(0.2, 3, 900) if weighted else None
    rows = replace(rows_of(features, outcome, clients=[f"C{n % 600}" for n in range(900)]), weight=weight)
    made = fit_together(("ebm", "ebm_pairs"), rows, contract(MIXED), ModelConfig(pairs=2))
    alone = {family: fit_rows(family, rows, contract(MIXED), ModelConfig(pairs=2)) for family in made}
    for family, model in made.items():
        assert model.family == family
        np.testing.assert_allclose(model.risk(features), alone[family].risk(features), rtol=0, atol=1e-9)
    assert np.abs(made["ebm"].risk(features) - made["ebm_pairs"].risk(features)).max() > 0.1


def pair_world(n: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Leaving depends on two columns together and on neither alone."""
    random = np.random.default_rng(8)
    x, y = random.uniform(-1, 1, n), random.uniform(-1, 1, n)
    return pd.DataFrame({"x": x, "y": y}), (random.random(n) < expit(5 * x * y)).astype(int)


@pytest.mark.slow
def test_each_kind_of_world_is_won_by_the_family_that_fits_it() -> None:
    config, kinds = ModelConfig(folds=3, pairs=1), contract({"x": "numeric", "y": "numeric"})
    features, outcome = pair_world(1500)
    assert hold_contest(rows_of(features, outcome), kinds, config, 0, silent).family == "ebm_pairs"
    random = np.random.default_rng(1)
    straight = (random.random(1500) < expit(1.5 * features["x"] - features["y"])).astype(int)
    found = hold_contest(rows_of(features, straight), kinds, config, 0, silent)
    assert found.family == "logistic"
    # no family beats the truth on rows it did not see, and the winner comes close to it
    best = log_loss(straight, expit(1.5 * features["x"] - features["y"]))
    assert best - 0.01 < found.families["logistic"].log_loss < best + 0.01
    assert all(entry.behind >= 0 for entry in found.families.values())


@pytest.mark.parametrize("rate", [0.03, 0.97])
def test_rare_leavers_and_rare_stayers_are_learned_alike(rate: float) -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=1900)
    shift = -4.2 if rate < 0.5 else 4.2
    outcome = (random.random(1900) < expit(shift + 1.5 * x)).astype(int)
    found = hold_contest(rows_of({"x": x}, outcome), NUMBER, LOGISTIC, 0, silent)
    model, _ = fit_winner(rows_of({"x": x}, outcome), NUMBER, LOGISTIC, found)
    truth = expit(shift + 1.5 * x)
    assert found.families["logistic"].roc_auc > roc_auc_score(outcome, truth) - 0.02
    assert abs(found.risk.mean() - outcome.mean()) < 3 * np.sqrt(outcome.var() / 1900)
    assert np.abs(model.risk(pd.DataFrame({"x": x})) - truth).mean() < 0.3 * np.abs(outcome.mean() - truth).mean()


# --- the yardstick


def test_the_yardstick_is_gradient_boosting_on_the_same_folds() -> None:
    features, outcome = pair_world(900)
    kinds = contract({"x": "numeric", "y": "numeric"})
    rows = rows_of(features, outcome)
    found = hold_contest(rows, kinds, LOGISTIC, 0, silent)
    peer = np.full(900, np.nan)
    for train, test in make_folds(rows, kinds, LOGISTIC, 0)[0]:
        machine = HistGradientBoostingClassifier(max_iter=50, early_stopping=False, random_state=0).fit(
            features.iloc[train].to_numpy(), outcome[train]
        )
        peer[test] = machine.decision_function(features.iloc[test].to_numpy())
    # its risks are mapped as ours are, which moves them a little from fold to fold
    assert found.yardstick.roc_auc == pytest.approx(roc_auc_score(outcome, peer), abs=0.01)
    assert found.yardstick.log_loss < log_loss(outcome, expit(peer)) + 1e-3
    # a logistic regression cannot see the pair: being explainable costs most of what there is
    cost = found.yardstick.roc_auc_difference
    assert cost.value == pytest.approx(found.families["logistic"].roc_auc - found.yardstick.roc_auc, abs=1e-12)
    assert cost.high < -0.1
    assert found.yardstick.log_loss_difference.low > 0


def test_the_yardstick_sees_levels_and_gaps() -> None:
    features, outcome = mixed_rows(1500, seed=3)
    found = hold_contest(rows_of(features, outcome), contract(MIXED), LOGISTIC, 0, silent)
    assert found.yardstick.roc_auc > found.families["logistic"].roc_auc + 0.1, "usage and plan make a pair"


# --- how much a row counts


def test_a_row_of_weight_three_counts_as_three_rows() -> None:
    features, outcome = mixed_rows(200, seed=5)
    weight = np.where(np.arange(200) % 2, 3.0, 1.0)
    weighted = replace(rows_of(features, outcome), weight=weight)
    model = fit_rows("logistic", weighted, contract({"tickets": "numeric"}), LOGISTIC)
    design = (features[["tickets"]] - features["tickets"].mean()) / features["tickets"].std(ddof=0)
    thrice = np.repeat(np.arange(200), weight.astype(int))
    peer = LogisticRegression().fit(np.column_stack([design, np.zeros(200)])[thrice], outcome[thrice])
    theirs = peer.decision_function(np.column_stack([design, np.zeros(200)]))
    ours = model.log_odds(model.contributions(model.encode(features)))
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


@pytest.mark.parametrize("family", ["logistic", "ebm"])
def test_weights_move_every_family(family: str) -> None:
    features, outcome = mixed_rows(400, seed=5)
    rows = rows_of(features, outcome)
    heavy = replace(rows, weight=np.where(outcome == 1, 5.0, 1.0))
    plain, moved = (fit_rows(family, own, contract(MIXED), ModelConfig(pairs=0)) for own in (rows, heavy))
    assert moved.risk(features).mean() > plain.risk(features).mean() + 0.15


def kept(**columns: object) -> pd.DataFrame:
    utc = "datetime64[us, UTC]"
    days = pd.to_datetime("2024-01-01", utc=True) + pd.to_timedelta(np.arange(4), unit="D")
    return pd.DataFrame(
        {"x": np.arange(4.0), "_client": list("ABCD"), "_as_of": days.astype(utc), "_outcome": [0.0, 1, 0, 1]} | columns
    )


def test_a_column_of_weights_is_no_feature_and_a_gap_in_it_counts_one() -> None:
    config = ModelConfig(weight="share")
    kinds = contract({"x": "numeric", "share": "numeric", "plan": "categorical"})
    assert [column.name for column in looked_at(kinds, config).columns] == ["x", "plan"]
    assert looked_at(kinds, ModelConfig()) is kinds
    rows = training_set(kept(share=[2.0, np.nan, 0.0, 0.5]), NUMBER, "share")
    assert rows.weight is not None
    assert rows.weight.tolist() == [2.0, 1.0, 0.0, 0.5]
    assert list(rows.features) == ["x"]
    assert training_set(kept(), NUMBER).weight is None


def test_a_wrong_column_of_weights_is_refused_in_a_sentence() -> None:
    kinds = contract({"x": "numeric", "plan": "categorical"})
    with pytest.raises(BellwetherError, match=r"model.weight names 'plan', which is no column of numbers .*\(x\)"):
        looked_at(kinds, ModelConfig(weight="plan"))
    with pytest.raises(BellwetherError, match="1 row of those that may train have a number below zero"):
        training_set(kept(share=[2.0, np.nan, -1.0, 0.5]), NUMBER, "share")


def test_rows_of_weight_zero_are_tested_and_teach_nothing() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=600)
    outcome = (random.random(600) < expit(2 * x)).astype(int)
    asleep = np.arange(600) >= 400
    rows = rows_of({"x": x}, np.where(asleep, 1 - outcome, outcome))
    weighted = replace(rows, weight=np.where(asleep, 0.0, 1.0))
    found = hold_contest(weighted, NUMBER, LOGISTIC, 0, silent)
    assert np.isfinite(found.risk).all()
    model, fitted = fit_winner(weighted, NUMBER, LOGISTIC, found)
    assert fitted == 400
    alone, _ = fit_winner(rows.take(np.arange(400)), NUMBER, LOGISTIC, found)
    assert np.array_equal(model.risk(rows.features), alone.risk(rows.features))


# --- how old rows count


def test_a_row_counts_half_at_its_half_life_and_none_beyond_the_age_allowed() -> None:
    rows = rows_of({"x": np.arange(5.0)}, [0, 1, 0, 1, 0], days=[0, 100, 200, 300, 400])
    halved = recent(rows, Recency(half_life_days=100))
    assert halved.weight is not None
    assert (halved.weight / halved.weight[-1]).tolist() == pytest.approx([1 / 16, 1 / 8, 1 / 4, 1 / 2, 1])
    assert halved.weight.mean() == pytest.approx(1)
    assert recent(rows, Recency(max_age_days=200)).features["x"].tolist() == [2, 3, 4]
    both = recent(replace(rows, weight=np.array([1.0, 1, 1, 4, 1])), Recency(100, 100))
    assert both.weight is not None
    assert (both.weight / both.weight[-1]).tolist() == pytest.approx([2, 1])
    assert recent(rows, Recency()) is rows


def turned_world(turned: bool) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Clients of three years; in a turned one, the sign of what drives them changes after the second."""
    random = np.random.default_rng(4)
    day = np.sort(random.integers(0, 1080, 6000))
    x = random.normal(size=6000)
    sign = np.where((day > 700) & turned, -1, 1)
    return pd.DataFrame({"x": x}), (random.random(6000) < expit(1.5 * sign * x)).astype(int), day


@pytest.mark.parametrize("turned", [True, False])
def test_old_rows_count_less_only_where_the_newest_outcomes_gain_by_it(turned: bool) -> None:
    features, outcome, day = turned_world(turned)
    # so short a half-life leaves few rows: it pays where the old ones mislead, and costs where they do not
    config = ModelConfig(families=("logistic",), folds=3, recency=RecencyConfig(half_life_days=20))
    rows = rows_of(features, outcome, days=day)
    found = hold_contest(rows, contract({"x": "numeric"}, dated=True), config, 0, silent)
    choice = found.recency
    assert choice.asked == Recency(20, 0)
    assert (choice.chosen == choice.asked) == turned
    assert (choice.gain.value < 0) == turned
    model, _ = fit_winner(rows, NUMBER, config, found)
    newest = day > 1000
    right = expit((-1.5 if turned else 1.5) * features["x"][newest])
    assert np.abs(model.risk(features[newest]) - right).mean() < 0.1


def test_without_recency_nothing_is_tried() -> None:
    said: list[str] = []
    features, outcome, day = turned_world(False)
    rows = rows_of(features.head(300), outcome[:300], days=day[:300])
    found = hold_contest(rows, NUMBER, LOGISTIC, 0, lambda _share, text: said.append(text))
    assert not found.recency.asked.counts
    assert np.isnan(found.recency.gain.value)
    assert not any("recency" in text for text in said)


# --- the budget


def trials(config: ModelConfig, seconds: float, power: float) -> dict[str, list[Trial]]:
    return {
        family: [Trial(rows, seconds * (rows / 1000) ** power) for rows in (1000, 4000)]
        for family in timed_families(config)
    }


def test_a_budget_in_seconds_becomes_rows_by_the_times_of_two_trials() -> None:
    config = ModelConfig(families=("logistic",), folds=4, max_training_rows=10**7)
    # two families of .01 s for 1,000 rows, in proportion: 2 x 4 fits on two cores and one more take .05 s a thousand
    assert rows_within(100, trials(config, 0.01, 1), config, cores=2, dated=False) == pytest.approx(
        0.7 * 100 / 0.05 * 1000, rel=1e-3
    )
    # growing with the square, the rows grow with the root of the budget
    square = trials(config, 0.01, 2)
    small, large = (rows_within(seconds, square, config, cores=2, dated=False) for seconds in (10, 40))
    assert large == pytest.approx(2 * small, rel=1e-3)


@given(
    seconds=st.floats(0.1, 1e4), first=st.floats(1e-4, 5), power=st.floats(0, 3), cores=st.integers(1, 64),
    dated=st.booleans(),
)  # fmt: skip
def test_rows_within_a_budget_stay_within_what_config_allows(
    seconds: float, first: float, power: float, cores: int, dated: bool
) -> None:
    config = ModelConfig(max_training_rows=5000)
    found = rows_within(seconds, trials(config, first, power), config, cores=cores, dated=dated)
    assert 100 <= found <= 5000
    more = rows_within(2 * seconds, trials(config, first, power), config, cores=cores, dated=dated)
    assert more >= found
