"""What the model owes the people who rely on it, whatever it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from core import registry
from core.config import ModelConfig
from core.pipeline import full
from core.training import fit_winner, hold_contest
from core.views import clients, monitoring
from core.workspace import Workspace
from tests.builders import Clock, clients_frame, drop, make_workspace
from tests.model_builders import contract, rows_of, silent

LOGISTIC: dict[str, Any] = {"model": {"families": ["logistic"]}}


def run(folder: Path, frame: pd.DataFrame, config: dict[str, Any] | None = None) -> Workspace:
    """A workspace that lived through one file."""
    workspace = make_workspace(folder, config or LOGISTIC, Clock())
    drop(workspace, "clients.csv", frame)
    full.full_run(workspace)
    return workspace


def listed(workspace: Workspace) -> pd.Series:
    """Current risks by client."""
    return clients.client_list(workspace).clients.set_index("client")["risk"]


@pytest.mark.slow
@pytest.mark.parametrize("family", ["logistic", "ebm"])
def test_on_new_clients_it_beats_the_base_rate_in_order_and_in_size(tmp_path: Path, family: str) -> None:
    workspace = run(tmp_path, clients_frame(600, seed=1), {"model": {"families": [family]}})
    champion = workspace.champion()
    assert champion is not None
    new = clients_frame(4000, seed=2)
    outcome, risk = new["exited"].to_numpy(), workspace.model(champion).risk(new)
    base = np.full(len(outcome), champion.base_rate)
    assert roc_auc_score(outcome, risk) > 0.78  # 0.85 is the best possible
    assert log_loss(outcome, risk) < log_loss(outcome, base) - 0.08
    assert brier_score_loss(outcome, risk) < brier_score_loss(outcome, base) - 0.02
    # and a risk means what it says: of those at about 60 %, about 60 % leave
    for low in (0.05, 0.2, 0.4, 0.6):
        near = (risk >= low) & (risk < low + 0.2)
        assert outcome[near].mean() == pytest.approx(risk[near].mean(), abs=0.08), low


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_outcomes_are_not_foretold_and_nothing_is_promoted(tmp_path: Path, seed: int) -> None:
    frame = clients_frame(400, seed=1)
    frame["exited"] = np.random.default_rng(seed).permutation(frame["exited"])
    workspace = run(tmp_path, frame)
    assert workspace.champion() is None
    (promote,) = [one for one in monitoring.decisions(workspace) if one["question"] == "promote"]
    assert promote["answer"] is False
    assert promote["evidence"]["roc_auc"]["value"] == pytest.approx(0.5, abs=0.1)


def test_the_name_of_a_client_changes_nothing(tmp_path: Path) -> None:
    frame = clients_frame(300, seed=1, first=100)  # names of one length and in one order, for the folds' sake
    other = frame.assign(client_id="Z" + frame["client_id"].str[1:])
    one, two = run(tmp_path / "one", frame), run(tmp_path / "two", other)
    first, second = listed(one), listed(two)
    assert first.sort_index().tolist() == second.sort_index().tolist()
    new = clients_frame(50, seed=5)
    named = new.assign(client_id="Anyone", name="Anything")
    model = one.model(one.champion())
    assert np.array_equal(model.risk(new), model.risk(named))
    assert np.array_equal(model.risk(new), two.model(two.champion()).risk(new))
    columns = {name for term in model.terms for name in term.columns}
    assert columns == {"activity", "satisfaction", "region"}


@pytest.mark.parametrize("seed", range(4))
def test_more_of_what_harms_never_lowers_a_risk_and_less_never_raises_it(seed: int) -> None:
    frame = clients_frame(300, seed=seed)
    kinds = contract({"activity": "numeric", "satisfaction": "numeric", "region": "categorical"})
    rows, config = rows_of(frame[list(kinds.names)], frame["exited"].to_numpy()), ModelConfig(families=("logistic",))
    model, _ = fit_winner(rows, kinds, config, hold_contest(rows, kinds, config, 0, silent))
    new = clients_frame(200, seed=100 + seed)
    # activity and satisfaction keep clients, by construction of the data
    for column, steps in (("activity", (1, 10, 100)), ("satisfaction", (0.5, 2, 5))):
        as_is = model.risk(new)
        known = new[column].notna().to_numpy()
        for step in steps:
            less, more = (model.risk(new.assign(**{column: new[column] + sign * step})) for sign in (-1, 1))
            assert (less[known] >= as_is[known]).all()
            assert (more[known] <= as_is[known]).all()
            assert (less[known] > more[known]).any()
            assert np.array_equal(less[~known], as_is[~known]), "a missing value has no more and no less"


def test_the_same_data_seed_and_instant_give_the_same_version_and_risks_to_the_bit(tmp_path: Path) -> None:
    frame = clients_frame(300, seed=1)
    config = {"model": {"families": ["logistic", "ebm"], "folds": 2, "pairs": 1}}
    one = run(tmp_path / "one", frame, config)
    two = run(tmp_path / "two", frame.sample(frac=1, random_state=0), config)
    assert one.champion().version == two.champion().version
    assert listed(one).to_dict() == listed(two).to_dict()
    new = clients_frame(100, seed=9)
    assert np.array_equal(*(made.model(made.champion()).risk(new) for made in (one, two)))
    learned = [registry.load_learned(made.models_folder, made.champion()) for made in (one, two)]
    pd.testing.assert_frame_equal(*learned)


def test_another_seed_another_config_or_other_data_make_another_version(tmp_path: Path) -> None:
    frame = clients_frame(250, seed=1)
    made = {
        "as it is": run(tmp_path / "0", frame),
        "seed": run(tmp_path / "1", frame, {"model": {"families": ["logistic"], "seed": 1}}),
        "folds": run(tmp_path / "2", frame, {"model": {"families": ["logistic"], "folds": 4}}),
        "a value": run(tmp_path / "3", frame.assign(activity=frame["activity"] + (frame.index == 7))),
        "an outcome": run(
            tmp_path / "4", frame.assign(exited=np.where(frame.index == 7, 1 - frame["exited"], frame["exited"]))
        ),
    }  # fmt: skip
    names = {what: workspace.champion().version for what, workspace in made.items()}
    assert len(set(names.values())) == len(names), names


def test_units_do_not_matter() -> None:
    frame = clients_frame(300, seed=1)
    kinds = contract({"activity": "numeric", "satisfaction": "numeric", "region": "categorical"})
    config, new = ModelConfig(families=("logistic",)), clients_frame(100, seed=2)
    risks = []
    for factor in (1.0, 1000.0):
        scaled = frame.assign(activity=frame["activity"] * factor)
        rows = rows_of(scaled[list(kinds.names)], frame["exited"].to_numpy())
        model, _ = fit_winner(rows, kinds, config, hold_contest(rows, kinds, config, 0, silent))
        risks.append(model.risk(new.assign(activity=new["activity"] * factor)))
    np.testing.assert_allclose(risks[0], risks[1], rtol=1e-6)


def test_a_constant_price_that_changes_one_day_makes_nobody_certain(tmp_path: Path) -> None:
    frame = clients_frame(300, seed=1).assign(price=0.1)
    frame.loc[5, "price"] = 0.3  # so that the column is taken at all
    book = frame.assign(exited=frame["exited"].astype("Int64"))
    book.loc[5, "exited"] = pd.NA  # yet every row with an outcome has one price
    workspace = run(tmp_path, book)
    new = clients_frame(50, seed=4)
    model = workspace.model(workspace.champion())
    assert np.array_equal(model.risk(new.assign(price=0.1)), model.risk(new.assign(price=0.2)))
