"""A batch of 10,000 rows into a dataset of 10,000,000 rows, against the same batch into an empty one.

    python benchmarks/ingest_onto_many.py [--millions 10] [--rounds 5]

Half of the batch's clients are known to the large dataset, so that keys are really looked up. Whole processes are not
compared (imports would hide the difference): the time is that of the ingestion step, as the program itself records it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from ingest_million import CONFIG, HOME, NUMERIC, TEXT

LIMIT_RATIO = 2.0


def make_file(path: Path, first: int, rows: int, seed: int) -> None:
    """Clients from number `first` on."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(seed)
    made = {"client": np.char.add("C", np.arange(first, first + rows).astype(str))}
    made |= {name: random.normal(1000, 300, rows).round(4) for name in NUMERIC[:10]}
    made |= {
        name: np.array([f"{name} {level}" for level in range(levels)])[random.integers(0, levels, rows)]
        for name, levels in TEXT.items()
    }
    made["exited"] = random.integers(0, 2, rows)
    pq.write_table(pa.table(made), path)


def core(workspace: Path, *command: str) -> str:
    """Run a command on a workspace; what it said."""
    whole = [sys.executable, "-m", "core", *command, "--config", str(workspace / "config.toml")]
    return subprocess.run(whole, cwd=HOME, check=True, capture_output=True, text=True).stdout


def make_workspace(folder: Path, millions: int) -> None:
    """A workspace that holds so many rows in files of a million."""
    (folder / "in").mkdir(parents=True)
    (folder / "config.toml").write_text(CONFIG)
    for number in range(millions):
        path = folder / "in" / f"clients_{number}.parquet"
        make_file(path, number * 1_000_000, 1_000_000, seed=number)
        print(core(folder, "ingest").strip())
        path.unlink()


def ingest(workspace: Path, batch: Path, name: str) -> float:
    """Seconds that the ingestion step of this batch took."""
    shutil.copy(batch, workspace / "in" / name)
    core(workspace, "ingest")
    newest = json.loads(core(workspace, "batches", "--json"))[0]
    if (newest["name"], newest["read"]) != (name, 10_000):
        raise SystemExit(f"the batch was not taken: {newest}")
    return float(newest["seconds"])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--millions", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_workspace(folder / "large", given.millions)
        seconds: dict[str, list[float]] = {"empty": [], "large": []}
        for number in range(given.rounds):
            batch = folder / f"batch_{number}.parquet"
            make_file(batch, given.millions * 1_000_000 - 5_000, 10_000, seed=1000 + number)
            empty = folder / f"empty_{number}"
            make_workspace(empty, 0)
            seconds["empty"].append(ingest(empty, batch, batch.name))
            seconds["large"].append(ingest(folder / "large", batch, batch.name))
        print(f"a batch of 10,000 rows, {given.rounds} rounds: seconds of the ingestion step, median (range)")
        for label, found in seconds.items():
            rows = 0 if label == "empty" else given.millions * 1_000_000
            spread = f"{min(found):.3f} to {max(found):.3f}"
            print(f"into a dataset of {rows:>12,} rows: {statistics.median(found):.3f} s ({spread})")
        ratio = statistics.median(seconds["large"]) / statistics.median(seconds["empty"])
        print(f"ratio: {ratio:.2f} (limit {LIMIT_RATIO})")


if __name__ == "__main__":
    main()
