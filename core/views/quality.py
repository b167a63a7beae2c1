"""How far the champion's risks can be trusted, and what calling by them would have brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core import evaluation, registry, reporting
from core.evaluation import AtCapacity, Contacted
from core.records import Version
from core.store import contacts, models
from core.workspace import Workspace

#: risks from which everybody is called, in the table of thresholds
_THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True, eq=False)
class Judgement:
    """The champion out of fold, beyond its metrics."""

    #: the grade, "" where it is withheld, and why
    letter: str
    grade: str
    #: n, risk, rate, low, high
    reliability: pd.DataFrame
    #: share, called, caught, low, high, lift
    gains: pd.DataFrame
    #: what the team could have called in a week
    capacity: AtCapacity
    #: share of the clients that the team can call in a week
    team_share: float
    #: threshold, contacted, caught, missed, in_vain, sentence
    thresholds: pd.DataFrame
    #: see `evaluation.segments`; the worst that were stored
    segments: pd.DataFrame
    segments_sentence: str
    #: sentences: the champion beside the base rate and the best single column
    baselines: list[str]
    #: what being explainable costs
    yardstick: str
    #: with and without the clients who were contacted; None where nobody was
    contacted: Contacted | None


def judgement(workspace: Workspace) -> Judgement | None:
    """How good the champion is; None without one, and for one that is provisional, a rule, or of an older program."""
    champion = workspace.champion()
    if champion is None or champion.provisional:
        return None
    manifest = registry.read_manifest(workspace.models_folder, champion)
    if "baselines" not in manifest:
        return None
    learned = registry.load_learned(workspace.models_folder, champion).dropna(subset="risk")
    outcome, risk = learned["outcome"].to_numpy(), learned["risk"].to_numpy()
    repeated = learned["_client"].duplicated().any()
    share = _team_share(workspace)
    return Judgement(
        letter=manifest["grade"]["letter"],
        grade=manifest["grade"]["sentence"],
        reliability=evaluation.reliability(outcome, risk, learned["_client"].to_numpy() if repeated else None),
        gains=evaluation.gains(outcome, risk),
        capacity=evaluation.at_capacity(outcome, risk, max(1, round(share * len(outcome)))),
        team_share=share,
        thresholds=evaluation.threshold_table(outcome, risk, _within(risk)),
        segments=pd.DataFrame(manifest["segments"]["worst"]),
        segments_sentence=manifest["segments"]["sentence"],
        baselines=[one["sentence"] for one in manifest["baselines"]],
        contacted=_contacted(workspace, learned, champion),
        yardstick=reporting.yardstick_sentence(manifest["yardstick"]),
    )


def _contacted(workspace: Workspace, learned: pd.DataFrame, champion: Version) -> Contacted | None:
    with workspace.store.reading() as db:
        spoken = contacts.list_contacts(db)
    config = workspace.config
    mask = evaluation.was_contacted(learned, spoken, config.data.horizon_days)
    if not mask.any():
        return None
    return evaluation.by_contact(
        learned["outcome"].to_numpy(), learned["risk"].to_numpy(), mask, threshold=champion.threshold,
        seed=config.model.seed, most=config.monitoring.max_contacted, cluster=learned["_client"].to_numpy(),
    )  # fmt: skip


def _within(risk: np.ndarray) -> list[float]:
    """Those of the thresholds that somebody reaches."""
    return [threshold for threshold in _THRESHOLDS if threshold <= risk.max(initial=0)]


def _team_share(workspace: Workspace) -> float:
    """Share of the current clients that the client managers can call in a week, 0-1."""
    with workspace.store.reading() as db:
        newest: Any = models.current_risks(db)
    listed = newest[newest["risk"].notna()]
    owners = max(1, int((pd.unique(listed["owner"]) != "").sum()))
    return min(1.0, owners * workspace.config.worklist.capacity / max(len(listed), 1))
