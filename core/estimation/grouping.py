"""The rows of a chunk by their chance of leaving: rows of one chance are one group, so that most need no sorting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.estimation.calibrating import Calibrator, Steps

#: cells that the range of risks is cut into; rows in a cell where the line bends are looked at one by one
_CELLS = 1 << 14
#: no number tells the cells of such a range apart
_TOO_NARROW = 1e-290


@dataclass(frozen=True, eq=False)
class Groups:
    """Rows of the same chance of leaving, lowest first; all arrays (k,)."""

    chance: np.ndarray
    rows: np.ndarray
    #: how many of the rows are called
    called: np.ndarray
    #: the step of the reference that says so
    step: np.ndarray

    def in_pieces(self, pieces: int) -> Groups:
        """Larger groups cut up, so that none holds much more than one of so many parts of the rows."""
        times = np.ceil(self.rows * pieces / max(pieces, self.rows.sum())).astype(np.int64)
        if (times == 1).all():
            return self
        return Groups(
            np.repeat(self.chance, times),
            np.repeat(self.rows / times, times),
            np.repeat(self.called / times, times),
            np.repeat(self.step, times),
        )


def grouped(risk: np.ndarray, called: np.ndarray, calibrator: Calibrator | None, steps: Steps) -> Groups:
    """The groups of risks (n,) and calls (n,) of true/false; without a calibrator the risk is the chance."""
    if calibrator is None:
        return _one_by_one(risk, called, risk, steps)
    line, level = np.asarray(calibrator.risk), np.asarray(calibrator.chance)
    begins = np.flatnonzero(np.append(True, level[1:] != level[:-1]))
    starts, ends = line[begins], line[np.append(begins[1:], len(line)) - 1]
    if len(starts) == 1:
        nobody = np.array([float(len(risk))]), np.array([float(called.sum())])
        return Groups(level[begins], *nobody, np.zeros(1, dtype=np.int64))
    low, spread = ends[0], starts[-1] - ends[0]
    if spread < _TOO_NARROW:
        return _one_by_one(risk, called, calibrator.chances(risk), steps)

    def cells(at: np.ndarray) -> np.ndarray:
        return np.clip((at - low) * (_CELLS / spread), -1, _CELLS + 1).astype(np.intp) + 1

    # between two level stretches the line rises: from the cell where one ends to the cell where the next one starts
    first, last = cells(ends[:-1]), cells(starts[1:])
    marks = np.zeros(_CELLS + 4, dtype=np.int64)
    np.add.at(marks, first, 1)
    np.add.at(marks, last + 1, -1)
    rising = np.cumsum(marks) > 0
    own = cells(risk)
    alone = rising[own]
    singles = _one_by_one(risk[alone], called[alone], calibrator.chances(risk[alone]), steps)
    counts = [np.append(0, np.cumsum(np.bincount(part, minlength=len(rising)))) for part in (own, own[called])]
    opens, closes = np.append(0, last + 1), np.append(first, len(rising))
    rows, said = (np.where(opens < closes, count[closes] - count[opens], 0) for count in counts)
    chance = np.concatenate([level[begins], singles.chance])
    order = np.argsort(chance, kind="stable")
    order = order[np.concatenate([rows, singles.rows])[order] > 0]
    return Groups(
        chance[order],
        np.concatenate([rows, singles.rows])[order].astype(np.float64),
        np.concatenate([said, singles.called])[order].astype(np.float64),
        np.concatenate([np.arange(len(starts)), singles.step])[order],
    )


def _one_by_one(risk: np.ndarray, called: np.ndarray, chance: np.ndarray, steps: Steps) -> Groups:
    """A group for each row."""
    order = np.argsort(risk)
    step = np.searchsorted(steps.starts[1:], risk[order], side="right")
    return Groups(chance[order], np.ones(len(risk)), called[order].astype(np.float64), step)
