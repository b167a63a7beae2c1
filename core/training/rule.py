"""The fallback: one column as a rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import statistics
from core.config import ModelConfig
from core.model import AdditiveModel, BinnedTerm, Bins, ModelColumn
from core.schema import CATEGORICAL, Contract
from core.training.columns import MOST_LEVELS, cuts, describe_columns, frequent_levels
from core.training.rows import TrainingSet

_CHECK_ROWS = 64


def _rule_bins(series: pd.Series, most: int) -> Bins:
    """Bins of a column: ranges of its numbers, or its levels, `most` of them."""
    name = str(series.name)
    if pd.api.types.is_numeric_dtype(series):
        known = series.dropna().to_numpy(dtype=np.float64)
        return Bins(name, cuts(known, [0.1, 0.25, 0.5, 0.75, 0.9]) if len(known) else np.array([]))
    return Bins(name, None, frequent_levels(series.value_counts(), most))


def _rule_weights(numbers: np.ndarray, count: int, outcome: np.ndarray) -> np.ndarray:
    """Log-odds of leaving in each bin, drawn towards the overall rate by ten rows' worth."""
    rate = float(outcome.mean())
    left = np.bincount(numbers, weights=outcome, minlength=count)
    seen = np.bincount(numbers, minlength=count)
    from scipy.special import logit

    return logit(np.clip((left + 10 * rate) / (seen + 10), 1e-6, 1 - 1e-6))


def _rule_scores(rows: TrainingSet, column: str, seed: int, most: int) -> np.ndarray:
    """Out-of-fold log-odds by one column alone (n,), five folds by client; of levels, by `most` of them."""
    series = rows.features[column]
    bins = _rule_bins(series, most)
    plain = (ModelColumn(column, "numeric" if bins.cuts is not None else CATEGORICAL),)
    numbers = bins.number(AdditiveModel("rule", plain, (), 0.0).encode(series.to_frame()))
    clients, client_number = np.unique(rows.client.astype(str), return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(len(clients)) % 5)[client_number]
    scores = np.empty(rows.n)
    for number in range(5):
        learn, test = fold != number, fold == number
        scores[test] = _rule_weights(numbers[learn], bins.count, rows.outcome[learn])[numbers[test]]
    return scores


def _roc_auc_by_order(series: pd.Series, outcome: np.ndarray) -> float:
    """roc_auc of a column's numbers, rising or falling, the missing ones in the middle; 0.5 for levels.

    Bins would hide a leak whose boundary lies inside one of them.
    """
    known = series.dropna()
    if not pd.api.types.is_numeric_dtype(series) or len(known) == 0:
        return 0.5
    value = statistics.roc_auc(outcome, series.fillna(known.median()).to_numpy(dtype=np.float64)).value
    return max(value, 1 - value)


def single_column_roc_auc(rows: TrainingSet, contract: Contract, seed: int) -> dict[str, float]:
    """roc_auc of each column alone: out of fold in bins, or by the order of its numbers if that is higher.

    All of a column's levels count, for a leak may lie in the rare ones.
    """
    return {
        column.name: max(
            statistics.roc_auc(rows.outcome, _rule_scores(rows, column.name, seed, rows.n)).value,
            _roc_auc_by_order(rows.features[column.name], rows.outcome),
        )
        for column in contract.columns
    }


@dataclass(frozen=True, eq=False)
class Rule:
    """One column that ranks clients better than chance, as a model, with its out-of-fold risks (n,)."""

    column: str
    model: AdditiveModel
    risk: np.ndarray


def best_rule(rows: TrainingSet, contract: Contract, config: ModelConfig) -> Rule | None:
    """The best single column as a rule; None when no column is better than chance.

    Better: the lower end of the out-of-fold roc_auc's interval is above one half, at 95 % over all columns
    together (Bonferroni).
    """
    from scipy.special import expit

    confidence = 1 - 0.05 / len(contract.columns)
    scores = {column.name: _rule_scores(rows, column.name, config.seed, MOST_LEVELS) for column in contract.columns}
    found = {name: statistics.roc_auc(rows.outcome, own, confidence) for name, own in scores.items()}
    name = max(found, key=lambda column: (found[column].low, column))
    if not found[name].low > 0.5:
        return None
    described = next(c for c in describe_columns(rows.features, contract) if c.name == name)
    bins = _rule_bins(rows.features[name], MOST_LEVELS)
    numbers = bins.number(AdditiveModel("rule", (described,), (), 0.0).encode(rows.features[[name]]))
    weights = _rule_weights(numbers, bins.count, rows.outcome)
    usual = float(weights[numbers].mean())
    model = AdditiveModel("rule", (described,), (BinnedTerm((bins,), weights - usual),), usual)
    return Rule(name, model.with_checks(rows.features[[name]].head(_CHECK_ROWS)), expit(scores[name]))
