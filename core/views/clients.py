"""Who is at risk, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from core.records import Version
from core.scoring import BandCuts, band_cuts
from core.store import models
from core.workspace import Workspace


@dataclass(frozen=True, eq=False)
class ClientList:
    """Current clients by risk, highest first, and how far the list can be trusted."""

    #: client, name, owner, value, risk, band, rank, reason_1..3, out_of_fold, as_of, scored_at
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
        newest = models.current_risks(db)
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
            "out_of_fold": listed["out_of_fold"],
            "as_of": listed["as_of"],
            "scored_at": listed["known_at"],
        }
    ).reset_index(drop=True)
    scored_at = listed["known_at"].max().to_pydatetime() if len(listed) else None
    return ClientList(clients, champion, cuts, missing, scored_at)


def _reason(reasons: list[dict], number: int) -> str:
    if number >= len(reasons):
        return ""
    reason = reasons[number]
    way = "raises" if reason["contribution"] > 0 else "lowers"
    return f"{reason['column']} {reason['value']} (usual {reason['usual']}) {way} the risk"
