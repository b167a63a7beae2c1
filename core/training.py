"""A dataset becomes a fitted, calibrated model.

Families compete on the same folds by out-of-fold log loss. What was fitted by scikit-learn or interpret is
turned into the additive form of `model` and checked against the library's own prediction.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from core import schema, statistics
from core.config import ModelConfig
from core.errors import BellwetherError
from core.model import AdditiveModel, BinnedTerm, Bins, LinearTerm, ModelColumn, Term
from core.schema import CATEGORICAL, Contract

Progress = Callable[[float, str], None]

#: levels with fewer training rows share one weight with levels never seen
_RARE = 5
#: numbers with at most this many distinct values are named value by value
_FEW_VALUES = 10
_TIME_BLOCKS = 3
_CLIENT_GROUPS = 3
_CHECK_ROWS = 64
#: in-process below this many rows: starting other processes would take longer than fitting
_SMALL = 2000
#: below this many rows too few can be held back to stop boosting in time, and 50,000 rounds take a minute
_FEW_ROWS, _FEW_ROUNDS = 200, 500
#: boosting machines that are averaged, and the share of clients that tells each when to stop
_BAGS, _HELD_OUT = 4, 0.15
_AGREES = 1e-6


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Rows that may train: features, outcomes, who and when. All of length n, in a fixed order."""

    features: pd.DataFrame
    outcome: np.ndarray
    client: np.ndarray
    as_of: np.ndarray

    @property
    def n(self) -> int:
        """How many rows."""
        return len(self.outcome)

    def take(self, places: np.ndarray) -> TrainingSet:
        """The rows at these places."""
        return TrainingSet(self.features.iloc[places], self.outcome[places], self.client[places], self.as_of[places])


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


def training_set(rows: pd.DataFrame, contract: Contract) -> TrainingSet:
    """Rows with known outcomes in a fixed order, whatever the order they came in."""
    rows = rows.sort_values(["_as_of", "_client"], kind="stable")
    return TrainingSet(
        features=schema.features(rows, contract).reset_index(drop=True),
        outcome=rows["_outcome"].to_numpy(dtype=np.int64),
        client=rows["_client"].to_numpy(dtype=object),
        as_of=rows["_as_of"].to_numpy(dtype="datetime64[us]"),
    )


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


def describe_columns(features: pd.DataFrame, contract: Contract) -> tuple[ModelColumn, ...]:
    """What is usual in the training rows, column by column."""
    described = []
    for column in contract.columns:
        series = features[column.name]
        if column.kind == CATEGORICAL:
            counts = series.value_counts()
            levels = tuple(sorted(str(level) for level, count in counts.items() if count >= _RARE))
            usual = min(counts[counts == counts.max()].index) if len(counts) else None
            described.append(ModelColumn(column.name, column.kind, levels=levels, usual=usual))
            continue
        known = series.dropna().to_numpy(dtype=np.float64)
        if len(known) == 0:
            described.append(ModelColumn(column.name, column.kind))
            continue
        distinct = np.unique(known)
        described.append(
            ModelColumn(
                column.name, column.kind, cuts=tuple(float(cut) for cut in _cuts(known, np.arange(0.1, 0.95, 0.1))),
                distinct=tuple(float(value) for value in distinct) if len(distinct) <= _FEW_VALUES else (),
                usual=float(np.median(known)), low=float(distinct[0]), high=float(distinct[-1]),
            )
        )  # fmt: skip
    return tuple(described)


def _cuts(known: np.ndarray, shares: Sequence[float] | np.ndarray) -> np.ndarray:
    """Cut points that part values into ranges of about these cumulative shares, ties kept together.

    A value that takes up more than one of the ranges gets one to itself. Few distinct values: a cut between
    each two of them.
    """
    distinct = np.unique(known)
    between = (distinct[1:] + distinct[:-1]) / 2
    if len(distinct) <= _FEW_VALUES:
        return between
    edges = np.quantile(known, [0.0, *shares, 1.0])
    heavy = edges[1:][edges[1:] == edges[:-1]]
    above = np.searchsorted(distinct, edges[1:-1], side="right") - 1
    below = np.searchsorted(distinct, heavy) - 1
    places = np.unique(np.concatenate([above, below]))
    return between[places[(places >= 0) & (places < len(between))]]


