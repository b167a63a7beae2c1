"""What is removed from a version, or with it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc

from core import files
from core.records import Version
from core.registry.storing import (
    CARD,
    LEARNED,
    MODEL,
    manifest_path,
    read_card,
    read_manifest,
    retired_path,
    stored_file,
)
from core.wording import plural


def without_client(models_folder: Path, version: Version, client: str) -> Version | None:
    """The version as it is when a client's rows are no longer among those it learned from; None: they are not.

    The files for that are written beside those that count now, and count once the manifest's sha256 is stored. The
    model itself stays what it is. What later rows are compared with goes, for it holds the client's values among
    others, and is made anew of the rows that are left whenever it is asked for. Raises `DamagedVersion`.
    """
    manifest = read_manifest(models_folder, version)
    learned = files.read_part(stored_file(models_folder, version, LEARNED))
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
    path = manifest_path(folder, version.manifest_sha256)
    if not path.is_file() or files.sha256_of(path) != version.manifest_sha256:
        return 0
    counting = {path.name, *json.loads(path.read_text(encoding="utf-8"))["files"]}
    ours = [
        *folder.glob("manifest*.json"),
        *folder.glob("card*.md"),
        *folder.glob("*.parquet"),
        *folder.glob("reference*.json"),
    ]
    gone = [path for path in [*ours, *folder.glob(".*.writing")] if path.name not in counting]
    for path in gone:
        path.unlink()
    return len(gone)


def retire(models_folder: Path, name: str, sentence: str) -> None:
    """Remove a version's files; `sentence` is what is said to who asks for them."""
    files.write_bytes(retired_path(models_folder, name), sentence.encode())
    shutil.rmtree(models_folder / name, ignore_errors=True)


def is_retired(models_folder: Path, name: str) -> bool:
    """Whether a version's files were removed, wholly."""
    return retired_path(models_folder, name).is_file() and not (models_folder / name).exists()
