"""A model and clients become risks and bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.config import WorklistConfig
from core.model import AdditiveModel, Encoded

HIGH, MEDIUM, LOW, PROVISIONAL = "high", "medium", "low", "provisional"


@dataclass(frozen=True)
class BandCuts:
    """Risks from which a client is high or medium; None of both: no bands (provisional model)."""

    high: float
    medium: float

    def band(self, risk: np.ndarray) -> np.ndarray:
        """Band of each risk (n,), as text."""
        return np.where(risk >= self.high, HIGH, np.where(risk >= self.medium, MEDIUM, LOW))


def band_cuts(base_rate: float, config: WorklistConfig) -> BandCuts:
    """Bands of config, or else: high from three times the usual odds of leaving, medium from the usual odds.

    >>> cuts = band_cuts(0.07, WorklistConfig())
    >>> round(cuts.high, 3), round(cuts.medium, 3)
    (0.184, 0.07)
    """
    if config.bands is not None:
        return BandCuts(config.bands.high, config.bands.medium)
    odds = 3 * base_rate / (1 - base_rate)
    return BandCuts(odds / (1 + odds), base_rate)


@dataclass(frozen=True, eq=False)
class Scored:
    """Risks of n clients with what they are made of."""

    #: calibrated, (n,)
    risk: np.ndarray
    #: uncalibrated, (n,): intercept plus the sum of `contributions`
    log_odds: np.ndarray
    #: log-odds by term, (n, terms)
    contributions: np.ndarray
    encoded: Encoded


def score(model: AdditiveModel, features: pd.DataFrame) -> Scored:
    """Risk and exact contributions of each client; a client's result does not depend on the others."""
    encoded = model.encode(features)
    contributions = model.contributions(encoded)
    log_odds = model.log_odds(contributions)
    return Scored(model.calibrated(log_odds), log_odds, contributions, encoded)


def delivered(risk: np.ndarray, rows: pd.DataFrame, learned: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The risks that managers see (n,), and which of them are out of fold (mask).

    `risk`: a version's own risks of `rows` of the dataset (n,). Where it `learned` from the very snapshot, the risk it
    gave out of fold stands instead, for a model remembers.
    """
    key = ["_client", "_as_of"]
    own = rows[key].merge(learned[[*key, "risk"]], on=key, how="left")["risk"].to_numpy()
    out_of_fold = np.isfinite(own)
    return np.where(out_of_fold, own, risk), out_of_fold