# --- logistic regression


def _fit_logistic(
    columns: tuple[ModelColumn, ...],
    features: pd.DataFrame,
    outcome: np.ndarray,
    client: np.ndarray,
    config: ModelConfig,
) -> AdditiveModel:
    """Standardised numbers (median for missing, and a flag for it) and one-hot levels, ridge penalty C = 1."""
    from sklearn.linear_model import LogisticRegression

    encoded = AdditiveModel("logistic", columns, (), 0.0).encode(features)
    blocks: list[np.ndarray] = []
    layout: list[tuple[ModelColumn, Any]] = []
    for column in columns:
        if column.categorical:
            bins = Bins(column.name, None, column.levels)
            hot = np.eye(bins.count)[bins.number(encoded)]
            blocks.append(hot)
            layout.append((column, (bins, hot.mean(axis=0))))
        else:
            values = encoded[column.name][0]
            absent = np.isnan(values)
            middle = float(column.usual) if isinstance(column.usual, float) else 0.0
            filled = np.where(absent, middle, values)
            centre, scale = float(filled.mean()), float(filled.std())
            if filled.min() == filled.max():  # the mean of equal numbers may miss them by a rounding error
                centre, scale = float(filled[0]), 1.0
            blocks.append(np.column_stack([(filled - centre) / scale, absent]))
            layout.append((column, (middle, centre, scale, float(absent.mean()))))
    design = np.hstack(blocks)
    fitted = LogisticRegression(C=1.0, max_iter=1000, random_state=config.seed).fit(design, outcome)
    weights = fitted.coef_[0]
    intercept = float(fitted.intercept_[0])
    terms: list[Term] = []
    place = 0
    for (column, how), block in zip(layout, blocks, strict=True):
        own = weights[place : place + block.shape[1]]
        place += block.shape[1]
        if column.categorical:
            bins, shares = how
            usual = float(own @ shares)
            terms.append(BinnedTerm((bins,), own - usual))
            intercept += usual
        else:
            middle, centre, scale, absent_share = how
            slope, flag = float(own[0]) / scale, float(own[1])
            offset = -flag * absent_share
            missing = slope * (middle - centre) + flag + offset
            terms.append(LinearTerm(column.name, centre, slope, offset, missing))
            intercept += flag * absent_share
    model = AdditiveModel("logistic", columns, tuple(terms), intercept)
    _require_agreement(model, features, fitted.decision_function(design))
    return model


# --- explainable boosting machine


