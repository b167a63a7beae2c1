"""Scoring a file of 1,000,000 clients x 17 columns, CSV to CSV, against a plain pandas and scikit-learn script.

    python benchmarks/score_million.py [--rows 1000000] [--rounds 3]

Ours writes all input columns plus risk, band and three reasons as text (`python -m core score`). The peer reads
with pandas, predicts with a HistGradientBoosting pipeline and writes all input columns plus risk with pandas.
Both are whole processes, run in turn; wall seconds and peak memory are those of the process.

The same with reasons from TreeSHAP (the shap package) is too slow for a million rows: it is timed on a sample of
them, and the time for all is extrapolated in proportion. shap is installed into an environment of its own; where
that cannot be, this part is left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

HOME = Path(__file__).resolve().parents[1]
NUMERIC = [f"n{number:02}" for number in range(12)]
TEXT = {"region": 5, "industry": 12, "plan": 4, "channel": 6, "country": 30}
CONFIG = """
[data]
client_id = "client"
outcome = "exited"
[[sources]]
name = "in"
kind = "folder"
path = "in"
"""
PEER = """
import sys, joblib, pandas as pd
model = joblib.load(sys.argv[1])
clients = pd.read_csv(sys.argv[2])
clients["risk"] = model.predict_proba(clients)[:, 1]
clients.to_csv(sys.argv[3], index=False)
"""

TREESHAP = """
import sys, time, pandas as pd, shap
from sklearn.ensemble import HistGradientBoostingClassifier
training, million, rows = pd.read_csv(sys.argv[1]), sys.argv[2], int(sys.argv[3])
outcome, training = training["exited"], training.drop(columns=["client", "exited"])
levels = {name: {text: n for n, text in enumerate(sorted(training[name].unique()))}
          for name in training if not pd.api.types.is_numeric_dtype(training[name])}
def encoded(clients):
    return clients.assign(**{name: clients[name].map(own) for name, own in levels.items()})
model = HistGradientBoostingClassifier(random_state=0).fit(encoded(training), outcome)
sample = encoded(pd.read_csv(million, nrows=rows))
explainer = shap.TreeExplainer(model)
explainer.shap_values(sample.head(10))
begun = time.perf_counter()
explainer.shap_values(sample)
print(time.perf_counter() - begun)
"""
SHAP_ROWS = 5000


def make_clients(rows: int, seed: int) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(seed)
    made = {name: random.normal(size=rows).round(4) for name in NUMERIC[:8]}
    made |= {name: random.integers(0, 400, rows) for name in NUMERIC[8:]}
    made |= {
        name: np.array([f"{name} {level}" for level in range(levels)])[random.integers(0, levels, rows)]
        for name, levels in TEXT.items()
    }
    return pd.DataFrame(made)


def make_outcomes(clients: pd.DataFrame, seed: int) -> np.ndarray:
    import numpy as np

    log_odds = clients["n00"] - 0.8 * clients["n01"] * (clients["plan"] == "plan 1") + 0.004 * clients["n08"] - 2
    return (np.random.default_rng(seed).random(len(clients)) < 1 / (1 + np.exp(-log_odds))).astype(int)


def fit_peer(clients: pd.DataFrame, outcome: np.ndarray) -> object:
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    encode = make_column_transformer(
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), list(TEXT)), ("passthrough", NUMERIC)
    )
    return make_pipeline(encode, HistGradientBoostingClassifier(random_state=0)).fit(clients, outcome)


def measure(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak MB of a whole process."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=HOME, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def prepare(folder: Path, rows: int) -> None:
    """Make the files, fit both models."""
    import joblib
    import pyarrow as pa
    import pyarrow.csv as pcsv

    (folder / "in").mkdir()
    (folder / "config.toml").write_text(CONFIG)
    training = make_clients(10_000, seed=1)
    outcome = make_outcomes(training, seed=2)
    identified = training.assign(client=[f"c{n}" for n in range(len(training))], exited=outcome)
    identified.to_csv(folder / "in" / "clients.csv", index=False)
    run = [sys.executable, "-m", "core", "run", "--config", str(folder / "config.toml")]
    subprocess.run(run, cwd=HOME, check=True)
    joblib.dump(fit_peer(training, outcome), folder / "peer.joblib")
    pcsv.write_csv(pa.Table.from_pandas(make_clients(rows, seed=3)), folder / "million.csv")


def compare(folder: Path, rows: int, rounds: int) -> None:
    """Run both in turn and print the figures."""
    ours = [sys.executable, "-m", "core", "score", str(folder / "million.csv"), "-o", str(folder / "ours.csv")]
    ours += ["--config", str(folder / "config.toml")]
    peer = [sys.executable, "-c", PEER, *(str(folder / file) for file in ("peer.joblib", "million.csv", "peer.csv"))]
    baseline = [sys.executable, "-c", "import pandas, pyarrow.csv, scipy.special, core.cli, core.pipeline.score_file"]
    found = [(measure(ours), measure(peer)) for _ in range(rounds)]
    imports, imports_mb = measure(baseline)
    size = (folder / "million.csv").stat().st_size / 1e6
    print(f"{rows:,} rows x 17 columns, {size:.0f} MB; {rounds} rounds; whole processes")
    for label, place in (("ours, risk + band + 3 reasons", 0), ("pandas + HistGradientBoosting, risk", 1)):
        seconds, memory = zip(*(one[place] for one in found), strict=True)
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        print(f"{label:<38}{statistics.median(seconds):6.2f} s ({spread})  peak {max(memory):5.0f} MB")
    time_ratio = statistics.median(one[0][0] / one[1][0] for one in found)
    memory_ratio = statistics.median(one[0][1] / one[1][1] for one in found)
    print(f"ratio ours / peer: time {time_ratio:.2f}, peak memory {memory_ratio:.2f}")
    print(f"of ours, start and imports: {imports:.2f} s, {imports_mb:.0f} MB")
    own = statistics.median(one[0][0] for one in found)
    if (treeshap := treeshap_seconds(folder, rows)) is None:
        print("TreeSHAP: left out, shap could not be installed or does not run here")
    else:
        print(
            f"TreeSHAP alone, extrapolated from {SHAP_ROWS:,} rows: {treeshap:.0f} s; "
            f"ours is {treeshap / own:.0f} x faster"
        )


def treeshap_seconds(folder: Path, rows: int) -> float | None:
    """Seconds that TreeSHAP would take for all rows, extrapolated from a sample; None where shap is not to be had."""
    environment = folder / "shap"
    made = subprocess.run([sys.executable, "-m", "venv", str(environment)], check=False)
    python = str(environment / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "shap==0.51.0", "scikit-learn==1.9.1", "pandas==3.1.1"]
    if made.returncode or subprocess.run(install, check=False).returncode:
        return None
    files_ = [str(folder / "in" / "clients.csv"), str(folder / "million.csv"), str(SHAP_ROWS)]
    found = subprocess.run([python, "-c", TREESHAP, *files_], check=False, capture_output=True, text=True)
    if found.returncode:
        print(found.stderr[-300:])
        return None
    return float(found.stdout.split()[-1]) * rows / SHAP_ROWS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prepare", type=Path, help="only make the files, in this folder")
    given = parser.parse_args()
    if given.prepare:
        prepare(given.prepare, given.rows)
        return
    with tempfile.TemporaryDirectory() as name:
        # in a process of its own: a child's peak memory begins with what its parent holds
        making = [sys.executable, __file__, "--prepare", name, "--rows", str(given.rows)]
        subprocess.run(making, check=True)
        compare(Path(name), given.rows, given.rounds)


if __name__ == "__main__":
    main()
