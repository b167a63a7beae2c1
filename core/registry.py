"""Versions: save, verify, load, promote, roll back. The champion is a pointer, never a copy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pyarrow as pa

from core import files
from core.errors import BellwetherError, DamagedVersion, NotFound
from core.model import AdditiveModel
from core.records import Version
from core.store import models
from core.store.database import Session

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
    path = folder / MANIFEST
    if not path.is_file():
        raise DamagedVersion(f"The files of version {version.version} are gone from {folder}; restore a backup.")
    if files.sha256_of(path) != version.manifest_sha256:
        raise DamagedVersion(_changed(version, MANIFEST))
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
    read_manifest(models_folder, version)
    model: AdditiveModel = joblib.load(models_folder / version.version / MODEL)
    model.verify()
    return model


def load_learned(models_folder: Path, version: Version) -> pd.DataFrame:
    """Rows the version learned from: `_client`, `_as_of`, `outcome`, `risk` (out of fold, NaN where none)."""
    read_manifest(models_folder, version)
    learned: pd.DataFrame = files.read_part(models_folder / version.version / LEARNED).to_pandas()
    return learned


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
