"""The shape of each column's effect in the champion."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.schema import DATE
from core.scoring import effect_curve, pair_table
from core.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Effect:
    """What one column adds to the log-odds."""

    #: value, text, contribution
    curve: pd.DataFrame
    #: what the values are, with their unit where they are not as they came
    axis: str

    @property
    def width(self) -> float:
        """From the lowest contribution to the highest."""
        return float(self.curve["contribution"].max() - self.curve["contribution"].min())


def effects(workspace: Workspace) -> dict[str, Effect]:
    """column -> its effect, the widest first; empty without a champion."""
    champion = workspace.champion()
    if champion is None:
        return {}
    model = workspace.model(champion)
    made = {
        column.name: Effect(
            effect_curve(model, column.name),
            f"{column.name}, days before the snapshot" if column.kind == DATE else column.name,
        )
        for column in model.columns
    }
    told = [(name, effect) for name, effect in made.items() if len(effect.curve)]
    return dict(sorted(told, key=lambda one: (-one[1].width, one[0])))


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
