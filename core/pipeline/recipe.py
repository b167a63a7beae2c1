"""How a version is made of what is known: the same path the first time and whenever it is made again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from core import training
from core.config import ModelConfig
from core.dataset import Dataset
from core.errors import BellwetherError
from core.model import AdditiveModel
from core.schema import Contract
from core.training import Contest, TrainingSet

RULE = "rule"


@dataclass(frozen=True, eq=False)
class Material:
    """What a version is made from."""

    #: rows of the dataset that may train
    rows: pd.DataFrame
    #: the columns that are looked at
    features: Contract
    #: the same rows, in the order of training
    known: TrainingSet


def material(
    dataset: Dataset, contract: Contract, config: ModelConfig, horizon_days: int, at: datetime
) -> Material:  # fmt: skip
    """What there is to learn from at `at`. Raises `BellwetherError` when there is nothing to tell apart."""
    features = training.looked_at(contract, config)
    rows = dataset.trainable(at, horizon_days)
    known = training.training_set(rows, features, config.weight)
    training.require_two_classes(known.outcome)
    return Material(rows, features, known)


@dataclass(frozen=True, eq=False)
class Product:
    """A model, with what goes into its version."""

    model: AdditiveModel
    #: out of fold, (n,); NaN where no fold tested a row
    risk: np.ndarray
    #: rows it was fitted on
    fitted: int


def fitted(made_from: Material, config: ModelConfig, contest: Contest, family: str) -> Product:
    """The contest's winner fitted on all rows; or, where `family` is "rule", the best single column.

    Raises `BellwetherError` when no column makes a rule.
    """
    known, features = made_from.known, made_from.features
    if family != RULE:
        model, count = training.fit_winner(known, features, config, contest)
        return Product(model, contest.risk, count)
    rule = training.best_rule(known, features, config)
    if rule is None:
        raise BellwetherError("No single column is better than chance, so there is no rule.")
    return Product(rule.model, rule.risk, known.n)
