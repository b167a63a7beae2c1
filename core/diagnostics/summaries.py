"""Summaries of the dataset: what is usual, and what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.records import Summary
from core.schema import CATEGORICAL, DATE


def summarise(rows: pd.DataFrame, kinds: dict[str, str]) -> list[Summary]:
    """Summary statistics of each column in `kinds` (name -> numeric, categorical, date).

    Numbers: mean, median, standard deviation (n - 1), minimum, maximum and quartiles of the known values.
    Dates: median, minimum and maximum. Categories: most frequent level and its count. All: share missing.
    """
    made: list[Summary] = []
    for name, kind in kinds.items():
        known = rows[name].dropna()
        made.append(Summary(name, "missing", len(rows), float(rows[name].isna().mean()) if len(rows) else 0.0))
        if len(known) == 0:
            continue
        if kind == CATEGORICAL:
            counts = known.value_counts()
            top = min(counts[counts == counts.max()].index)
            made.append(Summary(name, "most_frequent", len(known), float(counts.max()), str(top)))
        elif kind == DATE:
            at = {
                "median": known.quantile(0.5, interpolation="lower"),
                "min": known.min(),
                "max": known.max(),
            }
            made.extend(
                Summary(name, key, len(known), float("nan"), value.date().isoformat()) for key, value in at.items()
            )
        else:
            made.extend(_numeric(name, known.to_numpy(dtype=np.float64)))
    return made


def _numeric(name: str, known: np.ndarray) -> list[Summary]:
    q25, median, q75 = np.quantile(known, [0.25, 0.5, 0.75])
    figures = {
        "mean": known.mean(), "median": median, "std": known.std(ddof=1) if len(known) > 1 else np.nan,
        "min": known.min(), "max": known.max(), "q25": q25, "q75": q75,
    }  # fmt: skip
    return [Summary(name, statistic, len(known), float(value)) for statistic, value in figures.items()]
