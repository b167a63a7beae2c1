"""Order without sorting: a column is counted in fine cells, and only the cells that matter are opened and sorted.

A distribution function is known exactly at every border of a cell. Within a cell it can only rise by what the cell
holds, so a greatest distance or a quantile lies in few cells, and only their values have to be looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: cells of a grid, so that a cell's number fits sixteen bits; and of one for few rows, where most would be empty
CELLS, FEW_CELLS = 65_536, 2_048
_FEW_ROWS = 20_000
#: rows that are counted at once: what fits a processor's cache is counted three times as fast
_BLOCK = 65_536
_SAMPLE = 4_096
#: numbers are looked at as whole numbers, tenths, hundredths, thousandths
_FACTORS = (1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True)
class Grid:
    """Cells of equal width; the first and the last take whatever lies beyond."""

    #: where the first cell begins (lattice: its value), in cells from zero
    first: float
    #: cells per unit
    scale: float
    #: every cell between the outer ones is for one value, a multiple of 1 / scale
    lattice: bool
    #: number of cells
    size: int = CELLS

    @property
    def ends(self) -> np.ndarray:
        """The outer cells, which take whatever lies beyond."""
        return np.array([0, self.size - 1])

    def cells(self, values: np.ndarray) -> np.ndarray:
        """The cell of each value; a greater value is never in a lower cell."""
        with np.errstate(over="ignore"):
            places = values * self.scale - self.first if not self.lattice else np.rint(values * self.scale) - self.first
            return np.clip(places, 0, self.size - 1).astype(np.uint16)

    def begin(self, cells: np.ndarray) -> np.ndarray:
        """Where cells begin; of a lattice their values."""
        return (self.first + cells) / self.scale

    def fits(self, values: np.ndarray) -> bool:
        """Whether every value is one of the lattice."""
        with np.errstate(invalid="ignore", over="ignore"):
            return self.lattice and bool((np.rint(values * self.scale) / self.scale == values).all())


def grid_of(values: np.ndarray) -> Grid:
    """A grid in which nearly all of `values` (no NaN) lie between the first and the last cell."""
    size = CELLS if len(values) > _FEW_ROWS else FEW_CELLS
    sample = values[:: len(values) // _SAMPLE + 1]
    sample = sample[np.isfinite(sample)]
    if len(sample) == 0:
        return Grid(0.0, 1.0, lattice=False, size=size)
    low, high = np.quantile(sample, [0.01, 0.99])
    span, middle = high - low, low / 2 + high / 2
    for factor in _FACTORS:
        grid = Grid(float(np.rint(middle * factor) - size // 2), factor, lattice=True, size=size)
        if span * factor < size / 2 and abs(grid.first) < 2**52 and grid.fits(sample):
            return grid
    with np.errstate(over="ignore", divide="ignore"):
        scale = size / (2 * span)
        first = middle * scale - size / 2
    usable = scale > 0 and np.isfinite(scale) and np.isfinite(first)
    return Grid(float(first) if usable else 0.0, float(scale) if usable else 1.0, lattice=False, size=size)


@dataclass(frozen=True, eq=False)
class Counted:
    """The known values of one side, counted in a grid."""

    grid: Grid
    #: shape (n,), no NaN
    values: np.ndarray
    #: cell of each value
    cells: np.ndarray
    #: values in each cell
    counts: np.ndarray
    #: values below the beginning of each cell, and at last all: one more than there are cells
    below: np.ndarray
    #: values are in order
    in_order: bool
    #: every value is one of the grid's lattice
    lattice: bool

    @property
    def n(self) -> int:
        """Number of known values."""
        return len(self.values)

    def holding(self, ranks: np.ndarray) -> np.ndarray:
        """The cells that hold the values of these ranks (0: the least)."""
        return np.searchsorted(self.below, ranks, side="right") - 1


def counted(values: np.ndarray, grid: Grid, *, in_order: bool = False) -> Counted:
    """Count values (float64, no NaN) in the cells of a grid."""
    cells = np.empty(len(values), dtype=np.uint16)
    counts = np.zeros(grid.size, dtype=np.int64)
    lattice = grid.lattice
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        found = grid.cells(block)
        cells[start : start + _BLOCK] = found
        counts += np.bincount(found, minlength=grid.size)
        lattice = lattice and grid.fits(block)
    below = np.concatenate([[0], np.cumsum(counts)])
    return Counted(grid, values, cells, counts, below, in_order, lattice)


@dataclass(frozen=True, eq=False)
class Opened:
    """One side with the values of some of its cells."""

    side: Counted
    #: values of the opened cells, in order
    values: np.ndarray
    #: values of cells that stayed closed, below each cell
    closed: np.ndarray

    def ordered(self, ranks: np.ndarray) -> np.ndarray:
        """The values of these ranks (0: the least), which lie in opened cells."""
        holding = self.side.holding(ranks)
        if not self.side.lattice:
            return self.values[ranks - self.closed[holding]]
        outer = np.isin(holding, self.side.grid.ends)
        found = self.side.grid.begin(holding)
        found[outer] = self.values[(ranks - self.closed[holding])[outer]]
        return found

    def quantiles(self, shares: np.ndarray) -> np.ndarray:
        """Quantiles with linear interpolation, beside an infinite value the lower; their ranks lie in opened cells."""
        wanted = shares * (self.side.n - 1)
        lower = np.floor(wanted).astype(np.int64)
        first, second = np.split(self.ordered(np.concatenate([lower, np.ceil(wanted).astype(np.int64)])), 2)
        with np.errstate(invalid="ignore"):
            between = first + (second - first) * (wanted - lower)
        return np.where((first == second) | ~np.isfinite(between), first, between)

    def at_most(self, points: np.ndarray) -> np.ndarray:
        """How many values of the side are not above each point; points lie in opened or empty cells."""
        cells = self.side.grid.cells(points)
        counts = self.closed[cells] + np.searchsorted(self.values, points, side="right")
        if self.side.lattice:
            inner = ~np.isin(cells, self.side.grid.ends)
            there = self.side.grid.begin(cells[inner]) <= points[inner]
            counts[inner] = self.side.below[cells[inner].astype(np.int64) + there]
        return counts


def quantile_ranks(n: int, shares: np.ndarray) -> np.ndarray:
    """The ranks between which `Opened.quantiles` interpolates."""
    wanted = shares * (n - 1)
    return np.concatenate([np.floor(wanted), np.ceil(wanted)]).astype(np.int64)


def opened_cells(side: Counted, wanted: np.ndarray) -> Opened:
    """Open the cells of these numbers; of a lattice the outer ones suffice, for the others hold one value each."""
    here = np.zeros(side.grid.size, dtype=bool)
    here[side.grid.ends if side.lattice else wanted] = True
    values = side.values[here[side.cells]]
    if not side.in_order:
        values = np.sort(values)
    held = np.where(here, side.counts, 0)
    return Opened(side, values, side.below[:-1] - np.concatenate([[0], np.cumsum(held)[:-1]]))
