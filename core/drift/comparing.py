"""Reference and current become distances and verdicts, column by column."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from core.config import MonitoringConfig
from core.drift.cells import counted, grid_of
from core.drift.levels import level_distances
from core.drift.numeric import numeric_distances
from core.drift.profile import LevelProfile, NumericProfile, Profile, profile_column
from core.drift.shapes import level_shape, number_shape
from core.drift.telling import calm_sentence, figure, level_sentence, name_of, numeric_sentence
from core.drift.verdicts import LOUDNESS, STABLE, TOO_FEW, corrected, verdict
from core.records import ColumnDrift
from core.wording import plural

MISSING = "missing"


@dataclass(frozen=True)
class _Found:
    """What one column shows before the others are known."""

    p: float
    effect: float
    sentence: str
    statistics: dict[str, float]
    where: dict[str, Any]
    usual: tuple[str, str]
    shape: dict[str, Any] = field(default_factory=dict)


def compare(
    reference: Profile, current: pd.DataFrame, config: MonitoringConfig, importance: Mapping[str, float] | None = None
) -> list[ColumnDrift]:
    """Drift of every column of the profile, the loudest verdict first and among equals the one that matters most.

    Alarm: the effect of the column's method reaches its threshold, and Benjamini-Hochberg q over all columns is below
    `config.q`; watch: half of the threshold. For numbers the effect is the exact Kolmogorov-Smirnov distance, for
    levels the total variation less its mean under no drift. `importance`: share of the model's weight by column.
    """
    weights = importance or {}
    made = []
    for name, kind in reference.kinds.items():
        own = reference.columns[name]
        now = profile_column(current[name], kind)
        found = _levels(name, own, now) if isinstance(own, LevelProfile) else _numbers(name, kind, own, now)
        made.append((_drift(name, kind, own, now, found, config, weights.get(name, math.nan)), found.p))
    told = [one.verdict != TOO_FEW for one, _ in made]
    q_values = corrected([p if tested else math.nan for (_, p), tested in zip(made, told, strict=True)])
    judged = [
        _judged(one, q, config) if tested else one for (one, _), q, tested in zip(made, q_values, told, strict=True)
    ]
    return sorted(judged, key=_rank)


def _judged(one: ColumnDrift, q: float, config: MonitoringConfig) -> ColumnDrift:
    found = verdict(one.effect, q, threshold=one.threshold, least_q=config.q)
    sentence = calm_sentence(one) if found == STABLE else one.sentence
    if one.low_power:
        sentence += " With so few rows only a large change would be seen."
    return replace(one, q=q, verdict=found, sentence=sentence)


def _rank(one: ColumnDrift) -> tuple[int, float, float, str]:
    effect = np.nan_to_num(one.effect, nan=-9.0)
    return LOUDNESS.index(one.verdict), -effect * np.nan_to_num(one.importance), -effect, one.column


def _drift(
    name: str, kind: str, reference: NumericProfile | LevelProfile, current: NumericProfile | LevelProfile,
    found: _Found, config: MonitoringConfig, importance: float,
) -> ColumnDrift:  # fmt: skip
    levels = isinstance(reference, LevelProfile)
    rules = config.categorical if levels else config.numeric
    known = [side.rows - (0 if levels else side.missing) for side in (reference, current)]
    few = min(known) < config.min_rows
    sentence = found.sentence
    if few:
        side, rows = ("reference", known[0]) if known[0] < config.min_rows else ("current rows", known[1])
        sentence = f"{name_of(name, kind)}: {plural(rows, 'known value')} in the {side} are too few for a verdict"
    effect = found.statistics.get(rules.method, math.nan) if rules.method != "total_variation" else found.effect
    return ColumnDrift(
        column=name, kind=kind, reference_n=reference.rows, current_n=current.rows,
        reference_missing=_share(reference), current_missing=_share(current),
        reference_usual=found.usual[0], current_usual=found.usual[1],
        method=rules.method, effect=effect, threshold=rules.threshold, q=math.nan, verdict=TOO_FEW if few else "",
        low_power=not few and min(known) < config.few_rows, importance=importance, sentence=sentence + ".",
        statistics=found.statistics, where=found.where, shape=found.shape,
    )  # fmt: skip


def _share(side: NumericProfile | LevelProfile) -> float:
    return side.missing / side.rows if side.rows else 0.0


def _numbers(name: str, kind: str, reference: Any, current: Any) -> _Found:
    if not len(reference.values) or not len(current.values):
        usual = tuple(_median(side.values, name, kind) for side in (reference, current))
        return _Found(math.nan, math.nan, "", {}, {}, (usual[0], usual[1]))
    grid = grid_of(reference.values)
    was, now = (counted(side.values, grid, in_order=side.in_order) for side in (reference, current))
    found = numeric_distances(was, now, deviation=reference.deviation)
    ks = found.ks
    statistics = {
        "ks": ks.distance, "ks_p": found.p, "psi": found.psi, "wasserstein": found.wasserstein,
        "jensen_shannon": found.jensen_shannon,
    }  # fmt: skip
    where = {("above" if ks.higher else "at_most"): ks.point} if ks.distance > 0 else {}
    before, after = found.reference_quartiles[1], found.current_quartiles[1]
    sentence = numeric_sentence(name, kind, found, current.rows)
    usual = figure(before, name, kind), figure(after, name, kind)
    shape = number_shape(was, now) | {"missing": [reference.missing, current.missing]}
    return _Found(found.p, ks.distance, sentence, statistics, where, usual, shape)


def _median(values: np.ndarray, name: str, kind: str) -> str:
    return figure(float(np.median(values)), name, kind) if len(values) else MISSING


def _levels(name: str, reference: LevelProfile, current: Any) -> _Found:
    usual = tuple(_most_frequent(side.counts) for side in (reference, current))
    if not reference.rows or not current.rows:
        return _Found(math.nan, math.nan, "", {}, {}, (usual[0], usual[1]))
    found = level_distances(reference.counts, current.counts)
    statistics = {
        "total_variation": found.total_variation, "chi_square": found.chi_square, "chi_square_p": found.p,
        "l_infinity": found.l_infinity, "psi": found.psi, "jensen_shannon": found.jensen_shannon,
    }  # fmt: skip
    where = {"levels": [level.name for level in found.grown]} if found.grown else {}
    sentence = level_sentence(name, found, reference.rows, current.rows)
    shape = level_shape(reference.counts, current.counts)
    return _Found(found.p, found.excess, sentence, statistics, where, (usual[0], usual[1]), shape)


def _most_frequent(counts: Mapping[str | None, int]) -> str:
    return next((level for level in counts if level is not None), MISSING)


def touched(values: pd.Series, where: Mapping[str, Any]) -> np.ndarray:
    """Which rows lie where the change of their column is (`ColumnDrift.where`)."""
    if "levels" in where:
        names = [name for name in where["levels"] if name is not None]
        found = values.isin(names) | (values.isna() if None in where["levels"] else False)
        return found.to_numpy(dtype=bool)
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    if "above" in where:
        return numbers > where["above"]
    return numbers <= where["at_most"] if "at_most" in where else np.zeros(len(values), dtype=bool)
