"""Who is at risk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core import registry, roster, schema
from core.records import Version
from core.roster import FEATURE
from core.scoring import HIGH, LOW, MEDIUM, BandCuts, band_cuts
from core.store import history, ingested, models, monitoring, notes
from core.views.doubts import doubts
from core.wording import plural
from core.workspace import Workspace

#: bands, from loud to calm
BANDS = (HIGH, MEDIUM, LOW)
#: orders of the list: name -> column of the roster, and whether the greatest comes first
ORDERS = {
    "Most at stake": ("at_stake", True), "Highest risk": ("risk", True), "Risen most": ("moved", True),
    "Greatest value": ("value", True), "Name": ("name", False),
}  # fmt: skip
#: a category with more levels than this is no segment to choose from
_MOST_LEVELS = 50
_COLUMNS = [
    "client", "name", "owner", "value", "risk", "rank", "at_stake", "moved", "change", "raised_by", "reason_1",
    "reason_2", "reason_3", "unfamiliar", "out_of_fold", "as_of", "scored_at",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class ClientList:
    """Current clients in order of what is at stake, and how far the list can be trusted."""

    #: see `roster.assemble`
    roster: pa.Table
    champion: Version | None
    cuts: BandCuts | None
    #: faults of the data, answered or not
    faults: tuple[dict[str, Any], ...]

    @property
    def provisional(self) -> bool:
        """Whether no percentage may be shown."""
        return self.champion is None or self.champion.provisional

    @property
    def by_rule(self) -> bool:
        """Whether the list follows a single-column rule."""
        return self.champion is not None and self.champion.family == "rule"

    @property
    def scored_at(self) -> datetime | None:
        """When the newest risk was told."""
        newest = pc.max(self.roster["scored_at"]).as_py()
        return None if newest is None else newest

    @property
    def missing(self) -> int:
        """How many clients are not listed because they were not seen for long."""
        return roster.missing(self.roster)

    @property
    def size(self) -> int:
        """How many clients are listed."""
        return len(self.roster)

    @cached_property
    def risk(self) -> np.ndarray:
        """Risk of each client (n,), in the order of the roster."""
        return np.asarray(self.roster["risk"].to_numpy())

    def count(self, band: str) -> int:
        """How many clients are in a band."""
        return 0 if self.provisional else int(self.in_bands((band,)).sum())

    def in_bands(self, bands: tuple[str, ...]) -> np.ndarray:
        """Which clients are in these bands (n,)."""
        if self.cuts is None:
            return np.zeros(self.size, dtype=bool)
        of_band = {
            HIGH: self.risk >= self.cuts.high,
            MEDIUM: (self.risk >= self.cuts.medium) & (self.risk < self.cuts.high),
            LOW: self.risk < self.cuts.medium,
        }
        found: np.ndarray = np.logical_or.reduce([of_band[band] for band in bands])
        return found

    def rows(self, places: np.ndarray) -> pd.DataFrame:
        """Clients at these places of the roster (k,), in that order, as people see them.

        client, name, owner, value, risk, band, rank (by risk), at_stake, moved, change (since last time, a sentence),
        raised_by (the strongest reason that raises the risk), reason_1..3, unfamiliar and doubt (sentences, "":
        nothing), out_of_fold, as_of, scored_at.
        """
        frame = self.roster.select(_COLUMNS).take(pa.array(places, type=pa.int64())).to_pandas()
        frame["owner"] = frame["owner"].astype("str")
        bare = self.provisional or self.cuts is None
        band = "provisional" if bare or self.cuts is None else self.cuts.band(frame["risk"].to_numpy())
        frame.insert(5, "band", band)
        if bare:
            frame["change"] = ""
            frame["moved"] = np.nan
        return frame.assign(doubt=doubts(frame["as_of"], self.faults))

    @cached_property
    def clients(self) -> pd.DataFrame:
        """Every client, see `rows`, highest risk first."""
        client = self.roster["client"].to_numpy(zero_copy_only=False)
        return self.rows(np.lexsort((client, -self.risk)))

    @cached_property
    def doubtful(self) -> int:
        """How many risks rest on data that look faulty."""
        told = pc.value_counts(self.roster["as_of"].combine_chunks())
        as_of = told.field("values").to_pandas()
        faulty = np.array([said != "" for said in doubts(as_of, self.faults)], dtype=bool)
        return int(told.field("counts").to_numpy()[faulty].sum())

    @cached_property
    def owners(self) -> list[str]:
        """Names of client managers."""
        return sorted(name for name in self.roster["owner"].combine_chunks().dictionary.to_pylist() if name)

    @cached_property
    def segments(self) -> dict[str, list[str]]:
        """Column -> its levels, of categories with few of them."""
        found = {}
        for field in self.roster.schema:
            if field.name.startswith(FEATURE) and pa.types.is_dictionary(field.type):
                levels = sorted(self.roster[field.name].combine_chunks().dictionary.to_pylist())
                if 1 < len(levels) <= _MOST_LEVELS:
                    found[field.name.removeprefix(FEATURE)] = levels
        return found

    @cached_property
    def valued(self) -> bool:
        """Whether any client's value is known."""
        return bool(np.isfinite(self.roster["value"].to_numpy()).any())

    def places_of(self, clients: list[str]) -> list[int | None]:
        """Where these clients stand in the roster; None for those not on it."""
        wanted = pa.array(clients, type=pa.string())
        found = pc.index_in(self.roster["client"], value_set=wanted).combine_chunks()
        rows = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
        of = dict(zip(found.take(pa.array(rows)).to_pylist(), rows.tolist(), strict=True))
        number = {client: place for place, client in reversed(list(enumerate(clients)))}
        return [of.get(number[client]) for client in clients]

    def place_of(self, client: str) -> int | None:
        """Where a client stands in the roster; None when it is not on it."""
        found = pc.index(self.roster["client"], client).as_py()
        return None if found < 0 else int(found)


