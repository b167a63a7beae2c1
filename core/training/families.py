"""Families of models: fitted by a library, turned into the additive form, checked against the library."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.config import ModelConfig
from core.model import AdditiveModel
from core.schema import Contract
from core.training.boosting import fit_boosting, without_pairs
from core.training.columns import describe_columns
from core.training.logistic import fit_logistic
from core.training.rows import TrainingSet

LOGISTIC, BOOSTING, PAIRS = "logistic", "ebm", "ebm_pairs"

_AGREES = 1e-6


def candidates(config: ModelConfig) -> tuple[str, ...]:
    """The families that compete, the simplest first: boosting machines without pairs of columns, then with."""
    both = config.pairs > 0
    asked = {"logistic": (LOGISTIC,), "ebm": (BOOSTING, PAIRS) if both else (BOOSTING,)}
    named = [family for one in config.families for family in asked[one]]
    return tuple(family for family in (LOGISTIC, BOOSTING, PAIRS) if family in named)


def fitted_together(config: ModelConfig) -> tuple[tuple[str, ...], ...]:
    """The candidates by fit: machines without pairs come out of those with pairs, see `fit_together`."""
    found = candidates(config)
    boosted = tuple(family for family in found if family != LOGISTIC)
    return tuple(group for group in (found[: len(found) - len(boosted)], boosted) if group)


def fit_together(
    families: tuple[str, ...], rows: TrainingSet, contract: Contract, config: ModelConfig
) -> dict[str, AdditiveModel]:
    """family -> its model on these rows, for families of one fit; the last one is fitted, the others come out of it."""
    richest = fit_rows(families[-1], rows, contract, config)
    return {family: without_pairs(family, richest, rows) for family in families[:-1]} | {families[-1]: richest}


def fit_family(
    family: str,
    features: pd.DataFrame,
    outcome: np.ndarray,
    contract: Contract,
    config: ModelConfig,
    client: np.ndarray | None = None,
) -> AdditiveModel:
    """An uncalibrated model of a family ("logistic", "ebm", "ebm_pairs") on these rows; same rows and seed, same bits.

    Of a column of many levels the `MOST_LEVELS` most frequent have a weight each and all others share one; a column
    of more than fifty stands alone, never in a pair.
    `client` (n,): whom each row is about; None: every row is about another client.
    """
    whom = np.arange(len(outcome)) if client is None else client
    nowhen = np.zeros(len(outcome), dtype="datetime64[us]")
    return fit_rows(family, TrainingSet(features, outcome, whom, nowhen), contract, config)


def fit_rows(
    family: str, rows: TrainingSet, contract: Contract, config: ModelConfig, *, jobs: int = 1
) -> AdditiveModel:
    """As `fit_family`, with the rows' weights, in `jobs` processes (-1: one for each core)."""
    columns = describe_columns(rows.features, contract)
    if family == LOGISTIC:
        model, theirs = fit_logistic(columns, rows, config)
    else:
        model, theirs = fit_boosting(family, columns, rows, config, config.pairs if family == PAIRS else 0, jobs)
    _require_agreement(model, rows.features, theirs)
    return model


def _require_agreement(model: AdditiveModel, features: pd.DataFrame, theirs: np.ndarray) -> None:
    ours = model.log_odds(model.contributions(model.encode(features)))
    gap = float(np.max(np.abs(ours - theirs)))
    if gap > _AGREES:
        raise AssertionError(f"{model.family}: the additive form differs from the library's scores by {gap:.1e}")
