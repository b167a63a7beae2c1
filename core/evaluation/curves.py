"""Curves and thresholds that are stored with a version: they are looked at often, and made once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core import statistics
from core.evaluation.calibration import reliability

#: names of the curves
ROC, PRECISION_RECALL, GAIN, CALIBRATION = "roc", "precision_recall", "gain", "calibration"
CURVE_COLUMNS = ["curve", "x", "y", "low", "high", "n"]
#: risks from which everybody is called: every half percent
THRESHOLDS = np.arange(201) / 200
THRESHOLD_COLUMNS = [
    "threshold", "called", "caught", "missed", "in_vain", "left_alone", "caught_value", "missed_value", "in_vain_value",
]  # fmt: skip
_GRID = np.arange(101) / 100
#: rows that a band is drawn from, at most; the curve itself is of all rows
MOST_DRAWN = 50_000
_DRAWS = 200


def at_thresholds(y_true: np.ndarray, risk: np.ndarray, value: np.ndarray | None = None) -> pd.DataFrame:
    """What calling everybody from each of `THRESHOLDS` on would have brought: `THRESHOLD_COLUMNS`, lowest first.

    Counts of rows (n,). `value` (n,): what each client was worth, NaN where that is not known, which adds nothing;
    None: the sums are NaN.
    """
    order = np.argsort(risk, kind="stable")
    below = np.searchsorted(risk[order], THRESHOLDS, side="left")
    left = y_true[order] == 1

    def summed(what: np.ndarray) -> tuple[np.ndarray, float]:
        """The sum over the called at each threshold, and over all."""
        upto = np.concatenate([[0], np.cumsum(what)])
        return upto[-1] - upto[below], upto[-1]

    caught, leavers = summed(left.astype(np.int64))
    in_vain, stayers = summed((~left).astype(np.int64))
    worth = np.full(len(left), np.nan) if value is None else np.nan_to_num(value[order].astype(np.float64))
    caught_value, leavers_value = summed(np.where(left, worth, 0 * worth))
    in_vain_value, _ = summed(np.where(left, 0 * worth, worth))
    return pd.DataFrame(
        {
            "threshold": THRESHOLDS, "called": caught + in_vain, "caught": caught, "missed": leavers - caught,
            "in_vain": in_vain, "left_alone": stayers - in_vain, "caught_value": caught_value,
            "missed_value": leavers_value - caught_value, "in_vain_value": in_vain_value,
        }
    )[THRESHOLD_COLUMNS]  # fmt: skip


def curves(y_true: np.ndarray, risk: np.ndarray, *, seed: int, cluster: np.ndarray | None = None) -> pd.DataFrame:
    """ROC, precision-recall, gain and calibration curve with pointwise 95 % bands: `CURVE_COLUMNS`, x rising.

    `roc`: share of the stayers called -> share of the leavers called. `precision_recall`: recall -> precision at the
    highest threshold that reaches it. `gain`: share of all rows called, highest risk first -> share of the leavers
    among them. `calibration`: mean risk -> rate of leavers in bins of as many rows, which `n` counts.
    `cluster` (n,): rows of one client, drawn together. The bands of the first three come of 200 seeded draws, from at
    most `MOST_DRAWN` rows. Empty where one class is absent.
    """
    if len(np.unique(y_true)) < 2:
        return pd.DataFrame(columns=CURVE_COLUMNS).astype({"n": "int64"} | dict.fromkeys(CURVE_COLUMNS[1:5], "float64"))
    drawn_from = _some(len(y_true), cluster, seed)
    whole, part = _Ranked(y_true, risk), _Ranked(y_true[drawn_from], risk[drawn_from])
    groups = np.arange(len(drawn_from)) if cluster is None else cluster[drawn_from]
    shapes = {ROC: (_GRID, _roc), PRECISION_RECALL: (_GRID[1:], _precision), GAIN: (_GRID, _gain)}
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in shapes}
    for counts in statistics.resampled(part.outcome, groups, seed, _DRAWS):
        left, stayed = part.cumulated(counts)
        if min(left[-1], stayed[-1]) > 0:
            for name, (grid, shape) in shapes.items():
                drawn[name].append(shape(grid, left, stayed))
    told = whole.cumulated(np.ones(len(y_true), dtype=np.int64))
    parts = []
    for name, (grid, shape) in shapes.items():
        y = shape(grid, *told)
        low, high = np.quantile(np.stack(drawn[name]), [0.025, 0.975], axis=0) if drawn[name] else (y, y)
        parts.append(_curve(name, grid, y, np.minimum(low, y), np.maximum(high, y), len(y_true)))
    bins = reliability(y_true, risk, cluster)
    parts.append(_curve(CALIBRATION, *(bins[name].to_numpy() for name in ("risk", "rate", "low", "high", "n"))))
    return pd.concat(parts, ignore_index=True)


def _curve(
    name: str, x: np.ndarray, y: np.ndarray, low: np.ndarray, high: np.ndarray, n: np.ndarray | int
) -> pd.DataFrame:  # fmt: skip
    return pd.DataFrame({"curve": name, "x": x, "y": y, "low": low, "high": high, "n": n})[CURVE_COLUMNS]


def _some(n: int, cluster: np.ndarray | None, seed: int) -> np.ndarray:
    """Places of at most `MOST_DRAWN` rows, whole clients of them."""
    if n <= MOST_DRAWN:
        return np.arange(n)
    random = np.random.default_rng(seed)
    groups = np.arange(n) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    count = int(groups.max()) + 1
    chosen = np.zeros(count, dtype=bool)
    chosen[random.choice(count, max(1, count * MOST_DRAWN // n), replace=False)] = True
    return np.flatnonzero(chosen[groups])


class _Ranked:
    """Rows by their risk, highest first."""

    def __init__(self, y_true: np.ndarray, risk: np.ndarray) -> None:
        self.outcome = y_true
        self.order = np.argsort(-risk, kind="stable")
        ranked = risk[self.order]
        self.left = y_true[self.order] == 1
        #: where a risk is told for the last time
        self.last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))

    def cumulated(self, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Leavers and stayers among nobody, and those from each different risk on; each row counts so often."""
        own = counts[self.order]
        left, stayed = np.cumsum(own * self.left)[self.last], np.cumsum(own * ~self.left)[self.last]
        return np.append(0, left), np.append(0, stayed)


def _roc(grid: np.ndarray, left: np.ndarray, stayed: np.ndarray) -> np.ndarray:
    recall, false_alarms = left / left[-1], stayed / stayed[-1]
    before = np.searchsorted(false_alarms, grid, side="right") - 1  # of points above each other the uppermost
    after = np.minimum(before + 1, len(recall) - 1)
    wide = np.maximum(false_alarms[after] - false_alarms[before], 1e-300)
    found: np.ndarray = recall[before] + (recall[after] - recall[before]) * (grid - false_alarms[before]) / wide
    return found


def _precision(grid: np.ndarray, left: np.ndarray, stayed: np.ndarray) -> np.ndarray:
    reached = np.searchsorted(left / left[-1], grid - 1e-12, side="left")
    precision: np.ndarray = left[reached] / (left + stayed)[reached]
    return precision


def _gain(grid: np.ndarray, left: np.ndarray, stayed: np.ndarray) -> np.ndarray:
    called = left + stayed
    return np.interp(grid, called / called[-1], left / left[-1])