def client_list(workspace: Workspace) -> ClientList:
    """Every current client."""
    with workspace.store.reading() as db:
        champion = registry.champion(db)
        newest = models.newest_risk(db)
        faults = tuple(dict(one) for one in monitoring.list_faults(db))
    table = roster.kept(workspace.lists_folder, roster.name_of(newest, champion.version if champion else ""))
    cuts = band_cuts(champion.base_rate, workspace.config.worklist) if champion else None
    return ClientList(_made(workspace, champion) if table is None else table, champion, cuts, faults)


def _made(workspace: Workspace, champion: Version | None) -> pa.Table:
    """The roster where no run left one, as for a past instant."""
    dataset = workspace.dataset() if champion else None
    if dataset is None or champion is None:
        return roster.assemble([], pd.DataFrame({"_client": []}), pd.DataFrame())
    current, _ = dataset.current(workspace.now(), workspace.config.data.stale_after)
    features = schema.features(current, workspace.model(champion).columns)
    with workspace.store.reading() as db:
        return roster.assemble(models.listed_risks(db), current, features, models.count_missing(db))


@dataclass(frozen=True)
class Standing:
    """Whether there is a list, and how far it can be trusted."""

    #: "empty": nothing came in; "refused": nothing that came in could be taken; "none": no model yet, so no list;
    #: "provisional": an order without percentages; "rule": a list by one column; "ready"
    state: str
    #: why, for a person; "" when ready
    sentence: str

    @property
    def listed(self) -> bool:
        """Whether there is a list at all."""
        return self.state in ("provisional", "rule", "ready")


def standing(workspace: Workspace) -> Standing:
    """How far the list can be trusted, in a sentence."""
    with workspace.store.reading() as db:
        champion = registry.champion(db)
        batches = ingested.list_batches(db) if champion is None else []
        decided = history.list_decisions(db)
    if champion is None:
        return _without_champion(batches, decided)
    own = next((d for d in decided if d["question"] == "promote" and d["known_at"] == champion.known_at), None)
    if champion.provisional:
        gate = workspace.config.model.gate
        known = (
            f"It learned from {plural(own['evidence']['outcomes'], 'known outcome')}, "
            f"{own['evidence']['leavers']} of them 'left': "
            if own
            else "It learned from few known outcomes: "
        )
        return Standing(
            "provisional",
            f"This list is provisional. {known}enough to put clients in an order, too little to say how likely each "
            f"is to leave. Percentages appear from {gate.min_outcomes} outcomes with at least {gate.min_each} of "
            "either kind on.",
        )
    if champion.family == "rule":
        return Standing("rule", " ".join(["This list follows a rule, not a model.", own["sentence"] if own else ""]))
    return Standing("ready", "")


def _without_champion(batches: list[Any], decided: list[dict[str, Any]]) -> Standing:
    taken = [batch for batch in batches if not batch.refused]
    if not batches:
        return Standing("empty", "Nothing has come in yet.")
    if not taken:
        return Standing("refused", f"{batches[0].name} was refused: {batches[0].refused}")
    gate = next((d["sentence"] for d in decided if d["question"] == "promote"), None)
    if gate:
        return Standing("none", f"No list, because no model is good enough yet. {gate}")
    if decided:
        return Standing("none", f"No list, because no model could be trained yet. {decided[0]['sentence']}")
    return Standing("none", "No list, because no model has been trained since the first file came in.")


