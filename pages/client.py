"""One client: where it stands, why, and how that came about."""

import streamlit as st

from core.views import client
from pages.components import client_dialogs, frame, one_client, texts, trust

SHOWN = frame.page("One client")

client_dialogs.show_asked(SHOWN)
with frame.tell_errors():
    found = trust.require_list(SHOWN)
    chosen = one_client.choose(SHOWN, found)
    if not chosen:
        st.stop()
    one = SHOWN.kept(client.one_client, chosen)
    if one is None:
        st.markdown(f"There is no client {texts.plain(chosen)}: it was never scored, or its id is written otherwise.")
        frame.link("pages/clients.py", "All clients")
        st.stop()
    one_client.head(SHOWN, one)
    one_client.deeds(SHOWN, one)
    one_client.change(one)
    left, right = st.columns(2, gap="medium")
    with left:
        one_client.why(one)
        one_client.ways_out(one)
    with right:
        one_client.over_time(SHOWN, one)
        one_client.alike(SHOWN, one)
    one_client.log(SHOWN, one)
    frame.link("pages/clients.py", "All clients")
