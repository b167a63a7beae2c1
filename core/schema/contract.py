"""The contract itself, and the columns the model looks at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
import pandas as pd

NUMERIC, CATEGORICAL, DATE = "numeric", "categorical", "date"


@dataclass(frozen=True)
class Column:
    """A column the model may look at. `kind`: numeric, categorical or date (days to the snapshot)."""

    name: str
    kind: str


@dataclass(frozen=True)
class LeftOut:
    """A column that is not looked at, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Flagged:
    """A column that is looked at, yet a person should look into it first, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Contract:
    """What a client table looks like. An empty name means: there is no such column.

    `columns` are the features in the order of the first batch; id, owner and label are never among them.
    """

    client_id: str
    outcome: str
    as_of: str
    value: str
    owner: str
    label: str
    columns: tuple[Column, ...]
    left_out: tuple[LeftOut, ...]
    flagged: tuple[Flagged, ...] = ()

    @property
    def dated(self) -> bool:
        """Whether rows carry the date they are about."""
        return bool(self.as_of)

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that is stored, each once: features first, then value, owner and label."""
        features = tuple(column.name for column in self.columns)
        extra = (name for name in (self.value, self.owner, self.label) if name and name not in features)
        return features + tuple(dict.fromkeys(extra))

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of every stored column by name."""
        kinds = {self.owner: CATEGORICAL, self.label: CATEGORICAL, self.value: NUMERIC}
        return {name: kinds.get(name, CATEGORICAL) for name in self.names} | {
            column.name: column.kind for column in self.columns
        }

    @property
    def fingerprint(self) -> str:
        """Changes whenever rows would be read in another way."""
        return hashlib.blake2b(self.to_json().encode(), digest_size=8).hexdigest()

    def to_json(self) -> str:
        """For the store."""
        fields = asdict(self)
        if not self.flagged:  # contracts of before there were flags keep their text and fingerprint
            del fields["flagged"]
        return json.dumps(fields, sort_keys=True, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Contract:
        """Back from the store."""
        fields = json.loads(text)
        fields["columns"] = tuple(Column(**column) for column in fields["columns"])
        fields["left_out"] = tuple(LeftOut(**left) for left in fields["left_out"])
        fields["flagged"] = tuple(Flagged(**flag) for flag in fields.get("flagged", ()))
        return Contract(**fields)


class Feature(Protocol):
    """A column by name and kind: of the contract, or of a model."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def kind(self) -> str:
        """Numeric, categorical or date."""


def features(rows: pd.DataFrame, columns: Iterable[Feature]) -> pd.DataFrame:
    """The columns that a contract or a model looks at, in their order: the same function for training and serving.

    Numeric columns as float64, dates as days from the date to the snapshot (`rows["_as_of"]`), categories as
    they are. Missing is NaN or None. A column that `rows` lack, or hold in another kind because the contract
    changed, is missing in every row.
    """
    made = {column.name: _feature(rows, column) for column in columns}
    return pd.DataFrame(made, index=rows.index)


def _feature(rows: pd.DataFrame, column: Feature) -> pd.Series:
    found = rows.get(column.name)
    if column.kind == CATEGORICAL:
        if found is None or pd.api.types.is_numeric_dtype(found) or pd.api.types.is_datetime64_any_dtype(found):
            return pd.Series(None, index=rows.index, dtype=object)
        return found
    if found is not None and column.kind == DATE and pd.api.types.is_datetime64_any_dtype(found):
        return (rows["_as_of"] - found).dt.total_seconds() / 86400
    if found is not None and column.kind == NUMERIC and pd.api.types.is_numeric_dtype(found):
        return found
    return pd.Series(np.nan, index=rows.index, dtype=np.float64)
