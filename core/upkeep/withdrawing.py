"""A batch that was taken in by mistake no longer counts, or counts again."""

from __future__ import annotations

from core.errors import BellwetherError, NotFound
from core.records import Batch
from core.store import audit, ingested
from core.store.database import Session
from core.store.ingested import EXPIRE, REINSTATE, WITHDRAW
from core.upkeep.learned import learned_from
from core.wording import plural
from core.workspace import Workspace

#: a shorter beginning of a sha256 names too much
_FEWEST = 4


def withdraw(workspace: Workspace, batch: str | int, who: str, reason: str = "") -> str:
    """Let a batch no longer count, as if it had never come; past days still show it. A sentence.

    `batch`: its number, its name, or an unmistakable beginning of its name or sha256. Raises `NotFound`, and
    `BellwetherError` when it does not count anyway.
    """
    with workspace.store.exclusively():
        with workspace.store.reading() as db:
            found, state = find_batch(db, batch), ingested.set_aside(db)
        if state.get(found.id) == WITHDRAW:
            undo = f"`python -m core withdraw {found.id} --undo` lets it count again"
            raise BellwetherError(f"{_named(found)} is withdrawn already; {undo}.")
        _refuse_if_gone(found, state)
        sentence = (
            f"{_named(found)} was withdrawn{_because(reason)}: its {_rows(found)} no longer count. It is not taken in "
            f"again while it lies in source {found.source!r}; `python -m core withdraw {found.id} --undo` lets it "
            f"count again.{_consequence(workspace, found)}"
        )
        _record(workspace, found, WITHDRAW, who, sentence)
    return sentence


def reinstate(workspace: Workspace, batch: str | int, who: str, reason: str = "") -> str:
    """Let a withdrawn batch count again, in its old place. A sentence. `batch`, and what is raised: as `withdraw`."""
    with workspace.store.exclusively():
        with workspace.store.reading() as db:
            found, state = find_batch(db, batch), ingested.set_aside(db)
        _refuse_if_gone(found, state)
        if found.id not in state:
            raise BellwetherError(f"{_named(found)} counts already; nothing was changed.")
        sentence = (
            f"{_named(found)} was reinstated{_because(reason)}: its {_rows(found)} count again, as known since "
            f"{found.known_at:%Y-%m-%d %H:%M} UTC. The risks follow at the next full run: `python -m core run`."
        )
        _record(workspace, found, REINSTATE, who, sentence)
    return sentence


def _record(workspace: Workspace, batch: Batch, kind: str, who: str, sentence: str) -> None:
    at = workspace.now()
    with workspace.store.writing() as db:
        ingested.insert_withdrawal(db, batch.id, kind, sentence, at)
        audit.insert_deed(db, who, kind, f"batch {batch.id} ({batch.name})", sentence, at)


def _refuse_if_gone(batch: Batch, state: dict[int, str]) -> None:
    if batch.refused:
        raise BellwetherError(f"{_named(batch)} was refused, so nothing of it ever counted: {batch.refused}")
    if state.get(batch.id) == EXPIRE:
        raise BellwetherError(f"{_named(batch)} is too old: retention removed its rows for good.")


def _named(batch: Batch) -> str:
    return f"Batch {batch.id} ({batch.name})"


def _because(reason: str) -> str:
    return f" ({reason.strip()})" if reason.strip() else ""


def _rows(batch: Batch) -> str:
    noun = "row" if batch.holds == "clients" else "outcome"
    again = f" and {batch.duplicate:,} seen again" if batch.duplicate else ""
    return plural(batch.accepted, f"accepted {noun}") + again


def _consequence(workspace: Workspace, batch: Batch) -> str:
    champion = workspace.champion()
    if champion is not None and batch.id in learned_from(workspace, champion):
        return " The champion learned from them: run `python -m core run --retrain`."
    return " The risks follow at the next full run: `python -m core run`."


def find_batch(db: Session, asked: str | int) -> Batch:
    """The batch of a number, or else of a name, or else of a beginning of a name or sha256 that no other one has.

    Of several with the name, the one that was not refused. Raises `NotFound`.
    """
    text = str(asked).strip()
    batches = ingested.list_batches(db)
    matches = [batch for batch in batches if str(batch.id) == text]
    matches = matches or [batch for batch in batches if batch.name == text]
    matches = matches or [
        batch
        for batch in batches
        if text and (batch.name.startswith(text) or (len(text) >= _FEWEST and batch.sha256.startswith(text.lower())))
    ]
    matches = [batch for batch in matches if not batch.refused] or matches[:1]
    if not matches:
        raise NotFound(f"There is no batch {text!r}; `python -m core batches` lists them.")
    if len(matches) > 1:
        numbers = ", ".join(str(batch.id) for batch in sorted(matches, key=lambda batch: batch.id)[:5])
        more = "" if len(matches) <= 5 else f" and {len(matches) - 5:,} more"
        raise NotFound(f"{text!r} may be any of {len(matches):,} batches; say which by its number ({numbers}{more}).")
    return matches[0]
