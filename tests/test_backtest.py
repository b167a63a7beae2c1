"""A stored history is lived through again as if live, and nothing knows the future."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.errors import BellwetherError
from core.pipeline import full
from core.replay.backtest import as_json, as_lines, backtest
from core.replay.stages import ARRIVAL, DATE, stages, way
from core.views import monitoring
from core.workspace import Workspace, open_workspace
from tests.builders import Clock, clients_frame, drop, make_workspace
from tests.test_journey import everything

HORIZON = 60
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
CONFIG = {
    "data": {"horizon_days": HORIZON, "positive": ["gone"], "negative": ["here"]},
    "model": {"families": ["logistic"]},
    "retrain": {"min_new_outcomes": 200, "min_new_leavers": 20, "cool_down_days": 20},
}


def month(number: int) -> pd.DataFrame:
    """The clients of a month; from the fourth on their activity has moved."""
    day = (FIRST + timedelta(days=31 * number)).date()
    frame = clients_frame(300, seed=number, snapshot_date=day, shift=1.0 if number >= 4 else 0.0, first=1000 * number)
    return frame.assign(exited=frame["exited"].map({1: "gone", 0: "here"}))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Six months as they came: clients on their day, outcomes sixty days later."""
    clock = Clock(FIRST)
    workspace = make_workspace(tmp_path_factory.mktemp("own"), CONFIG, clock)
    for number in range(6):
        clock.at = FIRST + timedelta(days=31 * number, hours=5)
        drop(workspace, f"clients{number}.csv", month(number).drop(columns="exited"))
        if number >= 2:
            told = month(number - 2)[["client_id", "snapshot_date", "exited"]]
            drop(workspace, f"outcomes{number}.csv", told)
        full.full_run(workspace)
    return workspace


@pytest.mark.slow
def test_a_backtest_decides_what_was_decided_live(lived: Workspace, tmp_path: Path) -> None:
    before = everything(lived.folder)
    found = backtest(lived, keep=tmp_path / "again")
    assert everything(lived.folder) == before, "the workspace itself is only read"
    assert found.by == ARRIVAL
    live = [one for one in reversed(monitoring.decisions(lived)) if one["question"] == "retrain"]
    assert [(one.at, one.retrain) for one in found.lived] == [(one["known_at"], one["sentence"]) for one in live]
    moved = {one.chunk: set(one.alarms) for one in found.lived if one.alarms}
    assert list(moved) == ["2025-05", "2025-06"]
    assert moved["2025-05"] >= {"activity", "the risk"}
    assert found.rates[0.05] >= found.rates[0.1] >= found.rates[0.3]
    assert (found.compared, found.alarmed) == (5, 2)
    assert "2 of 5 comparisons raised a drift alarm (40 %" in found.sentence
    assert found.sentence.startswith("6 runs from 2025-01-01 to 2025-06-05")
    assert (tmp_path / "again" / "risk.db").is_file()
    json.dumps(as_json(found), default=str)
    assert len(as_lines(found)) == 6


@pytest.mark.slow
def test_one_file_of_history_is_lived_through_by_its_dates(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, CONFIG, Clock(FIRST + timedelta(days=400)))
    drop(workspace, "history.csv", pd.concat([month(number) for number in range(6)]))
    full.ingest_run(workspace)
    found = backtest(workspace)
    assert found.by == DATE
    assert [one.at.date().isoformat() for one in found.lived][:3] == ["2025-01-01", "2025-02-01", "2025-03-04"]
    assert "0 outcomes known" in found.lived[1].retrain
    assert found.lived[2].retrain == "Retrained: there is no model yet and 300 outcomes are known."
    assert [one.outcomes for one in found.lived] == [0, 0, 300, 300, 300, 300, 600]
    assert not (workspace.folder / "backtest").exists(), "nothing is left behind"


def test_no_stage_knows_what_came_later(lived: Workspace) -> None:
    dataset, contract = lived.dataset(), lived.contract()
    assert dataset is not None
    assert contract is not None
    for by in (ARRIVAL, DATE):
        passed = stages(dataset, contract, lived.config.data, by, lived.now())
        assert sum(len(stage.clients) for stage in passed) == len(dataset.rows)
        told = sum(len(stage.outcomes) for stage in passed)
        told += sum(int("exited" in stage.clients and stage.clients["exited"].notna().sum()) for stage in passed)
        assert told == dataset.rows["_outcome"].notna().sum()
        for stage in passed:
            assert (pd.to_datetime(stage.clients["snapshot_date"], utc=True) <= stage.at).all()
            ripe = pd.to_datetime(stage.outcomes["snapshot_date"], utc=True) + timedelta(days=HORIZON)
            assert (ripe <= stage.at).all()
    assert way(dataset, contract) == ARRIVAL


def test_a_backtest_of_nothing_and_of_a_place_in_use_is_refused(lived: Workspace, tmp_path: Path) -> None:
    with pytest.raises(BellwetherError, match="There is no history to live through"):
        backtest(make_workspace(tmp_path / "empty"))
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("x")
    with pytest.raises(BellwetherError, match="is not empty"):
        backtest(lived, keep=tmp_path / "used")
    unnamed = make_workspace(tmp_path / "unnamed", {"data": {"client_id": "", "as_of": ""}})
    drop(unnamed, "clients.csv", clients_frame(30).drop(columns="client_id"))
    full.ingest_run(unnamed)
    with pytest.raises(BellwetherError, match="without client ids"):
        backtest(unnamed)
    undated = make_workspace(tmp_path / "undated", {"data": {"as_of": ""}})
    drop(undated, "clients.csv", clients_frame(30))
    full.ingest_run(undated)
    with pytest.raises(BellwetherError, match="--by arrival"):
        backtest(open_workspace(undated.config_path, undated.now), by=DATE)
