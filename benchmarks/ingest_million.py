"""Ingesting a file of 1,000,000 clients x 17 columns, against pandas: read_csv + drop_duplicates + to_parquet.

    python benchmarks/ingest_million.py [--rows 1000000] [--rounds 3]

Ours reads, checks every cell, tells new, duplicate and superseded rows apart, and writes Parquet with the hashes of
keys and contents (`python -m core ingest`, a workspace that has a contract). Both are whole processes, run in turn; the
peak of memory is told above that of a process that only imports what is used.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
LIMIT_RATIO, LIMIT_MB = 2.0, 400
NUMERIC = [f"n{number:02}" for number in range(11)]
TEXT = {"region": 5, "industry": 12, "plan": 4, "channel": 6, "country": 30}
CONFIG = """
[data]
client_id = "client"
outcome = "exited"
[[sources]]
name = "in"
kind = "folder"
path = "in"
settle_seconds = 0
"""
PEER = """
import sys, pandas as pd
pd.read_csv(sys.argv[1]).drop_duplicates().to_parquet(sys.argv[2])
"""
OURS_IMPORTS = "import core.cli, core.pipeline.full, core.pipeline.ingest"
PEER_IMPORTS = "import pandas, pyarrow.parquet"


def make_file(path: Path, rows: int, seed: int) -> None:
    """Clients with 17 columns; one row in fifty stands twice."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as pcsv

    random = np.random.default_rng(seed)
    made = {"client": np.char.add("C", np.arange(rows).astype(str))}
    made |= {name: random.normal(1000, 300, rows).round(4) for name in NUMERIC}
    made |= {
        name: np.array([f"{name} {level}" for level in range(levels)])[random.integers(0, levels, rows)]
        for name, levels in TEXT.items()
    }
    made["exited"] = random.integers(0, 2, rows)
    table = pa.table({name: pa.array(column) for name, column in made.items() if name != "n10"})
    again = random.integers(0, rows, rows)
    places = np.where(random.random(rows) < 0.02, again, np.arange(rows))
    pcsv.write_csv(table.take(pa.array(places)), path)


def measure(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak MB of a whole process."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=HOME, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def ours(folder: Path) -> tuple[float, float]:
    """Ingest the large file into a fresh copy of the workspace."""
    work = folder / "work"
    shutil.copytree(folder / "ready", work)
    os.link(folder / "million.csv", work / "in" / "million.csv")
    try:
        return measure([sys.executable, "-m", "core", "ingest", "--config", str(work / "config.toml")])
    finally:
        shutil.rmtree(work)


def prepare(folder: Path, rows: int) -> None:
    """A workspace with a contract, and the large file."""
    ready = folder / "ready"
    (ready / "in").mkdir(parents=True)
    (ready / "config.toml").write_text(CONFIG)
    make_file(ready / "in" / "first.csv", 1000, seed=1)
    command = [sys.executable, "-m", "core", "ingest", "--config", str(ready / "config.toml")]
    subprocess.run(command, cwd=HOME, check=True, stdout=subprocess.DEVNULL)
    make_file(folder / "million.csv", rows, seed=2)


def compare(folder: Path, rows: int, rounds: int) -> None:
    """Run both in turn and print the figures."""
    peer = [sys.executable, "-c", PEER, str(folder / "million.csv"), str(folder / "peer.parquet")]
    found = [(ours(folder), measure(peer)) for _ in range(rounds)]
    bases = [measure([sys.executable, "-c", text])[1] for text in (OURS_IMPORTS, PEER_IMPORTS)]
    size = (folder / "million.csv").stat().st_size / 1e6
    print(f"{rows:,} rows x 17 columns, {size:.0f} MB; {rounds} rounds; whole processes")
    for place, label in enumerate(("ours", "pandas read_csv + drop_duplicates + to_parquet")):
        seconds, memory = zip(*(one[place] for one in found), strict=True)
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        above = max(memory) - bases[place]
        print(f"{label:<48}{statistics.median(seconds):6.2f} s ({spread})  peak {above:5.0f} MB above the imports")
    ratio = statistics.median(one[0][0] / one[1][0] for one in found)
    print(f"ratio ours / peer: time {ratio:.2f} (limit {LIMIT_RATIO}); limit of memory {LIMIT_MB} MB above the imports")


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