def _fit_ebm(
    columns: tuple[ModelColumn, ...],
    features: pd.DataFrame,
    outcome: np.ndarray,
    client: np.ndarray,
    config: ModelConfig,
) -> AdditiveModel:
    """Main effects and `pairs` pairwise terms (interpret-core; Nori et al. 2019, arXiv 1909.09223)."""
    from interpret.glassbox import ExplainableBoostingClassifier

    encoded = AdditiveModel("ebm", columns, (), 0.0).encode(features)
    table: dict[str, np.ndarray] = {}
    for column in columns:
        if column.categorical:
            numbers = Bins(column.name, None, column.levels).number(encoded)
            table[column.name] = numbers.astype(str).astype(object)
        else:
            table[column.name] = encoded[column.name][0]
    machine = ExplainableBoostingClassifier(
        feature_names=[column.name for column in columns],
        feature_types=["nominal" if column.categorical else "continuous" for column in columns],
        interactions=config.pairs, outer_bags=_BAGS, random_state=config.seed, n_jobs=1,
        max_rounds=50_000 if len(outcome) >= _FEW_ROWS else _FEW_ROUNDS,
    )  # fmt: skip
    frame = pd.DataFrame(table)
    with warnings.catch_warnings():
        # missing values are terms of their own here and shown as such
        warnings.filterwarnings("ignore", message="Missing values detected")
        warnings.filterwarnings("ignore", message="All-NaN slice encountered")
        machine.fit(frame, outcome, bags=_bags(client, outcome, config.seed))
    terms: list[Term] = []
    for members, weights in zip(machine.term_features_, machine.term_scores_, strict=True):
        resolution = len(members) - 1
        bins, tables = [], np.asarray(weights)
        for axis, member in enumerate(members):
            fitted_bins = machine.bins_[member][min(resolution, len(machine.bins_[member]) - 1)]
            if columns[member].categorical:
                own = Bins(columns[member].name, None, columns[member].levels)
                places = [fitted_bins.get(str(n), tables.shape[axis] - 1) for n in range(own.count)]
                tables = np.take(tables, places, axis=axis)
            else:
                own = Bins(columns[member].name, np.asarray(fitted_bins, dtype=np.float64))
                tables = np.take(tables, range(own.count), axis=axis)
            bins.append(own)
        terms.append(BinnedTerm(tuple(bins), tables))
    model = AdditiveModel("ebm", columns, tuple(terms), float(np.ravel(machine.intercept_)[0]))
    _require_agreement(model, features, machine.decision_function(frame))
    return model


def _bags(client: np.ndarray, outcome: np.ndarray, seed: int) -> np.ndarray | None:
    """Which rows each bag fits on (1) and which tell it when to stop (-1), all of a client on one side.

    None where no client stands twice: the library then draws rows itself. With rows drawn apart, a client's
    other months would tell a bag to go on learning the client by heart.
    """
    clients, number = np.unique(client.astype(str), return_inverse=True)
    if len(clients) == len(client):
        return None
    left = np.zeros(len(clients), dtype=bool)
    left[number[outcome == 1]] = True
    bags = np.empty((len(client), _BAGS), dtype=np.int8)
    random = np.random.default_rng(seed)
    for bag in range(_BAGS):
        held = np.zeros(len(clients), dtype=bool)
        for kind in (np.flatnonzero(left), np.flatnonzero(~left)):
            held[random.choice(kind, int(np.ceil(_HELD_OUT * len(kind))), replace=False)] = len(kind) > 1
        bags[:, bag] = np.where(held[number], -1, 1)
    return bags


_FIT = {"logistic": _fit_logistic, "ebm": _fit_ebm}


def _require_agreement(model: AdditiveModel, features: pd.DataFrame, theirs: np.ndarray) -> None:
    ours = model.log_odds(model.contributions(model.encode(features)))
    gap = float(np.max(np.abs(ours - theirs)))
    if gap > _AGREES:
        raise AssertionError(f"{model.family}: the additive form differs from the library's scores by {gap:.1e}")


def fit_family(
    family: str,
    features: pd.DataFrame,
    outcome: np.ndarray,
    contract: Contract,
    config: ModelConfig,
    client: np.ndarray | None = None,
) -> AdditiveModel:
    """An uncalibrated model of a family ("logistic", "ebm") on these rows; same rows and seed, same bits.

    `client` (n,): whom each row is about; None: every row is about another client.
    """
    columns = describe_columns(features, contract)
    whom = np.arange(len(outcome)) if client is None else client
    return _FIT[family](columns, features, outcome, whom, config)


# --- folds


