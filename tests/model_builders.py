"""Contracts, training rows and a small hand-made model, for tests that need no workspace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from core.model import AdditiveModel, BinnedTerm, Bins, LinearTerm, ModelColumn
from core.schema import Column, Contract
from core.training import TrainingSet

#: the columns of `mixed_rows`
MIXED = {"usage": "numeric", "tickets": "numeric", "age": "date", "region": "categorical", "plan": "categorical"}


def silent(_share: float, _doing: str) -> None:
    """Progress that nobody watches."""


def contract(kinds: dict[str, str], *, dated: bool = False) -> Contract:
    """A contract of these feature columns (name -> kind)."""
    return Contract(
        client_id="client_id",
        outcome="exited",
        as_of="snapshot_date" if dated else "",
        value="",
        owner="",
        label="",
        columns=tuple(Column(name, kind) for name, kind in kinds.items()),
        left_out=(),
    )


def rows_of(
    features: dict[str, Any] | pd.DataFrame,
    outcome: Sequence[int] | np.ndarray,
    *,
    clients: Sequence[str] | None = None,
    days: Sequence[int] | np.ndarray | None = None,
) -> TrainingSet:
    """Training rows; every row a client of its own and of one day unless said otherwise."""
    count = len(outcome)
    return TrainingSet(
        features=pd.DataFrame(features),
        outcome=np.asarray(outcome, dtype=np.int64),
        client=np.array(clients if clients is not None else [f"C{n:05d}" for n in range(count)], dtype=object),
        as_of=np.datetime64("2024-01-01", "us")
        + np.asarray(days if days is not None else np.zeros(count), dtype="timedelta64[D]"),
    )


def mixed_rows(n: int, seed: int, *, strange: bool = False) -> tuple[pd.DataFrame, np.ndarray]:
    """Columns of every kind with missing values and rare levels, and outcomes that follow from them.

    More usage keeps clients on plan A and drives away those on plan B, so that plan and usage make a pair.
    `strange`: with values, levels and gaps that rows without it never have.
    """
    random = np.random.default_rng(seed)
    usage = random.normal(0, 1, n) + (10 if strange else 0) * (random.random(n) < 0.05)
    plan = random.choice(["A", "B"], n)
    region = random.choice(["north", "south", "east"], n, p=[0.5, 0.3, 0.2])
    log_odds = -0.7 + 1.5 * usage * np.where(plan == "A", -1, 1) + 0.8 * (region == "south")
    outcome = (random.random(n) < expit(log_odds)).astype(np.int64)
    features = pd.DataFrame(
        {
            "usage": np.where(random.random(n) < 0.08, np.nan, usage),
            "tickets": random.poisson(2, n).astype(float),
            "age": random.exponential(400, n),
            "region": pd.Series(region, dtype="str").mask(random.random(n) < 0.06),
            "plan": pd.Series(plan, dtype="str"),
        }
    )
    rare = ["oasis", "tundra", "fjord"] if strange else ["delta", "fjord", "delta"]
    features.loc[random.permutation(n)[:3], "region"] = rare
    if strange:
        features.loc[random.permutation(n)[:20], "tickets"] = np.nan
        features.loc[random.permutation(n)[:20], "plan"] = None
        features.loc[random.permutation(n)[:5], "plan"] = "C"
    return features, outcome


def hand_made() -> AdditiveModel:
    """A model small enough to reckon by hand: -1, a straight line, levels, and a pair.

    usage: -0.5 for each unit above 2, and 0.3 where it is missing. plan: A 0.2, B -0.2, missing 0.1, others 0.
    usage (below 5, from 5 on) with plan (A, B): 0.05 and -0.05 crosswise, else 0.
    """
    plan = Bins("plan", None, ("A", "B"))
    usage = Bins("usage", np.array([5.0]))
    pair = np.zeros((3, 4))
    pair[1, 1], pair[1, 2], pair[2, 1], pair[2, 2] = 0.05, -0.05, -0.05, 0.05
    return AdditiveModel(
        family="logistic",
        columns=(
            ModelColumn("usage", "numeric", cuts=(2.0, 5.0), usual=2.0, low=0.0, high=10.0),
            ModelColumn("plan", "categorical", levels=("A", "B"), usual="A"),
        ),
        terms=(
            LinearTerm("usage", centre=2.0, slope=-0.5, offset=0.0, missing=0.3),
            BinnedTerm((plan,), np.array([0.1, 0.2, -0.2, 0.0])),
            BinnedTerm((usage, plan), pair),
        ),
        intercept=-1.0,
    )
