"""How far the champion's risks can be trusted, and what calling by them would have brought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import evaluation, registry, reporting
from core.evaluation import AtCapacity, Contacted
from core.records import Version
from core.store import contacts, monitoring
from core.views import model
from core.views.clients import client_list
from core.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Judgement:
    """The champion out of fold, beyond its metrics."""

    version: str
    #: the grade, "" where it is withheld, and why
    letter: str
    grade: str
    #: risk from which the champion says "would leave"
    threshold: float
    #: see `evaluation.curves`; empty where the version does not keep them
    curves: pd.DataFrame
    #: see `evaluation.at_thresholds`; empty where the version does not keep them
    thresholds: pd.DataFrame
    #: rows that were judged, clients among them, rows whose value is known, rows that the bands were drawn from
    rows: int
    clients: int
    valued: int
    drawn: int
    #: what the team could have called in a week; None where the version keeps no curves
    capacity: AtCapacity | None
    #: share of the clients that the team can call in a week
    team_share: float
    #: see `evaluation.segments`; the worst that were stored
    segments: pd.DataFrame
    segments_sentence: str
    #: sentences: the champion beside the base rate and the best single column
    baselines: list[str]
    #: what being explainable costs
    yardstick: str
    #: with and without the clients who were contacted; None where nobody was
    contacted: Contacted | None

    def curve(self, name: str) -> pd.DataFrame:
        """One of the curves: x, y, low, high, n."""
        return self.curves[self.curves["curve"] == name]

    def calling_from(self, threshold: float) -> dict[str, float]:
        """The row of `thresholds` nearest to a risk."""
        nearest = int((self.thresholds["threshold"] - threshold).abs().argmin())
        return {str(name): float(value) for name, value in self.thresholds.iloc[nearest].items()}


NO_CURVES = (
    "This version keeps no curves: it was stored by an older program, or a client whose values they held was erased. "
    "They come with the next version that is trained."
)


def judgement(workspace: Workspace) -> Judgement | None:
    """How good the champion is; None without one, and for one that is provisional or of an older program."""
    champion = workspace.champion()
    if champion is None or champion.provisional:
        return None
    folder = workspace.models_folder
    manifest = registry.read_manifest(folder, champion)
    if "baselines" not in manifest:
        return None
    curves = registry.load_table(folder, champion, registry.CURVES)
    thresholds = registry.load_table(folder, champion, registry.THRESHOLDS)
    judged = manifest.get("judged", {})
    share = _team_share(workspace)
    return Judgement(
        version=champion.version,
        letter=manifest["grade"]["letter"],
        grade=manifest["grade"]["sentence"],
        threshold=champion.threshold,
        curves=pd.DataFrame(columns=evaluation.CURVE_COLUMNS) if curves is None else curves,
        thresholds=pd.DataFrame() if thresholds is None else thresholds,
        **{name: int(judged.get(name, 0)) for name in ("rows", "clients", "valued", "drawn")},
        capacity=None if curves is None or thresholds is None else _at_capacity(curves, thresholds, share),
        team_share=share,
        segments=pd.DataFrame(manifest["segments"]["worst"]),
        segments_sentence=manifest["segments"]["sentence"],
        baselines=[one["sentence"] for one in manifest["baselines"]],
        contacted=_contacted(workspace, champion),
        yardstick=reporting.yardstick_sentence(manifest["yardstick"]),
    )


def _at_capacity(curves: pd.DataFrame, thresholds: pd.DataFrame, share: float) -> AtCapacity:
    """What the gain curve says of the team's week."""
    everybody = thresholds.iloc[0]  # called from a risk of 0 on
    n, leavers = int(everybody["called"]), int(everybody["caught"])
    called = max(1, round(share * n))
    gain = curves[curves["curve"] == evaluation.GAIN]
    caught = leavers * float(np.interp(called / n, gain["x"], gain["y"])) if len(gain) else 0.0
    return evaluation.of_called(called, caught, leavers, n)


@dataclass(frozen=True)
class Trust:
    """How far the champion can be trusted today."""

    age_days: int
    #: outcomes that it was judged on out of fold
    judged_on: int
    #: newest verdict on risks that were delivered before their outcome was known; "" before the first
    chunk: str
    verdict: str
    sentence: str


def trust(workspace: Workspace) -> Trust | None:
    """Age, outcomes and newest realised verdict of the champion; None before the first promotion."""
    health = model.health(workspace)
    if health is None:
        return None
    with workspace.store.reading() as db:
        told = monitoring.list_performance(db)
    realised = told[(told["kind"] == "realised") & (told["version"] == health.champion.version)]
    newest = realised.iloc[-1] if len(realised) else {"chunk": "", "verdict": "", "sentence": ""}
    return Trust(
        health.age_days, health.roc_auc.n, str(newest["chunk"]), str(newest["verdict"]), str(newest["sentence"])
    )


def _contacted(workspace: Workspace, champion: Version) -> Contacted | None:
    with workspace.store.reading() as db:
        spoken = contacts.list_contacts(db)
    if len(spoken) == 0:
        return None
    config = workspace.config
    learned = registry.load_learned(workspace.models_folder, champion).dropna(subset="risk")
    mask = evaluation.was_contacted(learned, spoken, config.data.horizon_days)
    if not mask.any():
        return None
    return evaluation.by_contact(
        learned["outcome"].to_numpy(), learned["risk"].to_numpy(), mask, threshold=champion.threshold,
        seed=config.model.seed, most=config.monitoring.max_contacted, cluster=learned["_client"].to_numpy(),
    )  # fmt: skip


def _team_share(workspace: Workspace) -> float:
    """Share of the current clients that the client managers can call in a week, 0-1."""
    listed = client_list(workspace)
    return min(1.0, max(1, len(listed.owners)) * workspace.config.worklist.capacity / max(listed.size, 1))
