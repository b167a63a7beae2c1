"""How long a page of the dashboard takes, with many clients and a long history, beside an almost empty page.

    python benchmarks/dashboard_rerun.py [--clients 10000 1000000] [--years 5] [--reruns 50] [--keep FOLDER]

A book of so many clients is taken in, a model trained on 30,000 past ones, and everybody scored, all by the real
process. Its history is then repeated day by day and month by month, as runs of so many years would have left it: runs,
steps, decisions, drift, performance, contacts and lists. Each page is opened by Streamlit's own test driver, which also
takes in what the page sent, so that its figures lie above those of a server. Printed: the first look, median and 95th
percentile of the reruns, and the ratio to an almost empty page. Bytes: what a browser is sent at the first look.

Limits: 95th percentile of a rerun below 100 ms, first look below 2 MB.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pandas as pd

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))
LIMIT_MS, LIMIT_BYTES = 100, 2_000_000
NOW = datetime(2026, 1, 7, 6, tzinfo=UTC)
PAST = 30_000
CONFIG = """
[data]
client_id = "client"
outcome = "exited"
as_of = "snapshot_date"
owner = "owner"
label = "name"
value = "annual_revenue"
horizon_days = 90
[[sources]]
name = "in"
kind = "folder"
path = "in"
settle_seconds = 0
[store]
files = "data"
[model]
families = ["logistic"]
[monitoring]
multivariate = false
"""
EMPTY = """
import streamlit as st
st.title("Empty")
"""
PAGES = (
    "today", "clients", "client", "score", "quality", "drift", "versions", "ingestion", "rejected", "contract", "runs",
    "packages", "jobs", "reports",
)  # fmt: skip


def book(count: int, seed: int, day: str, first: int, *, known: bool) -> pd.DataFrame:
    """Clients who leave the sooner the less active and satisfied they are."""
    luck = np.random.default_rng(seed)
    number = np.arange(first, first + count)
    activity, satisfaction = luck.gamma(2, 50, count).round(1), luck.normal(7, 1.2, count).clip(1, 10).round(1)
    made = pd.DataFrame(
        {
            "client": [f"C{one:07}" for one in number],
            "snapshot_date": day,
            "name": [f"Company {one} GmbH" for one in number],
            "owner": np.array([f"Manager {one:02}" for one in range(max(8, count // 5000))])[
                luck.integers(0, max(8, count // 5000), count)
            ],
            "annual_revenue": luck.lognormal(10, 1, count).round(),
            "region": np.array(["north", "south", "east", "west"])[luck.integers(0, 4, count)],
            "industry": np.array([f"industry {one}" for one in range(12)])[luck.integers(0, 12, count)],
            "activity": activity,
            "satisfaction": satisfaction,
            "tickets": luck.poisson(2, count),
            "delay": luck.exponential(10, count).round(),
        }
    )
    log_odds = -1.5 - 0.02 * (activity - 100) - 0.8 * (satisfaction - 7) + 0.03 * (made["delay"] - 10)
    if known:
        made["exited"] = (luck.random(count) < 1 / (1 + np.exp(-log_odds))).astype(int)
    return made


def prepare(folder: Path, clients: int, years: int) -> Path:
    """Live through the beginning, and repeat it as history; the config file."""
    from core.pipeline.full import full_run
    from core.workspace import open_workspace

    incoming = folder / "in"
    incoming.mkdir(parents=True)
    config = folder / "config.toml"
    config.write_text(CONFIG)
    workspace = open_workspace(config, lambda: NOW)
    begun = time.perf_counter()
    book(PAST, 0, "2025-09-01", 5_000_000, known=True).to_csv(incoming / "past.csv", index=False)
    book(clients, 1, "2026-01-05", 0, known=False).to_csv(incoming / "now.csv", index=False)
    full_run(workspace)
    print(f"{clients:,} clients taken in and scored in {time.perf_counter() - begun:.0f} s", flush=True)
    begun = time.perf_counter()
    _repeat(workspace, years)
    print(f"{years} years of history in {time.perf_counter() - begun:.0f} s", flush=True)
    return config


def _repeat(workspace: Any, years: int) -> None:
    """Write down what daily runs and monthly files of so many years would have left."""
    from sqlalchemy import select

    from core.store import tables

    luck = np.random.default_rng(2)
    with workspace.store.writing() as db:

        def rows(table: Any) -> list[dict[str, Any]]:
            found = db.connection.execute(select(table)).mappings().all()
            return [{key: value for key, value in one.items() if key != "id"} for one in found]

        steps, decisions = rows(tables.steps), rows(tables.decisions)
        drift, statistics_ = rows(tables.drift), rows(tables.drift_statistics)
        metrics = [one for one in rows(tables.metrics) if one["kind"] == "out_of_fold"]
        batches = rows(tables.batches)
        clients = [one["client"] for one in db.connection.execute(
            select(tables.risks.c.client).limit(5000)).mappings()]  # fmt: skip
        columns = ("activity", "satisfaction", "tickets", "delay", "region", "industry")
        for day in range(365 * years):
            at = NOW - timedelta(days=365 * years - day)
            run = db.insert_one(tables.runs, {"kind": "full", "known_at": at})
            db.insert(tables.steps, [one | {"run_id": run, "known_at": at} for one in steps])
            db.insert(tables.decisions, [one | {"run_id": run, "known_at": at} for one in decisions[:1]])
            end = {"state": "done", "sentence": "No new batch.", "seconds": 10.0, "state_key": "x"}
            db.insert(tables.run_ends, [end | {"run_id": run, "known_at": at}])
            if day % 30 == 0:
                month = f"{at:%Y-%m}"
                db.insert(tables.drift, [
                    one | {"run_id": run, "known_at": at, "chunk": month} for one in drift
                ] or [_drifted(run, at, month, name, luck) for name in columns])  # fmt: skip
                db.insert(tables.drift_statistics, [
                    one | {"run_id": run, "known_at": at, "chunk": month} for one in statistics_
                ])  # fmt: skip
                for kind in ("realised", "estimated"):
                    db.insert(tables.metrics, [
                        one | {"run_id": run, "known_at": at, "kind": kind, "chunk": month} for one in metrics
                    ])  # fmt: skip
                for one in batches:
                    told = {"known_at": at, "name": f"{month}-{one['name']}", "sha256": f"{day:064x}", "part": ""}
                    db.insert_new(tables.batches, one | told | {"accepted": 0, "duplicate": one["read"], "rejected": 0})
            if day % 7 == 0:
                week = f"{at.isocalendar()[0]}-W{at.isocalendar()[1]:02}"
                called = luck.choice(len(clients), 120, replace=False)
                common = {"who": "Manager 01", "how": "call", "result": "undecided", "note": "", "known_at": at}
                db.insert(tables.contacts, [common | {"client": clients[k], "contacted_at": at} for k in called])
                for owner in range(8):
                    listed = {"week": week, "owner": f"Manager {owner:02}", "run_id": run, "known_at": at}
                    caught = {"listed": 15, "expected": 6.2, "known": 15, "expected_of_known": 6.2, "left": 6}
                    db.insert(tables.catches, [listed | caught])


def _drifted(run: int, at: datetime, month: str, column: str, luck: np.random.Generator) -> dict[str, Any]:
    return {
        "run_id": run, "known_at": at, "chunk": month, "column": column, "kind": "numeric", "reference_n": 30_000,
        "current_n": 10_000, "psi": 0.01, "reference_missing": 0.0, "current_missing": 0.0, "reference_usual": "1",
        "current_usual": "1", "verdict": "none", "version": "", "method": "ks", "effect": float(luck.random() / 20),
        "threshold": 0.1, "q": 0.5, "low_power": False, "calendar": False, "importance": 0.2, "sentence": "",
    }  # fmt: skip


def measure(script: str, reruns: int, **query: str) -> tuple[float, float, float]:
    """First look, median and 95th percentile of reruns, in milliseconds."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(script, default_timeout=600)
    for name, value in query.items():
        app.query_params[name] = value
    taken = []
    for _ in range(reruns + 1):
        begun = time.perf_counter()
        app.run()
        taken.append(1000 * (time.perf_counter() - begun))
    if app.exception or app.error:
        raise SystemExit(f"{script}: {(app.exception or app.error)[0].value}")
    first, *rest = taken
    return first, statistics.median(rest), sorted(rest)[round(0.95 * len(rest)) - 1]


