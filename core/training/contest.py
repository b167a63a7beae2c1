"""Families compete on the same folds by out-of-fold log loss; the winner is calibrated and fitted on all rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core import statistics
from core.config import ModelConfig
from core.model import AdditiveModel
from core.schema import Contract
from core.statistics import Interval
from core.training.calibration import Calibration, CrossFitted, calibrate
from core.training.choosing import Standing, compared, simplest
from core.training.families import candidates, fit_rows, fit_together, fitted_together
from core.training.folds import make_folds, rolling
from core.training.recency import ALL_ALIKE, Recency, asked_recency, recent
from core.training.rows import TrainingSet, clusters, within_budget
from core.training.rule import single_column_roc_auc
from core.training.yardstick import yardstick_log_odds

Progress = Callable[[float, str], None]
Folds = list[tuple[np.ndarray, np.ndarray]]

_CHECK_ROWS = 64
#: in-process below this many rows: starting other processes would take longer than fitting
_SMALL = 2000
YARDSTICK = "yardstick"


@dataclass(frozen=True)
class Entry:
    """How a family did out of fold."""

    log_loss: float
    roc_auc: float
    #: the kind of its calibration map
    calibration: str
    #: mean log loss of the folds above the best family's, and the standard error of that
    behind: float
    error: float


@dataclass(frozen=True)
class Yardstick:
    """Gradient-boosted trees on the same folds: what being explainable costs."""

    log_loss: float
    roc_auc: float
    #: the winner's less the yardstick's, on the same rows; a log loss below zero is better
    roc_auc_difference: Interval
    log_loss_difference: Interval


@dataclass(frozen=True)
class RecencyChoice:
    """Whether old rows count less, and why."""

    asked: Recency
    chosen: Recency
    #: mean log loss on the newest third of the tested rows: as asked, less with all rows alike; NaN: not looked at
    gain: Interval


@dataclass(frozen=True, eq=False)
class Contest:
    """What the families showed out of fold, and the winner."""

    family: str
    #: out-of-fold risk of each row, calibrated by what other clients show; NaN where no fold tested it
    risk: np.ndarray
    #: the calibration map, and those that each client had no part in
    maps: CrossFitted
    #: the simplest first
    families: dict[str, Entry]
    yardstick: Yardstick
    recency: RecencyChoice
    #: column -> roc_auc of that column alone: out of fold in bins, or by the order of its numbers if higher
    single_columns: dict[str, float]
    #: "by client" or "by client, forward in time"
    folds: str

    @property
    def calibration(self) -> Calibration:
        """The winner's calibration map."""
        return self.maps.whole


def _fold_log_odds(
    families: tuple[str, ...], learned: TrainingSet, tested: pd.DataFrame, contract: Contract, config: ModelConfig
) -> dict[str, np.ndarray]:
    """family -> log-odds of `tested` by its model of `learned`, for families that are fitted together."""
    from scipy.special import logit

    outcome = learned.outcome
    if len(np.unique(outcome)) < 2:  # too few clients: all of a kind are in the test rows
        rate = (outcome.sum() + 0.5) / (len(outcome) + 1)
        return {family: np.full(len(tested), logit(rate)) for family in families}
    if families == (YARDSTICK,):
        return {YARDSTICK: yardstick_log_odds(learned, tested, contract, config)}
    made = fit_together(families, learned, contract, config)
    return {family: model.log_odds(model.contributions(model.encode(tested))) for family, model in made.items()}


def _learnable(rows: TrainingSet, places: np.ndarray, config: ModelConfig, recency: Recency) -> TrainingSet:
    """The rows at `places` that one fit learns from: those that still count, as many as the budget allows."""
    counting = places if rows.weight is None else places[rows.weight[places] > 0]
    known = recent(rows.take(counting), recency)
    return known.take(within_budget(np.arange(known.n), known.outcome, config))


