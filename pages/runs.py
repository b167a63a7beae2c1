"""How runs went, and how long they and their steps took beside what is usual."""

import streamlit as st

from core.views import timings
from core.wording import plural
from pages.components import frame, run_figures, tables, texts

SHOWN = frame.page("Runs and timings")
ZONE = str(SHOWN.zone)

with frame.tell_errors():
    newest = SHOWN.kept(timings.recent_runs, "", "", 1)
    if newest.empty:
        frame.empty(SHOWN, "No run yet: the worker begins one when files have come in.")
        st.stop()
    frame.freshness(SHOWN, newest["started_at"].iloc[0], "Last run")
    run_figures.newest(SHOWN, newest)
    st.header("How long the steps take")
    run_figures.step_times(SHOWN)
    st.header("Runs")
    kind, state = run_figures.filters()
    runs = SHOWN.kept(timings.recent_runs, kind, state)
    if runs.empty:
        st.markdown("No run is like that: take a filter away.")
    else:
        st.caption(f"The newest {plural(len(runs), 'run')} of these, newest first.")
        tables.table(
            runs, f"{plural(len(runs), 'run')}, newest first, with what came of each", {
                "id": ("Run", "%d"), "kind": "Kind", "started_at": ("Started", "instant"), "state": "State",
                "seconds": ("Seconds", "%.1f"), "sentence": ("What came of it", "wide"),
            }, zone=ZONE, most=8,
        )  # fmt: skip
        st.header("One run")
        chosen = run_figures.choose(SHOWN, runs)
        run_figures.one_run(SHOWN, SHOWN.kept(timings.one_run, chosen))
    st.caption(f"As of {texts.when(SHOWN.own.now(), SHOWN.zone)}")
