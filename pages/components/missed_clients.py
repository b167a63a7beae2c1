"""Clients who left from the low band."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.views import missed
from core.wording import percent, plural
from pages.components.frame import Shown, link
from pages.components.tables import table
from pages.components.texts import plain, when


def missed_leavers(shown: Shown) -> None:
    """Who was missed, with what was known then."""
    st.header("Missed leavers")
    found = shown.kept(missed.missed_leavers)
    st.markdown(plain(found.sentence))
    if found.clients.empty:
        return
    st.caption(
        f"Their last risk that was told before it was known that they left; the newest "
        f"{plural(len(found.clients), 'client')}, the last to become known first."
    )
    table(
        found.clients, f"Clients who left from the low band, with what was known then. {found.sentence}", {
            "name": "Client", "client": "Client id", "risk": ("Risk then", "share"), "as_of": ("Snapshot", "day"),
            "told_at": ("Risk told", "instant"), "outcome_known_at": ("Leaving known", "instant"),
            "reasons": ("Reasons then", "wide"), "version": "Version",
        }, zone=str(shown.zone),
    )  # fmt: skip
    chosen = st.selectbox(
        "Look at one", found.clients["client"].tolist(), index=None, key="missed", bind="query-params", width=320,
        placeholder="Choose a client",
    )  # fmt: skip
    if chosen:
        _one(shown, found.clients[found.clients["client"] == chosen].iloc[0])


def _one(shown: Shown, row: pd.Series) -> None:
    """One of them in words."""
    with st.container(border=True):
        st.markdown(
            f"**{plain(row['name'])}**: {percent(row['risk'])} told on {when(row['told_at'], shown.zone)} by version "
            f"{plain(row['version'])}; that it left became known on {when(row['outcome_known_at'], shown.zone)}."
        )
        st.markdown(plain(row["reasons"]) or "No reasons are kept of that risk.")
        link("pages/client.py", "The client's whole story", client=str(row["client"]))
