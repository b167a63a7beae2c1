"""One client: where it stands, why, how that came about, and what people wrote down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from core import roster, worklist
from core.model import AdditiveModel
from core.roster import FEATURE
from core.scoring import HIGH
from core.scoring.counterfactual import smallest_changes
from core.store import contacts, models, notes
from core.views.clients import ClientList, client_list
from core.views.worklist import standing_override
from core.wording import plural
from core.workspace import Workspace

#: past clients that a client is held against, and changes that are named
NEAREST, CHANGES = 8, 3


@dataclass(frozen=True, eq=False)
class OneClient:
    """Everything about one client."""

    client: str
    name: str
    #: see `ClientList.rows`; None when the client is not on the list
    row: dict[str, Any] | None
    #: why it is not: "left" or "missing"; "" when it is
    off_list: str
    #: clients on the list
    listed: int
    provisional: bool
    #: column, value, usual, contribution (log-odds, exact), strongest first, both those that raise and that lower
    reasons: pd.DataFrame
    #: what changed in the client since last time: column, before, now, contribution (log-odds)
    client_change: pd.DataFrame
    #: what changed in the model since last time: column, contribution (log-odds)
    model_change: pd.DataFrame
    #: known_at, as_of, risk (NaN while provisional, or off the list), version, family; oldest first
    history: pd.DataFrame
    #: see `contacts.COLUMNS`, newest first
    contacts: pd.DataFrame
    #: see `worklist.states`
    state: str
    #: its newest snooze and override, columns of the store; None where there is none
    snooze: dict[str, Any] | None
    override: dict[str, Any] | None
    #: past clients most like it: client, name, as_of, outcome, risk, distance; and a sentence on them
    nearest: pd.DataFrame
    nearest_sentence: str
    #: see `smallest_changes`; the risk they are to come below (NaN: it is below already)
    changes: pd.DataFrame
    target: float


def one_client(workspace: Workspace, client: str) -> OneClient | None:
    """Everything about one client by its id; None when it was never scored."""
    found = client_list(workspace)
    with workspace.store.reading() as db:
        risks = models.risks_of_client(db, client)
        if len(risks) == 0:
            return None
        versions = {version.version: version for version in models.list_versions(db)}
        spoken = contacts.list_contacts(db, client)
        snoozes, overrides = notes.snoozes(db), notes.overrides(db)
    place = found.place_of(client)
    row = None if place is None else {str(k): v for k, v in found.rows(np.array([place])).iloc[0].items()}
    last = risks.iloc[-1]
    reasons = pd.DataFrame(last["reasons"], columns=["column", "value", "usual", "contribution"])
    change = last["change"] or {}
    by_client = pd.DataFrame(change.get("client_reasons", []), columns=["column", "before", "now", "contribution"])
    by_model = pd.DataFrame(change.get("model_reasons", []), columns=["column", "contribution"])
    by_model["column"] = by_model["column"].replace("", "the general level")
    known = risks[["known_at", "as_of", "risk", "version"]].reset_index(drop=True)
    known["family"] = [versions[name].family for name in known["version"]]
    provisional = np.array([versions[name].provisional for name in known["version"]], dtype=bool)
    known["risk"] = known["risk"].where(~provisional)
    near, sentence, moves, target = _beside(workspace, found, place, client)
    with workspace.store.reading() as db:
        names = models.last_names(db, near["client"].tolist())
    near["name"] = [names[one][0] if one in names else one for one in near["client"]]
    return OneClient(
        client=client, name=str(last["label"] or client), row=row, off_list=str(last["off_list"]), listed=found.size,
        provisional=found.provisional, reasons=reasons, client_change=by_client, model_change=by_model, history=known,
        contacts=spoken.iloc[::-1].reset_index(drop=True), state=_state(workspace, found, place, spoken, snoozes),
        snooze=_own(snoozes, client), override=standing_override(overrides, client, workspace.now()),
        nearest=near, nearest_sentence=sentence, changes=moves, target=target,
    )  # fmt: skip


def _own(frame: pd.DataFrame, client: str) -> dict[str, Any] | None:
    own = frame[frame["client"] == client]
    return None if len(own) == 0 else {str(name): value for name, value in own.iloc[0].items()}


def _state(
    workspace: Workspace, found: ClientList, place: int | None, spoken: pd.DataFrame, snoozes: pd.DataFrame
) -> str:
    """Whether the client is to be called now."""
    if place is None:
        return worklist.LEFT
    now: datetime = workspace.now()
    last, snooze = spoken.tail(1), snoozes[snoozes["client"] == found.roster["client"][place].as_py()]
    listed = worklist.week_list(
        found.roster.slice(place, 1), last, snooze, now=now, week=worklist.week_of(now, workspace.config.schedule.zone),
        capacity=1,
    )  # fmt: skip
    return str(listed.noted["state"].iloc[0]) if len(listed.noted) else worklist.OPEN


def _beside(
    workspace: Workspace, found: ClientList, place: int | None, client: str
) -> tuple[pd.DataFrame, str, pd.DataFrame, float]:
    """Past clients like it with a sentence, and changes that would bring it out of the high band."""
    nothing = pd.DataFrame(columns=["client", "as_of", "outcome", "risk", "distance"])
    none = pd.DataFrame(columns=["column", "now", "to", "risk", "size"])
    if place is None or found.provisional or found.champion is None or found.cuts is None:
        return nothing, "", none, float("nan")
    model = workspace.model(found.champion)
    own = _features(found, place, model)
    if own is None:
        return nothing, "", none, float("nan")
    past = roster.kept_past(workspace.lists_folder, found.champion.version)
    near, said = nothing, ""
    if past is not None and len(past.table):
        contributions = model.contributions(model.encode(own))[0]
        near = roster.compare_with(past, contributions, leave_out=client, count=NEAREST)
        said = _nearest_sentence(near, len(past.table))
    risk = float(found.risk[place])
    target = found.cuts.high if found.cuts.band(np.array([risk]))[0] == HIGH else float("nan")
    moves = none
    if target == target:  # noqa: PLR0124  NaN differs from itself
        named = workspace.config.worklist.actionable
        columns = [one.name for one in model.columns if (one.name in named if named else one.kind != "date")]
        moves = smallest_changes(model, own, columns, target).head(CHANGES)
    return near, said, moves, target


def _features(found: ClientList, place: int, model: AdditiveModel) -> pd.DataFrame | None:
    """The client's values of the model's columns; None where the roster lacks them."""
    names = [column.name for column in model.columns]
    if not {f"{FEATURE}{name}" for name in names} <= set(found.roster.column_names):
        return None
    row = found.roster.select([f"{FEATURE}{name}" for name in names]).slice(place, 1).to_pylist()[0]
    kinds = {column.name: object if column.categorical else "float64" for column in model.columns}
    return pd.DataFrame({name: pd.Series([row[f"{FEATURE}{name}"]], dtype=kinds[name]) for name in names})


def _nearest_sentence(near: pd.DataFrame, of: int) -> str:
    if len(near) == 0:
        return ""
    left = int((near["outcome"] == 1).sum())
    return (
        f"Of the {len(near)} past clients of whom the model thinks most alike, {left} left and {len(near) - left} "
        f"stayed (looked for among {plural(of, 'client')} whose outcome is known)."
    )
