"""Explainable boosting machines (interpret-core), turned into the additive form."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from core.config import ModelConfig
from core.model import AdditiveModel, BinnedTerm, Bins, ModelColumn, Term
from core.training.rows import TrainingSet

#: columns with more levels stand alone: a table of pairs would have more cells than rows to fill it
_LEVELS_OF_A_PAIR = 50
#: below this many rows too few can be held back to stop boosting in time, and 50,000 rounds take a minute
_FEW_ROWS, _FEW_ROUNDS = 200, 500
#: boosting machines that are averaged, and the share of clients that tells each when to stop
_BAGS, _HELD_OUT = 4, 0.15


def fit_boosting(
    family: str, columns: tuple[ModelColumn, ...], rows: TrainingSet, config: ModelConfig, pairs: int, jobs: int
) -> tuple[AdditiveModel, np.ndarray]:
    """Main effects and `pairs` pairwise terms, and the library's own log-odds of the rows (n,).

    The same bits whatever the number of processes (`jobs`). Nori et al. 2019, arXiv 1909.09223.
    """
    from interpret.glassbox import ExplainableBoostingClassifier

    encoded = AdditiveModel(family, columns, (), 0.0).encode(rows.features)
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
        interactions=pairs, exclude=_no_pairs(columns), outer_bags=_BAGS, random_state=config.seed, n_jobs=jobs,
        max_rounds=50_000 if rows.n >= _FEW_ROWS else _FEW_ROUNDS,
    )  # fmt: skip
    frame = pd.DataFrame(table)
    with warnings.catch_warnings():
        # missing values are terms of their own here and shown as such
        warnings.filterwarnings("ignore", message="Missing values detected")
        warnings.filterwarnings("ignore", message="All-NaN slice encountered")
        bags = _bags(rows.client, rows.outcome, config.seed)
        machine.fit(frame, rows.outcome, sample_weight=rows.weight, bags=bags)
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
    model = AdditiveModel(family, columns, tuple(terms), float(np.ravel(machine.intercept_)[0]))
    return model, machine.decision_function(frame)


def without_pairs(family: str, model: AdditiveModel, rows: TrainingSet) -> AdditiveModel:
    """The machine that fitting without pairs on the same rows gives: main effects are fitted first, pairs after them.

    Its intercept is the one with which the mean risk is the rate of leavers, as the library sets it.
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    plain = replace(model, family=family, terms=tuple(t for t in model.terms if len(t.columns) == 1), intercept=0.0)
    sums = plain.log_odds(plain.contributions(plain.encode(rows.features)))
    rate = np.average(rows.outcome, weights=rows.weight)
    gap = lambda intercept: float(np.average(expit(sums + intercept), weights=rows.weight) - rate)  # noqa: E731
    reach = 50 + float(np.max(np.abs(sums)))
    return replace(plain, intercept=float(brentq(gap, -reach, reach, xtol=1e-13)))


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
