"""The whole contest of families: 10,000 clients x 12 columns, and 1,000,000 within a budget in seconds.

    python benchmarks/train_contest.py [--rows 1000000] [--budget 120]

Limits: 60 s for the small one (folds of three families and the yardstick, calibration, the winner on all rows); the
budget for the large one, whose seconds are turned into rows by small trial fits. Seconds of the step, data loaded.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.training import TrainingSet

HOME = Path(__file__).resolve().parents[1]
KINDS = {f"n{number}": "numeric" for number in range(9)} | dict.fromkeys(("region", "plan", "industry"), "categorical")
SMALL, LIMIT = 10_000, 60


def make_rows(rows: int, seed: int) -> TrainingSet:
    """Clients with outcomes that follow from single columns and one pair."""
    import numpy as np
    import pandas as pd

    from core.training import TrainingSet

    random = np.random.default_rng(seed)
    made = pd.DataFrame({name: random.normal(size=rows) for name, kind in KINDS.items() if kind == "numeric"})
    for name, levels in {"region": 5, "plan": 4, "industry": 12}.items():
        made[name] = pd.Series(
            np.array([f"{name} {level}" for level in range(levels)])[random.integers(0, levels, rows)]
        )
    log_odds = -2 + made["n0"] * np.where(made["plan"] == "plan 0", 1, -1) + made["n1"] + 0.5 * made["n2"] ** 2
    outcome = (random.random(rows) < 1 / (1 + np.exp(-log_odds.to_numpy()))).astype(np.int64)
    client = np.array([f"C{number}" for number in range(rows)], dtype=object)
    return TrainingSet(made, outcome, client, np.full(rows, np.datetime64("2026-01-01", "us")))


def hold(rows: TrainingSet, budget: int) -> float:
    """Seconds of a contest and of fitting the winner, trial fits included."""
    from joblib import cpu_count

    from core import training
    from core.config import ModelConfig
    from core.schema import Column, Contract

    contract = Contract(
        "client", "exited", "", "", "", "", tuple(Column(name, kind) for name, kind in KINDS.items()), ()
    )  # fmt: skip
    config = ModelConfig(budget_seconds=budget)
    begun = time.perf_counter()
    if budget:
        trials = {}
        for family in training.timed_families(config):
            trials[family] = []
            for count in training.TRIALS:
                started = time.perf_counter()
                training.trial(family, rows, contract, config, count)
                trials[family].append(training.Trial(count, time.perf_counter() - started))
        most = training.rows_within(budget, trials, config, cores=cpu_count(), dated=False)
        config = config.model_copy(update={"max_training_rows": most})
    contest = training.hold_contest(rows, contract, config, 0, lambda _share, _text: None)
    _, learned = training.fit_winner(rows, contract, config, contest)
    seconds = time.perf_counter() - begun
    auc = contest.families[contest.family].roc_auc
    print(f"{rows.n:,} rows: {contest.family}, roc_auc {auc:.4f}, learned from {learned:,} rows, {seconds:.1f} s")
    return seconds


def main() -> int:
    """Both contests; 1 where a limit is passed."""
    sys.path.insert(0, str(HOME))
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--budget", type=int, default=120)
    given = parser.parse_args()
    small = hold(make_rows(SMALL, 1), 0)
    print(f"limit {LIMIT} s, ratio {small / LIMIT:.2f}")
    large = hold(make_rows(given.rows, 2), given.budget)
    print(f"budget {given.budget} s, ratio {large / given.budget:.2f}")
    return 0 if small <= LIMIT and large <= given.budget else 1


if __name__ == "__main__":
    sys.exit(main())
