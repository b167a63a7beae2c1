"""Everything a workspace knows in one file, and back."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from core import files, roster
from core.errors import BellwetherError, Busy, RefusedFile
from core.jobs import PATIENCE
from core.store import audit, ingested, migrations, models, queue, transfer
from core.store.database import Session
from core.wording import plural, system_says
from core.workspace import RESTORING, Clock, Workspace, open_workspace, utc_now

MANIFEST = "manifest.json"
#: folders of a workspace that are kept
FOLDERS = ("dataset", "rejected", "models", "reports")
_FORMAT = 1
_BLOCK = 1 << 20


def backup(workspace: Workspace, target: Path) -> str:
    """Write everything that is known now into one file; a sentence. `target`: the file, or a folder for it.

    Consistent whatever other processes do meanwhile: the store is read in one transaction, and no file of the dataset
    comes or goes. The same file restores into SQLite and into Postgres.
    """
    at = workspace.now()
    path = target / f"bellwether-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar" if target.is_dir() else target
    inside = path.resolve().parent
    if any(inside.is_relative_to((workspace.folder / name).resolve()) for name in FOLDERS):
        raise BellwetherError(f"{path} lies in what is backed up; name a place outside of {workspace.folder}.")
    counted = {"rows": 0, "files": 0}

    def write(beside: Path) -> None:
        with tarfile.open(beside, "w") as archive, workspace.store.exclusively(), workspace.store.reading() as db:
            members = dict(_write_store(db, archive, beside, counted))
            for path in _kept_files(workspace.folder):
                name = path.relative_to(workspace.folder).as_posix()
                members[f"files/{name}"] = _add_file(archive, f"files/{name}", path)
                counted["files"] += 1
            members["config.toml"] = _add_file(archive, "config.toml", workspace.config_path)
            manifest = {
                "format": _FORMAT, "at": at.isoformat(), "migrations": migrations.applied(workspace.store.engine),
                "members": members,
            }  # fmt: skip
            content = json.dumps(manifest, indent=1).encode()
            archive.addfile(_member(MANIFEST, len(content)), io.BytesIO(content))

    try:
        files.write_atomically(path, write)
    except OSError as error:
        raise BellwetherError(f"The backup {path} cannot be written: {system_says(error)}.") from None
    size = path.stat().st_size / 1e6
    return f"{plural(counted['rows'], 'row')} and {plural(counted['files'], 'file')} kept in {path} ({size:,.1f} MB)."


def _write_store(
    db: Session, archive: tarfile.TarFile, beside: Path, counted: dict[str, int]
) -> Iterator[tuple[str, dict[str, Any]]]:
    lines = beside.with_name(f"{beside.name}.rows")
    try:
        for table in transfer.kept_tables():
            with lines.open("w", encoding="utf-8") as handle:
                for row in transfer.dump(db, table):
                    handle.write(json.dumps(row) + "\n")
                    counted["rows"] += 1
            yield f"store/{table}.jsonl", _add_file(archive, f"store/{table}.jsonl", lines)
    finally:
        lines.unlink(missing_ok=True)


def _kept_files(folder: Path) -> list[Path]:
    """Files of the kept folders that are whole."""
    return sorted(
        path
        for name in FOLDERS
        for path in (folder / name).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


def _member(name: str, size: int) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size = size
    return made


def _add_file(archive: tarfile.TarFile, name: str, path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    with path.open("rb") as handle:
        archive.addfile(_member(name, size), handle)
    return {"size": size, "sha256": files.sha256_of(path)}


def restore(config_path: Path, archive: Path, who: str, *, replace: bool = False, now: Clock = utc_now) -> str:
    """Let a backup be all that the workspace of this config holds; a sentence.

    The archive is proved whole first. A workspace that holds something is replaced only when asked for, and is backed
    up beside itself before. Killed in between, the workspace says so when it is opened; restoring again mends it.
    """
    workspace = open_workspace(config_path, now, restoring=True)
    at = workspace.now()
    with workspace.store.exclusively():
        _refuse_while_in_use(workspace, at, replace=replace)
        unpacked = workspace.folder / ".restored"
        shutil.rmtree(unpacked, ignore_errors=True)
        try:
            manifest = _unpack(archive, unpacked)
        except (tarfile.TarError, EOFError, OSError) as error:
            shutil.rmtree(unpacked, ignore_errors=True)
            raise RefusedFile(f"{archive} cannot be read as a backup ({error}); nothing was changed.") from None
        except BellwetherError:
            shutil.rmtree(unpacked, ignore_errors=True)
            raise
    kept = ""
    marker = workspace.folder / RESTORING
    if replace and not marker.exists() and _holds_something(workspace):
        beside = workspace.folder.with_name(f"{workspace.folder.name}.before-restore-{at:%Y%m%dT%H%M%SZ}.tar")
        backup(workspace, beside)
        kept = f" What was there before is kept in {beside}."
    with workspace.store.exclusively():
        files.write_bytes(marker, str(archive).encode())
        said = f"The state of {manifest['at'][:16].replace('T', ' ')} UTC was restored from {archive}."
        with workspace.store.writing() as db:
            rows: dict[str, Iterable[dict[str, Any]]] = {
                name: _lines(unpacked / "store" / f"{name}.jsonl") for name in transfer.kept_tables()
            }
            count = transfer.replace_all(db, rows)
            audit.insert_deed(db, who, "restore", archive.name, said, at)
        for name in FOLDERS:
            shutil.rmtree(workspace.folder / name, ignore_errors=True)
            roster.clear(workspace.lists_folder)
            if (unpacked / "files" / name).is_dir():
                (unpacked / "files" / name).rename(workspace.folder / name)
        shutil.rmtree(unpacked)
        for left in workspace.folder.glob(f".{RESTORING}.*.writing"):  # of a restoration that was killed
            left.unlink()
        marker.unlink()
    return f"{said} It holds {plural(count, 'row')} and {plural(len(manifest['members']), 'file')}.{kept}"


def _holds_something(workspace: Workspace) -> bool:
    with workspace.store.reading() as db:
        return bool(ingested.list_batches(db) or models.list_versions(db))


def _refuse_while_in_use(workspace: Workspace, at: datetime, *, replace: bool) -> None:
    with workspace.store.reading() as db:
        lease = queue.read_lease(db)
    if lease is not None and lease[0] and at - lease[1] < PATIENCE:
        raise Busy("A worker is at work on this workspace; stop it (and the dashboard) before restoring.")
    if not replace and not (workspace.folder / RESTORING).exists() and _holds_something(workspace):
        raise BellwetherError(
            f"The workspace {workspace.folder} holds something already; restore with --replace to put the backup in "
            "its place (what is there is backed up beside it first), or name another config with --config."
        )


def _unpack(archive: Path, folder: Path) -> dict[str, Any]:
    """Unpack and prove every member; the manifest. Raises `RefusedFile` when the archive is not what was written."""
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    with tarfile.open(archive, "r:") as opened:
        for member in opened:
            name = PurePosixPath(member.name)
            source = opened.extractfile(member)
            if source is None or name.is_absolute() or ".." in name.parts:
                raise RefusedFile(f"{archive} is no backup of Bellwether: it holds {member.name!r}.")
            if member.name == MANIFEST:
                manifest = json.loads(source.read())
                continue
            found[member.name] = _copy(source, folder / name)
    if manifest is None:
        raise RefusedFile(f"{archive} is no whole backup of Bellwether: its end is missing; nothing was changed.")
    unknown = sorted(set(manifest["migrations"]) - {name for name, _ in migrations.MIGRATIONS})
    if unknown or manifest["format"] > _FORMAT:
        told = f" (it knows {unknown[0]})" if unknown else ""
        raise RefusedFile(f"{archive} was made by a newer Bellwether{told}; install that version.")
    for name in sorted(manifest["members"].keys() | found.keys()):
        if manifest["members"].get(name) != found.get(name):
            raise RefusedFile(f"{archive} is damaged: {name} is not what was written; nothing was changed.")
    return manifest


def _copy(source: Any, target: Path) -> dict[str, Any]:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as handle:
        while block := source.read(_BLOCK):
            digest.update(block)
            handle.write(block)
            size += len(block)
    return {"size": size, "sha256": digest.hexdigest()}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as handle:
        for line in handle:
            yield json.loads(line)
