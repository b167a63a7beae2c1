"""The rows that others are compared with: those a champion learned from, or those that came before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import drift, registry, schema
from core.dataset import Dataset
from core.drift import PREDICTION, RISK, Profile
from core.records import Version
from core.schema import Contract
from core.training import TrainingSet
from core.workspace import Workspace

_KEY = ["_client", "_as_of"]


@dataclass(frozen=True)
class Reference:
    """One side of a comparison."""

    profile: Profile
    #: share of the champion's weight that each column carries; {} before any champion
    importance: Mapping[str, float]
    #: the champion's; "" before any, or where the rows that came before are the reference
    version: str
    #: known outcomes of the reference, and leavers among them
    outcomes: int
    leavers: int


def reference_of(known: TrainingSet, risk: np.ndarray, most: int, seed: int) -> pd.DataFrame:
    """The rows that trained, with their out-of-fold risks; a sample of `most` where there are more.

    All of them and not one a client: a month's clients are compared with months of clients. The newest rows of each
    client would have all who ever left among them, at their worst.
    """
    rows = np.arange(known.n)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    return known.features.iloc[rows].reset_index(drop=True).assign(**{RISK: risk[rows]})


def reference_kinds(contract: Contract, columns: pd.DataFrame) -> dict[str, str]:
    """Kinds of the columns that are compared: those the champion looks at, and the risk as one of its own."""
    kinds = {column.name: column.kind for column in contract.columns if column.name in columns}
    return kinds | {RISK: PREDICTION}


def champion_reference(workspace: Workspace, dataset: Dataset, contract: Contract, champion: Version) -> Reference:
    """What the champion learned from. Versions older than stored profiles are looked up in the dataset."""
    folder = workspace.models_folder
    learned = registry.load_learned(folder, champion)
    stored = registry.load_profile(folder, champion)
    if stored is None:
        rows = dataset.rows.merge(learned[[*_KEY, "risk"]], on=_KEY)
        made = schema.features(rows, contract.columns).assign(**{RISK: rows["risk"]})
        profile = drift.profile(made, reference_kinds(contract, made))
    else:
        profile = drift.from_frame(stored)
    importance = registry.read_manifest(folder, champion).get("importance", {})
    return Reference(profile, importance, champion.version, len(learned), int(learned["outcome"].sum()))


def rows_reference(rows: pd.DataFrame, contract: Contract) -> Reference:
    """Rows of the dataset as a reference, without a champion."""
    made = schema.features(rows, contract.columns)
    kinds = {column.name: column.kind for column in contract.columns}
    known = rows["_outcome"].dropna()
    return Reference(drift.profile(made, kinds), {}, "", len(known), int(known.sum()))
