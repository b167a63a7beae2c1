"""Which batches a version learned from."""

from __future__ import annotations

from core import registry
from core.errors import DamagedVersion
from core.records import Version
from core.store import ingested
from core.workspace import Workspace


def learned_from(workspace: Workspace, version: Version) -> set[int]:
    """Ids of the batches that rows or outcomes a version learned from came with.

    Every batch that was known then, where its manifest does not tell, or cannot be read.
    """
    try:
        told = registry.read_manifest(workspace.models_folder, version).get("batches")
    except DamagedVersion:
        told = None
    if told is not None:
        return set(map(int, told))
    with workspace.store.reading() as db:
        return {batch.id for batch in ingested.kept_batches(db) if batch.known_at <= version.known_at}
