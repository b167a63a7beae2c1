"""How long runs and their steps take, and what is usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.errors import NotFound
from core.store import history
from core.wording import plural
from core.workspace import Workspace

#: runs that a page shows, and those that say what is usual
MOST, USUAL_RUNS = 60, 30
#: fewer runs say nothing about what is usual
LEAST = 5
RUN_COLUMNS = ["id", "kind", "started_at", "ended_at", "state", "sentence", "seconds"]


@dataclass(frozen=True, eq=False)
class OneRun:
    """A run from beginning to end."""

    #: see `RUN_COLUMNS`
    run: dict[str, Any]
    #: name, seconds, median, low, high (quartiles of the runs before), n, slow; in the order in which they were done
    steps: pd.DataFrame
    #: question, answer, sentence
    decisions: pd.DataFrame
    #: which steps took longer than usual, in words; "" when none did, or too little is known
    slow: str


def recent_runs(workspace: Workspace, kind: str = "", state: str = "", limit: int = MOST) -> pd.DataFrame:
    """The newest runs, `RUN_COLUMNS`, newest first, of a kind and in a state where one is named."""
    with workspace.store.reading() as db:
        found = history.list_runs(db, kind=kind, state=state, limit=limit)
    return pd.DataFrame(found, columns=RUN_COLUMNS)


def step_history(workspace: Workspace, kind: str = "full", limit: int = MOST) -> pd.DataFrame:
    """Seconds of every step of the newest runs of a kind: run_id, name, known_at, seconds, in the order of runs."""
    with workspace.store.reading() as db:
        runs = [run["id"] for run in history.list_runs(db, kind=kind, limit=limit)]
        steps = history.list_steps(db, runs)
    return steps[["run_id", "name", "known_at", "seconds"]].iloc[::-1].reset_index(drop=True)


def one_run(workspace: Workspace, run_id: int) -> OneRun:
    """A run, step by step, beside the runs of its kind before it. Raises `NotFound`."""
    with workspace.store.reading() as db:
        found = history.list_runs(db, run_id=run_id)
        if not found:
            raise NotFound(f"There is no run {run_id}.")
        earlier = [one["id"] for one in history.list_runs(db, kind=found[0]["kind"], before=run_id, limit=USUAL_RUNS)]
        steps = history.list_steps(db, [run_id, *earlier])
        decided = pd.DataFrame(history.list_decisions(db, run_id), columns=["question", "answer", "sentence"])
    own, before = steps[steps["run_id"] == run_id].iloc[::-1], steps[steps["run_id"] != run_id]
    told = against_usual(own[["name", "seconds"]], before)
    return OneRun(found[0], told, decided.iloc[::-1].reset_index(drop=True), slow_sentence(told))


def usual(steps: pd.DataFrame) -> pd.DataFrame:
    """Quartiles of the seconds of each step (linear interpolation, type 7): median, low, high, n by name.

    `steps`: run_id, name, seconds. A step that a run does several times counts by their sum.
    """
    seconds = steps.astype({"seconds": "float64"})  # of no step at all: pandas takes them for texts
    summed = seconds.groupby(["name", "run_id"], sort=False)["seconds"].sum()
    grouped = summed.groupby("name")
    return pd.DataFrame(
        {
            "median": grouped.quantile(0.5), "low": grouped.quantile(0.25), "high": grouped.quantile(0.75),
            "n": grouped.size(),
        }
    )  # fmt: skip


def usual_of_newest(workspace: Workspace, kind: str = "full") -> pd.DataFrame:
    """What is `usual` for each step in the newest `USUAL_RUNS` runs of a kind, and `last`: seconds in the newest run.

    By name, in the order in which the steps are done.
    """
    steps = step_history(workspace, kind, USUAL_RUNS)
    newest = steps[steps["run_id"] == steps["run_id"].max()]
    last = newest.groupby("name", sort=False)["seconds"].sum()
    return usual(steps).assign(last=last).reindex(pd.unique(steps["name"]))


def against_usual(own: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Steps of a run (name, seconds) with what was usual in the runs `before` it, and whether they were slow.

    Slow: beyond the upper quartile by more than 1.5 times the range between the quartiles (Tukey 1977), by half of the
    median and by a second, where at least `LEAST` runs are known.
    """
    summed = own.groupby("name", sort=False)["seconds"].sum().reset_index()
    told = summed.merge(usual(before), left_on="name", right_index=True, how="left")
    fence = told["high"] + 1.5 * (told["high"] - told["low"])
    least = np.maximum(1.5 * told["median"], told["median"] + 1.0)
    known = told["n"].fillna(0) >= LEAST
    told["slow"] = known & (told["seconds"] > fence) & (told["seconds"] > least)
    return told


def slow_sentence(told: pd.DataFrame) -> str:
    """Which steps took longer than usual, in words."""
    slow = told[told["slow"]]
    if slow.empty:
        return ""
    said = [
        f"{one.name} took {one.seconds:.1f} s where {one.median:.1f} s ({one.low:.1f} to {one.high:.1f} s) is usual"
        for one in slow.itertuples(index=False)
    ]
    return f"Slower than usual: {'; '.join(said)}, over {plural(int(slow['n'].max()), 'run')} before it."
