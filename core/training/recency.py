"""How much each row counts: by a column of config, and by how old it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.config import ModelConfig
from core.errors import BellwetherError
from core.schema import NUMERIC, Contract
from core.training.rows import TrainingSet

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Recency:
    """How old rows count less. Zero: they do not."""

    #: a row that is older by this many days than the newest one counts half
    half_life_days: float = 0
    #: rows older by more than this many days than the newest one are left out
    max_age_days: float = 0

    @property
    def counts(self) -> bool:
        """Whether old rows count less at all."""
        return self.half_life_days > 0 or self.max_age_days > 0


ALL_ALIKE = Recency()


def asked_recency(config: ModelConfig) -> Recency:
    """What config asks for; `hold_contest` looks whether it does any good."""
    return Recency(config.recency.half_life_days, config.recency.max_age_days)


def recent(rows: TrainingSet, recency: Recency) -> TrainingSet:
    """The rows that still count, weighted by their age beside the newest one; the mean weight is 1."""
    if not recency.counts or rows.n == 0:
        return rows
    age = (rows.as_of.max() - rows.as_of) / _DAY
    if recency.max_age_days:
        kept = np.flatnonzero(age <= recency.max_age_days)
        rows, age = rows.take(kept), age[kept]
    if not recency.half_life_days:
        return rows
    weight = 0.5 ** (age / recency.half_life_days)
    weight = weight if rows.weight is None else weight * rows.weight
    return replace(rows, weight=weight / weight.mean())


def looked_at(contract: Contract, config: ModelConfig) -> Contract:
    """The contract without the column that says how much a row counts: it is no feature.

    Raises `BellwetherError` when config names a column that is none of numbers.
    """
    if not config.weight:
        return contract
    kinds = {column.name: column.kind for column in contract.columns}
    if kinds.get(config.weight) != NUMERIC:
        known = ", ".join(name for name, kind in kinds.items() if kind == NUMERIC)
        raise BellwetherError(
            f"model.weight names {config.weight!r}, which is no column of numbers that the contract looks at "
            f"({known or 'there is none'}); name one of these or leave model.weight out."
        )
    return replace(contract, columns=tuple(c for c in contract.columns if c.name != config.weight))