def make_folds(rows: TrainingSet, contract: Contract, config: ModelConfig, horizon_days: int) -> tuple[list, str]:
    """(train, test) row numbers, and how they were cut. All snapshots of a client are on one side.

    With dates, and where early rows suffice: a third of the clients in each of the later two thirds of the
    time is tested by a model of other clients' rows whose outcomes were known before. Else: by client,
    stratified by outcome.
    """
    if contract.dated:
        folds = list(_forward_folds(rows, config, horizon_days))
        tested = rows.outcome[np.concatenate([test for _, test in folds])] if folds else rows.outcome[:0]
        both = min(tested.sum(), (1 - tested).sum()) >= 2
        if len(folds) == (_TIME_BLOCKS - 1) * _CLIENT_GROUPS and both:
            return folds, "by client, forward in time"
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    smallest = int(min(rows.outcome.sum(), (1 - rows.outcome).sum()))
    clients = len(np.unique(rows.client.astype(str)))
    if clients < 2:
        raise BellwetherError("Nothing to learn yet: every known outcome is of one and the same client.")
    count = max(2, min(config.folds, smallest, clients))
    if clients == rows.n:
        splitter = StratifiedKFold(count, shuffle=True, random_state=config.seed)
        return list(splitter.split(rows.features, rows.outcome)), "by client"
    grouped = StratifiedGroupKFold(count, shuffle=True, random_state=config.seed)
    return list(grouped.split(rows.features, rows.outcome, groups=rows.client)), "by client"


