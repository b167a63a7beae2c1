"""Every client by risk: search, filters, download."""

import streamlit as st

from pages.components import client_table, frame, trust

SHOWN = frame.page("All clients")

with frame.tell_errors():
    found = trust.require_list(SHOWN)
    client_table.band_figures(SHOWN, found)
    if found.missing:
        client_table.missing_text(SHOWN, found)
    places, key = client_table.filters(SHOWN, found)
    with st.container(horizontal=True, vertical_alignment="center"):
        client_table.export(found, places)
        client_table.saved_filters(SHOWN)
        # at the right, for there a table's own buttons appear above it under the pointer
        st.caption(client_table.counted(SHOWN, found, places), width="stretch")
    if len(places) == 0:
        st.markdown("No client meets these filters: take one away.")
    else:
        client_table.client_table(SHOWN, found, places, key=key)
        client_table.open_selected("pages/client.py")
        st.caption("Select a row to see why the client stands there, and how its risk came about.")
