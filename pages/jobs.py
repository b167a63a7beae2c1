"""What was asked of the worker, what came of it, and what can be asked again."""

import streamlit as st

from core.views import operations, working
from core.wording import plural
from pages.components import frame, job_buttons, tables, texts

SHOWN = frame.page("Jobs")
ZONE = str(SHOWN.zone)

with frame.tell_errors():
    worker = working.worker(SHOWN.own)
    jobs = operations.jobs(SHOWN.own)
    st.caption(f"As of {texts.when(SHOWN.own.now(), SHOWN.zone)}")
    with st.grid(3, min_column_width=150):
        frame.figure(
            "Worker", "at work" if worker.alive else "not running",
            f"last sign {texts.when(worker.heartbeat_at, SHOWN.zone)}",
        )  # fmt: skip
        job_buttons.now_done(jobs)
    job_buttons.failed(SHOWN, jobs)
    if not jobs:
        st.markdown("Nobody has asked for a job yet: the schedule does, and buttons such as *Retrain now* do.")
    else:
        st.header("What was asked")
        st.caption(f"The last {plural(len(jobs), 'job')}, newest first.")
        asked = operations.job_frame(jobs, SHOWN.own.now())
        asked["whose"] = job_buttons.whose(SHOWN, asked["config"])
        tables.table(
            asked,
            f"The last {plural(len(jobs), 'job')}, newest first: who asked, how long each waited and ran, its end",
            tables.filled(asked, {
                "id": ("Job", "%d"), "kind": "Kind", "state": "State", "asked_by": "Asked by",
                "asked_at": ("Asked", "instant"), "waited": ("Waited, s", "%.0f"), "ran": ("Ran, s", "%.0f"),
                "sentence": ("What came of it", "wide"), "whose": ("For", 160),
            }), zone=ZONE, most=12,
        )  # fmt: skip
