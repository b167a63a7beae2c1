"""Families of models: fitted by a library, turned into the additive form, checked against the library."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from core.config import ModelConfig
from core.model import AdditiveModel, BinnedTerm, Bins, LinearTerm, ModelColumn, Term
from core.schema import CATEGORICAL, Contract

#: levels with fewer training rows share one weight with levels never seen
RARE = 5
#: levels of one column with a weight of their own, the most frequent; all others share one
MOST_LEVELS = 100
#: columns with more levels stand alone: a table of pairs would have more cells than rows to fill it
_LEVELS_OF_A_PAIR = 50
#: numbers with at most this many distinct values are named value by value
_FEW_VALUES = 10
#: below this many rows too few can be held back to stop boosting in time, and 50,000 rounds take a minute
_FEW_ROWS, _FEW_ROUNDS = 200, 500
#: boosting machines that are averaged, and the share of clients that tells each when to stop
_BAGS, _HELD_OUT = 4, 0.15
_AGREES = 1e-6


def describe_columns(features: pd.DataFrame, contract: Contract) -> tuple[ModelColumn, ...]:
    """What is usual in the training rows, column by column."""
    described = []
    for column in contract.columns:
        series = features[column.name]
        if column.kind == CATEGORICAL:
            counts = series.value_counts()
            usual = min(counts[counts == counts.max()].index) if len(counts) else None
            described.append(ModelColumn(column.name, column.kind, levels=frequent_levels(counts), usual=usual))
            continue
        known = series.dropna().to_numpy(dtype=np.float64)
        if len(known) == 0:
            described.append(ModelColumn(column.name, column.kind))
            continue
        distinct = np.unique(known)
        described.append(
            ModelColumn(
                column.name, column.kind, cuts=tuple(float(cut) for cut in cuts(known, np.arange(0.1, 0.95, 0.1))),
                distinct=tuple(float(value) for value in distinct) if len(distinct) <= _FEW_VALUES else (),
                usual=float(np.median(known)), low=float(distinct[0]), high=float(distinct[-1]),
            )
        )  # fmt: skip
    return tuple(described)


def frequent_levels(counts: pd.Series, most: int = MOST_LEVELS) -> tuple[str, ...]:
    """Levels (sorted) that get a weight of their own: those with enough rows, of many the `most` frequent."""
    often = sorted((-int(count), str(level)) for level, count in counts.items() if count >= RARE)
    return tuple(sorted(level for _, level in often[:most]))


def cuts(known: np.ndarray, shares: Sequence[float] | np.ndarray) -> np.ndarray:
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
        interactions=config.pairs, exclude=_no_pairs(columns), outer_bags=_BAGS, random_state=config.seed, n_jobs=1,
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


def _no_pairs(columns: tuple[ModelColumn, ...]) -> list[tuple[int, int]]:
    """Pairs of columns (by place) that make no term: those with a column of many levels."""
    many = {place for place, column in enumerate(columns) if len(column.levels) > _LEVELS_OF_A_PAIR}
    return [pair for pair in combinations(range(len(columns)), 2) if not many.isdisjoint(pair)]


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

    Of a column of many levels the `MOST_LEVELS` most frequent have a weight each and all others share one; a column
    of more than fifty stands alone, never in a pair.
    `client` (n,): whom each row is about; None: every row is about another client.
    """
    columns = describe_columns(features, contract)
    whom = np.arange(len(outcome)) if client is None else client
    return _FIT[family](columns, features, outcome, whom, config)
