"""Everything that is wrong with a chunk, what breaks most first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import numpy as np
import pandas as pd

from core.diagnostics.levels import categorical_faults
from core.diagnostics.numbers import numeric_faults
from core.diagnostics.rows import RowCounts, row_faults
from core.diagnostics.rules import BOUNDS, DEFAULT, MISSING, UNREADABLE, FaultRules
from core.diagnostics.shares import Counts, share_faults
from core.records import Fault
from core.schema import CATEGORICAL, DATE, NUMERIC


class KnownNumbers(Protocol):
    """A column of numbers, or of dates in days to the snapshot, as the reference has it."""

    @property
    def values(self) -> np.ndarray:
        """The known values, shape (n,)."""

    @property
    def missing(self) -> int:
        """Rows without a value."""


class KnownLevels(Protocol):
    """A column of levels as the reference has it."""

    @property
    def counts(self) -> dict[str | None, int]:
        """Rows of each level; None: missing."""


_NO_COUNTS: Mapping[str, tuple[Counts, Counts]] = {}


def find_faults(
    reference: Mapping[str, KnownNumbers | KnownLevels], current: pd.DataFrame, kinds: Mapping[str, str], *,
    importance: Mapping[str, float] | None = None, unreadable: Mapping[str, tuple[Counts, Counts]] = _NO_COUNTS,
    out_of_bounds: Mapping[str, tuple[Counts, Counts]] = _NO_COUNTS, rows: RowCounts | None = None,
    rules: FaultRules = DEFAULT,
) -> list[Fault]:  # fmt: skip
    """Faults of the current rows against the reference, what breaks most first; nothing where there is none.

    `reference`: the profile of each column; `kinds`: name -> numeric, categorical, date (others are passed over).
    `importance`: share of the model's weight by column. `unreadable`, `out_of_bounds`: cells of a column that are so,
    of the reference and of the current rows. What concerns all rows comes first, then columns by the weight they
    carry times the share of rows that is wrong.
    """
    looked_at = [name for name, kind in kinds.items() if kind in (NUMERIC, DATE, CATEGORICAL) and name in reference]
    found = row_faults(rows, rules) if rows else []
    cells = {(UNREADABLE, name): pair for name, pair in unreadable.items()}
    cells |= {(BOUNDS, name): pair for name, pair in out_of_bounds.items()}
    for name in looked_at:
        cells[MISSING, name] = _missing(reference[name], current[name], kinds[name])
    in_columns = share_faults(cells, rules)
    for name in looked_at:
        in_columns += _in_column(name, reference[name], current[name], kinds[name], rules)
    weights = importance or {}
    usual = 1 / max(1, len(looked_at))
    harm = [-weights.get(one.column, 0.0 if weights else usual) * one.figures.get("share", 1.0) for one in in_columns]
    order = sorted(range(len(in_columns)), key=lambda at: (harm[at], in_columns[at].column, in_columns[at].kind))
    return found + [in_columns[at] for at in order]


def _missing(reference: KnownNumbers | KnownLevels, current: pd.Series, kind: str) -> tuple[Counts, Counts]:
    now = Counts(int(current.isna().sum()), len(current))
    if kind == CATEGORICAL:
        counts = cast("KnownLevels", reference).counts
        return Counts(counts.get(None, 0), sum(counts.values())), now
    numbers = cast("KnownNumbers", reference)
    return Counts(numbers.missing, len(numbers.values) + numbers.missing), now


def _in_column(
    name: str, reference: KnownNumbers | KnownLevels, current: pd.Series, kind: str, rules: FaultRules
) -> list[Fault]:
    if kind == CATEGORICAL:
        known = current.dropna()
        counts: dict[str | None, int] = {str(level): int(rows) for level, rows in known.value_counts().items()}
        return categorical_faults(name, cast("KnownLevels", reference).counts, counts, rules)
    values = current.to_numpy(dtype=np.float64, na_value=np.nan)
    return numeric_faults(name, cast("KnownNumbers", reference).values, values, rules, measured=kind == NUMERIC)
