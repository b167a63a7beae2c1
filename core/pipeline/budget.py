"""A budget in seconds is turned into rows once; from then on the rows count, so that the bits repeat."""

from __future__ import annotations

import time

from joblib import cpu_count

from core import registry, training
from core.config import ModelConfig
from core.errors import DamagedVersion
from core.schema import Contract
from core.store import models
from core.training import TrainingSet, Trial
from core.workspace import Workspace


def within_seconds(workspace: Workspace, rows: TrainingSet, contract: Contract) -> ModelConfig:
    """The configuration of training with `max_training_rows` such that it takes about `budget_seconds`.

    The rows are those of the newest version that was made with the same budget for the same columns; where there is
    none, two small fits of each family are timed. Without a budget in seconds, and where all rows are few enough for
    no doubt, the configuration as it is.
    """
    config = workspace.config.model
    if not config.budget_seconds or rows.n <= training.TRIALS[0]:
        return config
    most = _recorded(workspace, config, contract)
    if most is None:
        trials = {
            family: [_timed(family, rows, contract, config, count) for count in training.TRIALS]
            for family in training.timed_families(config)
        }
        most = training.rows_within(
            config.budget_seconds, trials, config, cores=cpu_count(), dated=contract.dated
        )  # fmt: skip
    return config.model_copy(update={"max_training_rows": min(most, config.max_training_rows)})


def _timed(family: str, rows: TrainingSet, contract: Contract, config: ModelConfig, count: int) -> Trial:
    own = min(count, rows.n)
    begun = time.perf_counter()
    training.trial(family, rows, contract, config, own)
    return Trial(own, time.perf_counter() - begun)


def _recorded(workspace: Workspace, config: ModelConfig, contract: Contract) -> int | None:
    with workspace.store.reading() as db:
        versions = models.list_versions(db)
    columns = [column.name for column in contract.columns]
    for version in versions:
        try:
            manifest = registry.read_manifest(workspace.models_folder, version)
        except DamagedVersion:  # retired, or moved away: it cannot tell
            continue
        made_with, budget = manifest["config"], manifest.get("budget", {})
        same = ("budget_seconds", "families", "pairs", "folds")
        learned = [column["name"] for column in manifest["columns"] if column["name"] != config.weight]
        if (
            budget.get("asked_rows") == config.max_training_rows
            and learned == columns
            and all(made_with.get(key) == config.model_dump(mode="json")[key] for key in same)
        ):
            return int(budget["rows"])
    return None
