"""An uploaded file lies in a folder of the session, is understood, and becomes a scored one."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import RefusedFile
from core.pipeline.score_file import ScoredFile, Understood, score_stream, understand
from core.records import Version
from core.views import ingestion
from core.wording import listed, plural
from pages.components.frame import Shown
from pages.components.tables import table
from pages.components.texts import plain

#: kinds that the browser offers
KINDS = ["csv", "tsv", "txt", "gz", "zip", "xlsx", "xlsm", "parquet"]
_KEPT = "uploaded file"
_MEGABYTE = 1 << 20


@dataclass(eq=False)
class Upload:
    """A file that was uploaded in this session, and what came of scoring it."""

    name: str
    #: of its bytes
    sha256: str
    #: where its bytes lie
    path: Path
    #: champion and workspace that it was scored with
    scored_by: tuple[str, str] = ("", "")
    understood: Understood | None = None
    done: ScoredFile | None = None

    @property
    def scored(self) -> Path:
        """Where the scored file lies, as CSV."""
        return self.path.with_name("scored.csv")

    @property
    def is_excel(self) -> bool:
        """Whether it came as an Excel file."""
        return self.understood is not None and self.understood.dialect["format"] == "xlsx"

    def scored_name(self, ending: str) -> str:
        """What the scored file is called."""
        return f"{PurePath(self.name).name.split('.')[0]}_scored.{ending}"


def received(given: Any, key: str = _KEPT) -> Upload:
    """The file that a file uploader holds, on disk; written there once. Raises `RefusedFile` when it is too large."""
    most = int(st.get_option("server.maxUploadSize"))
    if given.size > most * _MEGABYTE:
        raise RefusedFile(
            f"The file has {given.size / _MEGABYTE:,.0f} MB, and a browser may send at most {most:,} MB; score it on "
            "the machine itself: `python -m core score FILE -o OUT`."
        )
    kept: tuple[str, Upload] | None = st.session_state.get(key)
    if kept is not None and kept[0] == given.file_id:
        return kept[1]
    given.seek(0)
    sha256 = hashlib.file_digest(given, "sha256").hexdigest()
    if kept is not None and kept[1].sha256 == sha256 and kept[1].name == given.name:
        upload = kept[1]
    else:
        folder = tempfile.mkdtemp(prefix="bellwether-")
        upload = Upload(given.name, sha256, Path(folder) / "upload")
        weakref.finalize(upload, shutil.rmtree, folder, ignore_errors=True)  # it goes with the session
        given.seek(0)
        with upload.path.open("wb") as written:
            shutil.copyfileobj(given, written, _MEGABYTE)
    st.session_state[key] = (given.file_id, upload)
    return upload


def score(shown: Shown, upload: Upload, champion: Version) -> ScoredFile:
    """Say what was understood, and score; done once per file and champion. Raises what refuses the whole file."""
    scored_by = (champion.version, shown.config)
    if upload.scored_by != scored_by:
        upload.scored_by, upload.understood, upload.done = scored_by, None, None
    if upload.understood is None:
        with upload.path.open("rb") as read:
            upload.understood = understand(shown.workspace, read)
    _how_read(upload.understood)
    if upload.done is None:
        upload.done = _with_progress(shown, upload)
    return upload.done


def _with_progress(shown: Shown, upload: Upload) -> ScoredFile:
    size = max(upload.path.stat().st_size, 1)
    bar = st.progress(0.0, text=f"Scoring {plain(upload.name)} …")
    told = 0

    def progress(done: int) -> None:
        nonlocal told
        share = min(100 * done // size, 100)
        if share > told:  # an unpacked or zipped file is not read from its beginning to its end
            told = share
            read = f"{done / _MEGABYTE:,.0f} of {size / _MEGABYTE:,.0f} MB read" if size > _MEGABYTE else ""
            bar.progress(share / 100, text=f"Scoring {plain(upload.name)} … {read}")

    try:
        with upload.path.open("rb") as read, upload.scored.open("wb") as written:
            return score_stream(shown.workspace, read, written, progress, for_sheets=True)
    finally:
        bar.empty()


def _how_read(found: Understood) -> None:
    """How the file was read: in a sentence, and column by column on demand."""
    names = {name for _, name in found.columns}
    used = [name for name in found.used if name in names]
    said = f"Read as {plain(ingestion.in_words(found.dialect))}. Of {plural(len(found.columns), 'column')} the "
    said += f"model looks at {len(used)} of {len(found.used)}."
    if found.new:
        said += f" Not known, and passed over: {plain(listed(found.new[:8]))}"
        said += f" and {len(found.new) - 8:,} more." if len(found.new) > 8 else "."
    st.markdown(said)
    new, missing = set(found.new), [name for name, _ in found.missing]
    with st.expander("Column by column", expanded=bool(missing)):
        rows = [
            (title, name, "passed over" if name in new else "looked at" if name in used else "kept as it is")
            for title, name in found.columns
        ]
        rows += [("", name, f"missing; did you mean {meant}?" if meant else "missing") for name, meant in found.missing]
        table(
            pd.DataFrame(rows, columns=["title", "name", "use"]),
            f"{plural(len(rows), 'column')}: what each is called in the file, what it is known as, what becomes of it",
            {"title": "In the file", "name": "Known as", "use": ("What becomes of it", "wide")},
            most=8,
        )
