"""What the deployable families are measured by: gradient-boosted trees, which give no exact reasons."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.config import ModelConfig
from core.model import AdditiveModel, Bins, Encoded, ModelColumn
from core.schema import Contract
from core.training.columns import describe_columns
from core.training.rows import TrainingSet

#: rows from which some are held back to tell when to stop
_ENOUGH = 1000


def yardstick_log_odds(
    learned: TrainingSet, tested: pd.DataFrame, contract: Contract, config: ModelConfig
) -> np.ndarray:
    """Log-odds of `tested` (n,) by histogram gradient boosting on `learned` (Ke et al. 2017, as in scikit-learn).

    It sees the same columns, levels and gaps as the deployable families. One thread, so that the bits repeat.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    columns = describe_columns(learned.features, contract)
    plain = AdditiveModel("yardstick", columns, (), 0.0)
    enough = learned.n >= _ENOUGH
    machine = HistGradientBoostingClassifier(
        max_iter=200 if enough else 50, early_stopping=enough, random_state=config.seed,
        categorical_features=[column.categorical for column in columns],
    )  # fmt: skip
    with threadpool_limits(1):
        machine.fit(_table(columns, plain.encode(learned.features)), learned.outcome, sample_weight=learned.weight)
        scores: np.ndarray = machine.decision_function(_table(columns, plain.encode(tested)))
    return scores


def _table(columns: tuple[ModelColumn, ...], encoded: Encoded) -> np.ndarray:
    """Numbers as they are and levels by number, (n, columns), NaN where missing."""
    made = []
    for column in columns:
        if column.categorical:
            numbers = Bins(column.name, None, column.levels).number(encoded).astype(np.float64)
            made.append(np.where(numbers == 0, np.nan, numbers))
        else:
            made.append(encoded[column.name][0])
    return np.column_stack(made)
