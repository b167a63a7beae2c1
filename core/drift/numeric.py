"""How far the numbers of the current rows lie from those of the reference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.drift.cells import Counted, Opened, opened_cells, quantile_ranks
from core.drift.histograms import jensen_shannon, psi

_DECILES = np.linspace(0, 1, 11)[1:-1]
#: a value that is as many deciles fills about half of the reference
_HALF = 5
_QUARTILES = np.array([0.25, 0.5, 0.75])
#: from this effective number of rows on, the limit law of the KS distance is near enough without a correction
_LARGE = 10_000
#: up to so many values a side are sorted for the Wasserstein distance
_SORTED = 131_072
#: cells opened first to raise the distance that others have to beat
_FIRST = 16


@dataclass(frozen=True)
class Apart:
    """The greatest distance between two distribution functions."""

    #: 0-1, the Kolmogorov-Smirnov distance
    distance: float
    #: where it is
    point: float
    #: share of the reference, and of the current values, that is not above the point
    reference_share: float
    current_share: float

    @property
    def higher(self) -> bool:
        """Whether more of the current values than of the reference lie above the point."""
        return self.current_share < self.reference_share


def _apart(point: float, reference_share: float, current_share: float) -> Apart:
    return Apart(abs(reference_share - current_share), point, reference_share, current_share)


@dataclass(frozen=True, kw_only=True)
class NumericDistances:
    """What two samples of numbers are apart."""

    ks: Apart
    #: of the KS distance under no drift
    p: float
    #: less its mean under no drift
    psi: float
    #: Wasserstein distance over the standard deviation of the reference; infinite values are left out
    wasserstein: float
    #: of the histograms behind `psi`, 0-1
    jensen_shannon: float
    #: quartiles of both sides
    reference_quartiles: tuple[float, float, float]
    current_quartiles: tuple[float, float, float]


def kolmogorov_smirnov(reference: Counted, current: Counted) -> Apart:
    """The exact two-sample Kolmogorov-Smirnov distance of two sides in the same grid.

    Equal to sorting both sides, but opens only cells within which the distance could exceed the greatest one found
    at a border or in a cell opened before.
    """
    shares = reference.below / reference.n, current.below / current.n
    gaps = shares[0] - shares[1]
    border = int(np.abs(gaps).argmax())
    point = reference.grid.begin(np.array(border - reference.grid.lattice))  # of a lattice the last value before it
    best = _apart(float(point), float(shares[0][border]), float(shares[1][border]))
    reach = np.maximum(gaps[:-1] + reference.counts / reference.n, current.counts / current.n - gaps[:-1])
    reach = np.where((reference.counts > 0) & (current.counts > 0), reach, 0)
    if reference.lattice and current.lattice:  # a cell between the ends holds one value: its borders say it all
        reach[1:-1] = 0
    for most in (_FIRST, reference.grid.size):
        candidates = np.flatnonzero(reach > best.distance)
        if len(candidates) == 0:
            break
        chosen = candidates[np.argsort(-reach[candidates], kind="stable")[:most]]
        reach[chosen] = 0
        best = max(best, _within(reference, current, np.sort(chosen)), key=lambda apart: apart.distance)
    return best


def _within(reference: Counted, current: Counted, chosen: np.ndarray) -> Apart:
    """The greatest distance at the values of these cells."""
    first, second = opened_cells(reference, chosen), opened_cells(current, chosen)
    points = np.concatenate([_different(first.values), _different(second.values)])
    shares = first.at_most(points) / reference.n, second.at_most(points) / current.n
    at = int(np.abs(shares[0] - shares[1]).argmax())
    return _apart(float(points[at]), float(shares[0][at]), float(shares[1][at]))


def _different(values: np.ndarray) -> np.ndarray:
    """Values in order, each once: one that half of the rows share is looked up once."""
    return values[np.concatenate([[True], values[1:] != values[:-1]])[: len(values)]]


def ks_p_value(distance: float, reference_n: int, current_n: int) -> float:
    """How often chance alone reaches this distance: Kolmogorov's limit law, with Stephens' correction for few rows.

    Exact enough for a verdict: conservative where values tie.
    """
    from scipy.special import kolmogorov

    effective = reference_n * current_n / (reference_n + current_n)
    root = math.sqrt(effective)
    return float(kolmogorov((root if effective >= _LARGE else root + 0.12 + 0.11 / root) * distance))


def cuts(deciles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upper ends of the bins of PSI but for the highest, from the deciles of the reference; the outer bins are open.

    A value that fills half of the reference gets a bin of its own: a cut just below it, marked in the second array.
    """
    different, times = np.unique(deciles, return_counts=True)
    ends = np.union1d(different, np.nextafter(different[times >= _HALF], -np.inf))
    return ends, ~np.isin(ends, different)


