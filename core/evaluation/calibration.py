"""Whether risks come true."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core import statistics
from core.statistics import Interval

#: bins of as many rows each, of a reliability curve and of a calibration error
BINS = 10
_LEAST_PER_BIN = 20


def bin_numbers(risk: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Which of at most `bins` bins of about as many rows each a risk falls into (n,); equal risks stay together.

    Fewer bins where there are fewer than twenty rows for each.
    """
    count = max(1, min(bins, len(risk) // _LEAST_PER_BIN))
    edges = np.unique(np.quantile(risk, np.arange(1, count) / count)) if len(risk) else np.array([])
    _, numbers = np.unique(np.searchsorted(edges, risk, side="right"), return_inverse=True)
    return numbers


def reliability(y_true: np.ndarray, risk: np.ndarray, cluster: np.ndarray | None = None) -> pd.DataFrame:
    """Reliability curve, bin by bin: n, mean risk, outcome rate with its interval (`low`, `high`)."""
    numbers = bin_numbers(risk)
    made = []
    for number in np.unique(numbers):
        rows = numbers == number
        rate = statistics.share(y_true[rows] == 1, None if cluster is None else cluster[rows])
        made.append((int(rows.sum()), float(risk[rows].mean()), rate.value, rate.low, rate.high))
    return pd.DataFrame(made, columns=["n", "risk", "rate", "low", "high"])


def calibration_error(
    y_true: np.ndarray, risk: np.ndarray, *, seed: int, cluster: np.ndarray | None = None, draws: int = 200
) -> Interval:
    """Root of the mean squared gap between risk and outcome rate over the bins, less what chance alone makes of it.

    About 0 when risks come true, in units of risk (Kumar, Liang & Ma 2019, arXiv 1909.10155). With a seeded
    bootstrap interval, from which the chance of the draws is taken as well. NaN where there are too few rows.
    """
    n = len(y_true)
    if n < 2 * _LEAST_PER_BIN:
        return statistics.NOTHING
    numbers = bin_numbers(risk)
    rest = (risk - y_true).astype(np.float64)
    whole = np.ones(n)
    by_chance = _chance(numbers, rest, cluster)
    value = _mean_square(numbers, rest, whole) - by_chance
    drawn = [
        _mean_square(numbers, rest, counts) - 2 * by_chance
        for counts in statistics.resampled(y_true, np.arange(n) if cluster is None else cluster, seed, draws)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    roots = [float(np.sqrt(max(at, 0.0))) for at in (value, min(low, value), max(high, value))]
    return Interval(*roots)


def _mean_square(numbers: np.ndarray, rest: np.ndarray, counts: np.ndarray) -> float:
    """Mean over the rows of the squared mean gap of their bin, each row counted so often."""
    of_bin = np.bincount(numbers, counts)
    gaps = np.bincount(numbers, counts * rest)[of_bin > 0] / of_bin[of_bin > 0]
    return float(np.average(gaps**2, weights=of_bin[of_bin > 0]))


def _chance(numbers: np.ndarray, rest: np.ndarray, cluster: np.ndarray | None) -> float:
    """What chance adds to `_mean_square`: the variance of each bin's mean gap, a bin counting by its rows."""
    made = 0.0
    for number in np.unique(numbers):
        rows = numbers == number
        own = rest[rows] - rest[rows].mean()
        made += float(rows.mean()) * statistics.spread_of_mean(own, None if cluster is None else cluster[rows])
    return made
