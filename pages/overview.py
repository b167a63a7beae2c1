"""Who is at risk, how the model does, what came in, and whether everything runs."""

import streamlit as st

from core.views import clients, ingestion, model, monitoring, operations
from core.wording import percent, plural
from pages import components

SHOWN = components.page("Overview")
DATA = SHOWN.workspace.config.data

with components.tell_errors():
    components.worker_bar(SHOWN)
    standing = clients.standing(SHOWN.workspace)
    health = model.health(SHOWN.workspace)
    batches = ingestion.batches(SHOWN.workspace)
    if standing.state in ("empty", "refused"):
        components.first_steps(SHOWN, standing)
        st.stop()
    components.trust(standing)
    if health is None:
        components.freshness(SHOWN, batches["known_at"].max(), "Last file")

    if health is not None:
        found = components.client_list(SHOWN)
        components.freshness(SHOWN, found.scored_at, "Risks")
        components.doubted(found)
        with st.grid(4, min_column_width=150):
            if found.provisional:
                components.figure("Clients in order", f"{len(found.clients):,}", "by rank only: provisional")
            for band in clients.by_band(found).itertuples() if not found.provisional else ():
                components.figure(
                    f"{band.band.capitalize()} risk",
                    f"{band.clients:,}",
                    f"{percent(band.share)} of clients, " + components.money(band.value, DATA.currency, DATA.value_per),
                    help=components.band_help(found.cuts, band.band),
                )
            components.model_figure(health)
        if found.missing:
            components.missing_text(SHOWN, found)

    with st.grid(3, min_column_width=230):
        with st.container(border=True, height="stretch"):
            st.markdown("**Model**")
            if health is not None:
                st.markdown(components.model_text(health))
            decided = operations.decision_sentence(SHOWN.workspace)
            st.markdown(components.plain(decided) or "No decision about training was made yet.")
            components.link("pages/model.py", "How good it is")
        with st.container(border=True, height="stretch"):
            st.markdown("**Drift**")
            st.markdown(components.plain(monitoring.drift_sentence(monitoring.drift(SHOWN.workspace))))
            components.link("pages/drift.py", "What moved")
        with st.container(border=True, height="stretch"):
            st.markdown("**Last file**")
            components.last_batch(SHOWN, batches)
            components.link("pages/ingestion.py", "What came in")

    if health is None:
        components.job_button(
            SHOWN, "retrain", "Run the full process now", text="Takes in files, trains, checks and scores."
        )
    else:
        st.header("Top ten")
        components.client_table(SHOWN, found, found.clients.head(10), key="top-ten", brief=True)
        components.open_selected("pages/clients.py")
        components.link("pages/clients.py", f"All {plural(len(found.clients), 'client')}, with reasons and history")
