"""Estimating six metrics of 1,000,000 rows in ten chunks, from a reference of 1,000,000, against NannyML 0.13.1.

    python benchmarks/cbpe_million.py [--rows 1000000] [--rounds 3] [--peer FOLDER]

Both sides read the same arrays in a process of their own and time fit and estimate alone, imports and reading left
out; they run in turn. Memory is the peak of the process above what it held before the fit. NannyML is installed into
an environment of its own (FOLDER, kept for the next time; a folder for temporary files otherwise) together with
statsmodels, which it imports and does not ask for; where that cannot be, our own figures are printed alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
METRICS = ("roc_auc", "average_precision", "f1", "precision", "recall", "accuracy")
CHUNKS = 10
PEER_PACKAGES = ("nannyml==0.13.1", "statsmodels")

READ = """
import json, resource, sys, time
import numpy as np
METRICS, chunks = %r, %d
stored = np.load(sys.argv[1])
rows = len(stored["risk"]) // 2
size = rows // chunks
sides = [{name: stored[name][part] for name in ("outcome", "risk", "predicted")}
         for part in (slice(None, rows), slice(rows, None))]
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def tell(seconds, before, calibrated, told):
    print(json.dumps({"fit": seconds[1] - seconds[0], "estimate": seconds[2] - seconds[1], "memory": peak() - before,
                      "calibrated": bool(calibrated), "told": told}))
"""

OURS = """
from core import estimation
import scipy.optimize, sklearn.utils
reference, current = sides
before, seconds = peak(), [time.perf_counter()]
estimator = estimation.fit(reference["outcome"], reference["risk"], reference["predicted"], chunk_size=size,
                           metrics=METRICS)
seconds.append(time.perf_counter())
found = [estimation.estimate(estimator, current["risk"][start:start + size], current["predicted"][start:start + size])
         for start in range(0, rows, size)]
seconds.append(time.perf_counter())
tell(seconds, before, estimator.calibrator is not None,
     {metric: [[one[metric].value, one[metric].lower_threshold, one[metric].upper_threshold, one[metric].sampling_error]
               for one in found] for metric in METRICS})
"""

PEER = """
import warnings
warnings.simplefilter("ignore")
import nannyml, pandas as pd
reference, current = (pd.DataFrame(side) for side in sides)
current = current.drop(columns="outcome")
cbpe = nannyml.CBPE(metrics=list(METRICS), y_pred_proba="risk", y_pred="predicted", y_true="outcome",
                    problem_type="classification_binary", chunk_size=size)
names = ["value", "lower_threshold", "upper_threshold", "sampling_error"]
before, seconds = peak(), [time.perf_counter()]
cbpe.fit(reference)
seconds.append(time.perf_counter())
found = cbpe.estimate(current).filter(period="analysis").to_df()
seconds.append(time.perf_counter())
tell(seconds, before, cbpe.needs_calibration,
     {metric: found[metric][names].astype(float).values.tolist() for metric in METRICS})
"""


def prepare(file: Path, rows: int) -> None:
    """Risks of 2 x rows that are too sure of themselves, with their outcomes and calls."""
    import numpy as np

    random = np.random.default_rng(1)
    signal = random.normal(size=2 * rows)
    outcome = (random.random(2 * rows) < 1 / (1 + np.exp(1.2 - 1.5 * signal))).astype(np.int64)
    risk = 1 / (1 + np.exp(1.0 - 1.9 * signal))
    np.savez(file, outcome=outcome, risk=risk, predicted=(risk >= 0.5).astype(np.int64))


def measure(python: str, script: str, file: Path) -> dict[str, Any]:
    """What one side tells of itself."""
    environment = {**os.environ, "PYTHONPATH": str(HOME), "NML_DISABLE_USAGE_LOGGING": "1"}
    command = [python, "-c", READ % (METRICS, CHUNKS) + script, str(file)]
    done = subprocess.run(command, cwd=file.parent, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-600:])
    return json.loads(done.stdout.splitlines()[-1])


def install(folder: Path) -> str | None:
    """The Python of an environment that has the peer; None where it cannot be had."""
    if subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False).returncode:
        return None
    python = str(folder / "bin" / "python")
    if subprocess.run([python, "-c", "import nannyml"], check=False, capture_output=True).returncode == 0:
        return python
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER_PACKAGES], check=False)
    return None if done.returncode else python


def furthest(ours: dict[str, Any], peer: dict[str, Any], metric: str, places: tuple[int, ...]) -> float:
    """Largest relative difference over the chunks."""
    return max(
        abs(one[place] / other[place] - 1)
        for one, other in zip(ours["told"][metric], peer["told"][metric], strict=True)
        for place in places
    )


def show(label: str, found: list[dict[str, Any]]) -> None:
    for name in ("fit", "estimate"):
        seconds = [one[name] for one in found]
        print(f"{label:<16}{name:<10}{statistics.median(seconds):7.3f} s ({min(seconds):.3f} to {max(seconds):.3f})")
    print(f"{label:<16}{'memory':<10}{max(one['memory'] for one in found):7.0f} MB above the data")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--peer", type=Path, help="folder of the environment that the peer is, or will be, installed in"
    )
    parser.add_argument("--prepare", type=Path, help="only make the data, as this file")
    given = parser.parse_args()
    if given.prepare:
        prepare(given.prepare, given.rows)
        return
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "risks.npz"
        # in a process of its own: a child's peak memory begins with what its parent holds
        making = [sys.executable, __file__, "--prepare", str(file), "--rows", str(given.rows)]
        subprocess.run(making, check=True)
        python = install(given.peer or Path(name) / "peer")
        ours, peer = [], []
        for _ in range(given.rounds):
            ours.append(measure(sys.executable, OURS, file))
            if python:
                peer.append(measure(python, PEER, file))
    print(f"reference {given.rows:,} rows, then {given.rows:,} in {CHUNKS} chunks, {len(METRICS)} metrics; "
          f"{given.rounds} rounds")  # fmt: skip
    show("ours", ours)
    if not peer:
        print("NannyML: left out, it could not be installed")
        return
    show("NannyML 0.13.1", peer)
    for name in ("fit", "estimate"):
        ratios = [other[name] / one[name] for one, other in zip(ours, peer, strict=True)]
        print(f"{name}: ours is {statistics.median(ratios):.1f} x faster")
    print(f"memory: ratio ours / peer {max(o['memory'] for o in ours) / max(o['memory'] for o in peer):.2f}")
    print(f"calibration: ours {ours[0]['calibrated']}, peer {peer[0]['calibrated']}")
    for metric in METRICS:
        value, error = furthest(ours[0], peer[0], metric, (0, 1, 2)), furthest(ours[0], peer[0], metric, (3,))
        print(f"{metric}: value and thresholds within {value:.1e}, sampling error within {error:.1e}")


if __name__ == "__main__":
    main()
