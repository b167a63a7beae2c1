"""Versions: save, verify, load, promote, roll back. The champion is a pointer, never a copy."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core import files
from core.errors import BellwetherError, DamagedVersion, NotFound
from core.model import AdditiveModel
from core.records import Version
from core.store import models
from core.store.database import Session
from core.wording import plural

MODEL, CARD, MANIFEST, LEARNED = "model.joblib", "card.md", "manifest.json", "out_of_fold.parquet"

#: packages whose version may change what a model gives
MODEL_PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "interpret-core", "joblib")


def version_id(at: datetime, made_from: dict[str, Any]) -> str:
    """An id that sorts by time and comes from what the model was made from (20260105T090000Z-3f9a1c2)."""
    digest = hashlib.blake2b(json.dumps(made_from, sort_keys=True, default=str).encode(), digest_size=8)
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest.hexdigest()[:7]}"


def package_versions() -> dict[str, str]:
    """Installed versions of the packages a model depends on."""
    return {name: metadata.version(name) for name in MODEL_PACKAGES}


def save_files(folder: Path, model: AdditiveModel, card: str, learned: pd.DataFrame, manifest: dict[str, Any]) -> str:
    """Write a version's files into `folder`, manifest last; the manifest's sha256.

    `learned`: the rows it learned from with their out-of-fold risks. Nothing points here yet.
    """
    files.write_atomically(folder / MODEL, lambda beside: _dump(model, beside))
    files.write_bytes(folder / CARD, card.encode())
    files.write_part(folder / LEARNED, pa.Table.from_pandas(learned, preserve_index=False))
    hashes = {name: files.sha256_of(folder / name) for name in (MODEL, CARD, LEARNED)}
    content = json.dumps({**manifest, "files": hashes}, indent=2, sort_keys=True, default=str)
    files.write_bytes(folder / MANIFEST, content.encode())
    return files.sha256_of(folder / MANIFEST)


def _dump(model: AdditiveModel, path: Path) -> None:
    joblib.dump(model, path, compress=3)


def read_manifest(models_folder: Path, version: Version) -> dict[str, Any]:
    """A version's manifest. Raises `DamagedVersion` when it, or a file it names, is not what was stored."""
    folder = models_folder / version.version
    path = _manifest_path(folder, version.manifest_sha256)
    retired = _retired_path(models_folder, version.version)
    if retired.is_file():
        raise DamagedVersion(retired.read_text(encoding="utf-8"))
    if not path.is_file():
        raise DamagedVersion(f"The files of version {version.version} are gone from {folder}; restore a backup.")
    if files.sha256_of(path) != version.manifest_sha256:
        raise DamagedVersion(_changed(version, path.name))
    manifest: dict[str, Any] = json.loads(path.read_text())
    for name, expected in manifest["files"].items():
        if not (folder / name).is_file() or files.sha256_of(folder / name) != expected:
            raise DamagedVersion(_changed(version, name))
    return manifest


def _changed(version: Version, name: str) -> str:
    return (
        f"{name} of version {version.version} was changed since it was stored and is not loaded; "
        "restore it from a backup, or roll back to another version."
    )


def load_model(models_folder: Path, version: Version) -> AdditiveModel:
    """The stored model, after its sha256 and its check-scores have proved right."""
    model: AdditiveModel = joblib.load(_file(models_folder, version, MODEL))
    model.verify()
    return model


def load_learned(models_folder: Path, version: Version) -> pd.DataFrame:
    """Rows the version learned from: `_client`, `_as_of`, `outcome`, `risk` (out of fold, NaN where none)."""
    learned: pd.DataFrame = files.read_part(_file(models_folder, version, LEARNED)).to_pandas()
    return learned


def read_card(models_folder: Path, version: Version) -> str:
    """The version's model card (Markdown)."""
    return _file(models_folder, version, CARD).read_text(encoding="utf-8")


def _file(models_folder: Path, version: Version, name: str) -> Path:
    """A file of a version, once all of them have proved whole; it has another name where a client was erased."""
    manifest = read_manifest(models_folder, version)
    return models_folder / version.version / str(manifest.get("names", {}).get(name, name))


def _manifest_path(folder: Path, sha256: str) -> Path:
    later = folder / f"manifest.{sha256[:12]}.json"
    return later if later.is_file() else folder / MANIFEST


# --- what is removed


