"""Many small parts become few, without changing what any day shows."""

from __future__ import annotations

from datetime import datetime

from core.parts import merge
from core.store import ingested
from core.upkeep.merges import due_merges
from core.upkeep.placing import Kept, Part, ids, kept, on_disk, part_name, sweep
from core.wording import plural
from core.workspace import Workspace


def compact(workspace: Workspace) -> str:
    """Merge runs of small neighbouring parts, and remove the files that nothing points to any more; a sentence.

    A batch that is withdrawn stays one that may be reinstated. Reading goes on meanwhile. Raises `Busy` while others
    take in or tidy files, and `DamagedDataset` when a file is not what was written.
    """
    at = workspace.now()
    with workspace.store.exclusively(), on_disk("Small parts could not be merged"):
        found = kept(workspace)
        before = len(found.parts())
        while due := _due(found):
            for run in due:
                _merge(workspace, run, at)
            found = kept(workspace)
        sweep(workspace, found)
    after = len(found.parts())
    if after == before:
        return f"Nothing to merge: the rows stand in {plural(after, 'part')}."
    return f"{plural(before, 'part')} became {after:,}."


def _due(found: Kept) -> list[list[Part]]:
    parts = found.parts()
    due: list[list[Part]] = []
    for holds in ("clients", "outcomes"):
        own = [part for part in parts if part.holds == holds]
        due += [own[first:end] for first, end in due_merges([part.size for part in own])]
    return due


def _merge(workspace: Workspace, run: list[Part], at: datetime) -> None:
    """Files first, then the row, then the old files go."""
    found = kept(workspace)
    shelf, name = workspace.shelf, part_name(at, found.next_part)
    together = {batch.id for part in run for batch in part.batches}
    batches = [batch for batch in found.batches if batch.id in together]
    rows = merge(shelf, name, batches, found.rewritten)
    with workspace.store.writing() as db:
        ingested.insert_part(db, name, run[0].holds, rows, ids(batches), at)
    gone = {part.name for part in run}
    for part, path in shelf.files():
        if part in gone:
            path.unlink()
