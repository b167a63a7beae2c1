"""Made worlds whose truth is known: how close the risks come to it, and what happens when the world turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from core import registry, schema
from core.config import ModelConfig
from core.example import Company, make_company
from core.pipeline.full import full_run
from core.store import history, monitoring
from core.training import fit_winner, hold_contest, training_set
from core.views import model as model_view
from core.workspace import Workspace
from tests.builders import make_workspace, write_csv
from tests.model_builders import contract, silent

# --- the example company

_KINDS = {
    "industry": "categorical", "region": "categorical", "number_of_employees": "numeric", "contract_start": "date",
    "contract_end": "date", "annual_revenue": "numeric", "lastmonth_activity": "numeric",
    "lastyear_activity": "numeric", "support_tickets_90d": "numeric", "satisfaction": "numeric",
    "payment_delay_days": "numeric",
}  # fmt: skip


def snapshot(company: Company, k: int) -> pd.DataFrame:
    """Clients of a month with their outcomes, as rows of the dataset."""
    utc = "datetime64[us, UTC]"
    table = company.clients(k).reset_index(drop=True)
    for name in ("contract_start", "contract_end"):
        table[name] = pd.to_datetime(table[name], utc=True).astype(utc)
    outcomes = company.outcomes(k).reset_index(drop=True)
    return table.assign(
        _client=table["client_id"],
        _as_of=pd.to_datetime(table["snapshot_date"], utc=True).astype(utc),
        _outcome=outcomes["exited"].astype("float64"),
    )


@pytest.mark.slow
def test_the_example_company_is_foretold_nearly_as_well_as_its_columns_allow() -> None:
    company = make_company(seed=11, end=date(2025, 6, 17), months=16, clients=4000)
    kinds = contract(_KINDS, dated=True)
    rows = pd.concat([snapshot(company, k) for k in range(11)], ignore_index=True)
    known = training_set(rows, kinds)
    config = ModelConfig(max_training_rows=12_000)
    found = hold_contest(known, kinds, config, 90, silent)
    assert found.folds == "by client, forward in time"
    model, _ = fit_winner(known, kinds, config, found)
    later = [snapshot(company, k) for k in (13, 14, 15)]
    risk = np.concatenate([model.risk(schema.features(own, kinds.columns)) for own in later])
    truth = np.concatenate([company.true_risk(k) for k in (13, 14, 15)])
    exited = np.concatenate([own["_outcome"] for own in later])
    assert roc_auc_score(exited, truth) - roc_auc_score(exited, risk) <= 0.02
    assert np.abs(risk - truth).mean() <= 0.5 * np.abs(known.outcome.mean() - truth).mean()


# --- a world that turns, or whose clients change


@dataclass(frozen=True)
class World:
    """Clients of a month: three columns that drive them, of which two do so most, and one that does nothing."""

    #: weight of each column in the log-odds of leaving
    weights: tuple[float, float, float]
    #: how far the columns have moved, in standard deviations
    shift: float = 0.0

    def month(self, number: int, count: int = 600) -> pd.DataFrame:
        """The clients, `truth` and who `left`."""
        random = np.random.default_rng([7, number])
        columns = random.normal(self.shift, 1, (count, 3))
        truth = expit(-1.5 + columns @ np.array(self.weights))
        frame = pd.DataFrame(columns.round(6), columns=["usage", "tickets", "delay"])
        frame["noise"] = random.normal(size=count).round(6)
        frame.insert(0, "client_id", [f"C{number:02d}-{row:04d}" for row in range(count)])
        return frame.assign(truth=truth, left=(random.random(count) < truth).astype(int))


PLAIN = World((-1.0, 0.8, 0.4))
TURNED = replace(PLAIN, weights=(1.0, -0.8, 0.4))
SHIFTED = replace(PLAIN, shift=0.5)
_FIRST, _HORIZON, _CHANGES, _MONTHS = datetime(2024, 1, 1, tzinfo=UTC), 30, 3, 9

CONFIG = {
    "data": {"outcome": "left", "as_of": "snapshot_date", "horizon_days": _HORIZON},
    "model": {"families": ["logistic"], "recency": {"half_life_days": 45}},
    "retrain": {"min_new_outcomes": 300, "cool_down_days": 20, "max_age_days": 1000},
}


def when(number: int) -> datetime:
    return _FIRST + timedelta(days=31 * number)


@pytest.fixture
def live(tmp_path: Path) -> Callable[[World], Workspace]:
    """Nine months with a full process each, the first with a large book; the world becomes another after the third."""

    def through(later: World) -> Workspace:
        clock = [_FIRST]
        workspace = make_workspace(tmp_path, CONFIG, lambda: clock[0])
        known: list[pd.DataFrame] = []
        for number in range(_MONTHS):
            world = PLAIN if number < _CHANGES else later
            month = world.month(number, 600 if number else 3000).assign(snapshot_date=when(number).date().isoformat())
            clock[0] = when(number) + timedelta(hours=6)
            here = tmp_path / "incoming"
            write_csv(here / f"clients-{number:02d}.csv", month.drop(columns=["truth", "left"]))
            if known:
                write_csv(here / f"outcomes-{number:02d}.csv", known[-1][["client_id", "snapshot_date", "left"]])
            known.append(month)
            full_run(workspace)
        return workspace

    return through


def auc_beside_the_ceiling(workspace: Workspace, version: str, world: World) -> tuple[float, float]:
    later = world.month(99, count=20_000)
    with workspace.store.reading() as db:
        model = workspace.model(registry.find(db, version))
    risk = model.risk(schema.features(later, workspace.contract().columns))
    return roc_auc_score(later["left"], risk), roc_auc_score(later["left"], later["truth"])


@pytest.mark.slow
def test_when_the_two_strongest_effects_turn_round_retraining_closes_most_of_the_gap(
    live: Callable[[World], Workspace],
) -> None:
    workspace = live(TURNED)
    with workspace.store.reading() as db:
        promoted = [d for d in history.list_decisions(db) if d["question"] == "promote" and d["answer"]]
        verdicts = monitoring.list_performance(db).set_index(["chunk", "kind"])["verdict"]
    champion = workspace.champion()
    assert champion is not None
    chunk = f"{when(_CHANGES):%Y-%m}"
    assert verdicts[chunk, "estimated"] == "fine", "nothing can be seen before the outcomes"
    assert (verdicts[chunk, "realised"], verdicts[chunk, "concept"]) == ("drop", "concept drift")
    turned = [d for d in promoted if d["known_at"] > when(_CHANGES)]
    assert turned, "a challenger that knows the new outcomes was promoted"
    versions = sorted(model_view.versions(workspace), key=lambda one: one["known_at"])
    before = [one["version"] for one in versions if one["known_at"] <= when(_CHANGES)][-1]
    old, ceiling = auc_beside_the_ceiling(workspace, before, TURNED)
    new, _ = auc_beside_the_ceiling(workspace, champion.version, TURNED)
    assert old < 0.5 < ceiling
    assert new - old >= 2 / 3 * (ceiling - old)


@pytest.mark.slow
def test_clients_who_change_under_the_same_rule_force_no_promotion(live: Callable[[World], Workspace]) -> None:
    workspace = live(SHIFTED)
    with workspace.store.reading() as db:
        decided = history.list_decisions(db)
        drifted = monitoring.list_drift(db)
    assert set(drifted.loc[drifted["verdict"] == "alarm", "column"]) >= {"usage", "tickets", "delay"}
    later = [d for d in decided if d["known_at"] > when(_CHANGES)]
    assert any(d["question"] == "retrain" and d["answer"] and "moved" in d["sentence"] for d in later)
    assert not [d["sentence"] for d in later if d["question"] == "promote" and d["answer"]]
