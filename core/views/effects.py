"""The shape of each column's effect in the champion."""

from __future__ import annotations

import pandas as pd

from core.scoring import effect_curve, pair_table
from core.workspace import Workspace


def effects(workspace: Workspace) -> dict[str, pd.DataFrame]:
    """column -> its effect curve (`value`, `text`, `contribution`), the widest first; empty without a champion."""
    champion = workspace.champion()
    if champion is None:
        return {}
    model = workspace.model(champion)
    curves = {column.name: effect_curve(model, column.name) for column in model.columns}
    told = {name: curve for name, curve in curves.items() if len(curve)}
    return dict(
        sorted(
            told.items(), key=lambda one: (-float(one[1]["contribution"].max() - one[1]["contribution"].min()), one[0])
        )
    )


def pairs(workspace: Workspace) -> dict[tuple[str, str], pd.DataFrame]:
    """(first, second) -> what the two add together beyond what each adds; empty without pairs."""
    champion = workspace.champion()
    if champion is None:
        return {}
    model = workspace.model(champion)
    return {
        (term.columns[0], term.columns[1]): pair_table(model, term.columns[0], term.columns[1])
        for term in model.terms
        if len(term.columns) == 2
    }
