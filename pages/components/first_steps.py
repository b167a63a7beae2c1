"""What came in, and how to make a beginning."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.views.clients import Standing
from core.wording import plural
from pages.components.frame import Shown
from pages.components.job_buttons import example_offer, job_button
from pages.components.texts import ago, plain


def first_steps(shown: Shown, standing: Standing) -> None:
    """The two ways to begin: files of one's own, or the example company."""
    data = shown.workspace.config.data
    places = [source.place for source in shown.workspace.config.sources]
    if standing.state == "refused":
        st.error(plain(standing.sentence), icon=":material/error:")
    st.markdown("Bellwether estimates which clients are likely to leave, and says why. There are two ways to begin.")
    own, example = st.columns(2, border=True)
    with own:
        st.header("Your own clients")
        if places:
            st.markdown("Put a table of your clients, one row a client, as `.csv` into")
            st.code("\n".join(places), language=None, wrap_lines=True)
        else:
            st.markdown("Name a folder for your client files under `[[sources]]` in `config.toml`.")
        st.markdown(
            f"`config.toml` says that the column `{data.outcome}` tells who has left"
            + (f" and `{data.client_id}` names the client." if data.client_id else ".")
        )
        job_button(shown, "full", "Look for files now", text="Takes in what is there, trains, checks and scores.")
    with example:
        st.header("An example company")
        st.markdown(
            "A made company with thousands of clients, whose last two years are lived through month by month. "
            "It has a place of its own; your own clients are never mixed with it."
        )
        example_offer(shown)


def last_batch(shown: Shown, batches: pd.DataFrame) -> None:
    """The newest file and what was kept of it."""
    newest = batches.iloc[0]
    st.markdown(f"{plain(newest['name'])}, {ago(newest['known_at'], shown.own.now())}")
    if newest["refused"]:
        st.markdown(f":material/error: Refused: {plain(newest['refused'])}")
    else:
        st.markdown(
            f"{plural(int(newest['read']), 'row')} read: "
            + ", ".join(f"{newest[name]:,} {name}" for name in ("accepted", "duplicate", "superseded", "rejected"))
        )
    st.caption(f"{len(batches):,} files in all, {int((batches['refused'] != '').sum()):,} refused")