def by_band(found: ClientList) -> pd.DataFrame:
    """band, clients, share of all clients, value at stake (NaN where no value is known); loudest band first."""
    value = found.roster["at_stake"].to_numpy()
    rows = []
    for band in BANDS:
        own = found.in_bands((band,))
        known = value[own & np.isfinite(value)]
        rows.append((band, int(own.sum()), own.sum() / max(found.size, 1), known.sum() if len(known) else np.nan))
    return pd.DataFrame(rows, columns=["band", "clients", "share", "at_stake"])


@dataclass(frozen=True)
class Wanted:
    """Which clients to look at; nothing named: all."""

    bands: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    #: (column, level); of one column any, of several all
    segments: tuple[tuple[str, str], ...] = ()
    #: held by id, name or client manager
    text: str = ""
    #: least change of the risk since last time, either way, as a share; None: any
    moved: float | None = None


def places(found: ClientList, wanted: Wanted, order: str = "Most at stake") -> np.ndarray:
    """Places in the roster of the clients that are wanted (k,), by one of `ORDERS`."""
    keep = np.ones(found.size, dtype=bool)
    if wanted.bands and not found.provisional:
        keep &= found.in_bands(wanted.bands)
    if wanted.owners:
        keep &= _is_in(found.roster["owner"], wanted.owners)
    for column in dict.fromkeys(name for name, _ in wanted.segments):
        if f"{FEATURE}{column}" in found.roster.column_names:
            levels = tuple(level for name, level in wanted.segments if name == column)
            keep &= _is_in(found.roster[f"{FEATURE}{column}"], levels)
    if wanted.moved is not None:
        keep &= np.abs(np.nan_to_num(found.roster["moved"].to_numpy())) >= wanted.moved
    if text := wanted.text.strip().casefold():
        keep &= pc.match_substring(found.roster["search"], text).to_numpy()
    chosen = np.flatnonzero(keep)
    column, falling = ORDERS[order]
    if column == "at_stake":  # the order of the roster
        return chosen
    if column == "name":
        names = found.roster["name"].take(pa.array(chosen)).to_pandas().str.casefold()
        return np.asarray(chosen[np.argsort(names.to_numpy(), kind="stable")])
    values = found.roster[column].to_numpy()[chosen]
    return np.asarray(chosen[np.argsort(-values if falling else values, kind="stable")])


def _is_in(column: pa.ChunkedArray, wanted: tuple[str, ...]) -> np.ndarray:
    """Which rows of a dictionary column (n,) hold one of the levels."""
    encoded = column.combine_chunks()
    levels = encoded.dictionary.to_pylist()
    holds = np.array([level in wanted for level in levels] + [False])
    codes = encoded.indices.fill_null(len(levels)).to_numpy(zero_copy_only=False)
    found: np.ndarray = holds[codes]
    return found


def saved_filters(workspace: Workspace) -> dict[str, str]:
    """Name -> filters as the address writes them, by name."""
    with workspace.store.reading() as db:
        return notes.saved_filters(db)


@dataclass(frozen=True)
class Known:
    """What was last delivered about a client."""

    client: str
    #: None: off the list
    risk: float | None
    #: "" off the list, or while the model is provisional
    band: str
    version: str
    reasons: list[dict[str, Any]]
    known_at: datetime


def risk_of(workspace: Workspace, client: str) -> Known | None:
    """The last delivered risk of a client by its id, quickly; None where there never was one."""
    with workspace.store.reading() as db:
        row = models.last_risk(db, client)
        champion = registry.champion(db) if row else None
    if row is None:
        return None
    shown = champion is not None and not champion.provisional and row["risk"] is not None
    cuts = band_cuts(champion.base_rate, workspace.config.worklist) if shown and champion else None
    band = str(cuts.band(np.array([row["risk"]]))[0]) if cuts else ""
    return Known(client, row["risk"], band, row["version"], row["reasons"], row["known_at"])


def exported(found: ClientList, clients: pd.DataFrame) -> pd.DataFrame:
    """Rows of the list as they leave as a file: a provisional list without risk and band."""
    names = [
        "rank", "client", "name", "owner", "value", "risk", "band", "at_stake", "reason_1", "reason_2", "reason_3",
        "as_of", "doubt",
    ]  # fmt: skip
    hidden = {"risk", "band", "at_stake"} if found.provisional else set()
    return clients[[name for name in names if name not in hidden]]
