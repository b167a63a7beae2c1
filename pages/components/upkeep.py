"""Runs, packages and timings in few words."""

from __future__ import annotations

import pandas as pd

from pages.components.frame import Shown, figure
from pages.components.texts import interval, when


def last_run(shown: Shown, runs: pd.DataFrame) -> None:
    """How the newest run ended."""
    if runs.empty:
        figure("Last run", "none yet", "the worker begins one when files have come in")
        return
    newest = runs.iloc[0]
    figure("Last run", str(newest["state"]), f"{newest['kind']}, {when(newest['started_at'], shown.zone)}")


def outdated(packages: pd.DataFrame) -> None:
    """How many packages are outdated."""
    if packages.empty:
        figure("Outdated packages", "unknown", "not looked up yet")
        return
    failed = int((packages["failure"] != "").sum())
    note = f"of {len(packages):,} installed" + (f", {failed:,} could not be looked up" if failed else "")
    figure("Outdated packages", f"{int(packages['outdated'].sum()):,}", note)


def timings_text(timings: pd.DataFrame) -> str:
    """What the figure of step timings shows, in words."""
    newest = timings[timings["run_id"] == timings["run_id"].max()]
    steps = ", ".join(f"{step.name} {step.seconds:.1f} s" for step in newest.iloc[::-1].itertuples())
    return f"Seconds per step of the newest runs; run {newest['run_id'].iloc[0]}: {steps}"


def performance_text(found: pd.DataFrame, metric: str) -> str:
    """What the figure of performance by chunk shows, in words."""
    if found.empty:
        return f"No chunk has a {metric} yet"
    newest = found.iloc[-1]
    return (
        f"{metric} by chunk, realised and backfilled; newest {newest['chunk']}: {newest['value']:.3f} "
        f"({interval(newest['low'], newest['high'])}), n = {newest['n']:,}, {newest['kind']}"
    )
