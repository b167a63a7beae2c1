"""Drift of 20 columns, 1,000,000 rows against 1,000,000, beside evidently 0.7.23 and NannyML 0.13.1.

    python benchmarks/drift_million.py [--rows 1000000] [--rounds 3] [--peers FOLDER]

All sides read the same Parquet files in a process of their own and time the comparison alone, imports and reading
left out; they run in turn. What takes a second is timed five times a round, and the median taken, for a busy machine
disturbs it more than what takes a minute. Ours computes the exact KS, its p value, PSI, Wasserstein, Jensen-Shannon,
chi-square, total variation, verdicts and sentences; evidently what its DataDriftPreset takes by default; NannyML, in
10 chunks, KS, Jensen-Shannon, Wasserstein, and chi-square, Jensen-Shannon. Memory is the peak of the process above
what it held with the data loaded. The limit of a stored profile is one pass of np.histogram in 10 equal bins over the
current numbers. At last a single wild value in the reference: what it does to each.

Each peer is installed into an environment of its own below FOLDER (kept for the next time; by default in the cache
folder of the user); one that cannot be had is left out, and said so. evidently needs pandas below 3.1, and NannyML
statsmodels, for which it does not ask.
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
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "bellwether-benchmarks"
PEERS = {
    "evidently": ("evidently==0.7.23", "pandas==3.0.*"),
    "nannyml": ("nannyml==0.13.1", "statsmodels"),
}
OURS = "ours"
CHUNKS = 10
#: limits: how many times as fast as each peer, MB above the data, stored profile beside a pass of np.histogram
FASTER, MEMORY, HISTOGRAMS = {"evidently": 100, "nannyml": 30}, 150, 10
NUMBERS = tuple(f"n{k:02d}" for k in range(14))
LEVELS = {"c00": 3, "c01": 5, "c02": 8, "c03": 12, "c04": 50, "c05": 500}
#: columns that change a little
CHANGED = ("n01", "n02", "n03", "n06", "n09", "c01", "c03")
OUTLIER_ROWS, WILD = 20_000, 5e8

MEASURE = """
import json, re, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd
folder, chunks = sys.argv[1], %d
numbers = %r
levels = %r
def held(which):
    told = open("/proc/self/status").read()
    return int(re.search(which + r":\\s+(\\d+)", told)[1]) / 1024
def load(name):
    return [pd.read_parquet(f"{folder}/{name}_{side}.parquet") for side in ("reference", "current")]
def measured(deed, times=1):
    told = {"seconds": [], "cpu": [], "memory": []}
    for _ in range(times):
        open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
        before, begun, worked = held("VmRSS"), time.perf_counter(), time.process_time()
        found = deed()
        told["seconds"].append(time.perf_counter() - begun)
        told["cpu"].append(time.process_time() - worked)
        told["memory"].append(held("VmHWM") - before)
    return found, {"seconds": float(np.median(told["seconds"])), "cpu": float(np.median(told["cpu"])),
                   "memory": max(told["memory"])}
"""

SCRIPTS = {
    OURS: """
from core import drift
from core.config import MonitoringConfig
import scipy.special
kinds = dict.fromkeys(numbers, "numeric") | dict.fromkeys(levels, "categorical")
def compare(sides):
    return drift.compare(drift.profile(sides[0], kinds), sides[1], MonitoringConfig())
sides = load("million")
compare([side.head(1000) for side in sides])
found, told = measured(lambda: compare(sides), 5)
stored = drift.from_frame(drift.to_frame(drift.profile(sides[0], kinds)))
_, told["stored"] = measured(lambda: drift.compare(stored, sides[1], MonitoringConfig()), 5)
_, told["histogram"] = measured(lambda: [np.histogram(sides[1][name].to_numpy(), 10) for name in numbers], 5)
told["columns"] = {one.column: [one.effect, one.verdict] for one in found}
first, second = load("outlier")
one = drift.compare(drift.profile(first, {"x": "numeric"}), second, MonitoringConfig())[0]
told["outlier"] = {"ks": one.statistics["ks"], "wasserstein / sigma": one.statistics["wasserstein"],
                   "psi": one.statistics["psi"], "verdict": one.verdict}
