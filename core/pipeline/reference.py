"""The rows that others are compared with: those a champion learned from, or those that came before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core import drift, estimation, registry, schema
from core.dataset import Dataset
from core.drift import PREDICTION, RISK, Profile, Reconstruction
from core.estimation import Estimator
from core.records import Version
from core.schema import Contract
from core.training import TrainingSet
from core.workspace import Workspace

_KEY = ["_client", "_as_of"]
OUTCOME = "_outcome"


@dataclass(frozen=True, eq=False)
class Reference:
    """One side of a comparison."""

    profile: Profile
    reconstruction: Reconstruction
    #: the rows themselves, with their out-of-fold risk and outcome where there is a champion
    rows: pd.DataFrame
    #: share of the champion's weight that each column carries; {} before any champion
    importance: Mapping[str, float]
    #: known outcomes of the reference, and leavers among them
    outcomes: int
    leavers: int


def kept_with_version(
    known: TrainingSet, contract: Contract, risk: np.ndarray, threshold: float, most: int, seed: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """What a version keeps of the rows that trained: the profile of their columns, and the rest as plain values.

    All rows and not one a client: a month's clients are compared with months of clients. The newest rows of each client
    would have all who ever left among them, at their worst. A sample of `most` where there are more.
    """
    rows = np.arange(known.n)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    columns = known.features.iloc[rows].reset_index(drop=True).assign(**{RISK: risk[rows]})
    kinds = _kinds(contract, columns)
    tested = np.isfinite(risk)
    estimator = estimation.fit(known.outcome[tested], risk[tested], risk[tested] >= threshold)
    reconstruction = drift.fit_reconstruction(columns, kinds, seed)
    rest = {"estimator": estimator.as_dict(), "reconstruction": reconstruction.to_dict()}
    return drift.to_frame(drift.profile(columns, kinds)), rest


def champion_reference(workspace: Workspace, dataset: Dataset, contract: Contract, champion: Version) -> Reference:
    """What the champion learned from. What its version does not keep is made of the rows that are left."""
    folder = workspace.models_folder
    learned = registry.load_learned(folder, champion)
    rows = learned.merge(dataset.rows.drop(columns=OUTCOME), on=_KEY)
    columns = schema.features(rows, contract.columns).assign(**{RISK: rows["risk"], OUTCOME: rows["outcome"]})
    kinds = _kinds(contract, columns)
    profile, rest = registry.load_profile(folder, champion), registry.load_reference(folder, champion)
    return Reference(
        profile=drift.profile(columns, kinds) if profile is None else drift.from_frame(profile),
        reconstruction=(
            Reconstruction.from_dict(rest["reconstruction"])
            if rest
            else drift.fit_reconstruction(columns, kinds, workspace.config.model.seed)
        ),
        rows=columns,
        importance=registry.read_manifest(folder, champion).get("importance", {}),
        outcomes=len(learned),
        leavers=int(learned["outcome"].sum()),
    )


def rows_reference(rows: pd.DataFrame, contract: Contract, seed: int) -> Reference:
    """Rows of the dataset as a reference, without a champion."""
    columns = schema.features(rows, contract.columns)
    kinds = {column.name: column.kind for column in contract.columns}
    known = rows[OUTCOME].dropna()
    return Reference(
        drift.profile(columns, kinds), drift.fit_reconstruction(columns, kinds, seed), columns, {}, len(known),
        int(known.sum()),
    )  # fmt: skip


def estimator_of(workspace: Workspace, version: Version) -> Estimator:
    """What estimates a version's performance: from its out-of-fold risks and their outcomes."""
    stored = registry.load_reference(workspace.models_folder, version)
    if stored:
        return Estimator.from_dict(stored["estimator"])
    learned = registry.load_learned(workspace.models_folder, version).dropna(subset="risk")
    risk = learned["risk"].to_numpy()
    return estimation.fit(learned["outcome"].to_numpy(dtype=np.float64), risk, risk >= version.threshold)


def _kinds(contract: Contract, columns: pd.DataFrame) -> dict[str, str]:
    """Kinds of the columns that are compared: those the champion looks at, and the risk as one of its own."""
    return {column.name: column.kind for column in contract.columns if column.name in columns} | {RISK: PREDICTION}
