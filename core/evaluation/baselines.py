"""What a model must beat to be worth having."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core import statistics
from core.statistics import Interval


@dataclass(frozen=True)
class Beaten:
    """A model beside a baseline on the same rows."""

    baseline: str
    #: the model's less the baseline's
    roc_auc: Interval
    #: below zero: the model is better
    log_loss: Interval
    #: "better", "worse" or "no sure difference"
    verdict: str
    sentence: str


BETTER, WORSE, OPEN = "better", "worse", "no sure difference"


def against(
    y_true: np.ndarray,
    risk: np.ndarray,
    baseline: str,
    theirs: np.ndarray,
    *,
    seed: int,
    cluster: np.ndarray | None = None,
) -> Beaten:
    """How `risk` (n,) does beside a baseline's (n,) on outcomes (n,), by paired draws; named as in a sentence.

    Better: a surely lower log loss without a surely lower roc_auc; worse: either is surely worse.
    """
    found = statistics.differences(y_true, risk, theirs, seed=seed, cluster=cluster)
    auc, loss = found.roc_auc, found.log_loss
    verdict = WORSE if auc.high < 0 or loss.low > 0 else BETTER if loss.high < 0 else OPEN
    says = {BETTER: "beats", WORSE: "does worse than", OPEN: "does not surely differ from"}[verdict]
    sentence = (
        f"The model {says} {baseline}: roc_auc {auc.value:+.3f} ({auc.low:+.3f} to {auc.high:+.3f}), "
        f"log loss {loss.value:+.4f} ({loss.low:+.4f} to {loss.high:+.4f})."
    )
    return Beaten(baseline, auc, loss, verdict, sentence)


def base_rate(y_true: np.ndarray) -> np.ndarray:
    """The risk of who knows the rate of leavers and nothing else (n,)."""
    return np.full(len(y_true), float(np.mean(y_true)))
