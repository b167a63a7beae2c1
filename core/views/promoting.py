"""What would come of making another version champion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core import decisions, registry
from core.records import Version
from core.views.versions import compare
from core.wording import listed
from core.workspace import Workspace


@dataclass(frozen=True)
class Move:
    """What comes of making another version champion."""

    version: str
    family: str
    #: champion now; "" where there is none
    champion: str
    #: how the two compare, and how the list would change
    sentence: str
    #: what a person should know before
    warnings: tuple[str, ...]


def consequences(workspace: Workspace, name: str) -> Move:
    """What would come of making a stored version champion.

    Raises `NotFound`, and `DamagedVersion` where its files or the champion's are gone.
    """
    with workspace.store.reading() as db:
        version, champion = registry.find(db, name), registry.champion(db)
    manifest = registry.read_manifest(workspace.models_folder, version)
    compared = "" if champion is None else compare(workspace, champion.version, version.version).sentence
    return Move(
        version.version, version.family, champion.version if champion else "", compared,
        tuple(_warnings(workspace, version, manifest)),
    )  # fmt: skip


def _warnings(workspace: Workspace, version: Version, manifest: Mapping[str, Any]) -> Iterator[str]:
    if version.provisional:
        yield "It is provisional: clients are ranked, and no percentage is shown."
    if version.family == "rule":
        yield "It is a rule by one column and no model."
    columns = {name: auc for name, auc in manifest.get("single_columns", {}).items() if auc == auc}  # noqa: PLR0124
    metric = manifest.get("metrics", {}).get("roc_auc", {})
    if columns and metric.get("n"):
        best = max(columns, key=lambda one: columns[one])
        n = int(metric["n"])
        if decisions.looks_like_leak(columns[best], n, round(n * version.base_rate), workspace.config.model.gate):
            yield f"It may be leaking: the column {best} alone all but tells the outcome (roc_auc {columns[best]:.3f})."
    contract = workspace.contract()
    now = {one.name for one in contract.columns} if contract is not None else set()
    lost = [one["name"] for one in manifest.get("columns", []) if one["name"] not in now]
    if contract is not None and lost:
        yield f"It looks at {listed(lost)}, which the contract no longer has: they count as missing."
