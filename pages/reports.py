"""Reports of earlier runs: the newest to read here, all of them to download."""

import streamlit as st

from core.views import reports
from core.wording import plural
from pages.components import frame, report_reader, tables

SHOWN = frame.page("Reports")
ZONE = str(SHOWN.zone)

with frame.tell_errors():
    found = reports.reports(SHOWN.workspace)
    if found.empty:
        frame.empty(SHOWN, "No report yet: every full run writes one.")
        st.stop()
    frame.freshness(SHOWN, found["known_at"].iloc[0], "Newest report")
    name = report_reader.choose(SHOWN, found)
    report_reader.read(SHOWN, name)
    with st.expander(f"All {plural(len(found), 'report')}", icon=":material/folder:"):
        tables.table(
            found, f"{plural(len(found), 'report')}, newest first", {
                "known_at": ("Made", "instant"), "run_id": ("Run", "%d"), "kilobytes": ("kB", "%,.0f"), "name": "File",
            }, zone=ZONE, most=12,
        )  # fmt: skip
