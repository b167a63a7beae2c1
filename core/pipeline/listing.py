"""What was scored becomes the roster, and on the first run of a week everybody's list."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from core import registry, roster, schema, worklist
from core.dataset import Dataset, ripe_since
from core.records import Version
from core.store import contacts, models, notes, worklists
from core.workspace import Workspace

#: weeks back to which it is looked what became of the lists
WEEKS = 60


def write_lists(workspace: Workspace, run_id: int, dataset: Dataset, champion: Version) -> None:
    """Keep the roster, past clients to compare with, this week's lists, and what became of earlier ones."""
    at = workspace.now()
    _keep_roster(workspace, dataset, champion, at)
    _keep_past(workspace, dataset, champion)
    if not champion.provisional:
        _write_week(workspace, run_id, champion, at)
    _write_catches(workspace, run_id, dataset, at)


def lists_of(workspace: Workspace, champion: Version | None) -> str:
    """The week whose lists are due, and "" while the roster is there; it changes when there is something to write."""
    if champion is None:
        return ""
    with workspace.store.reading() as db:
        name = roster.name_of(models.newest_risk(db), champion.version)
    kept = roster.kept(workspace.lists_folder, name) is not None
    week = worklist.week_of(workspace.now(), workspace.config.schedule.zone)
    return week.name if kept else f"{week.name}, no roster"


def _keep_roster(workspace: Workspace, dataset: Dataset, champion: Version, at: datetime) -> None:
    folder = workspace.lists_folder
    with workspace.store.reading() as db:
        name = roster.name_of(models.newest_risk(db), champion.version)
        if roster.kept(folder, name) is not None:
            return
        current, _ = dataset.current(at, workspace.config.data.stale_after)
        features = schema.features(current, workspace.model(champion).columns)
        made = roster.assemble(models.listed_risks(db), current, features, models.count_missing(db))
    roster.keep(folder, name, made)


def _keep_past(workspace: Workspace, dataset: Dataset, champion: Version) -> None:
    folder = workspace.lists_folder
    if champion.provisional or roster.kept_past(folder, champion.version) is not None:
        return
    learned = registry.load_learned(workspace.models_folder, champion).dropna(subset="risk")
    key = ["_client", "_as_of"]
    rows = learned[[*key, "outcome", "risk"]].merge(dataset.rows, on=key, how="inner", validate="one_to_one")
    if len(rows) == 0:
        return
    model = workspace.model(champion)
    past = roster.past_clients(
        model, rows[[*key, "outcome", "risk"]], schema.features(rows, model.columns), seed=workspace.config.model.seed
    )
    roster.keep_past(folder, champion.version, past)


def _write_week(workspace: Workspace, run_id: int, champion: Version, at: datetime) -> None:
    week = worklist.week_of(at, workspace.config.schedule.zone)
    with workspace.store.reading() as db:
        name = roster.name_of(models.newest_risk(db), champion.version)
        table = roster.kept(workspace.lists_folder, name)
        if table is None or worklists.is_listed(db, week.name):
            return
        last, snoozes = contacts.last_contacts(db), notes.snoozes(db)
    capacity = workspace.config.worklist.capacity
    found = worklist.week_list(table, last, snoozes, now=at, week=week, capacity=capacity)
    listed = table.select(["client", "as_of", "risk"]).take(found.places).to_pylist()
    place: dict[int, int] = {}
    rows = []
    for client, owner in zip(listed, found.owner.tolist(), strict=True):
        place[owner] = place.get(owner, 0) + 1
        rows.append({**client, "owner": found.owners[owner], "place": place[owner]})
    with workspace.store.writing() as db:
        worklists.insert_worklist(db, run_id, week.name, rows, at)


def _write_catches(workspace: Workspace, run_id: int, dataset: Dataset, at: datetime) -> None:
    """Write down what became of earlier lists where more is known than before."""
    week = worklist.week_of(at, workspace.config.schedule.zone)
    with workspace.store.reading() as db:
        lists = worklists.list_worklists(db, worklists.last_weeks(db, week.name, WEEKS))
        before = worklists.list_catches(db)
    if len(lists) == 0:
        return
    known = dataset.trainable(at, workspace.config.data.horizon_days)
    known = known[known["_client"].isin(lists["client"])]
    ripe = ripe_since(known, workspace.config.data.horizon_days)
    outcomes = known[["_client", "_as_of", "_outcome"]].set_axis(["client", "as_of", "outcome"], axis=1)
    instants = {
        name: pd.to_datetime(lists[name], utc=True).astype("datetime64[us, UTC]") for name in ("as_of", "known_at")
    }
    found = worklist.catches(lists.assign(**instants), outcomes.assign(ripe_at=ripe))
    known_before = before[["week", "owner", "known", "left"]]
    held = found.merge(known_before, on=["week", "owner"], how="left", suffixes=("", "_before"))
    same = held["known"].eq(held["known_before"]) & held["left"].eq(held["left_before"])
    told = held["known"].gt(0) | held["known_before"].notna()
    with workspace.store.writing() as db:
        worklists.insert_catches(db, run_id, found[(told & ~same).to_numpy()].to_dict("records"), at)
