"""The files of a version: written once, read only while they are what was stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pyarrow as pa

from core import files
from core.errors import DamagedVersion
from core.model import AdditiveModel
from core.records import Version
from core.registry.packages import changed_packages, said_of_packages

MODEL, CARD, MANIFEST, LEARNED = "model.joblib", "card.md", "manifest.json", "out_of_fold.parquet"
#: what the columns looked like that it learned from; how they went together, and what its risks were worth
PROFILE, REFERENCE = "profile.parquet", "reference.json"
#: what its risks were worth, for people who look at it: curves, and what calling from each threshold brings
CURVES, THRESHOLDS = "curves.parquet", "thresholds.parquet"

_MEND = "install the package versions in its manifest.json, or roll back."


def version_id(at: datetime, made_from: dict[str, Any]) -> str:
    """An id that sorts by time and comes from what the model was made from (20260105T090000Z-3f9a1c2)."""
    digest = hashlib.blake2b(json.dumps(made_from, sort_keys=True, default=str).encode(), digest_size=8)
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest.hexdigest()[:7]}"


def save_files(
    folder: Path, model: AdditiveModel, card: str, learned: pd.DataFrame, manifest: dict[str, Any], *,
    profile: pd.DataFrame | None = None, reference: dict[str, Any] | None = None,
    judged: Mapping[str, pd.DataFrame] | None = None,
) -> str:  # fmt: skip
    """Write a version's files into `folder`, manifest last; the manifest's sha256.

    `learned`: the rows it learned from with their out-of-fold risks; `profile` and `reference`: what
    later rows are compared with; `judged`: frames by the name of their file. Nothing points here yet.
    """
    files.write_atomically(folder / MODEL, lambda beside: _dump(model, beside))
    files.write_bytes(folder / CARD, card.encode())
    files.write_part(folder / LEARNED, pa.Table.from_pandas(learned, preserve_index=False))
    names = [MODEL, CARD, LEARNED]
    for name, frame in {**({} if profile is None else {PROFILE: profile}), **(judged or {})}.items():
        files.write_part(folder / name, pa.Table.from_pandas(frame, preserve_index=False))
        names.append(name)
    if reference is not None:
        files.write_bytes(folder / REFERENCE, json.dumps(reference).encode())
        names.append(REFERENCE)
    hashes = {name: files.sha256_of(folder / name) for name in names}
    content = json.dumps({**manifest, "files": hashes}, indent=2, sort_keys=True, default=str)
    files.write_bytes(folder / MANIFEST, content.encode())
    return files.sha256_of(folder / MANIFEST)


def _dump(model: AdditiveModel, path: Path) -> None:
    joblib.dump(model, path, compress=3)


def read_manifest(models_folder: Path, version: Version) -> dict[str, Any]:
    """A version's manifest. Raises `DamagedVersion` when it, or a file it names, is not what was stored."""
    folder = models_folder / version.version
    path = manifest_path(folder, version.manifest_sha256)
    retired = retired_path(models_folder, version.version)
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
    """The stored model, after its sha256 and its check-scores have proved right.

    Raises `DamagedVersion`, with the packages that differ from those it was made with, where it cannot be read or
    gives other risks under them.
    """
    path = stored_file(models_folder, version, MODEL)
    try:
        model: AdditiveModel = joblib.load(path)
        model.verify()
    except (ImportError, AttributeError) as error:  # what a package had when it was stored, it has no more
        why = f"The model of version {version.version} cannot be read ({error}); {_MEND}"
    except DamagedVersion as error:
        why = str(error)
    else:
        return model
    changed = said_of_packages(changed_packages(read_manifest(models_folder, version)))
    raise DamagedVersion(f"{why} Since it was stored: {changed}." if changed else why)


def load_learned(models_folder: Path, version: Version) -> pd.DataFrame:
    """Rows the version learned from: `_client`, `_as_of`, `outcome`, `risk` (out of fold, NaN where none)."""
    learned: pd.DataFrame = files.read_part(stored_file(models_folder, version, LEARNED)).to_pandas()
    return learned


def load_profile(models_folder: Path, version: Version) -> pd.DataFrame | None:
    """What the columns looked like that the version learned from; None where it is older than such profiles."""
    return load_table(models_folder, version, PROFILE)


def load_table(models_folder: Path, version: Version, name: str) -> pd.DataFrame | None:
    """A table of a version; None where it is older than such tables, or lost them because a client was erased."""
    if name not in read_manifest(models_folder, version)["files"]:
        return None
    table: pd.DataFrame = files.read_part(stored_file(models_folder, version, name)).to_pandas()
    return table


def load_reference(models_folder: Path, version: Version) -> dict[str, Any]:
    """How the columns went together, and what estimates performance; {} where a version is older, or lost it."""
    if REFERENCE not in read_manifest(models_folder, version)["files"]:
        return {}
    reference: dict[str, Any] = json.loads(stored_file(models_folder, version, REFERENCE).read_text(encoding="utf-8"))
    return reference


def read_card(models_folder: Path, version: Version) -> str:
    """The version's model card (Markdown)."""
    return stored_file(models_folder, version, CARD).read_text(encoding="utf-8")


def stored_file(models_folder: Path, version: Version, name: str) -> Path:
    """A file of a version, once all of them have proved whole; it has another name where a client was erased."""
    manifest = read_manifest(models_folder, version)
    return models_folder / version.version / str(manifest.get("names", {}).get(name, name))


def manifest_path(folder: Path, sha256: str) -> Path:
    """Where the manifest with this sha256 stands; it has another name where a client was erased."""
    later = folder / f"manifest.{sha256[:12]}.json"
    return later if later.is_file() else folder / MANIFEST


def retired_path(models_folder: Path, name: str) -> Path:
    """Where the sentence stands that is said of a version whose files were removed."""
    return models_folder / f"{name}.retired"
