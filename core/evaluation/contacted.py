"""Clients who were contacted: one who stayed looks like a mistake of the model, and may be its merit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from core.evaluation.metrics import evaluate
from core.records import Metric
from core.wording import percent, plural


@dataclass(frozen=True)
class Contacted:
    """Quality for all rows and for those of clients who were not contacted."""

    rows: int
    contacted: int
    #: share of the rows
    share: float
    everyone: list[Metric]
    #: empty where nobody was left alone
    left_alone: list[Metric]
    #: "" while the share is small
    warning: str


def was_contacted(rows: pd.DataFrame, contacts: pd.DataFrame, horizon_days: int) -> np.ndarray:
    """Which rows (mask, n,) are of a client who was contacted between the snapshot and the end of its horizon.

    `rows` has `_client` and `_as_of`, `contacts` `client` and `contacted_at`. A horizon of 0 has no end.
    """
    spoken = contacts.groupby("client")["contacted_at"].agg(list)
    horizon = timedelta(days=horizon_days)
    found = [
        any(since <= at and (not horizon_days or at <= since + horizon) for at in spoken.get(client, ()))
        for client, since in zip(rows["_client"], rows["_as_of"], strict=True)
    ]
    return np.array(found, dtype=bool)


def by_contact(
    y_true: np.ndarray,
    risk: np.ndarray,
    contacted: np.ndarray,
    *,
    threshold: float,
    seed: int,
    most: float,
    cluster: np.ndarray | None = None,
) -> Contacted:
    """Quality of risks (n,) with and without the rows (mask, n,) whose client was contacted before the outcome.

    Above a share of `most` it warns.
    """
    alone = ~contacted
    everyone = evaluate(y_true, risk, threshold=threshold, seed=seed, cluster=cluster)
    own = None if cluster is None else cluster[alone]
    rest = evaluate(y_true[alone], risk[alone], threshold=threshold, seed=seed, cluster=own) if alone.any() else []
    share = float(contacted.mean()) if len(contacted) else 0.0
    warning = (
        f"{percent(share)} of the {plural(len(contacted), 'row')} are of clients who were contacted before their "
        "outcome: those who were won back count as mistakes of the model, so that it looks worse than it is. "
        "Look at the clients who were left alone."
        if share > most
        else ""
    )
    return Contacted(len(contacted), int(contacted.sum()), share, everyone, rest, warning)
