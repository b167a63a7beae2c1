"""Made worlds under watch: a champion, what its batches are compared with, and a report on each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core import diagnostics, drift, estimation, evaluation, statistics
from core.config import ModelConfig, MonitoringConfig, RetrainConfig
from core.drift import RISK, Profile, Reconstruction
from core.estimation import Estimate, Estimator
from core.evaluation import DROP, WATCH
from core.example.columns import World, make_world
from core.model import AdditiveModel
from core.schema import CATEGORICAL, Column, Contract
from core.scoring import importance
from core.statistics import Interval
from core.training import fit_family

FOLDS = 3
#: levels of a column that the champion tells apart; with hundreds the study would mostly fit
TOLD_APART, ELSEWHERE = 50, "elsewhere"
MONITORING, RETRAIN = MonitoringConfig(), RetrainConfig()

#: what alarmed: a fault of the data, drift of a column or the risk, of all columns together, of the share of leavers,
#: performance
FAULT, COLUMN, TOGETHER, TARGET = "fault", "column", "together", "target"
ESTIMATED, REALISED, CONCEPT = "estimated", "realised", "concept"


@dataclass(frozen=True)
class Sizes:
    """Rows to learn from, and rows of a batch: least and most, drawn by world."""

    reference: tuple[int, int] = (2_000, 10_000)
    batch: tuple[int, int] = (500, 10_000)
    #: rows of either side from which the domain classifier learns; 0: it is left out, for it takes most of the time
    domain: int = 1_000


@dataclass(frozen=True)
class Alarm:
    what: str
    #: such as the kind of a fault, or the metric
    kind: str
    column: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Watched:
    """A world with its champion, and what the champion's batches are compared with."""

    world: World
    rows: int
    model: AdditiveModel
    #: levels the champion tells apart, by column
    levels: dict[str, set[str]]
    threshold: float
    profile: Profile
    importance: dict[str, float]
    leavers: int
    reference: int
    roc_auc: Interval
    estimator: Estimator
    reconstruction: Reconstruction
    #: what it learned from
    columns: pd.DataFrame
    domain: int


@dataclass
class Memory:
    """What a report must know of the one before."""

    worse: bool = False
    estimates: list[Estimate] = field(default_factory=list)


def watch(seed: int, sizes: Sizes) -> Watched:
    """Make a world, fit its champion, and profile what it learned from, with risks out of fold."""
    world = make_world(seed)
    luck = np.random.default_rng([seed, 1])
    learned = world.month(0, int(luck.integers(*sizes.reference, endpoint=True)))
    rows = int(np.exp(luck.uniform(*np.log(sizes.batch))))
    columns, outcome = learned[list(world.kinds)], learned["exited"].to_numpy()
    levels = {
        name: set(columns[name].value_counts().index[:TOLD_APART])
        for name, kind in world.kinds.items()
        if kind == CATEGORICAL
    }
    features = told_apart(columns, levels)
    contract = Contract("", "exited", "", "", "", "", tuple(Column(*one) for one in world.kinds.items()), ())
    config = ModelConfig(seed=seed)
    fold = luck.permutation(len(learned)) % FOLDS
    risk = np.empty(len(learned))
    for number in range(FOLDS):
        own = fold == number
        fitted = fit_family("logistic", features[~own], outcome[~own], contract, config)
        risk[own] = fitted.risk(features[own])
    model = fit_family("logistic", features, outcome, contract, config)
    threshold = evaluation.best_threshold(outcome, risk)
    kinds = world.kinds | {RISK: drift.PREDICTION}
    return Watched(
        world, rows, model, levels, threshold, drift.profile(columns.assign(**{RISK: risk}), kinds),
        importance(model, features), int(outcome.sum()), len(outcome), statistics.roc_auc(outcome, risk),
        estimation.fit(outcome, risk, risk >= threshold),
        drift.fit_reconstruction(columns, world.kinds, seed), columns, sizes.domain,
    )  # fmt: skip


def told_apart(columns: pd.DataFrame, levels: dict[str, set[str]]) -> pd.DataFrame:
    """The columns as the champion sees them: rare levels are one."""
    rest = {
        name: columns[name].where(columns[name].isin(own) | columns[name].isna(), ELSEWHERE)
        for name, own in levels.items()
    }
    return columns.assign(**rest)


def report(watched: Watched, batch: pd.DataFrame, memory: Memory) -> list[Alarm]:
    """Everything alarming about a batch, what is looked at first first; remembers what the next report needs."""
    features = batch[list(watched.world.kinds)]
    risk = watched.model.risk(told_apart(features, watched.levels))
    return [
        *_faults(watched, features),
        *_drift(watched, features.assign(**{RISK: risk})),
        *_together(watched, features),
        *_outcomes(watched, batch["exited"].to_numpy(), risk, memory),
    ]


def _faults(watched: Watched, features: pd.DataFrame) -> list[Alarm]:
    found = diagnostics.find_faults(
        watched.profile.columns, features, watched.world.kinds, importance=watched.importance
    )
    return [Alarm(FAULT, one.kind, one.column, one.sentence) for one in found]


def _drift(watched: Watched, columns: pd.DataFrame) -> list[Alarm]:
    found = drift.compare(watched.profile, columns, MONITORING, watched.importance)
    return [Alarm(COLUMN, one.kind, one.column, one.sentence) for one in found if one.verdict == drift.ALARM]


def _together(watched: Watched, features: pd.DataFrame) -> list[Alarm]:
    """All columns together: how they go together, and whether the rows can be told apart."""
    rebuilt = drift.reconstruction_error(watched.reconstruction, features)
    found = [Alarm(TOGETHER, "reconstruction", "", rebuilt.sentence)] if rebuilt.verdict == drift.ALARM else []
    if watched.domain:
        world = watched.world
        told = drift.tell_apart(watched.columns, features, world.kinds, world.seed, per_side=watched.domain)
        found += [Alarm(TOGETHER, "domain", "", told.sentence)] if told.verdict == drift.ALARM else []
    return found


def _outcomes(watched: Watched, exited: np.ndarray, risk: np.ndarray, memory: Memory) -> list[Alarm]:
    """What the estimate says before the outcomes, and what they say once they are all there."""
    tolerance = RETRAIN.on_estimated_drop
    estimated = estimation.estimate_corrected(watched.estimator, risk, risk >= watched.threshold)["roc_auc"]
    memory.estimates.append(estimated)
    found = []
    if estimation.dropped(memory.estimates, watched.estimator.metrics["roc_auc"].realised, tolerance):
        found.append(Alarm(ESTIMATED, "roc_auc", "", f"roc_auc is estimated at {estimated.value:.3f}."))
    figure = statistics.roc_auc(exited, risk)
    gap = estimation.gap(estimated, figure, tolerance=RETRAIN.on_performance_drop)
    if gap.changed:
        found.append(Alarm(CONCEPT, "roc_auc", "", gap.sentence))
    verdict, sentence = evaluation.judge_drop(
        "roc_auc", figure, watched.roc_auc, RETRAIN.on_performance_drop, n=len(exited), leavers=int(exited.sum()),
        coverage=1.0, worse_before=memory.worse,
    )  # fmt: skip
    memory.worse = verdict in (WATCH, DROP)
    if verdict == DROP:
        found.append(Alarm(REALISED, "roc_auc", "", sentence))
    target = drift.share_drift(
        watched.leavers, watched.reference, int(exited.sum()), len(exited), min_rows=MONITORING.min_rows, q=MONITORING.q
    )
    if target.verdict == drift.ALARM:
        found.append(Alarm(TARGET, "share of leavers", "", target.sentence))
    return found
