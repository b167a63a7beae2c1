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
from core.training.families import fit_family
from core.training.folds import blocks, make_folds
from core.training.rows import TrainingSet, within_budget
from core.training.rule import single_column_roc_auc

Progress = Callable[[float, str], None]

_CHECK_ROWS = 64
#: in-process below this many rows: starting other processes would take longer than fitting
_SMALL = 2000


@dataclass(frozen=True, eq=False)
class Contest:
    """What the families showed out of fold, and the winner."""

    family: str
    #: calibrated out-of-fold risk of each row; NaN where no fold tested it
    risk: np.ndarray
    #: with dates: what the winner, deployed at the time, would have given each row; NaN where it could not
    deployed: np.ndarray
    #: calibration map of the winner
    slope: float
    shift: float
    #: family -> roc_auc and log_loss out of fold
    families: dict[str, dict[str, float]]
    #: column -> roc_auc of that column alone: out of fold in bins, or by the order of its numbers if higher
    single_columns: dict[str, float]
    #: "by client" or "by client, forward in time"
    folds: str


def _fold_log_odds(
    family: str, learned: TrainingSet, tested: pd.DataFrame, contract: Contract, config: ModelConfig
) -> np.ndarray:
    """Log-odds of `tested` by a model of `learned`."""
    from scipy.special import logit

    outcome = learned.outcome
    if len(np.unique(outcome)) < 2:  # too few clients: all of a kind are in the test rows
        return np.full(len(tested), logit((outcome.sum() + 0.5) / (len(outcome) + 1)))
    model = fit_family(family, learned.features, outcome, contract, config, learned.client)
    return model.log_odds(model.contributions(model.encode(tested)))


def _as_deployed(
    rows: TrainingSet, contract: Contract, config: ModelConfig, horizon_days: int, family: str
) -> np.ndarray:
    """Log-odds of each row (n,) by the model of `family` that would have been deployed at its time; NaN: none.

    With dates, a later third of the time is scored by a model of all rows known before it, earlier snapshots
    of the same clients included, as the champion was. Nothing of an outcome can leak: the horizons are apart.
    """
    scores = np.full(rows.n, np.nan)
    if contract.dated:
        for known, inside in blocks(rows, config, horizon_days):
            learned = rows.take(within_budget(np.flatnonzero(known), rows.outcome, config))
            scores[inside] = _fold_log_odds(family, learned, rows.features[inside], contract, config)
    return scores


def hold_contest(
    rows: TrainingSet, contract: Contract, config: ModelConfig, horizon_days: int, progress: Progress
) -> Contest:
    """Every family on every fold; the lowest out-of-fold log loss wins, the simpler family on a tie.

    `rows` needs at least two of each outcome. Deterministic by config.seed, whatever the number of cores.
    """
    from joblib import Parallel, delayed
    from scipy.special import expit

    folds, how = make_folds(rows, contract, config, horizon_days)
    asked = [(family, fold) for family in config.families for fold in range(len(folds))]
    log_odds = {family: np.full(rows.n, np.nan) for family in config.families}
    parallel = Parallel(n_jobs=1 if rows.n < _SMALL else -1, return_as="generator")
    learned = [within_budget(train, rows.outcome, config) for train, _ in folds]
    tested = [rows.features.iloc[test] for _, test in folds]
    work = (
        delayed(_fold_log_odds)(family, rows.take(learned[fold]), tested[fold], contract, config)
        for family, fold in asked
    )
    for done, ((family, fold), scored) in enumerate(zip(asked, parallel(work), strict=True), start=1):
        log_odds[family][folds[fold][1]] = scored
        progress(done / len(asked), f"{family}, fold {fold + 1} of {len(folds)}")
    results = {}
    for family, scores in log_odds.items():
        scored = np.isfinite(scores)
        outcome = rows.outcome[scored]
        slope, shift = calibrate(scores[scored], outcome)
        risk = expit(slope * scores + shift)
        loss = float(statistics.log_losses(outcome, risk[scored]).mean())
        auc = statistics.roc_auc(outcome, risk[scored]).value
        results[family] = (loss, auc, risk, slope, shift)
    winner = min(config.families, key=lambda family: (results[family][0], config.families.index(family)))
    _, _, risk, slope, shift = results[winner]
    deployed = _as_deployed(rows, contract, config, horizon_days, winner)
    return Contest(
        family=winner, risk=risk, deployed=expit(slope * deployed + shift), slope=slope, shift=shift,
        families={name: {"log_loss": at[0], "roc_auc": at[1]} for name, at in results.items()},
        single_columns=single_column_roc_auc(rows, contract, config.seed),
        folds=how,
    )  # fmt: skip


def calibrate(log_odds: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """Slope and shift of a sigmoid map (Platt 1999), or (1, 0) unless it is better by Akaike's criterion."""
    from scipy.special import expit
    from sklearn.linear_model import LogisticRegression

    plain = statistics.log_losses(outcome, expit(log_odds)).sum()
    fitted = LogisticRegression(C=1e6).fit(log_odds[:, None], outcome)
    slope, shift = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    mapped = statistics.log_losses(outcome, expit(slope * log_odds + shift)).sum()
    return (slope, shift) if slope > 0 and plain - mapped > 2 else (1.0, 0.0)


def fit_winner(
    rows: TrainingSet, contract: Contract, config: ModelConfig, contest: Contest
) -> tuple[AdditiveModel, int]:
    """The contest's winner on all rows the budget allows, calibrated, with check-scores; and how many rows."""
    learned = rows.take(within_budget(np.arange(rows.n), rows.outcome, config))
    model = fit_family(contest.family, learned.features, learned.outcome, contract, config, learned.client)
    model = replace(model, slope=contest.slope, shift=contest.shift)
    spread = np.unique(np.linspace(0, learned.n - 1, min(_CHECK_ROWS, learned.n)).astype(int))
    return model.with_checks(learned.features.iloc[spread]), learned.n