@dataclass(frozen=True, eq=False)
class _Job:
    """One fit: families that are fitted together, the rows they learn from and the rows they are tested on."""

    families: tuple[str, ...]
    told: str
    recency: Recency
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, eq=False)
class _Fitting:
    """What every fit of a contest has in common."""

    rows: TrainingSet
    contract: Contract
    config: ModelConfig
    progress: Progress

    def scores(self, jobs: list[_Job], done: float) -> dict[str, np.ndarray]:
        """family -> log-odds of all rows (n,), NaN where no job tested them; the progress goes on from `done` to 1.

        On all cores.
        """
        from joblib import Parallel, delayed

        parallel = Parallel(n_jobs=1 if self.rows.n < _SMALL else -1, return_as="generator")
        work = (
            delayed(_fold_log_odds)(
                job.families, _learnable(self.rows, job.train, self.config, job.recency),
                self.rows.features.iloc[job.test], self.contract, self.config,
            )
            for job in jobs
        )  # fmt: skip
        made = {family: np.full(self.rows.n, np.nan) for job in jobs for family in job.families}
        for number, (job, scored) in enumerate(zip(jobs, parallel(work), strict=True), start=1):
            for family, own in scored.items():
                made[family][job.test] = own
            self.progress(done + (1 - done) * number / len(jobs), job.told)
        return made


def _jobs(groups: tuple[tuple[str, ...], ...], folds: Folds, recency: Recency, what: str = "") -> list[_Job]:
    """Each group of families on each fold."""
    return [
        _Job(group, f"{what or group[-1]}, fold {number} of {len(folds)}", recency, train, test)
        for group in groups
        for number, (train, test) in enumerate(folds, start=1)
    ]


def hold_contest(
    rows: TrainingSet, contract: Contract, config: ModelConfig, horizon_days: int, progress: Progress
) -> Contest:
    """Every family on every fold; the lowest out-of-fold log loss wins, or the simplest family close enough to it.

    `rows` needs at least two of each outcome. Deterministic by config.seed, whatever the number of cores.
    """
    folds, how = make_folds(rows, contract, config, horizon_days)
    families = candidates(config)
    fitting = _Fitting(rows, contract, config, progress)
    recency, spent = _choose_recency(fitting, folds, horizon_days, families[0])
    groups = (*fitted_together(config), (YARDSTICK,))
    log_odds = fitting.scores(_jobs(groups, folds, recency.chosen), spent)
    maps = {family: calibrate(own, rows.outcome, rows.client, config.seed) for family, own in log_odds.items()}
    risks = {family: maps[family].risk(own) for family, own in log_odds.items()}
    standings = compared({family: _fold_losses(rows, risks[family], folds) for family in families})
    winner = simplest(standings)
    return Contest(
        family=winner, risk=risks[winner], maps=maps[winner],
        families={family: _entry(rows, risks[family], maps[family], at) for family, at in standings.items()},
        yardstick=_yardstick(rows, risks[winner], risks[YARDSTICK]), recency=recency,
        single_columns=single_column_roc_auc(rows, contract, config.seed), folds=how,
    )  # fmt: skip


def _fold_losses(rows: TrainingSet, risk: np.ndarray, folds: Folds) -> np.ndarray:
    """Mean log loss in each fold (folds,)."""
    return np.array([statistics.log_losses(rows.outcome[test], risk[test]).mean() for _, test in folds])


def _entry(rows: TrainingSet, risk: np.ndarray, fitted: CrossFitted, at: Standing) -> Entry:
    tested = np.isfinite(risk)
    outcome, own = rows.outcome[tested], risk[tested]
    return Entry(
        log_loss=float(statistics.log_losses(outcome, own).mean()), roc_auc=statistics.roc_auc(outcome, own).value,
        calibration=fitted.whole.kind, behind=at.behind, error=at.error,
    )  # fmt: skip


def _yardstick(rows: TrainingSet, ours: np.ndarray, theirs: np.ndarray) -> Yardstick:
    tested = np.isfinite(ours)
    outcome, own, other = rows.outcome[tested], ours[tested], theirs[tested]
    losses = statistics.log_losses(outcome, own), statistics.log_losses(outcome, other)
    client = clusters(rows)
    cluster = None if client is None else client[tested]
    return Yardstick(
        log_loss=float(losses[1].mean()), roc_auc=statistics.roc_auc(outcome, other).value,
        roc_auc_difference=statistics.roc_auc_difference(outcome, own, other, cluster=cluster),
        log_loss_difference=statistics.mean(losses[0] - losses[1], cluster=cluster),
    )  # fmt: skip


