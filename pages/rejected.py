"""Rows that were set aside and cells that could not be read, with the reasons, and the way to mend them."""

import streamlit as st

from core.views import ingestion, rejects
from pages.components import frame, rejected_rows

SHOWN = frame.page("Rejected rows")

with frame.tell_errors():
    batches = SHOWN.kept(ingestion.batches)
    if batches.empty:
        frame.empty(SHOWN, "Nothing has come in yet.")
        st.stop()
    frame.freshness(SHOWN, batches["known_at"].max(), "Last file")
    if not SHOWN.kept(rejects.files):
        st.markdown("None: every row and every cell could be read.")
        frame.link("pages/ingestion.py", "What came in")
        st.stop()
    loaded, faults, batch = rejected_rows.choose(SHOWN)
    if faults.empty:
        st.markdown("None meets these filters: take one away. Rows that are too old are no longer kept.")
    else:
        st.caption(rejected_rows.counted(loaded, faults))
        st.header("By reason")
        rejected_rows.reasons(faults)
        st.header("One by one")
        rejected_rows.one_by_one(faults)
    st.header("Mend them")
    rejected_rows.mend(SHOWN, loaded, faults, batch, "mended")
