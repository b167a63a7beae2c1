"""The example company lives through its months in the real pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import replay
from core.example import make_company
from core.replay import company
from core.store import history, ingested
from core.views import monitoring
from core.workspace import Workspace, open_workspace
from tests.builders import Clock, make_workspace

NOW = datetime(2026, 1, 20, 9, tzinfo=UTC)
MONTHS, CLIENTS = 7, 700

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """One family is enough here: how well the company is foretold is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        one = company.EXAMPLE_CONFIG.replace("[model]\n", '[model]\nfamilies = ["logistic"]\n')
        one += "\n[monitoring]\nmultivariate = false\n"
        assert one != company.EXAMPLE_CONFIG
        patch.setattr(company, "EXAMPLE_CONFIG", one)
        yield


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, quick: None) -> Workspace:
    """One's own workspace, with a small example company below it."""
    workspace = make_workspace(tmp_path_factory.mktemp("own"), now=Clock(NOW))
    replay.build_example(workspace, months=MONTHS, clients=CLIENTS)
    return workspace


@pytest.fixture(scope="module")
def example(own: Workspace) -> Workspace:
    return open_workspace(replay.example_config(own), Clock(NOW))


def test_the_example_never_meets_ones_own_clients(own: Workspace, example: Workspace) -> None:
    assert own.dataset() is None
    assert example.folder == own.folder / "example"


def test_every_month_is_a_full_run_at_an_instant_of_that_month(example: Workspace) -> None:
    with example.store.reading() as db:
        runs = [run for run in reversed(history.list_runs(db)) if run["kind"] == "full"]
    assert [run["state"] for run in runs] == ["done"] * MONTHS
    assert [f"{run['started_at']:%Y-%m}" for run in runs] == [
        "2025-07", "2025-08", "2025-09", "2025-10", "2025-11", "2025-12", "2026-01",
    ]  # fmt: skip


def test_outcomes_arrive_no_sooner_than_ninety_days_after_their_snapshot(example: Workspace) -> None:
    with example.store.reading() as db:
        late = [batch for batch in ingested.taken_batches(db) if batch.holds == "outcomes"]
    assert [batch.name for batch in late] == [f"outcomes_2025-{month:02}.csv" for month in (7, 8, 9, 10)]
    for batch in late:
        snapshot = datetime.fromisoformat(f"{batch.name[9:16]}-01").replace(tzinfo=UTC)
        assert (batch.known_at - snapshot).days >= 90


def test_performance_is_realised_on_risks_that_were_delivered_before(example: Workspace) -> None:
    # July's outcomes come in October and make the first model; October's risks get theirs on 30 December.
    # Of September only clients who had gone by then still had that snapshot, so there is nothing to rank.
    realised = monitoring.performance(example).query("kind == 'realised' and metric == 'roc_auc'")
    assert set(realised.loc[realised["value"].notna(), "chunk"]) == {"2025-10"}


def test_a_past_month_shows_what_was_known_then(example: Workspace) -> None:
    past = example.at(datetime(2025, 9, 30, tzinfo=UTC))
    assert past.champion() is None
    dataset = past.dataset()
    assert dataset is not None
    assert dataset.rows["_as_of"].max() == pd.Timestamp("2025-09-01", tz="UTC")
    assert dataset.rows["_outcome"].isna().all()


def test_the_true_risk_stays_with_the_generator(example: Workspace) -> None:
    made = make_company(company.SEED, NOW.date(), MONTHS, CLIENTS)
    truth = {f"{risk:.6f}" for risk in made.true_risk(0)}
    dataset = example.dataset()
    assert dataset is not None
    for name in dataset.rows.select_dtypes("number").columns:
        assert not truth & {f"{value:.6f}" for value in dataset.rows[name].dropna()}, name
    assert np.isfinite(made.true_risk(0)).all()


def test_a_build_that_was_cut_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    def build(folder: Path, *, cut: bool) -> tuple[str, list[str]]:
        own = make_workspace(folder, now=Clock(NOW))
        if cut:
            with pytest.raises(_Cut):
                replay.build_example(own, months=5, clients=300, progress=_cut_in_third_month)
        replay.build_example(own, months=5, clients=300)
        made = open_workspace(replay.example_config(own), Clock(NOW))
        dataset = made.dataset()
        assert dataset is not None
        with made.store.reading() as db:
            sentences = [run["sentence"] for run in history.list_runs(db) if run["state"] == "done"]
        return dataset.fingerprint, sentences

    whole, resumed = build(tmp_path / "whole", cut=False), build(tmp_path / "resumed", cut=True)
    assert resumed[0] == whole[0]
    assert resumed[1][0] == whole[1][0]


def test_asking_again_for_a_whole_example_does_nothing(own: Workspace) -> None:
    before = sorted(path.stat().st_mtime_ns for path in own.folder.rglob("*.parquet"))
    assert "there already" in replay.build_example(own, months=MONTHS, clients=CLIENTS)
    assert sorted(path.stat().st_mtime_ns for path in own.folder.rglob("*.parquet")) == before


class _Cut(Exception):
    """The power went."""


def _cut_in_third_month(share: float, _doing: str) -> None:
    if share > 0.45:
        raise _Cut
