"""The additive form against the libraries it came from, and what keeps it exact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from interpret.glassbox import ExplainableBoostingClassifier
from scipy.special import expit, logit
from scipy.stats import skew
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from core.config import ModelConfig
from core.errors import DamagedVersion
from core.model import AdditiveModel, BinnedTerm, LinearTerm
from core.training import fit_family
from core.training.logistic import least_skewed
from tests.model_builders import MIXED, contract, hand_made, mixed_rows

TRAINING = mixed_rows(700, seed=1)
CONFIG = ModelConfig(pairs=3, seed=5)
#: rows with levels, gaps and sizes that no training row has
LATER = mixed_rows(500, seed=2, strange=True)[0]


def fit(family: str) -> AdditiveModel:
    features, outcome = TRAINING
    return fit_family(family, features, outcome, contract(MIXED), CONFIG)


@pytest.fixture(scope="module")
def logistic() -> AdditiveModel:
    return fit("logistic")


@pytest.fixture(scope="module")
def boosted() -> AdditiveModel:
    return fit("ebm_pairs")


@pytest.fixture(scope="module", params=["logistic", "ebm"])
def model(request: pytest.FixtureRequest) -> AdditiveModel:
    return request.getfixturevalue({"logistic": "logistic", "ebm": "boosted"}[request.param])


def log_odds(model: AdditiveModel, rows: pd.DataFrame) -> np.ndarray:
    return model.log_odds(model.contributions(model.encode(rows)))


def test_the_rows_hold_what_these_tests_are_about() -> None:
    features = TRAINING[0]
    counts = features["region"].value_counts()
    assert features["usage"].isna().sum() >= 5
    assert features["region"].isna().sum() >= 5
    assert counts[["delta", "fjord"]].tolist() == [2, 1], "levels too rare for a weight of their own"
    assert features["tickets"].notna().all()
    assert features["plan"].notna().all()
    assert LATER["tickets"].isna().any(), "a gap in a column that had none"
    assert {"oasis", "tundra", "fjord"} <= set(LATER["region"]), "unseen and rare levels"
    assert "C" in set(LATER["plan"])


def test_a_logistic_model_scores_as_scikit_learn_does_with_its_own_preprocessing(logistic: AdditiveModel) -> None:
    features, outcome = TRAINING
    low, high = (features[["usage", "tickets", "age"]].agg(how) for how in ("min", "max"))
    bent = {term.columns[0]: term for term in logistic.terms if isinstance(term, LinearTerm) and term.scale}
    assert list(bent) == ["age"], "an exponential distribution has skewness 2, the others less than 1"
    makers = {
        name: [
            make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
            MissingIndicator(features="all", sparse=False),
        ]
        if kind != "categorical"
        else [OneHotEncoder(min_frequency=5, handle_unknown="infrequent_if_exist", sparse_output=False)]
        for name, kind in MIXED.items()
    }

    def column(rows: pd.DataFrame, name: str) -> np.ndarray:
        if MIXED[name] == "categorical":
            return rows[[name]].fillna("").to_numpy(dtype=object)
        inside = rows[[name]].clip(low[name], high[name]).to_numpy()
        return np.arcsinh((inside - bent[name].middle) / bent[name].scale) if name in bent else inside

    design = np.hstack([m.fit_transform(column(features, name)) for name, own in makers.items() for m in own])
    peer = LogisticRegression(C=1.0, max_iter=1000).fit(design, outcome)
    # "plan" has no rare level and no gap in training: an unknown one adds nothing, in scikit-learn as here
    later = np.hstack([m.transform(column(LATER, name)) for name, own in makers.items() for m in own])

    np.testing.assert_allclose(log_odds(logistic, features), peer.decision_function(design), rtol=0, atol=1e-9)
    np.testing.assert_allclose(log_odds(logistic, LATER), peer.decision_function(later), rtol=0, atol=1e-9)


def test_a_boosted_model_scores_as_interpret_does(boosted: AdditiveModel) -> None:
    features, outcome = TRAINING
    frequent = {"region": ["east", "north", "south"], "plan": ["A", "B"]}

    def named(rows: pd.DataFrame) -> pd.DataFrame:
        """Levels by names that sort as: missing, frequent, all others."""
        made = rows.copy()
        for name, levels in frequent.items():
            known = {level: f"1 {level}" for level in levels}
            made[name] = [known.get(v, "0" if pd.isna(v) else "2") for v in rows[name]]
        return made.astype(dict.fromkeys(frequent, object))

    peer = ExplainableBoostingClassifier(
        feature_names=list(MIXED),
        feature_types=["nominal" if k == "categorical" else "continuous" for k in MIXED.values()],
        interactions=3, outer_bags=4, random_state=5, n_jobs=1,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="Missing values detected"):
        peer.fit(named(features), outcome)

    mixed = {frozenset(MIXED[name] for name in term.columns) for term in boosted.terms if len(term.columns) == 2}
    assert frozenset({"categorical", "numeric"}) in mixed
    np.testing.assert_allclose(log_odds(boosted, features), peer.decision_function(named(features)), rtol=0, atol=1e-9)
    np.testing.assert_allclose(log_odds(boosted, LATER), peer.decision_function(named(LATER)), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.6, -0.4)])
def test_intercept_and_contributions_add_up_to_the_log_odds_of_every_risk(
    model: AdditiveModel, slope: float, shift: float
) -> None:
    calibrated = replace(model, slope=slope, shift=shift)
    parts = calibrated.contributions(calibrated.encode(LATER))
    sums = [calibrated.intercept + sum(row) for row in parts.tolist()]
    assert parts.shape == (len(LATER), len(model.terms))
    np.testing.assert_allclose((logit(calibrated.risk(LATER)) - shift) / slope, sums, rtol=0, atol=1e-9)


def test_a_risk_can_be_reckoned_by_hand() -> None:
    rows = pd.DataFrame(
        {
            "usage": [2.0, 8.0, np.nan, 4.999, 5.0],
            "plan": pd.Series(["A", "B", None, "C", "B"], dtype=object),
        }
    )
    by_hand = [
        -1 + 0 + 0.2 + 0.05,
        -1 - 3 - 0.2 + 0.05,
        -1 + 0.3 + 0.1 + 0,
        -1 - 0.5 * 2.999 + 0 + 0,
        -1 - 1.5 - 0.2 + 0.05,
    ]
    np.testing.assert_allclose(log_odds(hand_made(), rows), by_hand, rtol=0, atol=1e-12)
    np.testing.assert_allclose(hand_made().risk(rows), [1 / (1 + np.exp(-x)) for x in by_hand], rtol=1e-12)


def test_column_order_and_extra_columns_do_not_change_a_bit(model: AdditiveModel) -> None:
    other = LATER[list(reversed(LATER.columns))].assign(note="x", usage_2=1.0)
    other.insert(0, "first", np.arange(len(other)))
    assert np.array_equal(model.risk(other), model.risk(LATER))


def test_a_client_has_the_same_risk_alone_as_in_company(model: AdditiveModel) -> None:
    together = model.risk(LATER)
    order = np.random.default_rng(0).permutation(len(LATER))
    assert np.array_equal(model.risk(LATER.iloc[order]), together[order])
    assert [model.risk(LATER.iloc[[row]])[0] for row in range(40)] == together[:40].tolist()


@pytest.mark.parametrize("dtype", [object, "str", pd.StringDtype(na_value=pd.NA), "category"], ids=str)
def test_levels_score_alike_however_pandas_stores_them(model: AdditiveModel, dtype: object) -> None:
    stored = LATER.astype({"region": dtype, "plan": dtype})
    assert np.array_equal(model.risk(stored), model.risk(LATER))
    if dtype == "category":
        for name in ("region", "plan"):
            other = ["unused", *reversed(stored[name].cat.categories)]
            stored[name] = stored[name].cat.set_categories(other)
        assert np.array_equal(model.risk(stored), model.risk(LATER))


def test_numbers_score_alike_however_pandas_stores_them(model: AdditiveModel) -> None:
    whole = LATER.assign(tickets=LATER["tickets"].fillna(3))
    as_is = model.risk(whole)
    for dtype in ("int64", "Int64", object):
        assert np.array_equal(model.risk(whole.astype({"tickets": dtype})), as_is), dtype
    gaps = LATER.assign(tickets=[None if pd.isna(v) else v for v in LATER["tickets"]])
    assert np.array_equal(model.risk(gaps.astype({"tickets": object})), model.risk(LATER))


def test_verify_is_content_with_the_model_as_it_was_fitted(model: AdditiveModel) -> None:
    model.with_checks(LATER.head(64)).verify()
    model.with_checks(LATER.astype({"region": "category"}).head(64)).verify()
    model.verify()  # a model without check-scores has nothing to hold against it


@pytest.mark.parametrize("change", [1e-6, -2.0, float("nan")])
def test_verify_refuses_a_model_whose_weights_were_changed(boosted: AdditiveModel, change: float) -> None:
    checked = boosted.with_checks(LATER.head(64))
    for place, term in enumerate(checked.terms):
        assert isinstance(term, BinnedTerm)
        terms = [*checked.terms[:place], replace(term, weights=term.weights + change), *checked.terms[place + 1 :]]
        with pytest.raises(DamagedVersion, match="gives other scores than when it was stored"):
            replace(checked, terms=tuple(terms)).verify()


def test_verify_refuses_another_intercept_and_another_slope(logistic: AdditiveModel) -> None:
    checked = logistic.with_checks(LATER.head(64))
    with pytest.raises(DamagedVersion, match=r"largest gap 5\.0e-07"):
        replace(checked, intercept=checked.intercept + 5e-7).verify()
    steeper = replace(checked.terms[0], slope=checked.terms[0].slope * 1.001)
    with pytest.raises(DamagedVersion):
        replace(checked, terms=(steeper, *checked.terms[1:])).verify()


def test_verify_refuses_another_calibration(logistic: AdditiveModel) -> None:
    checked = replace(logistic, knots=((-1.0, -2.0), (1.0, 0.5))).with_checks(LATER.head(64))
    checked.verify()
    for other in ({"knots": ((-1.0, -2.0), (1.0, 0.500001))}, {"knots": (), "slope": 1.0}):
        with pytest.raises(DamagedVersion):
            replace(checked, **other).verify()


def test_a_value_beyond_the_training_range_counts_as_its_end() -> None:
    term = LinearTerm("x", centre=2.0, slope=0.5, offset=0.1, missing=-3.0, low=1.0, high=5.0)
    asked = np.array([1.0, 5.0, 0.0, -1e300, 5.001, 1e300, 4.0, np.nan])
    assert term.contribution({"x": (asked, None)}).tolist() == pytest.approx(
        [-0.4, 1.6, -0.4, -0.4, 1.6, 1.6, 1.1, -3.0], abs=1e-12
    )


def test_a_warped_value_counts_by_the_inverse_hyperbolic_sine() -> None:
    term = LinearTerm("x", centre=0.0, slope=2.0, offset=0.0, missing=0.0, middle=10.0, scale=4.0)
    # asinh(3/4) = ln 2, for sinh(ln 2) = (2 - 1/2) / 2
    assert term.contribution({"x": (np.array([10.0, 13.0, 7.0]), None)}).tolist() == pytest.approx(
        [0.0, 2 * np.log(2), -2 * np.log(2)], abs=1e-12
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_a_long_tail_on_either_side_does_not_rule_the_weight_of_its_column(sign: int) -> None:
    random = np.random.default_rng(0)
    size = sign * np.exp(random.normal(0, 2, 4000))
    outcome = (random.random(4000) < expit(-1 - 0.8 * np.log(np.abs(size)))).astype(int)
    features, kinds = pd.DataFrame({"size": size}), contract({"size": "numeric"})
    fitted = fit_family("logistic", features, outcome, kinds, ModelConfig())
    plain = LogisticRegression().fit(features.to_numpy() / size.std(), outcome)
    ours = log_loss(outcome, fitted.risk(features))
    theirs = log_loss(outcome, plain.predict_proba(features.to_numpy() / size.std())[:, 1])
    best = log_loss(outcome, expit(-1 - 0.8 * np.log(np.abs(size))))
    assert ours - best < 0.15 * (theirs - best)


def test_a_warp_leaves_the_least_skew_and_none_is_made_without_a_tail() -> None:
    random = np.random.default_rng(0)
    for known in (np.exp(random.normal(0, 2, 2000)), np.r_[np.zeros(900), random.exponential(50, 300)]):
        assert abs(skew(least_skewed(known)(known))) < 0.6 * abs(skew(known))
        turned = least_skewed(-known)
        assert turned.middle == pytest.approx(-least_skewed(known).middle)
    for known in (random.normal(size=500), np.full(20, 3.0), np.array([]), random.uniform(size=200)):
        assert np.array_equal(least_skewed(known)(known), known)


def test_a_model_that_was_stored_before_there_were_ranges_and_knots_still_loads(logistic: AdditiveModel) -> None:
    old = replace(hand_made(), slope=0.8, shift=0.1)
    expected = old.risk(LATER)
    for name in ("knots", "check_risks"):
        del old.__dict__[name]
    for term in old.terms:
        for name in ("low", "high", "middle", "scale"):
            term.__dict__.pop(name, None)
    assert np.array_equal(old.risk(LATER), expected)
    old.verify()


def test_a_model_comes_back_from_its_file_with_the_same_bits(model: AdditiveModel, tmp_path: Path) -> None:
    checked = replace(model, slope=0.9, shift=0.1).with_checks(LATER.head(64))
    joblib.dump(checked, tmp_path / "model.joblib", compress=3)
    back: AdditiveModel = joblib.load(tmp_path / "model.joblib")
    back.verify()
    assert np.array_equal(back.risk(LATER), checked.risk(LATER))
    assert repr(back.columns) == repr(checked.columns)
    assert back.check_log_odds == checked.check_log_odds
