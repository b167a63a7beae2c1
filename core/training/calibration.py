"""Log-odds become risks that come true: a monotone map, fitted and chosen on rows that no fold learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core import statistics
from core.model import to_risk

#: a sigmoid needs some outcomes of either kind
_SIGMOID_EACH = 10
#: isotonic regression needs many outcomes of either kind, or it follows chance (Niculescu-Mizil & Caruana 2005)
_ISOTONIC_ROWS, _ISOTONIC_EACH = 1000, 100
#: parts of the clients that are mapped by what the others show
_GROUPS = 5
#: rows' worth of the overall rate in each step of the isotonic map, so that none is sure
_DRAWN = 2


@dataclass(frozen=True)
class Calibration:
    """A strictly rising map from log-odds to risk; see `AdditiveModel`."""

    #: "none", "sigmoid" or "isotonic"
    kind: str = "none"
    slope: float = 1.0
    shift: float = 0.0
    knots: tuple[tuple[float, float], ...] = ()

    def risk(self, log_odds: np.ndarray) -> np.ndarray:
        """Risk (0-1) of each log-odds (n,)."""
        return to_risk(log_odds, self.slope, self.shift, self.knots)


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """The chosen map, and for each row the map that its client had no part in."""

    #: fitted on all rows
    whole: Calibration
    #: by group, each fitted on the other groups
    parts: tuple[Calibration, ...]
    #: group of each row (n,)
    group: np.ndarray

    def risk(self, log_odds: np.ndarray) -> np.ndarray:
        """Risk of each row's log-odds (n,) by a map that its outcome had no part in; NaN stays NaN."""
        risk = np.empty(len(log_odds))
        for number, part in enumerate(self.parts):
            risk[self.group == number] = part.risk(log_odds[self.group == number])
        return risk


def sigmoid(log_odds: np.ndarray, outcome: np.ndarray) -> Calibration:
    """expit(slope * log_odds + shift) by maximum likelihood; none where it would turn the order round.

    On Platt's targets (Platt 1999): a leaver counts as one with (leavers + 1) / (leavers + 2), so that a few rows
    that a threshold tells apart make nobody sure.
    """
    from sklearn.linear_model import LogisticRegression

    n, leavers = len(outcome), int(outcome.sum())
    target = np.where(outcome == 1, (leavers + 1) / (leavers + 2), 1 / (n - leavers + 2))
    twice, labels = np.concatenate([log_odds, log_odds])[:, None], np.repeat([1, 0], n)
    fitted = LogisticRegression(C=1e6).fit(twice, labels, sample_weight=np.concatenate([target, 1 - target]))
    slope, shift = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return Calibration("sigmoid", slope, shift) if slope > 0 else Calibration()


def isotonic(log_odds: np.ndarray, outcome: np.ndarray) -> Calibration:
    """The line through the centres of isotonic regression's steps, strictly rising (Oron & Flournoy 2017).

    Each step's rate is drawn towards the overall one by two rows' worth.
    """
    from scipy.special import logit
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(log_odds, kind="stable")
    places, left = log_odds[order], outcome[order].astype(np.float64)
    _, step = np.unique(IsotonicRegression().fit_transform(places, left), return_inverse=True)
    while True:
        n = np.bincount(step)
        rate = (np.bincount(step, left) + _DRAWN * left.mean()) / (n + _DRAWN)
        rising = IsotonicRegression().fit_transform(np.arange(len(n)), rate, sample_weight=n)
        _, merged = np.unique(rising, return_inverse=True)
        if merged[-1] + 1 == len(n):
            break
        step = merged[step]
    centres = np.bincount(step, places) / n
    return Calibration("isotonic", knots=tuple(zip(centres.tolist(), logit(rate).tolist(), strict=True)))


def calibrate(log_odds: np.ndarray, outcome: np.ndarray, client: np.ndarray, seed: int) -> CrossFitted:
    """The map with the lowest log loss on rows of clients that had no part in it; none on a tie.

    All of length n; `log_odds` out of fold, NaN where no fold tested a row. A sigmoid competes where there are some
    outcomes of either kind, isotonic regression where there are many.
    """
    clients, number = np.unique(client.astype(str), return_inverse=True)
    group = (np.random.default_rng(seed).permutation(len(clients)) % min(_GROUPS, len(clients)))[number]
    tested = np.isfinite(log_odds)
    n, leavers = int(tested.sum()), int(outcome[tested].sum())
    each = min(leavers, n - leavers)
    kinds = [sigmoid] if each >= _SIGMOID_EACH else []
    kinds += [isotonic] if n >= _ISOTONIC_ROWS and each >= _ISOTONIC_EACH else []
    none = Calibration()
    best = CrossFitted(none, (none,) * (int(group.max()) + 1), group)
    lowest = _loss(best, log_odds, outcome, tested)
    for kind in kinds:
        parts = []
        for held in range(len(best.parts)):
            known = tested & (group != held)
            parts.append(kind(log_odds[known], outcome[known]) if len(np.unique(outcome[known])) > 1 else none)
        found = CrossFitted(kind(log_odds[tested], outcome[tested]), tuple(parts), group)
        if (loss := _loss(found, log_odds, outcome, tested)) < lowest:
            best, lowest = found, loss
    return best


def _loss(found: CrossFitted, log_odds: np.ndarray, outcome: np.ndarray, tested: np.ndarray) -> float:
    return float(statistics.log_losses(outcome[tested], found.risk(log_odds)[tested]).mean())
