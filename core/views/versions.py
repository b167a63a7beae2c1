"""Two versions side by side, and what changed around the champion since it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from core import decisions, registry, schema, scoring, statistics
from core.dataset import Dataset, ripe_since
from core.decisions import ListChange
from core.records import Version
from core.schema import Contract
from core.statistics import Interval
from core.wording import plural
from core.workspace import Workspace


@dataclass(frozen=True)
class Side:
    """One of two versions."""

    version: str
    champion: bool
    family: str
    provisional: bool
    known_at: datetime
    #: rows it was fitted on, of those that could have trained
    rows: int
    rows_available: int
    seed: int | None
    base_rate: float
    threshold: float
    #: metric -> value, low, high, n: out of fold, on its own rows
    metrics: dict[str, dict[str, float]]
    #: family -> log_loss, roc_auc, ... of the contest that it came from
    families: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Common:
    """Both versions on the same rows, which neither learned from nor could know; intervals by client."""

    rows: int
    leavers: int
    #: metric -> the first one's, the second one's
    metrics: dict[str, tuple[Interval, Interval]]
    #: the second less the first
    roc_auc_difference: Interval
    #: below zero: the second is better
    log_loss_difference: Interval


@dataclass(frozen=True)
class Comparison:
    """Two versions side by side; what differs is given as (first, second)."""

    first: Side
    second: Side
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    #: column -> its kind in either
    columns_changed: dict[str, tuple[str, str]]
    #: key, such as model.folds -> its values
    config: dict[str, tuple[Any, Any]]
    packages: dict[str, tuple[str, str]]
    #: numbers of batches that only one of them learned from
    batches_only_first: tuple[int, ...]
    batches_only_second: tuple[int, ...]
    #: None where there are no such rows
    common: Common | None
    #: clients on the list now, and how it would change from the first version's to the second's
    clients: int
    list_change: ListChange
    sentence: str


@dataclass(frozen=True, eq=False)
class _Stored:
    """A version with its files."""

    version: Version
    manifest: dict[str, Any]
    learned: pd.DataFrame

    def risk(self, workspace: Workspace, rows: pd.DataFrame, *, delivered: bool = False) -> np.ndarray:
        """Its risk of rows of the dataset (n,); `delivered`: out of fold where it learned from the very snapshot."""
        model = workspace.model(self.version)
        risk: np.ndarray = model.risk(schema.features(rows, model.columns).reset_index(drop=True))
        return scoring.delivered(risk, rows, self.learned)[0] if delivered else risk


def compare(workspace: Workspace, first: str, second: str) -> Comparison:
    """Two versions by their ids, or by unmistakable beginnings of them.

    Raises `NotFound`, and `DamagedVersion` where the files of one are gone.
    """
    with workspace.store.reading() as db:
        found = registry.find(db, first), registry.find(db, second)
        champion = registry.champion(db)
    folder = workspace.models_folder
    one, two = (
        _Stored(version, registry.read_manifest(folder, version), registry.load_learned(folder, version))
        for version in found
    )
    dataset, contract = workspace.dataset(), workspace.contract()
    common, clients, change = None, 0, ListChange(0, float("nan"), float("nan"))
    if dataset is not None and contract is not None:
        common = _on_common_rows(workspace, dataset, contract, one, two)
        current, _ = dataset.current(workspace.now(), workspace.config.data.stale_after)
        current = current.sort_values("_client", kind="stable")
        clients = len(current)
        if clients:
            lists = (stored.risk(workspace, current, delivered=True) for stored in (one, two))
            change = decisions.list_change(*lists)
    sides = _side(one, champion), _side(two, champion)
    kinds = [{column["name"]: column["kind"] for column in made.manifest.get("columns", [])} for made in (one, two)]
    batches = [set(map(int, made.manifest.get("batches", []))) for made in (one, two)]
    return Comparison(
        first=sides[0], second=sides[1],
        columns_added=tuple(name for name in kinds[1] if name not in kinds[0]),
        columns_removed=tuple(name for name in kinds[0] if name not in kinds[1]),
        columns_changed={
            name: (kind, kinds[1][name]) for name, kind in kinds[0].items() if kinds[1].get(name, kind) != kind
        },
        config=_differing(_config(one.manifest), _config(two.manifest)),
        packages=_differing(_packages(one.manifest), _packages(two.manifest)),
        batches_only_first=tuple(sorted(batches[0] - batches[1])),
        batches_only_second=tuple(sorted(batches[1] - batches[0])),
        common=common, clients=clients, list_change=change, sentence=_sentence(sides, common, change),
    )  # fmt: skip


def _side(stored: _Stored, champion: Version | None) -> Side:
    version, manifest = stored.version, stored.manifest
    return Side(
        version=version.version, champion=champion is not None and champion.version == version.version,
        family=version.family, provisional=version.provisional, known_at=version.known_at, rows=version.trained_rows,
        rows_available=int(manifest.get("rows_available", version.trained_rows)), seed=manifest.get("seed"),
        base_rate=version.base_rate, threshold=version.threshold,
        metrics=manifest.get("metrics", {}), families=manifest.get("families", {}),
    )  # fmt: skip


def _on_common_rows(
    workspace: Workspace, dataset: Dataset, contract: Contract, one: _Stored, two: _Stored
) -> Common | None:
    """Both on the rows that neither could know; see `decisions.rows_to_judge_on`."""
    horizon = workspace.config.data.horizon_days
    rows = dataset.trainable(workspace.now(), horizon)
    since = ripe_since(rows, horizon)
    neither = np.logical_and.reduce(
        [
            decisions.rows_to_judge_on(
                rows, since, stored.learned, stored.version.known_at, horizon, dated=contract.dated
            )
            for stored in (one, two)
        ]
    )
    rows = rows[neither]
    if len(rows) == 0:
        return None
    outcome = rows["_outcome"].to_numpy(dtype=np.int64)
    client = rows["_client"].to_numpy(dtype=str)
    risks = one.risk(workspace, rows), two.risk(workspace, rows)
    difference = statistics.differences(
        outcome, risks[1], risks[0], seed=workspace.config.model.seed, cluster=client
    )  # fmt: skip
    measured = [
        {
            "roc_auc": statistics.roc_auc(outcome, risk, cluster=client),
            "log_loss": statistics.mean(statistics.log_losses(outcome, risk), cluster=client),
            "brier": statistics.mean((risk - outcome) ** 2, cluster=client),
        }
        for risk in risks
    ]
    return Common(
        rows=len(rows), leavers=int(outcome.sum()),
        metrics={name: (measured[0][name], measured[1][name]) for name in measured[0]},
        roc_auc_difference=difference.roc_auc, log_loss_difference=difference.log_loss,
    )  # fmt: skip


def _config(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Key -> value of the sections that a version was made with."""
    return _flat("model", manifest.get("config", {})) | _flat("data", manifest.get("data", {}))


