"""Who is at risk, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from core import registry, scoring
from core.records import Version
from core.scoring import HIGH, LOW, MEDIUM, BandCuts, band_cuts, changes, unfamiliar
from core.store import history, ingested, models, monitoring
from core.views.doubts import doubts
from core.wording import plural
from core.workspace import Workspace

#: bands, from loud to calm
BANDS = (HIGH, MEDIUM, LOW)


@dataclass(frozen=True, eq=False)
class ClientList:
    """Current clients by risk, highest first, and how far the list can be trusted."""

    #: client, name, owner, value, risk, band, rank, reason_1..3, unfamiliar and doubt (sentences, "": nothing), change
    #: (since last time, a sentence), out_of_fold, as_of, scored_at
    clients: pd.DataFrame
    champion: Version | None
    cuts: BandCuts | None
    #: clients not seen for long
    missing: int
    scored_at: datetime | None

    @property
    def provisional(self) -> bool:
        """Whether no percentage may be shown."""
        return self.champion is not None and self.champion.provisional

    @property
    def by_rule(self) -> bool:
        """Whether the list follows a single-column rule."""
        return self.champion is not None and self.champion.family == "rule"

    def count(self, band: str) -> int:
        """How many clients are in a band."""
        return int((self.clients["band"] == band).sum())


def client_list(workspace: Workspace) -> ClientList:
    """Every current client with risk, band, rank and reasons."""
    champion = workspace.champion()
    with workspace.store.reading() as db:
        newest, faults = models.current_risks(db), monitoring.list_faults(db)
    missing = int((newest["off_list"] == "missing").sum())
    listed = newest[newest["risk"].notna()].sort_values(["risk", "client"], ascending=[False, True])
    cuts = band_cuts(champion.base_rate, workspace.config.worklist) if champion else None
    named = listed["label"].where(listed["label"] != "", listed["client"])
    shown = listed["risk"].rank(method="min", ascending=False).astype(int)
    provisional = champion is None or champion.provisional or cuts is None
    clients = pd.DataFrame(
        {
            "client": listed["client"],
            "name": named,
            "owner": listed["owner"],
            "value": listed["value"].astype("float64"),
            "risk": listed["risk"],
            "band": "provisional" if provisional or cuts is None else cuts.band(listed["risk"].to_numpy()),
            "rank": shown,
            **{f"reason_{n + 1}": [_reason(reasons, n) for reasons in listed["reasons"]] for n in range(3)},
            "unfamiliar": [unfamiliar.sentence(said) if said else "" for said in listed["unfamiliar"]],
            "doubt": doubts(listed["as_of"], faults),
            "change": [changes.sentence(one) if one and not provisional else "" for one in listed["change"]],
            "out_of_fold": listed["out_of_fold"],
            "as_of": listed["as_of"],
            "scored_at": listed["known_at"],
        }
    ).reset_index(drop=True)
    scored_at = listed["known_at"].max().to_pydatetime() if len(listed) else None
    return ClientList(clients, champion, cuts, missing, scored_at)


def _reason(reasons: list[dict], number: int) -> str:
    return scoring.sentence(reasons[number]) if number < len(reasons) else ""


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
    clients = found.clients
    rows = []
    for band in BANDS:
        own = clients[clients["band"] == band]
        value = own["value"].sum(min_count=1)
        rows.append((band, len(own), len(own) / max(len(clients), 1), value))
    return pd.DataFrame(rows, columns=["band", "clients", "share", "value"])


def narrowed(clients: pd.DataFrame, *, bands: list[str], owners: list[str], text: str) -> pd.DataFrame:
    """The clients of these bands and owners (none named: all) whose id, name or owner holds `text`."""
    keep = np.ones(len(clients), dtype=bool)
    if bands:
        keep &= clients["band"].isin(bands).to_numpy()
    if owners:
        keep &= clients["owner"].isin(owners).to_numpy()
    if text.strip():
        wanted = text.strip().casefold()
        holds = [clients[name].str.casefold().str.contains(wanted, regex=False) for name in ("client", "name", "owner")]
        keep &= np.logical_or.reduce([found.to_numpy(dtype=bool) for found in holds])
    return clients[keep]


@dataclass(frozen=True, eq=False)
class ClientDetail:
    """One client: where it stands, why, and how its risk came about."""

    #: column -> value of the client's row in the list
    row: dict[str, Any]
    #: column, value, usual, contribution (log-odds, exact), strongest first, both those that raise and that lower
    reasons: pd.DataFrame
    #: what changed in the client since last time: column, before, now, contribution (log-odds)
    client_change: pd.DataFrame
    #: what changed in the model since last time: column, contribution (log-odds)
    model_change: pd.DataFrame
    #: known_at, as_of, risk (NaN while provisional), version, family; oldest first
    history: pd.DataFrame


def client_detail(workspace: Workspace, found: ClientList, client: str) -> ClientDetail | None:
    """Everything about one client by its id; None when it is not on the list."""
    own = found.clients[found.clients["client"] == client]
    if len(own) == 0:
        return None
    with workspace.store.reading() as db:
        risks = models.risks_of_client(db, client)
        versions = {version.version: version for version in models.list_versions(db)}
    reasons = pd.DataFrame(risks["reasons"].iloc[-1], columns=["column", "value", "usual", "contribution"])
    change = risks["change"].iloc[-1] or {}
    by_client = pd.DataFrame(change.get("client_reasons", []), columns=["column", "before", "now", "contribution"])
    by_model = pd.DataFrame(change.get("model_reasons", []), columns=["column", "contribution"])
    by_model["column"] = by_model["column"].replace("", "the general level")
    known = risks[["known_at", "as_of", "risk", "version"]].reset_index(drop=True)
    known["family"] = [versions[name].family for name in known["version"]]
    provisional = np.array([versions[name].provisional for name in known["version"]], dtype=bool)
    known["risk"] = known["risk"].where(~provisional)
    return ClientDetail({str(name): value for name, value in own.iloc[0].items()}, reasons, by_client, by_model, known)


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
    """Clients of the list as they leave as a file: a provisional list without risk and band."""
    names = [
        "rank",
        "client",
        "name",
        "owner",
        "value",
        "risk",
        "band",
        "reason_1",
        "reason_2",
        "reason_3",
        "as_of",
        "doubt",
    ]
    return clients[[name for name in names if not (found.provisional and name in ("risk", "band"))]]
