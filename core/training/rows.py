"""Rows that may train."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import schema
from core.config import ModelConfig
from core.errors import BellwetherError
from core.schema import Contract
from core.wording import number, plural


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Rows that may train: features, outcomes, who and when. All of length n, in a fixed order."""

    features: pd.DataFrame
    outcome: np.ndarray
    client: np.ndarray
    as_of: np.ndarray
    #: how much each row counts; None: all the same
    weight: np.ndarray | None = None

    @property
    def n(self) -> int:
        """How many rows."""
        return len(self.outcome)

    def take(self, places: np.ndarray) -> TrainingSet:
        """The rows at these places."""
        weight = None if self.weight is None else self.weight[places]
        features = self.features.iloc[places]
        return TrainingSet(features, self.outcome[places], self.client[places], self.as_of[places], weight)


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the dataset in the order of a `TrainingSet`."""
    return rows.sort_values(["_as_of", "_client"], kind="stable")


def training_set(rows: pd.DataFrame, contract: Contract, weight: str = "") -> TrainingSet:
    """Rows with known outcomes in a fixed order, whatever the order they came in.

    `weight`: the column that says how much a row counts, "": all count the same. A missing weight counts 1, a row
    of weight 0 is tested and not learned from. Raises `BellwetherError` when a weight is below zero.
    """
    rows = in_order(rows)
    return TrainingSet(
        features=schema.features(rows, contract.columns).reset_index(drop=True),
        outcome=rows["_outcome"].to_numpy(dtype=np.int64),
        client=rows["_client"].to_numpy(dtype=object),
        as_of=rows["_as_of"].to_numpy(dtype="datetime64[us]"),
        weight=_weights(rows[weight], weight) if weight else None,
    )


def _weights(found: pd.Series, name: str) -> np.ndarray:
    counts: np.ndarray = found.fillna(1.0).to_numpy(dtype=np.float64)
    if (counts < 0).any():
        raise BellwetherError(
            f"model.weight names {name!r}, where {plural(int((counts < 0).sum()), 'row')} of those that may train "
            f"have a number below zero (the least is {number(counts.min())}); a weight is zero or more."
        )
    return counts


def as_learned(rows: TrainingSet, risk: np.ndarray) -> pd.DataFrame:
    """What a version keeps of the rows it learned from: `_client`, `_as_of`, `outcome`, `risk` out of fold (n,)."""
    return pd.DataFrame(
        {
            "_client": rows.client.astype(str),
            "_as_of": pd.Series(rows.as_of).dt.tz_localize("UTC").astype("datetime64[us, UTC]"),
            "outcome": rows.outcome,
            "risk": risk,
        }
    )


def clusters(rows: TrainingSet) -> np.ndarray | None:
    """Number of the client of each row (n,); None where no client stands twice, so that all rows are independent."""
    clients, number = np.unique(rows.client.astype(str), return_inverse=True)
    return None if len(clients) == rows.n else number


def within_budget(places: np.ndarray, outcome: np.ndarray, config: ModelConfig) -> np.ndarray:
    """At most `max_training_rows` of the row numbers `places` for one fit, drawn by seed within each outcome.

    Of the rarer outcome at least two stay.
    """
    if len(places) <= config.max_training_rows:
        return places
    random = np.random.default_rng(config.seed)
    share = config.max_training_rows / len(places)
    kinds = [places[outcome[places] == label] for label in (0, 1)]
    counts = [max(round(len(own) * share), min(len(own), 2)) for own in kinds]
    drawn = [random.choice(own, count, replace=False) for own, count in zip(kinds, counts, strict=True)]
    return np.sort(np.concatenate(drawn))


def require_two_classes(outcome: np.ndarray) -> None:
    """Raise when there is nothing to tell apart."""
    leavers = int(outcome.sum())
    if min(leavers, len(outcome) - leavers) < 2:
        raise BellwetherError(
            f"Nothing to learn yet: {len(outcome)} outcomes are known, {leavers} of them 'left'; "
            "at least two clients who left and two who stayed are needed."
        )