def _flat(above: str, content: Any) -> dict[str, Any]:
    if not isinstance(content, dict) or not content:
        return {above: content}
    return {key: value for name, inner in content.items() for key, value in _flat(f"{above}.{name}", inner).items()}


def _packages(manifest: Mapping[str, Any]) -> dict[str, str]:
    told = dict(manifest.get("packages", {}))
    return told | ({"python": manifest["python"]} if "python" in manifest else {})


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs; None where it is not told."""
    names = dict.fromkeys([*first, *second])
    return {
        name: (first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)
    }  # fmt: skip


def _sentence(sides: tuple[Side, Side], common: Common | None, change: ListChange) -> str:
    said = []
    one, two = (side.metrics.get("roc_auc", {}).get("value", float("nan")) for side in sides)
    if not np.isnan(one + two):
        said.append(
            f"out of fold, each on its own rows, roc_auc is {one:.3f} for {sides[0].version} and {two:.3f} for "
            f"{sides[1].version}"
        )
    if common is None:
        said.append("there are no rows yet whose outcomes neither could know")
    else:
        gap = common.roc_auc_difference
        rows = f"on {plural(common.rows, 'row')} that neither learned from"
        said.append(
            f"{rows} the second one's roc_auc differs by {gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"
            if not np.isnan(gap.value)
            else f"{rows} only one kind of outcome is known"
        )
    if change.size:
        count = round(change.changed * change.size)
        said.append(f"{count:,} of the {plural(change.size, 'client')} at the top of the list would be others")
    whole = "; ".join(said) + "."
    return whole[0].upper() + whole[1:]


def package_changes(workspace: Workspace) -> str:
    """What changed among the packages since the champion was made, in a sentence; "" when nothing did.

    Raises `DamagedVersion` where the champion gives other risks than when it was stored.
    """
    champion = workspace.champion()
    if champion is None:
        return ""
    changed = registry.changed_packages(registry.read_manifest(workspace.models_folder, champion))
    if not changed:
        return ""
    workspace.model(champion)
    told = registry.said_of_packages(changed)
    return f"Since the champion was made, {told}; its check-scores still come out as they were stored."
