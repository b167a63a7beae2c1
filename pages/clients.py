"""Every client by risk; one of them in detail."""

import streamlit as st

from core.views import clients
from core.wording import plural
from pages import components

SHOWN = components.page("Clients")

with components.tell_errors():
    standing = clients.standing(SHOWN.workspace)
    if not standing.listed:
        components.empty(SHOWN, standing.sentence)
        st.stop()
    components.trust(standing)
    found = components.client_list(SHOWN)
    components.freshness(SHOWN, found.scored_at, "Risks")
    components.doubted(found)
    listed, key = components.filters(found)
    st.caption(components.counted(SHOWN, found, listed))
    if listed.empty:
        st.markdown("No client meets these filters: take one away.")
    else:
        components.client_table(SHOWN, found, listed, key=key)
    chosen = components.selected_client()
    detail = clients.client_detail(SHOWN.workspace, found, chosen)
    if detail is not None:
        components.client_detail(SHOWN, found, detail)
    elif chosen:
        st.markdown(f"Client {components.plain(chosen)} is not on this list.")
    else:
        st.caption("Select a row to see why the client stands there, and how its risk came about.")
    if found.clients["out_of_fold"].any():
        st.caption(
            f"{plural(int(found.clients['out_of_fold'].sum()), 'client')} of {len(found.clients):,} stood in the data "
            "the model learned from. Their risk is out of fold: it comes from models that had not seen them."
        )
