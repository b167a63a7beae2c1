"""Who is learned from and who is tested, so that nothing is tested by what it taught."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.config import ModelConfig
from core.errors import BellwetherError
from core.schema import Contract
from core.training.rows import TrainingSet

_TIME_BLOCKS = 3
_CLIENT_GROUPS = 3
#: stretches of time that a deployed model is followed through: a world that turned shows in the newest ones
_STRETCHES = 5


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


def rolling(
    rows: TrainingSet, config: ModelConfig, horizon_days: int, judged: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(known before, inside), as masks (n,), of a few stretches of time with about as many `judged` rows (mask) each.

    Only stretches with enough known before them.
    """
    dates, counts = np.unique(rows.as_of[judged], return_counts=True)
    before = np.cumsum(counts) - counts
    stretch = np.minimum(before * _STRETCHES // max(int(judged.sum()), 1), _STRETCHES - 1)
    for number in np.unique(stretch):
        inside = dates[stretch == number]
        known = _known_before(rows, inside[0], horizon_days)
        if _enough(rows.outcome[known], config):
            yield known, (rows.as_of >= inside[0]) & (rows.as_of <= inside[-1])


def _known_before(rows: TrainingSet, date: np.datetime64, horizon_days: int) -> np.ndarray:
    """Rows (mask) whose outcome was known at `date`."""
    if horizon_days:
        return np.asarray(rows.as_of + np.timedelta64(horizon_days, "D") <= date)
    return np.asarray(rows.as_of < date)


def _blocks(rows: TrainingSet, config: ModelConfig, horizon_days: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(known before, inside), as masks (n,), of the later thirds of the time that have enough known before."""
    dates, counts = np.unique(rows.as_of, return_counts=True)
    if len(dates) < _TIME_BLOCKS:
        return
    before = np.cumsum(counts) - counts
    block_of_date = np.minimum(before * _TIME_BLOCKS // rows.n, _TIME_BLOCKS - 1)
    for block in range(1, _TIME_BLOCKS):
        inside = dates[block_of_date == block]
        if len(inside) == 0:
            continue
        known = _known_before(rows, inside[0], horizon_days)
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
