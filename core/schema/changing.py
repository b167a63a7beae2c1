"""What changes from one contract to another, and what that means for the champion, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.schema.contract import CATEGORICAL, DATE, NUMERIC, Contract
from core.wording import listed

ADDED, REMOVED, BECOMES = "added", "removed", "becomes"

_KINDS = {NUMERIC: "numbers", CATEGORICAL: "categories", DATE: "dates"}
_ROLES = {
    "client_id": "The client's id",
    "outcome": "The outcome",
    "as_of": "The date that a row is about",
    "value": "What a client is worth",
    "owner": "The client manager",
    "label": "The name to show",
}


@dataclass(frozen=True)
class Change:
    """One difference between two contracts. `kind`: added, removed (of columns the model may look at) or becomes
    (another kind of column; or another column for the id, the outcome, the date, the worth, the manager, the name).
    """

    column: str
    kind: str
    sentence: str
    #: whether it is about a column the model may look at
    feature: bool = True


def changes(old: Contract, new: Contract) -> list[Change]:
    """Every difference in what is looked at: columns in the order of the old contract, then the new one's, then roles.

    The order of columns and the wording of reasons are no differences.
    """
    before = {column.name: column.kind for column in old.columns}
    after = {column.name: column.kind for column in new.columns}
    why_not = {left.name: left.reason for left in new.left_out}
    found = []
    for name, kind in before.items():
        if name not in after:
            reason = f": {why_not[name]}" if name in why_not else ""
            found.append(Change(name, REMOVED, f"{name!r} is no longer a column that the model looks at{reason}."))
        elif after[name] != kind:
            found.append(
                Change(name, BECOMES, f"{name!r} is read as {_KINDS[after[name]]}; it was read as {_KINDS[kind]}.")
            )
    was_left_out = {left.name: left.reason for left in old.left_out}
    for name, kind in after.items():
        if name not in before:
            reason = f"; it was left out: {was_left_out[name]}" if name in was_left_out else ""
            found.append(
                Change(name, ADDED, f"{name!r} becomes a column that the model looks at ({_KINDS[kind]}){reason}.")
            )
    return found + _roles(old, new)


def _roles(old: Contract, new: Contract) -> list[Change]:
    found = []
    for role, what in _ROLES.items():
        was, now = getattr(old, role), getattr(new, role)
        if was != now:
            source = f"is read from {now!r}" if now else "is read from no column"
            before = f"it was read from {was!r}" if was else "it was read from no column"
            found.append(Change(now or was, BECOMES, f"{what} {source}; {before}.", feature=False))
    return found


def consequence(changed: Iterable[Change], champion_columns: Sequence[str], champion: str) -> str:
    """What these changes mean for the champion (its version, "" when there is none) that looks at these columns, and
    for the rows there are.
    """
    changed = list(changed)
    features = [change for change in changed if change.feature]
    if not changed:
        return "Nothing changes."
    said = []
    used = [change for change in features if change.column in champion_columns]
    if not champion:
        said.append("There is no champion yet; the next training learns from the new columns.")
    elif used:
        said += _of_champion(used, champion)
    elif features:
        said.append("The champion uses none of the changed columns; nothing changes for it until the next training.")
    else:
        said.append("The columns that the model looks at stay as they are; nothing changes for the champion.")
    for kind, without in ((ADDED, "have no value"), (BECOMES, "count as having no value")):
        names = [repr(change.column) for change in features if change.kind == kind]
        if names:
            said.append(f"Rows already in the dataset {without} for {listed(names)}.")
    if len(changed) > len(features):
        said.append("Rows already in the dataset keep the id, date, outcome, worth, manager and name they came with.")
    return " ".join(said)


def _of_champion(used: list[Change], champion: str) -> list[str]:
    lost = [change for change in used if change.kind != ADDED]
    said = []
    if lost:
        parts = [
            _clause(lost, REMOVED, "is no longer a column", "are no longer columns"),
            _clause(lost, BECOMES, "is read in another way", "are read in another way"),
        ]
        said.append(
            f"The champion {champion} uses {', and '.join(part for part in parts if part)}: until a new model is "
            f"promoted, new rows are scored as if {'it' if len(lost) == 1 else 'they'} were missing."
        )
    if len(lost) < len(used):
        clause = _clause(used, ADDED, "is a column again", "are columns again")
        said.append(f"The champion {champion} uses {clause}: new rows are scored by what they say.")
    return said


def _clause(changed: list[Change], kind: str, one: str, many: str) -> str:
    names = [repr(change.column) for change in changed if change.kind == kind]
    return f"{listed(names)}, which {one if len(names) == 1 else many}" if names else ""
