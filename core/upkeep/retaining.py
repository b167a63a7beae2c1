"""What [retention] of config.toml says is too old goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core import registry
from core.parts import REJECTED, count_rejected, forget_rejected, merge
from core.records import Batch, Version
from core.store import audit, ingested, models
from core.upkeep.needed import no_longer_needed
from core.upkeep.placing import Kept, Part, ids, kept, on_disk, part_name, sweep
from core.wording import listed, plural
from core.workspace import Workspace

DEED = "retain"

_REPORT = re.compile(r"([0-9]{8}T[0-9]{6})Z-run[0-9]+\.")


@dataclass(frozen=True)
class _Old:
    """What is too old."""

    batches: list[Batch]
    #: parts with rows of old batches that were set aside, and how many
    rejected: list[tuple[Part, list[Batch], int]]
    reports: list[Path]
    versions: list[Version]

    @property
    def anything(self) -> bool:
        return bool(self.batches or self.rejected or self.reports or self.versions)


def retain(workspace: Workspace, who: str = "the schedule") -> str:
    """Remove what is older than [retention] keeps; a sentence with figures.

    No batch goes that a kept version learned from, or without which a client's newest snapshot would be another, or
    have another outcome. Kept are the champion, the one that would be rolled back to, and the newest versions. What is
    gone is gone on past days too.
    """
    with workspace.store.exclusively(), on_disk("What is too old could not be removed"):
        at = workspace.now()
        old = _find(workspace, at)
        found = kept(workspace)
        if not old.anything:
            sweep(workspace, found)  # a kill may have come between what was recorded and the files
            return _nothing(workspace)
        parts = _without_batches(workspace, found, old.batches, at)
        said = f"Removed, for [retention] of config.toml says so: {_told(old)}."
        with workspace.store.writing() as db:
            for name, part, rows, batches in parts:
                ingested.insert_part(db, name, part.holds, rows, ids(batches), at)
            for batch in old.batches:
                ingested.insert_withdrawal(db, batch.id, ingested.EXPIRE, said, at)
            audit.insert_deed(db, who, DEED, "retention", said, at)
        _remove(workspace, old)
    return said


def _nothing(workspace: Workspace) -> str:
    if any(workspace.config.retention.model_dump().values()):
        return "Nothing is old enough to be removed."
    return "Nothing is removed: [retention] of config.toml keeps everything for ever."


# --- finding


def _find(workspace: Workspace, at: datetime) -> _Old:
    rules, found = workspace.config.retention, kept(workspace)
    remaining, gone = _sorted_out(workspace)
    batches = no_longer_needed(workspace, _before(found.batches, rules.batches_days, at), remaining)
    going = {batch.id for batch in batches}
    rejected = []
    for part in found.parts():
        staying = [batch for batch in part.batches if batch.id not in going]
        own = _before(staying, rules.rejected_days, at)
        lines = count_rejected(workspace.shelf, own, found.rewritten)
        if lines:
            rejected.append((part, own, lines))
    return _Old(batches, rejected, _old_reports(workspace, at), gone)


def _before(batches: Sequence[Batch], days: int, at: datetime) -> list[Batch]:
    """Batches that are older than so many days; 0: none is."""
    return [batch for batch in batches if days and batch.known_at < at - timedelta(days=days)]


def _sorted_out(workspace: Workspace) -> tuple[list[Version], list[Version]]:
    """Versions whose files are kept, and those whose files go; none whose files are gone already."""
    count = workspace.config.retention.versions
    with workspace.store.reading() as db:
        versions, champions = models.list_versions(db), registry.champions(db)
    there = [one for one in versions if not registry.is_retired(workspace.models_folder, one.version)]
    needed = {one.version for one in versions[:count]} | set(champions[-2:])
    if not count:
        return there, []
    return [one for one in there if one.version in needed], [one for one in there if one.version not in needed]


def _old_reports(workspace: Workspace, at: datetime) -> list[Path]:
    days = workspace.config.retention.reports_days
    found = []
    for path in sorted(workspace.reports_folder.glob("*")):
        match = _REPORT.match(path.name)
        made = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if match else at
        if days and made < at - timedelta(days=days):
            found.append(path)
    return found


# --- removing


def _without_batches(
    workspace: Workspace, found: Kept, gone: Sequence[Batch], at: datetime
) -> list[tuple[str, Part, int, list[Batch]]]:
    """Write parts anew that hold rows of other batches too: name, the old part, accepted rows, batches."""
    going = set(ids(gone))
    made: list[tuple[str, Part, int, list[Batch]]] = []
    for part in found.parts():
        staying = [batch for batch in part.batches if batch.id not in going]
        if staying and len(staying) < len(part.batches):
            name = part_name(at, found.next_part + len(made))
            made.append((name, part, merge(workspace.shelf, name, staying, found.rewritten), staying))
    return made


def _remove(workspace: Workspace, old: _Old) -> None:
    """What nothing points to any more, and what nothing ever pointed to."""
    found = kept(workspace)
    sweep(workspace, found)
    for _, batches, _ in old.rejected:
        for name in {found.part_of(batch) for batch in batches}:
            merged = any(found.part_of(batch) == name and batch.id in found.rewritten for batch in batches)
            if workspace.shelf.path(name, REJECTED).is_file():
                forget_rejected(workspace.shelf, name, batches, merged=merged)
    for path in old.reports:
        path.unlink()
    for version in old.versions:
        registry.retire(
            workspace.models_folder,
            version.version,
            f"The files of version {version.version} were removed, for [retention] of config.toml keeps those of "
            f"{plural(workspace.config.retention.versions, 'version')}; name another version, or restore a backup.",
        )


# --- telling


def _told(old: _Old) -> str:
    told = []
    if old.batches:
        rows = sum(batch.accepted + batch.duplicate for batch in old.batches)
        noun = "batch" if len(old.batches) == 1 else "batches"
        told.append(f"{len(old.batches):,} {noun} of {plural(rows, 'row')}")
    if old.rejected:
        told.append(f"{plural(sum(lines for *_, lines in old.rejected), 'line')} of what was set aside")
    if old.reports:
        told.append(plural(len(old.reports), "report"))
    if old.versions:
        told.append(f"the files of {plural(len(old.versions), 'version')}")
    return listed(told)
