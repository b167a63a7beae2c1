"""Of a thousand held-out sets, the 95 % intervals of about 950 hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn import metrics as peer

from core.evaluation import evaluate

_ROWS, _DRAWS, _THRESHOLD = 1500, 1000, 0.25


def world(n: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes, of which about a tenth is 1, and risks that rank well and are a little too bold."""
    log_odds = random.normal(-2.7, 1.2, n)
    outcome = (random.random(n) < expit(log_odds)).astype(int)
    return outcome, expit(1.25 * log_odds + 0.9)


def binned_gap(outcome: np.ndarray, risk: np.ndarray) -> float:
    """Root mean square of the gaps in tenths, on so many rows that chance adds next to nothing."""
    tenth = np.argsort(np.argsort(risk)) * 10 // len(risk)
    gaps = [risk[tenth == part].mean() - outcome[tenth == part].mean() for part in range(10)]
    return float(np.sqrt(np.mean(np.square(gaps))))


@pytest.mark.slow
def test_intervals_hold_the_truth_in_93_to_97_of_100_held_out_sets() -> None:
    outcome, risk = world(2_000_000, np.random.default_rng(1))
    called = risk >= _THRESHOLD
    truth = {
        "roc_auc": peer.roc_auc_score(outcome, risk),
        "average_precision": peer.average_precision_score(outcome, risk),
        "brier": peer.brier_score_loss(outcome, risk),
        "log_loss": peer.log_loss(outcome, risk),
        "f1": peer.f1_score(outcome, called),
        "precision": peer.precision_score(outcome, called),
        "recall": peer.recall_score(outcome, called),
        "accuracy": peer.accuracy_score(outcome, called),
        "mean_risk_gap": float(risk.mean() - outcome.mean()),
        "calibration_error": binned_gap(outcome, risk),
    }
    assert 0.09 < outcome.mean() < 0.11
    assert abs(logit(risk.mean()) - logit(outcome.mean())) > 0.2, "the risks are off, so that their gap is no zero"
    hits = dict.fromkeys(truth, 0)
    for seed in range(_DRAWS):
        found = evaluate(*world(_ROWS, np.random.default_rng([2, seed])), threshold=_THRESHOLD, seed=seed)
        for metric in found:
            hits[metric.metric] += metric.low <= truth[metric.metric] <= metric.high
    outside = {name: count for name, count in hits.items() if not 0.93 * _DRAWS <= count <= 0.97 * _DRAWS}
    assert not outside, (outside, hits)
