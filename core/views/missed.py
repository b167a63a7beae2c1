"""Clients who left although their last risk was low, with what was known then."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core import scoring
from core.statistics import Interval
from core.store import missed as stored
from core.store import models, monitoring
from core.wording import percent, plural
from core.workspace import Workspace


@dataclass(frozen=True, eq=False)
class MissedLeavers:
    """Leavers from the low band."""

    #: client, name, risk, as_of, told_at, version, reasons (a sentence), outcome_known_at; those known last first
    clients: pd.DataFrame
    #: all who left and had a risk before that was known, and how many of them were missed
    leavers: int
    missed: int
    share: Interval

    @property
    def sentence(self) -> str:
        """How many of the leavers were missed."""
        if not self.leavers:
            return "No leaver is known yet to whom a risk had been told before."
        low, high = percent(self.share.low), percent(self.share.high)
        return (
            f"{self.missed:,} of {plural(self.leavers, 'leaver')} left from the low band: {percent(self.share.value)} "
            f"({low} to {high}, 95 %)."
        )


def missed_leavers(workspace: Workspace) -> MissedLeavers:
    """Leavers whose last risk, told before the leaving was known, was low; the newest with their reasons."""
    with workspace.store.reading() as db:
        figures = monitoring.list_metrics(db, stored.MISSED)
        found = stored.list_missed(db, stored.MOST)
        names = models.last_names(db, found["client"].tolist())
    own = figures[figures["metric"] == stored.LOW_BAND]
    reasons = [" · ".join(scoring.sentence(one) for one in why[:3]) for why in found["reasons"]]
    clients = found.assign(
        reasons=pd.Series(reasons, index=found.index, dtype=object),
        name=pd.Series([names[one][0] if one in names else one for one in found["client"]], found.index, dtype=object),
    )
    if own.empty:
        return MissedLeavers(clients, 0, 0, Interval(float("nan"), float("nan"), float("nan")))
    n, value, low, high = (own[name].iloc[-1] for name in ("n", "value", "low", "high"))
    return MissedLeavers(clients, int(n), round(n * value), Interval(float(value), float(low), float(high)))
