"""Retention by its command."""

from __future__ import annotations

import pytest

from core.cli import main
from core.views import operations
from tests.builders import Clock, arrive, clients_frame, make_workspace


def test_an_old_batch_whose_clients_have_newer_rows_goes_and_the_newest_rows_stay(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    clock = Clock()
    config = {"retention": {"batches_days": 30}, "data": {"as_of": ""}}
    workspace = make_workspace(tmp_path_factory.mktemp("w"), config, clock)
    arrive(workspace, "1.csv", clients_frame(50))
    clock.forward(days=20)
    newer = arrive(workspace, "2.csv", clients_frame(50, seed=1))
    assert main(["retain", "--config", str(workspace.config_path)]) == 0
    dataset = workspace.dataset()
    assert dataset is not None
    assert set(dataset.rows["_batch"]) == {newer.id}
    assert len(dataset.newest()) == 50
    assert operations.audit(workspace)["deed"].tolist() == ["retain"]
    assert not list(workspace.shelf.dataset.glob("20260105T*"))