def binned(reference: Opened, current: Opened, ends: np.ndarray, extra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values of both sides in each bin that ends with one of `ends`, and beyond the last.

    A bin that ends with an extra cut is left out where nothing lies between two neighbouring values.
    """
    first, second = (
        np.diff(np.concatenate([[0], side.at_most(ends), [side.side.n]])).astype(np.float64)
        for side in (reference, current)
    )
    used = (first + second > 0) | ~np.append(extra, False)
    return first[used], second[used]


def wasserstein(reference: Opened, current: Opened) -> float:
    """The Wasserstein distance: the area between the two distribution functions, in the unit of the column.

    The outer cells of both sides are open. Exact up to 131,072 values a side, and where values are whole numbers or
    have up to three decimals; else the error is below a cell's width times the change of the gap within it. Values that
    are not finite are left out.
    """
    sides = reference.side, current.side
    infinite = any(len(one.values) and not np.isfinite(one.values[[0, -1]]).all() for one in (reference, current))
    if max(side.n for side in sides) <= _SORTED or infinite:
        finite = [side.values[np.isfinite(side.values)] for side in sides]
        return _area(*(np.sort(values) for values in finite))
    gaps = np.abs(sides[0].below / sides[0].n - sides[1].below / sides[1].n)[1:-1]
    lattice = sides[0].lattice and sides[1].lattice
    inner = gaps[1:] if lattice else (gaps[:-1] + gaps[1:]) / 2
    grid = sides[0].grid
    # of a lattice the first cell's values end where the second's one value lies, the last cell's begin at its value
    low, high = grid.begin(np.array([1, grid.size - 1]))
    area = float(inner.sum() / grid.scale)
    return area + _area_in(reference, current, 0, low) + _area_in(reference, current, grid.size - 1, high)


def _area_in(reference: Opened, current: Opened, end: int, border: float) -> float:
    """The area in an outer cell, up to its border with the next."""
    own = []
    for opened in (reference, current):
        start = int(opened.side.below[end] - opened.closed[end])
        own.append(opened.values[start : start + int(opened.side.counts[end])])
    points = np.sort(np.concatenate([*own, [border]]))
    shares = [
        (opened.side.below[end] + np.searchsorted(values, points[:-1], side="right")) / opened.side.n
        for opened, values in zip((reference, current), own, strict=True)
    ]
    return float(np.sum(np.abs(shares[0] - shares[1]) * np.diff(points)))


def _area(reference: np.ndarray, current: np.ndarray) -> float:
    """The same of two sorted samples."""
    if len(reference) == 0 or len(current) == 0:
        return float("nan")
    points = np.sort(np.concatenate([reference, current]), kind="stable")
    shares = [np.searchsorted(side, points[:-1], side="right") / len(side) for side in (reference, current)]
    return float(np.sum(np.abs(shares[0] - shares[1]) * np.diff(points)))


def numeric_distances(reference: Counted, current: Counted, deviation: float) -> NumericDistances:
    """All distances of two sides, each with at least one value; `deviation` of the reference."""
    ks = kolmogorov_smirnov(reference, current)
    asked = np.concatenate([_DECILES, _QUARTILES])
    first = opened_cells(
        reference, np.union1d(reference.holding(quantile_ranks(reference.n, asked)), reference.grid.ends)
    )
    ends, extra = cuts(first.quantiles(_DECILES))
    quartiles = current.holding(quantile_ranks(current.n, _QUARTILES))
    second = opened_cells(current, np.concatenate([quartiles, reference.grid.cells(ends), reference.grid.ends]))
    histograms = binned(first, second, ends, extra)
    area = wasserstein(first, second)
    return NumericDistances(
        ks=ks, p=ks_p_value(ks.distance, reference.n, current.n), psi=psi(*histograms),
        wasserstein=0.0 if area == 0 else area / deviation if deviation > 0 else float("inf"),
        jensen_shannon=jensen_shannon(*histograms),
        reference_quartiles=_three(first.quantiles(_QUARTILES)), current_quartiles=_three(second.quantiles(_QUARTILES)),
    )  # fmt: skip


def _three(values: np.ndarray) -> tuple[float, float, float]:
    low, middle, high = values.tolist()
    return low, middle, high
