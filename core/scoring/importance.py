"""How much of a model's weight each column carries."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.model import AdditiveModel


def importance(model: AdditiveModel, clients: pd.DataFrame) -> dict[str, float]:
    """Share of the model's weight that each column carries among these clients, 0-1, the heaviest first; together 1.

    The weight of a term is its mean absolute contribution to the log-odds, measured from its mean: what a change of the
    column can move. A term of two columns counts half for each.
    """
    contributions = model.contributions(model.encode(clients))
    weights = np.abs(contributions - contributions.mean(axis=0)).mean(axis=0)
    shares = dict.fromkeys((column.name for column in model.columns), 0.0)
    for term, weight in zip(model.terms, weights.tolist(), strict=True):
        for column in term.columns:
            shares[column] += weight / len(term.columns)
    total = sum(shares.values())
    ranked = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
    return {name: share / total if total else 0.0 for name, share in ranked}