def _blocks(rows: TrainingSet, config: ModelConfig, horizon_days: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(known before, inside), as masks (n,), of the later thirds of the time that have enough known before."""
    dates, counts = np.unique(rows.as_of, return_counts=True)
    if len(dates) < _TIME_BLOCKS:
        return
    before = np.cumsum(counts) - counts
    block_of_date = np.minimum(before * _TIME_BLOCKS // rows.n, _TIME_BLOCKS - 1)
    horizon = np.timedelta64(horizon_days, "D")
    for block in range(1, _TIME_BLOCKS):
        inside = dates[block_of_date == block]
        if len(inside) == 0:
            continue
        known = rows.as_of + horizon <= inside[0] if horizon_days else rows.as_of < inside[0]
        if _enough(rows.outcome[known], config):
            yield known, (rows.as_of >= inside[0]) & (rows.as_of <= inside[-1])


def _enough(outcome: np.ndarray, config: ModelConfig) -> bool:
    leavers = int(outcome.sum())
    return len(outcome) >= config.gate.min_outcomes and min(leavers, len(outcome) - leavers) >= config.gate.min_each


def _forward_folds(
    rows: TrainingSet, config: ModelConfig, horizon_days: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    clients, client_number = np.unique(rows.client.astype(str), return_inverse=True)
    group = (np.random.default_rng(config.seed).permutation(len(clients)) % _CLIENT_GROUPS)[client_number]
    for known, inside in _blocks(rows, config, horizon_days):
        for number in range(_CLIENT_GROUPS):
            train, test = np.flatnonzero(known & (group != number)), np.flatnonzero(inside & (group == number))
            if _enough(rows.outcome[train], config) and len(test):
                yield train, test


# --- the contest


def _fold_log_odds(
    family: str, learned: TrainingSet, tested: pd.DataFrame, contract: Contract, config: ModelConfig
) -> np.ndarray:
    """Log-odds of `tested` by a model of `learned`."""
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
        for known, inside in _blocks(rows, config, horizon_days):
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
        slope, shift = _calibrate(scores[scored], outcome)
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
        single_columns={
            column.name: max(
                statistics.roc_auc(rows.outcome, _rule_scores(rows, column.name, config.seed)).value,
                _roc_auc_by_order(rows.features[column.name], rows.outcome),
            )
            for column in contract.columns
        },
        folds=how,
    )  # fmt: skip


def _calibrate(log_odds: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """Slope and shift of a sigmoid map (Platt 1999), or (1, 0) unless it is better by Akaike's criterion."""
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


# --- the fallback: one column as a rule


def _rule_bins(series: pd.Series) -> Bins:
    name = str(series.name)
    if pd.api.types.is_numeric_dtype(series):
        known = series.dropna().to_numpy(dtype=np.float64)
        return Bins(name, _cuts(known, [0.1, 0.25, 0.5, 0.75, 0.9]) if len(known) else np.array([]))
    counts = series.value_counts()
    return Bins(name, None, tuple(sorted(str(level) for level, count in counts.items() if count >= _RARE)))


def _rule_weights(numbers: np.ndarray, count: int, outcome: np.ndarray) -> np.ndarray:
    """Log-odds of leaving in each bin, drawn towards the overall rate by ten rows' worth."""
    rate = float(outcome.mean())
    left = np.bincount(numbers, weights=outcome, minlength=count)
    seen = np.bincount(numbers, minlength=count)
    return logit(np.clip((left + 10 * rate) / (seen + 10), 1e-6, 1 - 1e-6))


def _rule_scores(rows: TrainingSet, column: str, seed: int) -> np.ndarray:
    """Out-of-fold log-odds by one column alone (n,), five folds by client."""
    series = rows.features[column]
    bins = _rule_bins(series)
    plain = (ModelColumn(column, "numeric" if bins.cuts is not None else CATEGORICAL),)
    numbers = bins.number(AdditiveModel("rule", plain, (), 0.0).encode(series.to_frame()))
    clients, client_number = np.unique(rows.client.astype(str), return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(len(clients)) % 5)[client_number]
    scores = np.empty(rows.n)
    for number in range(5):
        learn, test = fold != number, fold == number
        scores[test] = _rule_weights(numbers[learn], bins.count, rows.outcome[learn])[numbers[test]]
    return scores


def _roc_auc_by_order(series: pd.Series, outcome: np.ndarray) -> float:
    """roc_auc of a column's numbers, rising or falling, the missing ones in the middle; 0.5 for levels.

    Bins would hide a leak whose boundary lies inside one of them.
    """
    known = series.dropna()
    if not pd.api.types.is_numeric_dtype(series) or len(known) == 0:
        return 0.5
    value = statistics.roc_auc(outcome, series.fillna(known.median()).to_numpy(dtype=np.float64)).value
    return max(value, 1 - value)


@dataclass(frozen=True, eq=False)
class Rule:
    """One column that ranks clients better than chance, as a model, with its out-of-fold risks (n,)."""

    column: str
    model: AdditiveModel
    risk: np.ndarray


def best_rule(rows: TrainingSet, contract: Contract, config: ModelConfig) -> Rule | None:
    """The best single column as a rule; None when no column is better than chance.

    Better: the lower end of the out-of-fold roc_auc's interval is above one half, at 95 % over all columns
    together (Bonferroni).
    """
    confidence = 1 - 0.05 / len(contract.columns)
    scores = {column.name: _rule_scores(rows, column.name, config.seed) for column in contract.columns}
    found = {name: statistics.roc_auc(rows.outcome, own, confidence) for name, own in scores.items()}
    name = max(found, key=lambda column: (found[column].low, column))
    if not found[name].low > 0.5:
        return None
    described = next(c for c in describe_columns(rows.features, contract) if c.name == name)
    bins = _rule_bins(rows.features[name])
    numbers = bins.number(AdditiveModel("rule", (described,), (), 0.0).encode(rows.features[[name]]))
    weights = _rule_weights(numbers, bins.count, rows.outcome)
    usual = float(weights[numbers].mean())
    model = AdditiveModel("rule", (described,), (BinnedTerm((bins,), weights - usual),), usual)
    return Rule(name, model.with_checks(rows.features[[name]].head(_CHECK_ROWS)), expit(scores[name]))


def require_two_classes(outcome: np.ndarray) -> None:
    """Raise when there is nothing to tell apart."""
    leavers = int(outcome.sum())
    if min(leavers, len(outcome) - leavers) < 2:
        raise BellwetherError(
            f"Nothing to learn yet: {len(outcome)} outcomes are known, {leavers} of them 'left'; "
            "at least two clients who left and two who stayed are needed."
        )
