"""A file that a person gives to the dashboard goes through the ordinary ingestion, as a batch of its own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from core.errors import BellwetherError
from core.ingestion import Opener
from core.pipeline.ingest import take
from core.pipeline.look import Delivery, read_by
from core.pipeline.running import Progress, running, silent
from core.records import Batch
from core.store import audit, ingested
from core.wording import plural
from core.workspace import Workspace

#: the source that such batches say they are from, and the deed in the audit log
UPLOAD = ingested.UPLOAD
_HOLDS = "auto"


@dataclass(frozen=True)
class TakenIn:
    """What became of it."""

    batch: int
    sentence: str


def take_upload(
    workspace: Workspace, name: str, opener: Opener, who: str, *, progress: Progress = silent
) -> TakenIn:  # fmt: skip
    """Take a file in as a batch, which counts like any other and can be withdrawn. `opener` gives it anew at each call.

    Raises a `BellwetherError` when the same bytes were taken before, or when it is refused: that stands among the
    batches too, with the reason.
    """
    at = workspace.now()
    with workspace.store.exclusively():
        workspace.shelf.sweep()
        with opener() as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        with workspace.store.reading() as db:
            known = [batch for batch in ingested.list_batches(db) if batch.sha256 == sha256]
            aside = ingested.set_aside(db)
            told = ingested.refusal(db, sha256, read_by(workspace, workspace.contract(), _HOLDS, ""))
        taken = next((batch for batch in known if not batch.refused), None)
        if taken is not None:
            raise BellwetherError(_taken_before(taken, aside.get(taken.id, "")))
        if told:
            raise BellwetherError(f"{name} is refused as it was before: {told}")
        with running(workspace, "ingest", at, progress) as run:
            with run.step("ingest"):
                batch = take(run.workspace, Delivery(UPLOAD, name, sha256, _HOLDS, opener), at)
            if batch["refused"]:
                raise BellwetherError(f"{name} was refused: {batch['refused']}")
            with workspace.store.writing() as db:
                own = next(one for one in ingested.list_batches(db) if one.sha256 == sha256 and not one.refused)
                run.sentence = _sentence(own)
                audit.insert_deed(db, who, UPLOAD, f"batch {own.id} ({name})", run.sentence, at)
    return TakenIn(own.id, run.sentence)


def _taken_before(batch: Batch, aside: str) -> str:
    said = f"The same content was taken in before, as batch {batch.id} ({batch.name})"
    if aside == ingested.WITHDRAW:
        return f"{said}, and withdrawn since; let that batch count again instead."
    if aside == ingested.EXPIRE:
        return f"{said}; its rows were removed because they are old."
    return f"{said}; nothing was added."


def _sentence(batch: Batch) -> str:
    counts = ", ".join(
        f"{getattr(batch, name):,} {name}" for name in ("accepted", "duplicate", "superseded", "rejected")
    )
    noun = "row" if batch.holds == "clients" else "outcome"
    return f"{batch.name} was taken in as batch {batch.id}: {plural(batch.read, noun)} read, {counts}."
