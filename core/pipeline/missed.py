"""Clients who left from the low band are written down, with what was known when their risk was told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core import evaluation, scoring, statistics
from core.pipeline.running import Step
from core.records import Metric
from core.store import missed as stored
from core.store import models, monitoring
from core.store.database import Session
from core.workspace import Workspace


def missed_leavers(workspace: Workspace, joined: pd.DataFrame) -> tuple[Metric, pd.DataFrame]:
    """Share of the leavers whose last risk was low, and those whose leaving became known last, newest first.

    `joined`: rows with outcomes and the risks that were delivered before they were known. Provisional versions gave no
    bands, so that their risks are not asked.
    """
    with workspace.store.reading() as db:
        versions = models.list_versions(db)
    medium = {
        one.version: scoring.band_cuts(one.base_rate, workspace.config.worklist).medium
        for one in versions
        if not one.provisional
    }
    leavers = evaluation.last_of_leavers(joined)
    leavers = leavers[leavers["version"].isin(list(medium))]
    low = evaluation.missed(leavers, medium)
    share = statistics.wilson(int(low.sum()), len(leavers))
    newest = leavers[low].sort_values(["_outcome_known_at", "_client"], ascending=[False, True], kind="stable")
    figure = Metric(metric=stored.LOW_BAND, n=len(leavers), value=share.value, low=share.low, high=share.high)
    return figure, newest.head(stored.MOST)


def record_missed(db: Session, step: Step, found: tuple[Metric, pd.DataFrame]) -> None:
    """Write down what changed: who was missed since, and who was not after all."""
    figure, newest = found
    stored_figure = monitoring.list_metrics(db, stored.MISSED)
    before = stored_figure.iloc[-1] if len(stored_figure) else None
    same = before is not None and before["n"] == figure.n and (before["value"] == figure.value or figure.n == 0)
    if figure.n and not same:
        monitoring.insert_metrics(db, step.run.id, "", stored.MISSED, "", [figure], step.run.at)
    kept = stored.list_missed(db, stored.MOST)
    known = {(one.client, one.as_of): one for one in kept.itertuples()}
    here = set(newest["_client"])
    told = list(zip(newest["_client"], newest["_as_of"], newest["_delivered_at"], strict=True))
    new = np.array([(client, as_of) not in known for client, as_of, _ in told], dtype=bool)
    fresh = newest[new]
    reasons = stored.reasons_told(db, [one for one, wanted in zip(told, new, strict=True) if wanted])
    rows = [
        {
            "client": str(client), "as_of": as_of.to_pydatetime(), "version": version, "risk": float(risk),
            "told_at": delivered.to_pydatetime(), "outcome_known_at": since.to_pydatetime(), "reasons": why,
            "stands": True,
        }
        for client, as_of, version, risk, delivered, since, why in zip(
            fresh["_client"], fresh["_as_of"], fresh["version"], fresh["risk"], fresh["_delivered_at"],
            fresh["_outcome_known_at"], reasons, strict=True,
        )
    ]  # fmt: skip
    oldest = newest["_outcome_known_at"].min() if len(newest) == stored.MOST else None
    for one in kept.itertuples():
        # one that is older than those kept now has only given way to newer ones
        if one.client not in here and not (oldest is not None and one.outcome_known_at <= oldest):
            row = {name: getattr(one, name) for name in stored.MISSED_COLUMNS}
            instants = {name: row[name].to_pydatetime() for name in ("as_of", "told_at", "outcome_known_at")}
            rows.append({**row, **instants, "stands": False})
    stored.insert_missed(db, step.run.id, rows, step.run.at)