def first_bytes(config: Path, client: str) -> dict[str, int]:
    """What a browser is sent over the socket at the first look at each page; empty without Chromium."""
    import shutil

    chromium = shutil.which("chromium")
    if chromium is None:
        return {}
    from playwright.sync_api import sync_playwright

    port = 8699
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port)], cwd=HOME,
        env={**os.environ, "RISK_CONFIG": str(config)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    found = {}
    try:
        for _ in range(300):
            try:
                with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as answer:
                    if answer.read() == b"ok":
                        break
            except (URLError, OSError):
                time.sleep(0.2)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            for name in PAGES:
                tab = browser.new_page()
                sizes: list[int] = []
                tab.on("websocket", lambda socket, sizes=sizes: socket.on(
                    "framereceived", lambda frame: sizes.append(len(frame))))  # fmt: skip
                query = f"?client={client}" if name == "client" else ""
                tab.goto(f"http://127.0.0.1:{port}/{'' if name == 'today' else name}{query}")
                tab.wait_for_function(
                    "() => document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state')"
                    " === 'notRunning' && document.querySelector('h1')",
                    timeout=120_000,
                )
                tab.wait_for_timeout(1000)
                found[name] = sum(sizes)
                tab.close()
            browser.close()
    finally:
        server.terminate()
        server.wait(20)
    return found


def compare(config: Path, reruns: int) -> bool:
    """Print a line a page; whether all keep the limits."""
    from core.views.clients import client_list
    from core.workspace import open_workspace

    os.environ["RISK_CONFIG"] = str(config)
    os.chdir(HOME)
    found = client_list(open_workspace(config))
    client = found.roster["client"][0].as_py()
    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as empty:
        empty.write(EMPTY)
    _, floor, _ = measure(empty.name, reruns)
    sizes = first_bytes(config, client)
    print(f"{found.size:,} clients; an almost empty page: {floor:.0f} ms")
    print(f"{'page':<10}{'first look':>12}{'median':>9}{'95 %':>9}{'ratio':>7}{'bytes':>12}")
    good = True
    for name in PAGES:
        query = {"client": client} if name == "client" else {}
        first, median, high = measure(str(HOME / "pages" / f"{name}.py"), reruns, **query)
        size = sizes.get(name)
        kept = high < LIMIT_MS and (size is None or size < LIMIT_BYTES)
        good &= kept
        print(
            f"{name:<10}{first:>9,.0f} ms{median:>6.0f} ms{high:>6.0f} ms{median / floor:>6.1f}x"
            f"{'not known' if size is None else f'{size / 1e6:.2f} MB':>12}{'' if kept else '   over the limit'}",
            flush=True,
        )
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--reruns", type=int, default=50)
    parser.add_argument("--keep", type=Path, help="a folder to leave the stores in, and to find them again")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.keep or Path(scratch)
        for clients in arguments.clients:
            config = root / str(clients) / "config.toml"
            if not config.is_file():
                prepare(config.parent, clients, arguments.years)
            good &= compare(config, arguments.reruns)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
