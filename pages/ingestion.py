"""What came in, and what was kept; with a batch in the address, that one by itself."""

import streamlit as st

from core.views import ingestion
from pages.components import arrivals, batch_deeds, frame, job_buttons, one_batch

SHOWN = frame.page("Ingestion")

with frame.tell_errors():
    batches = SHOWN.kept(ingestion.batches)
    if batches.empty:
        frame.empty(SHOWN, "Nothing has come in yet.")
        arrivals.troubles(SHOWN)
        st.stop()
    if wanted := st.query_params.get("batch", ""):
        arrivals.way_back()
        one_batch.one(SHOWN, batches, wanted)
        arrivals.go_to_selected("pages/client.py")
        st.stop()
    frame.freshness(SHOWN, batches["known_at"].max(), "Last file")
    arrivals.totals(batches)
    job_buttons.job_button(SHOWN, "ingest", "Look for new files now", last=False)
    arrivals.troubles(SHOWN)
    arrivals.sources(SHOWN)
    arrivals.history(SHOWN)
    arrivals.batch_table(SHOWN, batches)
    batch_deeds.batch_deeds(SHOWN, batches)
    arrivals.refused_files(SHOWN, batches)
    arrivals.missing_clients(SHOWN)
    arrivals.go_to_selected("pages/client.py")
    arrivals.growth(SHOWN)
