"""Distances of two histograms: counts per bin, the bins of both sides the same."""

from __future__ import annotations

import math

import numpy as np

#: bins expected to hold fewer current rows than this are taken together before a law of many rows is applied
_LEAST = 5


def psi(reference: np.ndarray, current: np.ndarray) -> float:
    """Population stability index less its mean under no drift.

    Half a count is added to every bin, so that an empty one stays finite. Under no drift PSI is about
    (1/n + 1/m) chi-square with bins - 1 degrees of freedom (Yurdakul 2018); that mean is taken off, so small
    samples do not look like drift. May be slightly negative.

    >>> round(psi(np.array([5000, 5000]), np.array([5000, 5000])), 4)
    -0.0002
    """
    expected, seen = reference + 0.5, current + 0.5
    expected, seen = expected / expected.sum(), seen / seen.sum()
    raw = float(np.sum((seen - expected) * np.log(seen / expected)))
    return raw - float((len(reference) - 1) * (1 / reference.sum() + 1 / current.sum()))


def jensen_shannon(reference: np.ndarray, current: np.ndarray) -> float:
    """Jensen-Shannon distance, 0-1: the root of the divergence to base 2 (as `scipy.spatial.distance` with base=2)."""
    p, q = reference / reference.sum(), current / current.sum()
    middle = (p + q) / 2
    divergence = sum(float(np.sum(side[side > 0] * np.log2(side[side > 0] / middle[side > 0]))) for side in (p, q)) / 2
    return math.sqrt(max(divergence, 0.0))


def total_variation(reference: np.ndarray, current: np.ndarray) -> float:
    """Share of rows that would have to change their bin, 0-1: half the sum of differences of shares."""
    return float(np.abs(reference / reference.sum() - current / current.sum()).sum() / 2)


def total_variation_by_chance(reference: np.ndarray, current: np.ndarray) -> float:
    """Mean of `total_variation` under no drift: a difference of shares is about normal, with mean size
    sqrt(2 p (1 - p) (1/n + 1/m) / pi). Bins should hold several rows, see `merged`."""
    n, m = reference.sum(), current.sum()
    p = (reference + current) / (n + m)
    return float(np.sqrt(2 / math.pi * p * (1 - p) * (1 / n + 1 / m)).sum() / 2)


def l_infinity(reference: np.ndarray, current: np.ndarray) -> float:
    """The greatest difference of a bin's share, 0-1."""
    return float(np.abs(reference / reference.sum() - current / current.sum()).max())


def chi_square(reference: np.ndarray, current: np.ndarray) -> tuple[float, float]:
    """Pearson's two-sample chi-square statistic, without a correction for continuity, and its p value."""
    from scipy.special import chdtrc

    used = reference + current > 0
    table = np.stack([reference[used], current[used]]).astype(np.float64)
    if table.shape[1] < 2:
        return 0.0, 1.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return statistic, float(chdtrc(table.shape[1] - 1, statistic))


def merged(reference: np.ndarray, current: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The histograms with all bins that expect fewer than five rows on the smaller side taken together as the last.

    If even that bin expects fewer, the rarest of the others joins it.
    """
    n, m = reference.sum(), current.sum()
    total = reference + current
    expected = total * (min(n, m) / (n + m))
    rare = expected < _LEAST
    if rare.any() and expected[rare].sum() < _LEAST and not rare.all():
        rare[np.flatnonzero(~rare)[total[~rare].argmin()]] = True
    sides = [np.append(side[~rare], side[rare].sum()) if rare.any() else side for side in (reference, current)]
    return sides[0], sides[1]
