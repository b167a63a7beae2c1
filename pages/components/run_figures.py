"""Runs: the newest, how long steps take, and one from beginning to end."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import plots
from core.views import timings
from core.views.timings import OneRun
from core.wording import percent, plural
from pages.components.frame import Shown, figure
from pages.components.tables import CHART, table
from pages.components.texts import plain, when

ALL = "All"
_KINDS = ["full", "ingest", "packages"]
_STATES = ["done", "failed", "unfinished"]


def newest(shown: Shown, runs: pd.DataFrame) -> None:
    """How the newest run ended, and whether it was slow."""
    run = runs.iloc[0]
    with st.grid(3, min_column_width=150):
        figure("Last run", str(run["state"]), f"{run['kind']}, begun {when(run['started_at'], shown.zone)}")
        seconds = "not ended" if pd.isna(run["seconds"]) else f"{run['seconds']:,.1f} s"
        figure("It took", seconds, "from its first step to its last")
        recent = shown.kept(timings.recent_runs)
        bad = int((recent["state"] != "done").sum())
        figure("Ended badly", f"{bad:,}", f"of the last {plural(len(recent), 'run')} ({percent(bad / len(recent))})")
    if run["sentence"]:
        st.markdown(plain(run["sentence"]))
    if slow := shown.kept(timings.one_run, int(run["id"])).slow:
        st.warning(plain(slow), icon=":material/hourglass:")


def step_times(shown: Shown) -> None:
    """Seconds of steps, run by run; of one step with what is usual."""
    kind = st.segmented_control("Runs of the kind", _KINDS, default="full", required=True, key="timed")
    steps = shown.kept(timings.step_history, kind or "full")
    if steps.empty:
        st.markdown("No run of this kind has finished a step yet.")
        return
    usual = shown.kept(timings.usual_of_newest, kind or "full")
    step = st.selectbox("Step", [ALL, *usual.index], key="step", bind="query-params", width=240)
    if step == ALL:
        drawn = shown.once("step seconds", lambda: plots.step_seconds(steps), kind)
        st.plotly_chart(drawn, key="steps", config=CHART, alt=_all_text(steps))
    else:
        own = steps[steps["name"] == step]
        drawn = shown.once("step range", lambda: plots.step_range(own, usual.loc[step]), kind, step)
        st.plotly_chart(drawn, key="one-step", config=CHART, alt=_one_text(own, usual.loc[step]))
        st.caption(_one_text(own, usual.loc[step]))
    with st.expander("What is usual, step by step", icon=":material/timer:"):
        table(
            usual.rename_axis("step").reset_index(),
            f"{plural(len(usual), 'step')}: seconds in the newest run, and what is usual", {
                "step": "Step", "last": ("Newest run, s", "%.1f"), "median": ("Usual, s", "%.1f"),
                "low": ("Quarter below, s", "%.1f"), "high": ("Quarter above, s", "%.1f"), "n": ("Runs", "%d"),
            }, most=20,
        )  # fmt: skip


def _all_text(steps: pd.DataFrame) -> str:
    own = steps[steps["run_id"] == steps["run_id"].max()]
    said = ", ".join(f"{step.name} {step.seconds:.1f} s" for step in own.itertuples(index=False))
    return f"Seconds per step of the newest runs; run {own['run_id'].iloc[0]}: {said}"


def _one_text(own: pd.DataFrame, usual: pd.Series) -> str:
    return (
        f"{own['name'].iloc[0]}: {own['seconds'].iloc[-1]:.1f} s in run {own['run_id'].iloc[-1]}; half of the last "
        f"{plural(int(usual['n']), 'run')} took {usual['low']:.1f} to {usual['high']:.1f} s, "
        f"the middle one {usual['median']:.1f} s"
    )


def filters() -> tuple[str, str]:
    """Kind and state of the runs that are wanted; "": any."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Kind", [ALL, *_KINDS], key="kind", bind="query-params", width=180)
        state = st.selectbox("State", [ALL, *_STATES], key="state", bind="query-params", width=180)
    return "" if kind == ALL else kind, "" if state == ALL else state


def choose(shown: Shown, runs: pd.DataFrame) -> int:
    """A run by its number: the newest, or the one in the address."""
    said = {
        int(run.id): f"{run.id}: {run.kind}, {when(run.started_at, shown.zone)}, {run.state}"
        for run in runs.itertuples()
    }
    return st.selectbox("Run", list(said), format_func=said.__getitem__, key="run", bind="query-params", width=420)


def one_run(shown: Shown, one: OneRun) -> None:
    """A run: how it ended, its steps beside what is usual, what it decided."""
    if one.run["state"] == "failed":
        st.error(plain(one.run["sentence"]), icon=":material/error:")
    elif one.run["state"] == "unfinished":
        st.info("It has not ended: it is going on, or was cut off. What its steps finished is kept.")
    elif one.run["sentence"]:
        st.markdown(plain(one.run["sentence"]))
    if one.slow:
        st.warning(plain(one.slow), icon=":material/hourglass:")
    if one.steps.empty:
        st.markdown("No step of it has ended.")
        return
    table(
        one.steps, f"{plural(len(one.steps), 'step')} of run {one.run['id']}, with what is usual", {
            "name": "Step", "seconds": ("Seconds", "%.1f"), "median": ("Usual, s", "%.1f"),
            "low": ("Quarter below, s", "%.1f"), "high": ("Quarter above, s", "%.1f"), "n": ("Runs before", "%d"),
            "slow": ("Slow", "yes"),
        }, most=20,
    )  # fmt: skip
    for decided in one.decisions.itertuples():
        st.markdown(f"**{plain(str(decided.question).capitalize())}?** {plain(decided.sentence)}")