values = [np.sort(side["x"].to_numpy()) for side in (first, second)]
points = np.concatenate(values)
shares = [np.searchsorted(side, points, side="right") / len(side) for side in values]
told["sorted"] = float(np.abs(shares[0] - shares[1]).max())
print(json.dumps(told))
""",
    "evidently": """
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
def compare(sides, numeric, categorical):
    definition = DataDefinition(numerical_columns=list(numeric), categorical_columns=list(categorical))
    sides = [Dataset.from_pandas(side, data_definition=definition) for side in sides]
    return Report([DataDriftPreset()]).run(sides[1], sides[0])
sides = load("million")
compare([side.head(2000) for side in sides], numbers, levels)
found, told = measured(lambda: compare(sides, numbers, levels))
def figures(found):
    made = {}
    for metric in found.dict()["metrics"]:
        column = re.search(r"ValueDrift\\(column=([^,)]+)", metric["metric_name"])
        if column:
            made[column[1]] = float(metric["value"])
    return made
told["columns"] = {name: [value, "alarm" if value >= 0.1 else "stable"] for name, value in figures(found).items()}
value = figures(compare(load("outlier"), ["x"], []))["x"]
told["outlier"] = {"wasserstein / sigma": value, "verdict": "alarm" if value >= 0.1 else "stable"}
print(json.dumps(told))
""",
    "nannyml": """
import nannyml
def compare(sides, numeric, categorical, count):
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=[*numeric, *categorical], treat_as_categorical=list(categorical), chunk_number=count,
        continuous_methods=["kolmogorov_smirnov", "jensen_shannon", "wasserstein"],
        categorical_methods=["chi2", "jensen_shannon"])
    calculator.fit(sides[0])
    return calculator.calculate(sides[1])
sides = load("million")
compare([side.head(2000) for side in sides], numbers, levels, chunks)
found, told = measured(lambda: compare(sides, numbers, levels, chunks))
table = found.filter(period="analysis").to_df()
def column(name, method):
    own = table[name][method]
    return [float(own["value"].mean()), f"{int(own['alert'].sum())} alerts"]
told["columns"] = {name: column(name, "kolmogorov_smirnov" if name in numbers else "jensen_shannon")
                   for name in [*numbers, *levels]}
