"""A person says whether a fault of the data is one."""

from __future__ import annotations

from core.errors import BellwetherError, NotFound
from core.store import audit, monitoring
from core.workspace import Workspace

FAULT, REAL = "fault", "real"
_MEANING = {
    FAULT: "the data are wrong; its columns lead to no alarm and to no training",
    REAL: "the world is like that; its columns count as drift from the next run on",
}


def answer_fault(workspace: Workspace, fault: int, answer: str, who: str, note: str = "") -> str:
    """Write down what `who` says of a fault: "fault" or "real". It can be said otherwise later; the newest counts.

    Raises `NotFound` when there is no such fault.
    """
    if answer not in _MEANING:
        raise BellwetherError(f"The answer to a fault is {FAULT!r} or {REAL!r}; got {answer!r}.")
    at = workspace.now()
    with workspace.store.writing() as db:
        found = {one["id"]: one for one in monitoring.list_faults(db)}
        if fault not in found:
            raise NotFound(f"There is no fault {fault}; `python -m core faults` lists them.")
        one = found[fault]
        monitoring.insert_answer(db, fault, answer, who, note, at)
        about = f"{one['column'] or 'the rows'} in {one['chunk']} ({one['kind']})"
        said = f"Fault {fault}, {about}: {_MEANING[answer]}."
        audit.insert_deed(db, who, "answer", f"fault {fault}", said, at)
    return said
