"""The shape of each column's effect."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from core.model import AdditiveModel, BinnedTerm, ModelColumn
from core.scoring.reasons import own_text

_POINTS = 101


def effect_curve(model: AdditiveModel, column: str) -> pd.DataFrame:
    """What a column adds to the log-odds, value by value: `value`, `text`, `contribution`.

    Of numbers over the range that was learned from, of levels one row each and one for all others, and a row for
    missing (value NaN or None). Pairs that the column is part of are left out: see `pair_table`. Empty where the
    column has no term of its own.
    """
    own = next((term for term in model.terms if term.columns == (column,)), None)
    described = next(one for one in model.columns if one.name == column)
    if own is None:
        return pd.DataFrame(columns=["value", "text", "contribution"])
    values = _values(described, own if isinstance(own, BinnedTerm) else None)
    frame = pd.DataFrame({column: pd.Series(values, dtype=object if described.categorical else "float64")})
    only = AdditiveModel(model.family, (described,), (own,), 0.0)
    contribution = only.contributions(only.encode(frame))[:, 0]
    others = "any other" if described.categorical else ""
    texts = [others if value == "" else own_text(described, value) for value in frame[column].tolist()]
    return pd.DataFrame({"value": frame[column], "text": texts, "contribution": contribution})


def _values(column: ModelColumn, binned: BinnedTerm | None) -> list:
    """Values at which a column's effect is looked at: of steps both sides of each."""
    if column.categorical:
        return [*column.levels, "", None]
    if not column.low <= column.high:
        return [float("nan")]
    cuts = np.array([]) if binned is None else np.asarray(binned.bins[0].cuts)
    inside = cuts[(cuts > column.low) & (cuts <= column.high)]
    steps = np.concatenate([inside, np.nextafter(inside, -np.inf)])
    points = np.linspace(column.low, column.high, _POINTS) if binned is None else np.array([column.low, column.high])
    return [*np.unique(np.concatenate([steps, points])).tolist(), float("nan")]


def pair_table(model: AdditiveModel, first: str, second: str) -> pd.DataFrame:
    """What two columns add beyond what each adds alone: rows by ranges or levels of the first, columns of the second.

    Empty where the pair has no term.
    """
    own = next((term for term in model.terms if term.columns == (first, second)), None)
    if not isinstance(own, BinnedTerm):
        return pd.DataFrame()
    described = {column.name: column for column in model.columns}
    names = []
    for bins in own.bins:
        column = described[bins.column]
        if bins.cuts is None:
            names.append(["unknown", *bins.levels, "any other"])
            continue
        edges = [own_text(column, float(cut)) for cut in bins.cuts]
        between = [f"{low} to {high}" for low, high in pairwise(edges)]
        names.append(["unknown", *([f"below {edges[0]}", *between, f"from {edges[-1]}"] if edges else ["known"])])
    return pd.DataFrame(own.weights, index=names[0], columns=names[1])
