"""The smallest change of one column that would bring a client below a risk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.model import AdditiveModel, ModelColumn
from core.scoring.effects import effect_curve
from core.scoring.reasons import own_text

#: values of a number lie about so many steps apart over its range
_STEPS = 200


def smallest_changes(model: AdditiveModel, row: pd.DataFrame, columns: Sequence[str], below: float) -> pd.DataFrame:
    """Of each column the nearest value at which the risk would be lower than `below`, the smallest change first.

    `row`: the client's values (1 row). column, now and to (texts), risk, size: of numbers the change in shares of the
    range between the lowest and highest tenth of those learned from, of a level 1. Only values that were learned from
    are looked at, one column at a time (Wachter, Mittelstadt, Russell 2017, with one column free). A column that cannot
    do it alone is left out. It says how the model behaves, and not what would happen to the client.
    """
    made = []
    for column in model.columns:
        values = _candidates(model, column) if column.name in columns else []
        if not values:
            continue
        now = row[column.name].iloc[0]
        tried = pd.concat([row] * len(values), ignore_index=True)
        tried[column.name] = pd.Series(values, dtype=object if column.categorical else "float64")
        for value, risk in zip(values, model.risk(tried).tolist(), strict=True):
            size = _size(column, now, value)
            if risk < below and size > 0:
                made.append((column.name, own_text(column, now), own_text(column, value), risk, size))
    found = pd.DataFrame(made, columns=["column", "now", "to", "risk", "size"])
    return found.sort_values(["size", "column"], kind="stable").drop_duplicates("column").reset_index(drop=True)


def _candidates(model: AdditiveModel, column: ModelColumn) -> list:
    values = effect_curve(model, column.name)["value"]
    known = [value for value in values[values.notna()].tolist() if value != ""]
    if column.categorical or not column.high > column.low:
        return known
    digits = int(np.ceil(-np.log10((column.high - column.low) / _STEPS)))  # a value that people would say
    rounded = np.round(np.array(known, dtype=float), digits)
    return sorted({value for value in rounded.tolist() if column.low <= value <= column.high})


def _size(column: ModelColumn, now: object, to: object) -> float:
    if column.categorical or now is None or now != now:  # noqa: PLR0124  NaN differs from itself
        return float(now != to)
    cuts = np.asarray(column.cuts, dtype=float)
    spread = cuts[-1] - cuts[0] if len(cuts) > 1 and cuts[-1] > cuts[0] else column.high - column.low
    return abs(float(to) - float(now)) / spread if spread > 0 else 0.0  # type: ignore[arg-type]
