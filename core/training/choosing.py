"""Which family is worth its complexity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Standing:
    """How a family did beside the best one."""

    #: mean of the folds' mean log losses
    loss: float
    #: how much that is above the best family's, and the standard error of this over the folds
    behind: float
    error: float


def compared(losses: Mapping[str, np.ndarray]) -> dict[str, Standing]:
    """family -> how it did, of the mean log loss in each fold (family -> (folds,)), the same folds for all."""
    best = min(losses, key=lambda family: float(losses[family].mean()))
    made = {}
    for family, own in losses.items():
        gap = own - losses[best]
        error = float(gap.std(ddof=1) / np.sqrt(len(gap))) if len(gap) > 1 else 0.0
        made[family] = Standing(float(own.mean()), float(gap.mean()), error)
    return made


def simplest(standings: Mapping[str, Standing]) -> str:
    """The first family, of those given from the simplest on, within one standard error of the best.

    One-standard-error rule (Breiman et al. 1984, section 3.4.3), on the paired differences of the folds.
    """
    return next(family for family, at in standings.items() if at.behind <= at.error)
