"""This week's calls, a card a client."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd
import streamlit as st

from core.views.worklist import Today
from core.wording import like_this, percent, plural
from pages.components import client_dialogs
from pages.components.frame import Shown, link
from pages.components.texts import day, money, plain, points

#: cards shown before one asks for more
AT_ONCE = 18
BAND_COLOURS = {"high": "red", "medium": "orange", "low": "green"}
_MORE = "cards"


def key_of(client: str) -> str:
    """A client's id as part of the key of a widget."""
    return hashlib.blake2b(client.encode(), digest_size=8).hexdigest()


def cards(shown: Shown, today: Today, calls: pd.DataFrame) -> None:
    """The clients to call, the first ones at once."""
    count = min(len(calls), int(st.session_state.get(_MORE, AT_ONCE)))
    with st.grid(3, min_column_width=300, gap="small"):
        for row in calls.head(count).to_dict("records"):
            _card(shown, today, row)
    if count < len(calls):
        st.button(f"Show more of {plural(len(calls), 'client')}", key="more-cards", on_click=_show_more)


def _show_more() -> None:
    st.session_state[_MORE] = int(st.session_state.get(_MORE, AT_ONCE)) + AT_ONCE


def _card(shown: Shown, today: Today, row: dict[str, Any]) -> None:
    key = key_of(row["client"])
    with st.container(border=True, height="stretch", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            link("pages/client.py", f"**{plain(row['name'])}**", client=row["client"])
            badges(today, row)
        if today.found.provisional:
            st.markdown(f"Rank {row['rank']:,} of {today.found.size:,}")
        else:
            moved = points(row["moved"])
            st.progress(row["risk"], text=f"**{percent(row['risk'])}**, {like_this(row['risk'])}{moved}")
        st.markdown(plain(row["raised_by"]) or "No single column raises the risk.")
        st.caption(facts(shown, row))
        for said in (row["override"], row["doubt"], row["unfamiliar"]):
            if said:
                st.caption(f":material/info: {plain(said)}")
        with st.container(horizontal=True, gap="small"):
            meant = (row["client"], row["name"])
            st.button(
                client_dialogs.CONTACT, key=f"contact-{key}", on_click=client_dialogs.ask,
                args=(client_dialogs.CONTACT, *meant),
            )  # fmt: skip
            st.menu_button(
                "More", [client_dialogs.SNOOZE, client_dialogs.OVERRIDE], key=f"more-{key}", type="tertiary",
                on_click=client_dialogs.ask_chosen, args=(f"more-{key}", *meant),
            )  # fmt: skip


def badges(today: Today, row: dict[str, Any]) -> None:
    """Band, and what is special about the client this week."""
    if not today.found.provisional:
        st.badge(row["band"].capitalize(), color=BAND_COLOURS[row["band"]])  # type: ignore[arg-type]
    if row["due"]:
        st.badge("Promised", icon=":material/event:", color="violet")
    if row["fresh"]:
        st.badge("New", color="blue")


def facts(shown: Shown, row: dict[str, Any]) -> str:
    """Client manager, value and last contact in a line."""
    data = shown.workspace.config.data
    said = [plain(row["owner"])] if row["owner"] else []
    if pd.notna(row["value"]):
        said.append(money(row["value"], data.currency, data.value_per))
        if pd.notna(row["at_stake"]):
            said.append(f"{money(row['at_stake'], data.currency, data.value_per)} at stake")
    if pd.isna(row["contacted_at"]):
        said.append("no contact yet")
    else:
        result = client_dialogs.result_text(row["result"]).lower()
        said.append(
            f"{client_dialogs.how_text(row['how']).lower()} on {day(row['contacted_at'], shown.zone)}: {result}"
        )
    return " · ".join(said)
