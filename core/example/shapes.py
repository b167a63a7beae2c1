"""How the columns of a plainer world are drawn, and how their values are read and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

#: values of a column from its parameters, normal numbers (rows,) that were moved already, its own luck, and by how much
#: they were moved
_Draw = Callable[[tuple[float, ...], np.ndarray, np.random.Generator, float], np.ndarray]
_SHAPES: dict[str, _Draw] = {
    "lognormal": lambda p, z, _rng, _by: np.round(np.exp(p[0] + p[1] * z), 2),
    # Tukey's h distribution: tails as heavy as a t distribution with about 1 / h degrees of freedom
    "heavy": lambda p, z, _rng, _by: np.round(p[0] + p[1] * z * np.exp(p[2] * z**2 / 2), 3),
    "normal": lambda p, z, _rng, _by: np.round(p[0] + p[1] * z, 1),
    "counts": lambda p, z, rng, by: rng.poisson(p[0] + by * p[0] ** 0.5, len(z)).astype(float),
    "grades": lambda p, z, _rng, _by: np.clip(np.rint(p[0] + p[1] * z), 1, 5),
    "often_zero": lambda p, z, _rng, _by: np.where(z < p[0], 0.0, np.round(np.exp(p[1] + p[2] * z), 2)),
    "share": lambda p, z, _rng, _by: np.round(1 / (1 + np.exp(-(p[0] + p[1] * z))), 2),
    "days": lambda p, z, _rng, _by: np.rint(np.exp(p[0] + p[1] * z)),
    "days_ahead": lambda p, z, rng, by: np.rint(p[0] * (by / 12**0.5 - rng.random(len(z)))) + 0.0,
    "constant": lambda p, z, _rng, _by: np.full(len(z), p[0]),
    "nearly_constant": lambda p, z, rng, _by: p[0] + (rng.random(len(z)) < p[1]),
    # Zipf's law: the share of a level falls with its rank to this power
    "levels": lambda p, z, rng, _by: rng.choice(int(p[0]), len(z), p=_zipf(int(p[0]), p[1])).astype(float),
}
#: on which scale a shape is near normal
_SCALES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "lognormal": np.log1p,
    "heavy": np.arcsinh,
    "often_zero": np.log1p,
    "days": np.log1p,
    "counts": np.log1p,
}


@dataclass(frozen=True)
class Shape:
    """How a column is drawn, and what it does to those who have its values."""

    name: str
    #: "numeric", "categorical", "date"
    kind: str
    form: str
    parameters: tuple[float, ...]
    #: share of rows without a value
    missing: float = 0.0
    #: name of an earlier column it goes together with, and the correlation of the normal numbers behind both
    beside: str = ""
    correlation: float = 0.0
    #: log-odds of leaving per standard deviation, on the scale on which it is near normal; of levels: their spread
    weight: float = 0.0


def drawn(column: Shape, normal: np.ndarray, rng: np.random.Generator, by: float) -> np.ndarray:
    """Numbers behind a column (levels by rank), from normal numbers and, where these are not all, its own luck.

    `by`: standard deviations by which it lies higher. NaN where missing.
    """
    values = _SHAPES[column.form](column.parameters, normal + by, rng, by)
    return np.where(rng.random(len(normal)) < column.missing, np.nan, values)


def scaled(column: Shape, values: np.ndarray) -> np.ndarray:
    """Values on a scale on which they are near normal."""
    if column.form == "heavy":
        values = (values - column.parameters[0]) / column.parameters[1]
    return _SCALES[column.form](values) if column.form in _SCALES else values


def written(column: Shape, values: np.ndarray) -> np.ndarray | pd.Series:
    """What stands in the table: numbers as they are, levels by name."""
    if column.kind != "categorical":
        return values
    names = np.array([f"{column.name} {rank + 1}" for rank in range(int(column.parameters[0]))], dtype=object)
    known = ~np.isnan(values)
    found = pd.Series(names[np.where(known, values, 0).astype(np.int64)], dtype="str")
    return found.where(known)


def _zipf(count: int, power: float) -> np.ndarray:
    shares = np.arange(1, count + 1) ** -power
    return shares / shares.sum()
