"""Whether a model can tell the current rows from the reference, by all columns together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from core.drift.telling import short
from core.drift.verdicts import ALARM, STABLE, TOO_FEW, WATCH
from core.schema import CATEGORICAL, DATE, NUMERIC
from core.statistics import NOTHING, Interval, roc_auc
from core.wording import listed, plural

#: roc_auc from which rows that can be told apart are watched, and alarm
WATCHED, ALARMED = 0.55, 0.65
#: of the interval that must lie above .5: wide, for risks out of fold vary more than DeLong's formula counts, which
#: takes them for those of one fit (by a quarter in rows without drift)
_CONFIDENCE = 0.9995
_MIN_ROWS = 30
_FOLDS = 3
#: codes of levels that the boosting machine takes; rarer levels share one
_LEVELS = 254
_REPEATS = 2
#: columns that a sentence names, each with at least this part of what the first one tells
_NAMED, _WORTH = 3, 0.2
#: a density ratio lies between these
_LEAST, _MOST = 0.02, 50.0


@dataclass(frozen=True, eq=False)
class DomainDrift:
    """How well the current rows can be told from the reference."""

    #: of the risk of being current, out of fold, with DeLong's interval
    roc_auc: Interval
    reference_n: int
    current_n: int
    verdict: str
    sentence: str
    #: columns and how much of roc_auc is lost when their values are shuffled, most first; () while stable
    ranking: tuple[tuple[str, float], ...] = ()
    #: places of the reference's rows that were looked at, in order
    reference_rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    #: how many times as dense the current rows are at each of these rows, shape (len(reference_rows),), .02 to 50
    density_ratio: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def effective_n(self) -> float:
        """Rows that the reference is worth once weighted by the density ratio: (sum w)^2 / sum w^2 (Kish 1965)."""
        weights = self.density_ratio
        return float(weights.sum() ** 2 / np.square(weights).sum()) if len(weights) else 0.0


def tell_apart(
    reference: pd.DataFrame, current: pd.DataFrame, kinds: Mapping[str, str], seed: int, per_side: int = 20_000
) -> DomainDrift:
    """Fit gradient-boosted trees to tell current rows from the reference, and see how well they do out of fold.

    Of each side at most `per_side` rows are drawn (seeded). Missing values are told as such. Alarm from a roc_auc of
    .65, watch from .55, each only where it surely lies above .5 (DeLong's interval at 99.95 %). Columns are ranked by
    what roc_auc loses out of fold when their values are shuffled among the rows. The density ratio q / (1 - q) *
    reference rows / current rows weights rows of the reference so that they look like the current ones.
    """
    from threadpoolctl import threadpool_limits

    names = [name for name, kind in kinds.items() if kind in (NUMERIC, DATE, CATEGORICAL)]
    if min(len(reference), len(current)) < _MIN_ROWS or not names:
        few = (
            f"{plural(len(current), 'current row')} against {len(reference):,} of the reference are too few to see "
            "whether they can be told apart."
        )
        return DomainDrift(NOTHING, len(reference), len(current), TOO_FEW, few)
    random = np.random.default_rng(seed)
    places = [np.sort(random.permutation(len(side))[:per_side]) for side in (reference, current)]
    sides = [side[names].iloc[own] for side, own in zip((reference, current), places, strict=True)]
    table, is_levels = _table(sides, kinds)
    is_current = np.repeat([0, 1], [len(own) for own in places])
    fold = np.concatenate([random.permutation(len(own)) % _FOLDS for own in places])
    # the trees take no column without a known value
    table[:, [any(np.isnan(column[fold != number]).all() for number in range(_FOLDS)) for column in table.T]] = 0.0
    with threadpool_limits(1):  # so that the bits repeat, and tables of this size are no slower
        machines = [
            _fitted(table[fold != number], is_current[fold != number], is_levels, seed) for number in range(_FOLDS)
        ]
        chance = _out_of_fold(machines, fold, table)
        area = roc_auc(is_current, chance)
        verdict = STABLE
        if area.value >= WATCHED and roc_auc(is_current, chance, _CONFIDENCE).low > 0.5:
            verdict = ALARM if area.value >= ALARMED else WATCH
        ranking = () if verdict == STABLE else _ranked(machines, fold, table, is_current, names, area.value, random)
    q = chance[: len(places[0])]
    with np.errstate(divide="ignore"):
        ratio = (q / (1 - q) * len(places[0]) / len(places[1])).clip(_LEAST, _MOST)
    return DomainDrift(
        area, len(reference), len(current), verdict, _sentence(area, ranking, len(current)), ranking, places[0], ratio
    )


def _sentence(area: Interval, ranking: tuple[tuple[str, float], ...], n: int) -> str:
    figure = f"roc_auc {short(area.value)} ({short(area.low)} to {short(area.high)})"
    if not ranking:
        return f"The new rows cannot be told from the reference: {figure}, {plural(n, 'row')}."
    most = [name for name, lost in ranking[:_NAMED] if lost > 0 and lost >= _WORTH * ranking[0][1]]
    verb = "tells" if len(most) == 1 else "tell"
    return f"The new rows can be told from the reference with {figure}" + (
        f"; {listed(most)} {verb} most." if most else "."
    )


def _table(sides: list[pd.DataFrame], kinds: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Both sides below each other as float64, levels as codes; and which columns hold levels."""
    both = pd.concat(sides, ignore_index=True)
    is_levels = np.array([kinds[str(name)] == CATEGORICAL for name in both])
    made = [
        _codes(both[name]) if levels else _numbers(both[name]) for name, levels in zip(both, is_levels, strict=True)
    ]
    return np.stack(made, axis=1), is_levels


def _numbers(values: pd.Series) -> np.ndarray:
    found = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return found.clip(np.finfo(np.float64).min, np.finfo(np.float64).max)


def _codes(values: pd.Series) -> np.ndarray:
    """Levels numbered by how frequent they are, equals by name; those beyond the last code share it."""
    texts = values.astype(object).where(values.notna(), None)
    codes, levels = pd.factorize(texts.map(str, na_action="ignore"))
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    order = sorted(range(len(levels)), key=lambda at: (-counts[at], levels[at]))
    rank = np.empty(len(levels) + 1)
    rank[order] = np.minimum(np.arange(len(levels)), _LEVELS - 1)
    rank[-1] = np.nan
    return rank[codes]


def _fitted(table: np.ndarray, is_current: np.ndarray, is_levels: np.ndarray, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    machine = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=8, learning_rate=0.1, l2_regularization=1.0, early_stopping=False,
        categorical_features=is_levels, random_state=seed,
    )  # fmt: skip
    return machine.fit(table, is_current)


def _out_of_fold(machines: list[Any], fold: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Chance of being current by the machine that has not seen the row."""
    chance = np.empty(len(table))
    for number, machine in enumerate(machines):
        own = fold == number
        chance[own] = machine.predict_proba(table[own])[:, 1]
    return chance


def _ranked(
    machines: list[Any], fold: np.ndarray, table: np.ndarray, is_current: np.ndarray, names: list[str], area: float,
    random: np.random.Generator,
) -> tuple[tuple[str, float], ...]:  # fmt: skip
    """Columns by what roc_auc loses when their values are shuffled within a fold (Breiman 2001, permutation)."""
    lost = []
    for place, name in enumerate(names):
        kept, areas = table[:, place].copy(), []
        for _ in range(_REPEATS):
            for number in range(len(machines)):
                own = np.flatnonzero(fold == number)
                table[own, place] = kept[random.permutation(own)]
            areas.append(roc_auc(is_current, _out_of_fold(machines, fold, table)).value)
        table[:, place] = kept
        lost.append((name, area - math.fsum(areas) / _REPEATS))
    return tuple(sorted(lost, key=lambda pair: (-pair[1], pair[0])))
