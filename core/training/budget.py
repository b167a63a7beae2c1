"""A budget in seconds becomes a number of rows per fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.config import ModelConfig
from core.schema import Contract
from core.training.contest import YARDSTICK
from core.training.families import fit_rows, fitted_together
from core.training.rows import TrainingSet, within_budget
from core.training.yardstick import yardstick_log_odds

#: rows of the trial fits whose times tell how a family's time grows
TRIALS = (1_000, 4_000)
#: least rows per fit, as for `max_training_rows`
_LEAST = 100
#: of the budget, what is left for all that is not fitting: predictions, intervals, calibration
_FOR_FITTING = 0.7


@dataclass(frozen=True)
class Trial:
    """How long a fit of a family took on some rows (seconds)."""

    rows: int
    seconds: float


def trial(family: str, rows: TrainingSet, contract: Contract, config: ModelConfig, count: int) -> None:
    """Fit a family on `count` of the rows, for somebody who looks at the time."""
    own = rows.take(
        within_budget(np.arange(rows.n), rows.outcome, config.model_copy(update={"max_training_rows": count}))
    )
    if family == YARDSTICK:
        yardstick_log_odds(own, own.features.head(1), contract, config)
    else:
        fit_rows(family, own, contract, config)


def timed_families(config: ModelConfig) -> tuple[str, ...]:
    """The families whose fits take a contest's time."""
    return (*(group[-1] for group in fitted_together(config)), YARDSTICK)


def rows_within(
    seconds: float, trials: Mapping[str, Sequence[Trial]], config: ModelConfig, *, cores: int, dated: bool
) -> int:
    """Rows per fit with which a contest takes about `seconds`, at most `max_training_rows`.

    `trials`: two fits of each family. A family's time is taken to grow with a power of the rows between 1 and 2, as
    between its two trials. Folds are fitted on all cores, and then the winner: the slowest, for safety.
    """
    most = config.max_training_rows
    fits = config.folds + (2 if dated else 0)
    together = max(1, min(cores, fits))

    def takes(rows: int) -> float:
        single = {family: _seconds(own, rows) for family, own in trials.items()}
        return sum(single.values()) * fits / together + max(single.values())

    low, high = _LEAST, max(most, _LEAST)
    if takes(high) <= seconds * _FOR_FITTING:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if takes(middle) <= seconds * _FOR_FITTING else (low, middle)
    return low


def _seconds(trials: Sequence[Trial], rows: int) -> float:
    first, last = trials[0], trials[-1]
    if first.rows == last.rows:
        return last.seconds * rows / last.rows
    power = np.log(max(last.seconds, 1e-6) / max(first.seconds, 1e-6)) / np.log(last.rows / first.rows)
    return float(last.seconds * (rows / last.rows) ** np.clip(power, 1.0, 2.0))