own = compare(load("outlier"), ["x"], [], 1).filter(period="analysis").to_df()["x"]
told["outlier"] = {"ks": float(own["kolmogorov_smirnov"]["value"].iloc[0])}
print(json.dumps(told))
""",
}


def prepare(folder: Path, rows: int) -> None:
    """Two sides of the same world but for the columns that change a little, and two with a single wild value."""
    import numpy as np
    import pandas as pd

    for seed, side in enumerate(("reference", "current")):
        rng, moved = np.random.default_rng(seed), side == "current"
        made: dict[str, Any] = {}
        for place, name in enumerate(NUMBERS):
            by = 0.06 + 0.01 * place if moved and name in CHANGED else 0.0
            z = rng.normal(by, 1, rows)
            heavy, often_zero = rng.standard_t(3, rows) + by, np.where(z < 0.5, 0, z).round(3)
            made[name] = (np.exp(z).round(2), z, heavy, np.rint(20 + 8 * z), often_zero)[place % 5]
        for name, count in LEVELS.items():
            shares = 1 / np.arange(1, count + 1)
            if moved and name in CHANGED:
                shares[: count // 2] *= 1.3
            names = np.array([f"{name} {level}" for level in range(count)], dtype=object)
            made[name] = pd.Series(names[rng.choice(count, rows, p=shares / shares.sum())], dtype="str")
        pd.DataFrame(made).to_parquet(folder / f"million_{side}.parquet")
        x = rng.normal(100 + 2.7 * moved, 10, OUTLIER_ROWS)
        if not moved:
            x[0] = WILD
        pd.DataFrame({"x": x}).to_parquet(folder / f"outlier_{side}.parquet")


def install(folder: Path, name: str) -> str | None:
    """The Python of an environment that has the peer; None where it cannot be had."""
    place = folder / name
    python = str(place / "bin" / "python")
    tried = [python, "-c", f"import {name}"]
    if place.exists() and subprocess.run(tried, check=False, capture_output=True).returncode == 0:
        return python
    if subprocess.run([sys.executable, "-m", "venv", str(place)], check=False).returncode:
        return None
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS[name]], check=False)
    return python if subprocess.run(tried, check=False, capture_output=True).returncode == 0 else None


def measure(python: str, name: str, folder: Path) -> dict[str, Any]:
    """What one side tells of itself."""
    own = {"PYTHONPATH": str(HOME)} if name == OURS else {}
    environment = {**os.environ, **own, "NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}
    head = MEASURE % (CHUNKS, NUMBERS, tuple(LEVELS))
    command = [python, "-c", head + SCRIPTS[name], str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr[-900:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def kept(good: bool) -> str:
    return "kept" if good else "NOT KEPT"


def show_ours(found: list[dict[str, Any]]) -> None:
    stored, histogram = ([one[name]["seconds"] for one in found] for name in ("stored", "histogram"))
    ratio = statistics.median(one / other for one, other in zip(stored, histogram, strict=True))
    memory = max(one["memory"] for one in found)
    print(f"{'ours, stored profile':<24}{statistics.median(stored):8.3f} s ({min(stored):.3f} to {max(stored):.3f})")
    print(f"{'np.histogram, 10 bins':<24}{statistics.median(histogram):8.3f} s")
    print(f"stored profile / np.histogram: {ratio:.1f} (limit {HISTOGRAMS}: {kept(ratio <= HISTOGRAMS)})")
    print(f"memory above the data: {memory:.0f} MB (limit {MEMORY}: {kept(memory <= MEMORY)})")


def show_columns(found: dict[str, dict[str, Any]]) -> None:
    print("\nwhat was changed a little, and what each says")
    for column in CHANGED:
        said = [
            f"{name} {one['columns'][column][0]:.3f} {one['columns'][column][1]}"
            for name, one in found.items()
            if column in one["columns"]
        ]
        print(f"{column}: {'; '.join(said)}")
    calm = [column for column in (*NUMBERS, *LEVELS) if column not in CHANGED]
    for name, one in found.items():
        loud = [column for column in calm if one["columns"].get(column, [0, "stable"])[1] not in ("stable", "0 alerts")]
        print(f"{name}: speaks of {len(loud)} of {len(calm)} columns that did not change")


def show_outlier(found: dict[str, dict[str, Any]]) -> None:
    exact = found[OURS]["sorted"]
    print(f"\na single value of {WILD:.0e} among {OUTLIER_ROWS:,}, and a shift of KS {exact:.5f} (both sides sorted)")
    for name, one in found.items():
        said = [
            f"{what} {value if isinstance(value, str) else f'{value:.5f}'}" for what, value in one["outlier"].items()
        ]
        print(f"{name}: {', '.join(said)}")
    off = abs(found[OURS]["outlier"]["ks"] - exact)
    print(f"ours is off by {off:.1e} (limit 1e-12: {kept(off <= 1e-12)})")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, default=CACHE, help="folder of the environments of the peers")
    parser.add_argument("--prepare", type=Path, help="only make the files, in this folder")
    given = parser.parse_args()
    if given.prepare:
        prepare(given.prepare, given.rows)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        making = [sys.executable, __file__, "--prepare", name, "--rows", str(given.rows)]
        subprocess.run(making, check=True)
        pythons = {OURS: sys.executable} | {peer: install(given.peers.absolute(), peer) for peer in PEERS}
        found: dict[str, list[dict[str, Any]]] = {who: [] for who, python in pythons.items() if python}
        for _ in range(given.rounds):
            for who, all_of_it in found.items():
                all_of_it.append(measure(str(pythons[who]), who, folder))
    print(f"{given.rows:,} rows against {given.rows:,}, {len(NUMBERS)} numeric and {len(LEVELS)} text columns; "
          f"{given.rounds} rounds")  # fmt: skip
    for who, rounds in found.items():
        seconds = [one["seconds"] for one in rounds]
        spread = f"{min(seconds):.3f} to {max(seconds):.3f}"
        memory, cpu = max(one["memory"] for one in rounds), statistics.median(one["cpu"] for one in rounds)
        print(f"{who:<24}{statistics.median(seconds):8.3f} s ({spread}), {cpu:.3f} s of processors, "
              f"{memory:.0f} MB above the data")  # fmt: skip
    show_ours(found[OURS])
    for peer, least in FASTER.items():
        if peer not in found:
            print(f"{peer}: left out, it could not be installed or does not run here")
            continue
        pairs = list(zip(found[peer], found[OURS], strict=True))
        times, cpu = (statistics.median(other[name] / one[name] for other, one in pairs) for name in ("seconds", "cpu"))
        print(f"ours is {times:.0f} x as fast as {peer} (limit {least}: {kept(times >= least)}), {cpu:.0f} x by the "
              "time of processors")  # fmt: skip
    last = {who: rounds[-1] for who, rounds in found.items()}
    show_columns(last)
    show_outlier(last)


if __name__ == "__main__":
    main()
