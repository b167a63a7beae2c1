"""Intervals, tests and corrections that more than one room needs."""

from core.statistics.intervals import NOTHING, Interval, mean, share, spread_of_mean, wilson, z
from core.statistics.losses import log_losses
from core.statistics.proportions import fisher_above, newcombe
from core.statistics.ranking import roc_auc, roc_auc_difference
from core.statistics.resampling import Differences, bootstrap, differences, resampled

__all__ = [
    "NOTHING",
    "Differences",
    "Interval",
    "bootstrap",
    "differences",
    "fisher_above",
    "log_losses",
    "mean",
    "newcombe",
    "resampled",
    "roc_auc",
    "roc_auc_difference",
    "share",
    "spread_of_mean",
    "wilson",
    "z",
]
