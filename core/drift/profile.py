"""What is kept of the reference, column by column, so that a comparison costs one pass over the current rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.drift.levels import count_levels
from core.schema import CATEGORICAL

#: kind and name of the risk as a column of its own: a change of it is prediction drift
PREDICTION, RISK = "prediction", "_risk"


@dataclass(frozen=True, eq=False)
class NumericProfile:
    """A column of numbers, or of dates in days to the snapshot."""

    #: the known values, shape (n,), in order when `in_order`
    values: np.ndarray
    missing: int
    #: standard deviation of the finite values
    deviation: float
    in_order: bool = False

    @property
    def rows(self) -> int:
        """Rows of the reference."""
        return len(self.values) + self.missing


@dataclass(frozen=True, eq=False)
class LevelProfile:
    """A column of levels."""

    #: rows of each level; the level None counts those missing
    counts: dict[str | None, int]

    @property
    def missing(self) -> int:
        """Rows without a level."""
        return self.counts.get(None, 0)

    @property
    def rows(self) -> int:
        """Rows of the reference."""
        return sum(self.counts.values())


@dataclass(frozen=True, eq=False)
class Profile:
    """The reference side of a comparison."""

    kinds: Mapping[str, str]
    columns: Mapping[str, NumericProfile | LevelProfile]


def profile(reference: pd.DataFrame, kinds: Mapping[str, str]) -> Profile:
    """The profile of the columns in `kinds` (name -> numeric, categorical, date or prediction)."""
    return Profile(dict(kinds), {name: profile_column(reference[name], kind) for name, kind in kinds.items()})


def profile_column(values: pd.Series, kind: str) -> NumericProfile | LevelProfile:
    """The profile of one column."""
    if kind == CATEGORICAL:
        return LevelProfile(count_levels(values))
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = np.isnan(numbers)
    known = numbers[~missing] if missing.any() else numbers
    return NumericProfile(known, int(missing.sum()), _deviation(known))


def _deviation(known: np.ndarray) -> float:
    with np.errstate(invalid="ignore", over="ignore"):
        found = float(known.std()) if len(known) else 0.0
    finite = known if np.isfinite(found) else known[np.isfinite(known)]
    return found if finite is known else float(finite.std()) if len(finite) else 0.0


def to_frame(made: Profile) -> pd.DataFrame:
    """For storing: column, kind, value (numbers), level (texts), rows; a row for each different value or level.

    The last row of a column tells how many are missing, and in `value` the standard deviation.
    """
    parts = [_typed(pd.DataFrame(columns=["value", "level", "rows"])).assign(column="", kind="")]
    for name, kind in made.kinds.items():
        own = made.columns[name]
        if isinstance(own, LevelProfile):
            levels = {level: rows for level, rows in own.counts.items() if level is not None}
            part = pd.DataFrame({"value": np.nan, "level": list(levels), "rows": list(levels.values())})
            deviation = np.nan
        else:
            values, rows = np.unique(own.values, return_counts=True)
            part = pd.DataFrame({"value": values, "level": None, "rows": rows})
            deviation = own.deviation
        absent = pd.DataFrame({"value": [deviation], "level": [None], "rows": [own.missing]})
        parts.append(pd.concat([_typed(part), _typed(absent)]).assign(column=name, kind=kind))
    return pd.concat(parts, ignore_index=True).astype({"column": "str", "kind": "str"})


def _typed(part: pd.DataFrame) -> pd.DataFrame:
    return part.astype({"value": "float64", "level": "str", "rows": "int64"})


def from_frame(stored: pd.DataFrame) -> Profile:
    """Back from `to_frame`: the same distances to the bit."""
    kinds: dict[str, str] = {}
    columns: dict[str, NumericProfile | LevelProfile] = {}
    for name, part in stored.groupby("column", sort=False):
        kind = str(part["kind"].iloc[0])
        missing = int(part["rows"].iloc[-1])
        held = part.iloc[:-1]
        kinds[str(name)] = kind
        if kind == CATEGORICAL:
            counts: dict[str | None, int] = dict(zip(held["level"].tolist(), held["rows"].tolist(), strict=True))
            columns[str(name)] = LevelProfile(counts | ({None: missing} if missing else {}))
        else:
            values = np.repeat(held["value"].to_numpy(), held["rows"].to_numpy())
            columns[str(name)] = NumericProfile(values, missing, float(part["value"].iloc[-1]), in_order=True)
    return Profile(kinds, columns)
