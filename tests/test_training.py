"""Folds, the contest, calibration, the fallback rule: what may learn from what, and that it repeats to the bit."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score

from core.config import GateConfig, ModelConfig
from core.errors import BellwetherError
from core.training import (
    TrainingSet,
    best_rule,
    contest,
    describe_columns,
    fit_family,
    fit_winner,
    hold_contest,
    make_folds,
    require_two_classes,
    training_set,
    within_budget,
)
from core.training.families import fit_rows
from core.training.folds import rolling
from tests.model_builders import MIXED, contract, mixed_rows, rows_of, silent

LOGISTIC = ModelConfig(families=("logistic",))
NUMBER = contract({"x": "numeric"})


# --- folds


@st.composite
def books(draw: st.DrawFn) -> TrainingSet:
    """Monthly snapshots of some clients, in the order `training_set` gives them, both outcomes among them."""
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    count, clients, months = draw(st.integers(8, 250)), draw(st.integers(4, 60)), draw(st.integers(1, 14))
    owner = random.integers(clients, size=count)
    outcome = (random.random(count) < draw(st.sampled_from([0.05, 0.3, 0.5]))).astype(int)
    outcome[:4], owner[:4] = [0, 1, 0, 1], [0, 1, 2, 3]
    month = random.integers(months, size=count)
    order = np.lexsort((owner, month))
    return rows_of(
        {"x": np.arange(count, dtype=float)},
        outcome[order],
        clients=[f"C{owner[row]:02d}" for row in order],
        days=30 * month[order],
    )


@settings(max_examples=80, deadline=None)
@given(rows=books(), folds=st.integers(2, 6), seed=st.integers(0, 5))
def test_folds_by_client_test_every_row_once_and_keep_a_client_on_one_side(
    rows: TrainingSet, folds: int, seed: int
) -> None:
    cut, how = make_folds(rows, NUMBER, ModelConfig(folds=folds, seed=seed), 0)
    assert how == "by client"
    assert 2 <= len(cut) <= folds
    for train, test in cut:
        assert not set(rows.client[train]) & set(rows.client[test])
    assert sorted(np.concatenate([test for _, test in cut]).tolist()) == list(range(rows.n))


@settings(max_examples=150, deadline=None)
@given(rows=books(), horizon=st.sampled_from([0, 30, 60, 90]), seed=st.integers(0, 5))
def test_forward_folds_never_learn_from_the_tested_clients_or_from_the_future(
    rows: TrainingSet, horizon: int, seed: int
) -> None:
    config = ModelConfig(seed=seed, gate=GateConfig(min_outcomes=2, min_each=1))
    cut, how = make_folds(rows, contract({"x": "numeric"}, dated=True), config, horizon)
    tested = np.concatenate([test for _, test in cut])
    assert len(tested) == len(set(tested.tolist())), "no row is tested twice"
    for train, test in cut:
        assert not set(rows.client[train]) & set(rows.client[test])
        if how != "by client":
            known = rows.as_of[train] + np.timedelta64(horizon, "D")
            first = rows.as_of[test].min()
            assert (known <= first).all() if horizon else (known < first).all()
    if how == "by client":
        assert len(tested) == rows.n
    else:
        assert min(rows.outcome[tested].sum(), (1 - rows.outcome[tested]).sum()) >= 2


def months(outcome: np.ndarray, *, per_month: int) -> TrainingSet:
    """A book of the same clients month after month."""
    count = len(outcome)
    owner = np.arange(count) % per_month
    return rows_of(
        {"x": np.random.default_rng(0).normal(size=count)},
        outcome,
        clients=[f"C{n:04d}" for n in owner],
        days=30 * (np.arange(count) // per_month),
    )


def test_with_dates_the_later_two_thirds_of_the_time_are_tested() -> None:
    outcome = (np.random.default_rng(1).random(3000) < 0.3).astype(int)
    rows = months(outcome, per_month=250)  # twelve months: four learn only, eight are tested
    cut, how = make_folds(rows, contract({"x": "numeric"}, dated=True), LOGISTIC, 90)
    assert how == "by client, forward in time"
    assert sorted(np.concatenate([test for _, test in cut]).tolist()) == list(range(1000, 3000))
    for train, test in cut:
        assert not set(rows.client[train]) & set(rows.client[test])
        first_tested = rows.as_of[test].min()
        assert (rows.as_of[train] + np.timedelta64(90, "D")).max() == first_tested  # all that was known, no more


@pytest.mark.parametrize(
    ("what", "rows"),
    [
        ("too short a history", months((np.random.default_rng(1).random(500) < 0.3).astype(int), per_month=250)),
        ("too few early rows", months((np.random.default_rng(1).random(300) < 0.3).astype(int), per_month=25)),
        ("only stayers later", months(np.r_[np.ones(500, int), np.zeros(2500, int)], per_month=250)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_where_time_does_not_suffice_folds_go_by_client_and_test_every_row(what: str, rows: TrainingSet) -> None:
    cut, how = make_folds(rows, contract({"x": "numeric"}, dated=True), LOGISTIC, 30)
    assert how == "by client", what
    assert sum(len(test) for _, test in cut) == rows.n


@settings(max_examples=100, deadline=None)
@given(rows=books(), horizon=st.sampled_from([0, 30, 60]), newest=st.integers(1, 14))
def test_stretches_of_time_judge_rows_by_what_was_known_before_them(
    rows: TrainingSet, horizon: int, newest: int
) -> None:
    config = ModelConfig(gate=GateConfig(min_outcomes=2, min_each=1))
    judged = rows.as_of >= np.datetime64("2024-01-01", "us") + np.timedelta64(30 * newest, "D")
    found = list(rolling(rows, config, horizon, judged))
    assert len(found) <= 5
    seen = np.zeros(rows.n, dtype=int)
    for known, inside in found:
        assert (rows.as_of[known] + np.timedelta64(horizon, "D")).max() <= rows.as_of[inside & judged].min()
        assert len(np.unique(rows.outcome[known])) == 2
        seen += inside & judged
    assert seen.max(initial=0) <= 1, "no row is judged twice"


# --- how few will do


def test_two_of_either_outcome_are_needed_and_the_sentence_counts_them() -> None:
    require_two_classes(np.array([0, 0, 1, 1]))
    with pytest.raises(BellwetherError) as refused:
        require_two_classes(np.array([0] * 11 + [1]))
    assert str(refused.value) == (
        "Nothing to learn yet: 12 outcomes are known, 1 of them 'left'; "
        "at least two clients who left and two who stayed are needed."
    )
    with pytest.raises(BellwetherError, match="3 outcomes are known, 3 of them 'left'"):
        require_two_classes(np.ones(3, int))


def test_outcomes_of_a_single_client_are_refused_in_a_sentence() -> None:
    rows = rows_of({"x": np.arange(8.0)}, [0, 1] * 4, clients=["A"] * 8)
    with pytest.raises(BellwetherError, match="every known outcome is of one and the same client"):
        hold_contest(rows, NUMBER, LOGISTIC, 0, silent)


@pytest.mark.parametrize("family", ["logistic", "ebm"])
@pytest.mark.parametrize(
    ("outcome", "clients"),
    [
        ([1, 1, 1] + [0] * 20, ["A", "A", "A", *"bcdefghijklmnopqrstu"]),  # every leaver is one client
        ([0, 0, 0, 1, 1, 1], list("AAABBB")),
        ([0, 1, 0, 1, 0, 1], list("AAABBB")),
        ([0, 0, 1, 1], list("ABCD")),
    ],
    ids=["one leaver, seen thrice", "a leaver and a stayer", "two mixed clients", "two and two"],
)
def test_the_smallest_books_become_a_model(family: str, outcome: list[int], clients: list[str]) -> None:
    rows = rows_of({"x": np.arange(len(outcome), dtype=float)}, outcome, clients=clients)
    config = ModelConfig(families=(family,))
    contest = hold_contest(rows, NUMBER, config, 0, silent)
    assert np.isfinite(contest.risk).all()
    model, fitted = fit_winner(rows, NUMBER, config, contest)
    model.verify()
    assert fitted == rows.n
    assert ((model.risk(rows.features) > 0) & (model.risk(rows.features) < 1)).all()


@pytest.mark.slow
def test_boosting_a_handful_of_rows_stops_in_time() -> None:
    random = np.random.default_rng(0)
    features = pd.DataFrame({name: random.normal(size=6) for name in "abcd"})
    begun = time.perf_counter()
    fit_family("ebm", features, np.array([0, 1, 0, 1, 0, 0]), contract(dict.fromkeys("abcd", "numeric")), ModelConfig())
    assert time.perf_counter() - begun < 15  # 50,000 rounds would take a minute


@pytest.mark.parametrize("family", ["logistic", "ebm"])
def test_columns_that_say_nothing_are_carried_and_move_nobody(family: str) -> None:
    outcome = (np.random.default_rng(0).random(300) < 0.3).astype(int)
    features = pd.DataFrame(
        {
            "x": np.random.default_rng(1).normal(size=300) + outcome,
            "constant": np.full(300, 0.1),  # whose standard deviation is 1e-17 in floating point
            "empty": np.full(300, np.nan),
            "blank": pd.Series([None] * 300, dtype="str"),
        }
    )
    kinds = contract({"x": "numeric", "constant": "numeric", "empty": "numeric", "blank": "categorical"})
    model = fit_family(family, features, outcome, kinds, ModelConfig(pairs=0))
    later = features.head(2).assign(constant=[0.1, 7.0])
    contributions = model.contributions(model.encode(later))
    place = [term.columns for term in model.terms].index(("constant",))
    assert contributions[:, place] == pytest.approx([0, 0], abs=1e-9)


# --- the same bits


def shuffled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sample(frac=1, random_state=3)


def test_training_rows_have_one_order_whatever_the_order_of_arrival() -> None:
    features, outcome = mixed_rows(300, seed=4)
    days = pd.to_datetime("2024-01-01", utc=True) + pd.to_timedelta(np.arange(300) % 7, unit="D")
    rows = features.assign(_client=[f"C{n % 90:03d}" for n in range(300)], _as_of=days, _outcome=outcome.astype(float))
    rows = rows.drop_duplicates(["_client", "_as_of"])
    kinds = contract({name: "numeric" if kind == "date" else kind for name, kind in MIXED.items()})
    first, second = training_set(rows, kinds), training_set(shuffled(rows), kinds)
    pd.testing.assert_frame_equal(first.features, second.features)
    assert first.client.tolist() == second.client.tolist()
    assert np.array_equal(first.outcome, second.outcome)
    assert (np.diff(first.as_of.astype(np.int64)) >= 0).all()
    one, other = (hold_contest(own, kinds, LOGISTIC, 0, silent).risk for own in (first, second))
    assert np.array_equal(one, other)


def test_dates_are_looked_at_as_days_before_the_snapshot() -> None:
    utc = "datetime64[us, UTC]"
    rows = pd.DataFrame(
        {
            "signed": pd.Series(["2025-12-31 12:00", None], dtype="str").pipe(pd.to_datetime, utc=True).astype(utc),
            "_client": ["A", "B"],
            "_as_of": pd.to_datetime(["2026-01-02", "2026-01-02"], utc=True).astype(utc),
            "_outcome": [0.0, 1.0],
        }
    )
    assert training_set(rows, contract({"signed": "date"})).features["signed"].tolist() == pytest.approx(
        [1.5, np.nan], nan_ok=True
    )


@pytest.mark.slow
def test_the_contest_gives_the_same_bits_whatever_the_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    features, outcome = mixed_rows(400, seed=6)
    rows, config = rows_of(features, outcome), ModelConfig(folds=2, pairs=2)
    alone = hold_contest(rows, contract(MIXED), config, 0, silent)
    monkeypatch.setattr(contest, "_SMALL", 0)  # every fold in a process of its own
    together = hold_contest(rows, contract(MIXED), config, 0, silent)
    assert np.array_equal(alone.risk, together.risk)
    assert (alone.family, alone.families, alone.calibration) == (
        together.family, together.families, together.calibration,
    )  # fmt: skip
    assert alone.yardstick == together.yardstick
    first = fit_rows("ebm_pairs", rows, contract(MIXED), config)
    second = fit_rows("ebm_pairs", rows, contract(MIXED), config, jobs=2)
    assert np.array_equal(first.risk(features), second.risk(features))


def test_another_seed_cuts_other_folds() -> None:
    features, outcome = mixed_rows(300, seed=6)
    rows = rows_of(features, outcome)
    one, other = (
        hold_contest(rows, contract(MIXED), LOGISTIC.model_copy(update={"seed": seed}), 0, silent).risk
        for seed in (0, 1)
    )
    assert not np.array_equal(one, other)


# --- the training budget


@settings(max_examples=60, deadline=None)
@given(n=st.integers(101, 2000), rate=st.floats(0.02, 0.98), seed=st.integers(0, 9))
def test_a_sample_within_the_budget_keeps_the_rate_of_leavers(n: int, rate: float, seed: int) -> None:
    outcome = (np.random.default_rng(seed).random(n) < rate).astype(int)
    outcome[:4] = 0, 1, 0, 1
    places = np.random.default_rng(seed).permutation(n)[: max(100, n - 50)]
    kept = within_budget(places, outcome, ModelConfig(max_training_rows=100, seed=seed))
    assert set(kept.tolist()) <= set(places.tolist())
    assert len(set(kept.tolist())) == len(kept)
    if len(places) == 100:
        assert sorted(kept.tolist()) == sorted(places.tolist())
    # exactly the rounded share of either outcome, but never fewer than two
    assert abs(outcome[kept].sum() - 100 * outcome[places].mean()) <= 2
    assert abs(len(kept) - 100) <= 2
    for label in (0, 1):
        assert (outcome[kept] == label).sum() >= min(2, (outcome[places] == label).sum())


def test_a_book_within_the_budget_is_learned_from_whole() -> None:
    places = np.array([3, 1, 2])
    assert within_budget(places, np.array([0, 1, 0, 1]), ModelConfig(max_training_rows=100)) is places


def test_rare_leavers_are_not_sampled_away() -> None:
    outcome = np.zeros(100_000, int)
    outcome[[5, 50_000, 99_000]] = 1
    kept = within_budget(np.arange(100_000), outcome, ModelConfig(max_training_rows=1000))
    assert outcome[kept].sum() == 2
    assert len(kept) == pytest.approx(1000, abs=2)


def test_all_rows_are_tested_though_a_fit_is_limited_by_the_budget() -> None:
    features, outcome = mixed_rows(600, seed=6)
    rows, config = rows_of(features, outcome), ModelConfig(families=("logistic",), max_training_rows=120)
    contest = hold_contest(rows, contract(MIXED), config, 0, silent)
    model, fitted = fit_winner(rows, contract(MIXED), config, contest)
    assert np.isfinite(contest.risk).all()
    assert fitted == 120
    assert not np.array_equal(
        model.risk(features), fit_winner(rows, contract(MIXED), LOGISTIC, contest)[0].risk(features)
    )


# --- the contest


def test_the_family_with_the_lower_log_loss_wins_and_the_figures_are_those_of_its_risks() -> None:
    random = np.random.default_rng(3)
    x = random.uniform(-2, 2, 500)
    outcome = (random.random(500) < np.where(np.abs(x) > 1, 0.8, 0.1)).astype(int)  # no straight line sees this
    rows = rows_of({"x": x}, outcome)
    contest = hold_contest(rows, NUMBER, ModelConfig(folds=3, pairs=0), 0, silent)
    assert contest.family == "ebm"
    assert contest.families["ebm"].log_loss < contest.families["logistic"].log_loss
    assert contest.families["ebm"].log_loss == pytest.approx(log_loss(outcome, contest.risk), abs=1e-9)
    assert contest.families["ebm"].roc_auc == pytest.approx(roc_auc_score(outcome, contest.risk), abs=1e-9)


def test_out_of_fold_risks_come_from_models_that_did_not_see_the_row() -> None:
    random = np.random.default_rng(0)
    rows = rows_of({f"x{n}": random.normal(size=120) for n in range(40)}, random.permutation([0, 1] * 60))
    kinds = contract({f"x{n}": "numeric" for n in range(40)})
    contest = hold_contest(rows, kinds, LOGISTIC, 0, silent)
    model, _ = fit_winner(rows, kinds, LOGISTIC, contest)
    # forty columns of noise fit sixty leavers well, and foretell nothing
    assert roc_auc_score(rows.outcome, model.risk(rows.features)) > 0.8
    assert abs(roc_auc_score(rows.outcome, contest.risk) - 0.5) < 0.15


def test_progress_rises_to_one_and_names_family_and_fold() -> None:
    said: list[tuple[float, str]] = []
    features, outcome = mixed_rows(200, seed=1)
    rows = rows_of(features, outcome)
    config = ModelConfig(families=("logistic",), folds=4)
    hold_contest(rows, contract(MIXED), config, 0, lambda share, text: said.append((share, text)))
    assert said == [
        (n / 8, f"{what}, fold {(n - 1) % 4 + 1} of 4")
        for n, what in enumerate(["logistic"] * 4 + ["yardstick"] * 4, start=1)
    ]


# --- single columns and the fallback rule


def leaking(how: str, rate: float, n: int = 600) -> pd.Series:
    """A column that tells the outcome, which is 1 for the last `rate` of the rows."""
    random = np.random.default_rng(0)
    left = np.arange(n) >= n - round(rate * n)
    made = {
        "ranked": np.arange(n) + random.random(n),
        "falling": -np.arange(n) - random.random(n),
        "fee of leavers only": np.where(left, random.uniform(1, 100, n), 0.0),
        "known for leavers only": np.where(left, random.normal(size=n), np.nan),
        "a few values": left * 2.0,
    }
    if how == "a level":
        return pd.Series(np.where(left, "closed", random.choice(["new", "old"], n)), dtype="str", name="x")
    return pd.Series(made[how], name="x")


@pytest.mark.parametrize("rate", [0.03, 0.12, 0.2, 0.5])
@pytest.mark.parametrize(
    "how", ["ranked", "falling", "fee of leavers only", "known for leavers only", "a few values", "a level"]
)
def test_a_column_that_decides_the_outcome_is_seen(how: str, rate: float) -> None:
    column = leaking(how, rate)
    outcome = (np.arange(600) >= 600 - round(rate * 600)).astype(int)
    noise = np.random.default_rng(1).normal(size=600)
    kind = "categorical" if how == "a level" else "numeric"
    kinds = contract({"x": kind, "noise": "numeric"})
    contest = hold_contest(rows_of({"x": column, "noise": noise}, outcome), kinds, LOGISTIC, 0, silent)
    assert contest.single_columns["x"] >= 0.99
    assert contest.single_columns["noise"] < 0.75


def test_the_rule_is_the_one_column_that_informs() -> None:
    for seed in range(5):
        random = np.random.default_rng(seed)
        columns = {f"noise {n}": random.normal(size=400) for n in range(4)}
        plan = random.choice(["A", "B", "C"], 400)
        outcome = (random.random(400) < np.where(plan == "B", 0.5, 0.15)).astype(int)
        rows = rows_of({**columns, "plan": pd.Series(plan, dtype="str")}, outcome)
        kinds = contract({**dict.fromkeys(columns, "numeric"), "plan": "categorical"})
        rule = best_rule(rows, kinds, LOGISTIC)
        assert rule is not None, seed
        assert rule.column == "plan"
        assert rule.model.family == "rule"
        rule.model.verify()
        # the rate of each level, drawn towards the overall rate by ten rows' worth
        rate = outcome.mean()
        for level in "ABC":
            own = outcome[plan == level]
            by_hand = (own.sum() + 10 * rate) / (len(own) + 10)
            assert rule.model.risk(pd.DataFrame({"plan": [level]}))[0] == pytest.approx(by_hand, abs=1e-12)
        assert len(rule.risk) == rows.n


def test_noise_makes_no_rule() -> None:
    found = 0
    for seed in range(20):
        random = np.random.default_rng(100 + seed)
        columns = {f"noise {n}": random.normal(size=300) for n in range(8)}
        rows = rows_of(columns, (random.random(300) < 0.2).astype(int))
        found += best_rule(rows, contract(dict.fromkeys(columns, "numeric")), LOGISTIC) is not None
    assert found <= 1  # by design one noise book in forty has a rule


# --- what is usual


def test_words_cut_the_training_rows_into_tenths_however_skewed() -> None:
    values = np.random.default_rng(0).lognormal(0, 2.5, 5000)
    (column,) = describe_columns(pd.DataFrame({"x": values}), NUMBER)
    shares = np.histogram(values, [-np.inf, *column.cuts, np.inf])[0] / 5000
    assert shares == pytest.approx([0.1] * 10, abs=0.001)
    assert (column.usual, column.low, column.high) == (np.median(values), values.min(), values.max())


def test_a_value_that_most_rows_share_has_a_range_to_itself() -> None:
    values = np.r_[np.zeros(800), np.linspace(1, 50, 150), np.linspace(-9, -1, 50)]
    (column,) = describe_columns(pd.DataFrame({"x": values}), NUMBER)
    assert any(
        low < 0 < high and low >= -1 and high <= 1 for low, high in zip(column.cuts, column.cuts[1:], strict=False)
    )


def test_few_values_are_named_one_by_one_and_rare_levels_are_not() -> None:
    features = pd.DataFrame(
        {
            "stars": np.r_[np.tile([1.0, 3.0, 4.0], 10), [np.nan]],
            "plan": pd.Series(["A"] * 15 + ["B"] * 5 + ["C"] * 4 + [None] * 7, dtype="str"),
        }
    )
    stars, plan = describe_columns(features, contract({"stars": "numeric", "plan": "categorical"}))
    assert (stars.distinct, stars.cuts, stars.usual) == ((1.0, 3.0, 4.0), (2.0, 3.5), 3.0)
    assert (plan.levels, plan.usual) == (("A", "B"), "A")  # five rows give a level a weight of its own
