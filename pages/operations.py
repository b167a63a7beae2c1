"""Is everything running: worker, runs, steps, jobs, packages."""

import streamlit as st

from core import plots
from core.views import operations
from core.wording import plural
from pages import components

SHOWN = components.page("Operations")
ZONE = str(SHOWN.zone)

with components.tell_errors():
    components.worker_bar(SHOWN)
    runs = operations.runs(SHOWN.workspace)
    packages = operations.packages(SHOWN.workspace)
    jobs = operations.jobs(SHOWN.own)
    worker = operations.worker(SHOWN.own)
    st.caption(f"As of {components.when(SHOWN.own.now(), SHOWN.zone)}")
    with st.grid(4, min_column_width=150):
        components.figure(
            "Worker", "at work" if worker.alive else "not running",
            f"last sign {components.when(worker.heartbeat_at, SHOWN.zone)}",
        )  # fmt: skip
        components.last_run(SHOWN, runs)
        components.figure(
            "Jobs waiting", f"{sum(job.ended_at is None for job in jobs):,}",
            f"{sum(job.state == 'failed' for job in jobs):,} of the last {len(jobs):,} failed",
        )  # fmt: skip
        components.outdated(packages)

    st.header("Retrain")
    st.caption("Runs the full process and trains whatever the evidence says. The gate still decides what is promoted.")
    components.job_button(SHOWN, "retrain", "Retrain now", primary=True)

    st.header("Runs")
    if runs.empty:
        st.markdown("No run yet: the worker begins one when files have come in.")
    else:
        st.caption(f"Run {runs['id'].iloc[0]}: {components.plain(runs['sentence'].iloc[0]) or 'not ended yet.'}")
        components.table(
            runs, f"{plural(len(runs), 'run')}, newest first, with what came of each", {
                "id": ("Run", "%d"), "kind": "Kind", "started_at": ("Started", "instant"), "state": "State",
                "seconds": ("Seconds", "%.1f"), "sentence": ("What came of it", "wide"),
            }, zone=ZONE, most=8,
        )  # fmt: skip
        timings = operations.timings(SHOWN.workspace)
        if not timings.empty:
            st.header("How long the steps take")
            st.plotly_chart(
                plots.step_seconds(timings), key="steps", config=components.CHART,
                alt=components.timings_text(timings),
            )  # fmt: skip

    st.header("Jobs")
    if not jobs:
        st.markdown("Nobody has asked for a job yet.")
    else:
        components.table(
            operations.job_frame(jobs), f"The last {plural(len(jobs), 'job')}, newest first", {
                "kind": "Kind", "state": "State", "asked_by": "Asked by", "asked_at": ("Asked", "instant"),
                "ended_at": ("Ended", "instant"), "sentence": ("What came of it", "wide"), "config": "For",
            }, zone=ZONE, most=8,
        )  # fmt: skip

    st.header("Packages")
    components.job_button(SHOWN, "packages", "Look for newer versions now")
    if packages.empty:
        st.markdown("Installed packages have not been held against the newest ones yet.")
    else:
        components.freshness(SHOWN, packages["known_at"].max(), "Looked up")
        components.table(
            packages, f"{plural(len(packages), 'installed package')}, outdated ones first", {
                "name": "Package", "installed": "Installed", "newest": "Newest", "outdated": ("Outdated", "yes"),
                "direct": ("Asked for by Bellwether", "yes"), "failure": ("Why it is not known", "wide"),
            }, most=12,
        )  # fmt: skip