def _choose_recency(fitting: _Fitting, folds: Folds, horizon_days: int, family: str) -> tuple[RecencyChoice, float]:
    """Whether old rows count less, as config asks, because the newest outcomes are foretold at least as well so.

    Tried with the simplest family, on the newest third of the rows by what was known before them where time allows,
    else on the folds; and the share of the contest's work that this took.
    """
    rows, asked = fitting.rows, asked_recency(fitting.config)
    if not asked.counts:
        return RecencyChoice(asked, ALL_ALIKE, statistics.NOTHING), 0.0
    both = (asked, ALL_ALIKE)
    share = len(both) / (len(both) + len(fitted_together(fitting.config)) + 1)
    newest = _newest_third(rows)
    stretches = _stretches(rows, fitting.config, horizon_days, newest, family, asked)
    jobs = stretches or _jobs(((family,),), folds, asked, "recency")
    risks = {}
    for begun, recency in zip((0.0, share / 2), both, strict=True):
        half = replace(fitting, progress=_part_of(fitting.progress, begun, share / 2))
        scored = half.scores([replace(job, recency=recency, told="recency") for job in jobs], 0.0)[family]
        risks[recency] = calibrate(scored, rows.outcome, rows.client, fitting.config.seed).risk(scored)
    tried = newest & np.isfinite(risks[asked])
    losses = [statistics.log_losses(rows.outcome[tried], risks[recency][tried]) for recency in both]
    client = clusters(rows)
    gain = statistics.mean(losses[0] - losses[1], cluster=None if client is None else client[tried])
    return RecencyChoice(asked, asked if gain.value <= 0 else ALL_ALIKE, gain), share


def _part_of(progress: Progress, begun: float, share: float) -> Progress:
    """Progress of a part that begins at `begun` of the whole and is a `share` of it."""
    return lambda done, said: progress(begun + share * done, said)


def _newest_third(rows: TrainingSet) -> np.ndarray:
    """Rows from the date on that a third of them reaches, (n,) as mask."""
    since = np.sort(rows.as_of)[-max(rows.n // 3, 1)]
    newest: np.ndarray = rows.as_of >= since
    return newest


def as_deployed(
    rows: TrainingSet, contract: Contract, config: ModelConfig, horizon_days: int, contest: Contest, judged: np.ndarray
) -> np.ndarray:
    """The risk that the winner, deployed at the time, would have given each of the `judged` rows (mask, n); else NaN.

    With dates: they are cut into a few stretches of time, each scored by a model of all rows known before it, earlier
    snapshots of the same clients included, as a champion knows them. Nothing of an outcome can leak: the horizons
    are apart. Without dates, or with too few rows before, all NaN.
    """
    scores = np.full(rows.n, np.nan)
    if contract.dated and judged.any():
        fitting = _Fitting(rows, contract, config, _unwatched)
        jobs = _stretches(rows, config, horizon_days, judged, contest.family, contest.recency.chosen)
        scores = fitting.scores(jobs, 1.0)[contest.family] if jobs else scores
    return contest.maps.risk(scores)


def _stretches(
    rows: TrainingSet, config: ModelConfig, horizon_days: int, judged: np.ndarray, family: str, recency: Recency
) -> list[_Job]:
    told = f"{family}, as it would have been deployed"
    return [
        _Job((family,), told, recency, np.flatnonzero(known), np.flatnonzero(inside & judged))
        for known, inside in rolling(rows, config, horizon_days, judged)
    ]


def _unwatched(_share: float, _doing: str) -> None:
    """Progress that nobody watches."""


def fit_winner(
    rows: TrainingSet, contract: Contract, config: ModelConfig, contest: Contest
) -> tuple[AdditiveModel, int]:
    """The contest's winner on all rows the budget allows, calibrated, with check-scores; and how many rows."""
    learned = _learnable(rows, np.arange(rows.n), config, contest.recency.chosen)
    model = fit_rows(contest.family, learned, contract, config, jobs=1 if learned.n < _SMALL else -1)
    at = contest.calibration
    model = replace(model, slope=at.slope, shift=at.shift, knots=at.knots)
    spread = np.unique(np.linspace(0, learned.n - 1, min(_CHECK_ROWS, learned.n)).astype(int))
    return model.with_checks(learned.features.iloc[spread]), learned.n
