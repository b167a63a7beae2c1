"""A training budget in seconds: turned into rows once, recorded, kept to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import registry, training
from core.pipeline.budget import within_seconds
from core.pipeline.full import full_run
from core.workspace import Workspace
from tests.builders import clients_frame, drop, make_workspace

_CONFIG: dict[str, Any] = {"model": {"families": ["logistic"], "budget_seconds": 1, "max_training_rows": 20_000}}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, list[datetime]]:
    """A champion of 3,000 clients, trained within a second's budget."""
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    workspace = make_workspace(tmp_path_factory.mktemp("lived"), _CONFIG, lambda: clock[0])
    drop(workspace, "clients.csv", clients_frame(3000, seed=1))
    full_run(workspace)
    return workspace, clock


def test_the_rows_are_recorded_and_said_in_the_card(lived: tuple[Workspace, list[datetime]]) -> None:
    workspace, _ = lived
    champion = workspace.champion()
    assert champion is not None
    manifest = registry.read_manifest(workspace.models_folder, champion)
    budget = manifest["budget"]
    assert (budget["seconds"], budget["asked_rows"]) == (1, 20_000)
    assert 100 <= budget["rows"] <= 20_000
    assert manifest["config"]["max_training_rows"] == budget["rows"]
    assert manifest["rows"] == min(3000, budget["rows"])
    card = registry.read_card(workspace.models_folder, champion)
    assert ("by the training budget of 1 second" in card) == (budget["rows"] < 3000)


def test_seconds_are_turned_into_rows_once(
    lived: tuple[Workspace, list[datetime]], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, clock = lived
    champion = workspace.champion()
    rows = registry.read_manifest(workspace.models_folder, champion)["budget"]["rows"]
    timed: list[str] = []

    def slower(family: str, *_rest: object) -> None:
        timed.append(family)

    monkeypatch.setattr(training, "trial", slower)
    clock[0] += timedelta(days=1)
    known = training.training_set(workspace.dataset().trainable(clock[0], 0), workspace.contract())
    assert within_seconds(workspace, known, workspace.contract()).max_training_rows == rows
    assert timed == [], "nothing was timed anew"
    folds = _CONFIG["model"] | {"folds": 3}
    other = make_workspace(workspace.config_path.parent, _CONFIG | {"model": folds}, lambda: clock[0])
    assert other.champion() == champion
    within_seconds(other, known, workspace.contract())
    assert len(timed) == 4, "another recipe is timed anew: two families, two sizes"


def test_few_rows_need_no_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "trial", lambda *_: pytest.fail("timed"))
    workspace = make_workspace(tmp_path, _CONFIG)
    drop(workspace, "clients.csv", clients_frame(400, seed=1))
    full_run(workspace)
    manifest = registry.read_manifest(workspace.models_folder, workspace.champion())
    assert manifest["budget"]["rows"] == 20_000
