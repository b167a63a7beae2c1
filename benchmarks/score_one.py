"""One client in process: by its values and by its id, with risk, band and reasons.

    python benchmarks/score_one.py [--calls 2000]

A champion (boosting machine with pairs) on 5,000 made clients x 12 columns; the model is loaded before. The limit is
2 ms a call; printed are the median and the 99th percentile.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
LIMIT_MS = 2.0


def timed(name: str, call: Callable[[int], object], calls: int) -> bool:
    """Print the times of a call; whether the median is within the limit."""
    for number in range(20):
        call(number)
    took = []
    for number in range(calls):
        begun = time.perf_counter()
        call(number)
        took.append(1000 * (time.perf_counter() - begun))
    middle, high = statistics.median(took), statistics.quantiles(took, n=100)[98]
    print(f"{name:<12} p50 {middle:.3f} ms, p99 {high:.3f} ms, limit {LIMIT_MS} ms, ratio {middle / LIMIT_MS:.2f}")
    return middle <= LIMIT_MS


def main() -> int:
    """Build a workspace, and time both."""
    import numpy as np
    import pandas as pd

    sys.path.insert(0, str(HOME))
    from core import scoring
    from core.pipeline.full import full_run
    from core.views import clients
    from core.workspace import open_workspace

    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=2000)
    calls = parser.parse_args().calls
    random = np.random.default_rng(0)
    n = 5000
    made = pd.DataFrame({f"n{number}": random.normal(size=n).round(4) for number in range(9)})
    for name, levels in {"region": 5, "plan": 4, "industry": 12}.items():
        made[name] = np.array([f"{name} {level}" for level in range(levels)])[random.integers(0, levels, n)]
    log_odds = -1 + made["n0"] * np.where(made["plan"] == "plan 0", 1, -1) + made["n1"]
    made.insert(0, "client", [f"C{number:05}" for number in range(n)])
    made["exited"] = (random.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "in").mkdir()
        made.to_csv(place / "in" / "clients.csv", index=False)
        (place / "config.toml").write_text(
            '[data]\nclient_id = "client"\noutcome = "exited"\n[[sources]]\nname = "in"\nkind = "folder"\npath = "in"\n'
            '[model]\nfamilies = ["ebm"]\n',
            encoding="utf-8",
        )
        workspace = open_workspace(place / "config.toml")
        print(full_run(workspace))
        champion = workspace.champion()
        assert champion is not None
        model = workspace.model(champion)
        cuts = scoring.band_cuts(champion.base_rate, workspace.config.worklist)
        values = made.drop(columns=["client", "exited"]).to_dict("records")
        listed = clients.client_list(workspace).clients["client"].tolist()
        within = [
            timed("by values", lambda number: scoring.score_one(model, values[number % n], cuts), calls),
            timed("by id", lambda number: clients.risk_of(workspace, listed[number % len(listed)]), calls),
        ]
    return 0 if all(within) else 1


if __name__ == "__main__":
    sys.exit(main())