def without_client(models_folder: Path, version: Version, client: str) -> Version | None:
    """The version as it is when a client's rows are no longer among those it learned from; None: they are not.

    The files for that are written beside those that count now, and count once the manifest's sha256 is stored. The
    model itself stays what it is. Raises `DamagedVersion`.
    """
    manifest = read_manifest(models_folder, version)
    learned = files.read_part(_file(models_folder, version, LEARNED))
    kept = learned.filter(pc.not_equal(learned["_client"], client))
    if len(kept) == len(learned):
        return None
    folder, later = models_folder / version.version, version.manifest_sha256[:12]
    erased = int(manifest.get("erased_rows", 0)) + len(learned) - len(kept)
    rows = plural(erased, "row")
    said = f"{rows} of erased clients that it learned from are gone: it can no longer be rebuilt exactly."
    card = re.sub(r"\n\*\*Erased\*\*: .*\n", "", read_card(models_folder, version)) + f"\n**Erased**: {said}\n"
    names = {CARD: f"card.{later}.md", LEARNED: f"out_of_fold.{later}.parquet"}
    files.write_bytes(folder / names[CARD], card.encode())
    files.write_part(folder / names[LEARNED], kept)
    hashes = {name: files.sha256_of(folder / name) for name in (MODEL, *names.values())}
    told = {**manifest, "files": hashes, "names": names, "erased_rows": erased, "erased": said}
    content = json.dumps(told, indent=2, sort_keys=True, default=str).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    files.write_bytes(folder / f"manifest.{sha256[:12]}.json", content)
    return replace(version, manifest_sha256=sha256)


def sweep(models_folder: Path, version: Version) -> int:
    """Remove what `without_client` left behind: files that do not count now; how many."""
    folder = models_folder / version.version
    path = _manifest_path(folder, version.manifest_sha256)
    if not path.is_file() or files.sha256_of(path) != version.manifest_sha256:
        return 0
    counting = {path.name, *json.loads(path.read_text(encoding="utf-8"))["files"]}
    ours = [*folder.glob("manifest*.json"), *folder.glob("card*.md"), *folder.glob("out_of_fold*.parquet")]
    gone = [path for path in [*ours, *folder.glob(".*.writing")] if path.name not in counting]
    for path in gone:
        path.unlink()
    return len(gone)


def retire(models_folder: Path, name: str, sentence: str) -> None:
    """Remove a version's files; `sentence` is what is said to who asks for them."""
    files.write_bytes(_retired_path(models_folder, name), sentence.encode())
    shutil.rmtree(models_folder / name, ignore_errors=True)


def is_retired(models_folder: Path, name: str) -> bool:
    """Whether a version's files were removed, wholly."""
    return _retired_path(models_folder, name).is_file() and not (models_folder / name).exists()


def _retired_path(models_folder: Path, name: str) -> Path:
    return models_folder / f"{name}.retired"


# --- which one counts


def champions(db: Session) -> list[str]:
    """Champions that can be gone back to, the present one last."""
    stack: list[str] = []
    for move in reversed(models.list_promotions(db)):
        if move["kind"] == "promote":
            stack.append(move["version"])
        else:
            stack.pop()
    return stack


def champion(db: Session) -> Version | None:
    """The version that scores clients now; None before the first promotion."""
    moves = models.list_promotions(db)
    return find(db, moves[0]["version"]) if moves else None


def find(db: Session, name: str) -> Version:
    """A version by its id, or by an unmistakable beginning of it."""
    found = [version for version in models.list_versions(db) if version.version.startswith(name)]
    if len(found) != 1:
        raise NotFound(
            f"There is no version {name!r}; `python -m core versions` lists them."
            if not found
            else f"{name!r} begins {len(found)} versions; give more of the id."
        )
    return found[0]


def promote(db: Session, models_folder: Path, name: str, at: datetime, sentence: str) -> Version:
    """Make a stored version the champion, once its files have proved whole."""
    version = find(db, name)
    current = champion(db)
    if current is not None and current.version == version.version:
        raise BellwetherError(f"{version.version} is the champion already.")
    load_model(models_folder, version)
    models.insert_promotion(db, version.version, at, "promote", sentence)
    return version


def roll_back(db: Session, models_folder: Path, at: datetime, sentence: Callable[[Version, Version], str]) -> Version:
    """Make the champion before the present one champion again."""
    stack = champions(db)
    if len(stack) < 2:
        raise BellwetherError("There is no earlier champion to roll back to.")
    now, before = find(db, stack[-1]), find(db, stack[-2])
    load_model(models_folder, before)
    models.insert_promotion(db, before.version, at, "rollback", sentence(now, before))
    return before
