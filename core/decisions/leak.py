"""Whether a single column tells the outcome better than an honest column can."""

from __future__ import annotations

import math
from statistics import NormalDist

from core.config import GateConfig
from core.decisions.outcomes import too_little_to_trust

#: a column that surely ranks better than this alone is suspicious, however few outcomes say so
_SURELY = 0.9


def least_roc_auc(value: float, leavers: int, stayers: int, confidence: float = 0.95) -> float:
    """Lower end of the score interval of a roc_auc `value` seen on so many outcomes (0-1; NaN stays NaN).

    Newcombe 2006, Statistics in Medicine 25:559, method 5: Hanley and McNeil's variance at the lower end itself, with
    the mean of both counts for either. Unlike DeLong's interval it has a width where the outcomes are parted wholly,
    which on few outcomes any column may do by accident.
    """
    from scipy.optimize import brentq

    if not value > 0:
        return value
    reach = NormalDist().inv_cdf(0.5 + confidence / 2)
    others = (leavers + stayers) / 2 - 1

    def gap(area: float) -> float:
        pairs = 1 + others * (1 - area) / (2 - area) + others * area / (1 + area)
        return value - area - reach * math.sqrt(area * (1 - area) * pairs / (leavers * stayers))

    return float(brentq(gap, 0.0, min(value, 1 - 1e-9)))


def looks_like_leak(roc_auc: float, outcomes: int, leavers: int, rules: GateConfig) -> bool:
    """Whether the best single column, whose `roc_auc` this is, all but decides the outcome.

    With too few outcomes to trust it must do so beyond chance too: the lower end of its interval counts then.
    """
    if not roc_auc >= rules.leak_roc_auc:
        return False
    if not too_little_to_trust(outcomes, leavers, rules):
        return True
    return least_roc_auc(roc_auc, leavers, outcomes - leavers) >= min(_SURELY, rules.leak_roc_auc)
