"""One client: where it stands, why, how that came about, and what people wrote down."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core import plots, worklist
from core.pipeline import contact, noting
from core.views import clients as views
from core.views.client import OneClient
from core.views.clients import ClientList, Wanted
from core.wording import like_this, percent, plural
from pages.components import client_dialogs
from pages.components.call_cards import BAND_COLOURS, key_of
from pages.components.frame import Shown, do, link
from pages.components.tables import CHART, table
from pages.components.texts import day, money, plain, when

_FOUND = 20
_STATES = {
    worklist.DUE: "a call was promised for today or earlier", worklist.CONTACTED: "contacted this week",
    worklist.WAITING: "to be contacted again later", worklist.SNOOZED: "put off",
    worklist.LEFT: "noted as left",
}  # fmt: skip


def choose(shown: Shown, found: ClientList) -> str:
    """The client in the address; else a search for one."""
    if chosen := st.query_params.get("client", ""):
        return chosen
    text = st.text_input("Find a client", key="find", placeholder="Name or id", width=320) or ""
    if not text.strip():
        st.caption("Or choose one on the page Today, or among all clients.")
        return ""
    places = views.places(found, Wanted(text=text), "Highest risk" if found.provisional else "Most at stake")
    if len(places) == 0:
        st.markdown(f"No client is called {plain(text)}.")
    for row in found.rows(places[:_FOUND]).itertuples():
        link("pages/client.py", f"{plain(row.name)} ({plain(row.client)})", client=row.client)
    if len(places) > _FOUND:
        st.caption(f"The first {_FOUND} of {plural(len(places), 'client')} are shown; write more of the name.")
    return ""


def head(shown: Shown, one: OneClient) -> None:
    """Name, risk and facts of a client, and what can be done."""
    row, data = one.row, shown.workspace.config.data
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(plain(one.name), width="content")
        if row is not None and not one.provisional:
            st.badge(f"{row['band'].capitalize()} risk", color=BAND_COLOURS[row["band"]])  # type: ignore[arg-type]
        if one.state in _STATES and row is not None:
            st.badge(_STATES[one.state].capitalize(), color="violet")
    if row is None:
        why = "It has left." if one.off_list == "left" else "It went missing: it was not in what came in lately."
        st.info(f"{plain(one.name)} is not on the list any more. {why}", icon=":material/logout:")
        return
    said = [f"id {plain(row['client'])}", f"rank {row['rank']:,} of {one.listed:,}"]
    if not one.provisional:
        said.insert(0, f"**risk {percent(row['risk'])}**, {like_this(row['risk'])}")
    said += [plain(row["owner"])] if row["owner"] else []
    said += [money(row["value"], data.currency, data.value_per)] if not pd.isna(row["value"]) else []
    said += [f"as of {day(row['as_of'])}"]
    st.markdown(" · ".join(said))
    for told, icon in ((row["unfamiliar"], ":material/help:"), (row["doubt"], ":material/report:")):
        if told:
            st.warning(plain(f"{told} Take the risk as a guess."), icon=icon)
    if row["out_of_fold"]:
        st.caption("The model learned from this client's own data. The risk comes from models that had not seen them.")


def deeds(shown: Shown, one: OneClient) -> None:
    """Write down what people know of a client."""
    if one.row is None:
        return
    with st.container(horizontal=True):
        asked = client_dialogs.CONTACT, client_dialogs.SNOOZE, client_dialogs.OVERRIDE
        for what, key in zip(asked, ("log", "not-now", "otherwise"), strict=True):
            st.button(
                what, key=key, type="primary" if key == "log" else "secondary", on_click=client_dialogs.ask,
                args=(what, one.client, one.name),
            )  # fmt: skip
    if one.override is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            said = one.override
            st.markdown(
                f":material/person: **{plain(said['who'])} says {said['band']}**: {plain(said['reason'])} "
                f"(until {day(said['expires_at'], shown.zone)})",
                width="stretch",
            )
            st.button(
                "Take it back", key="end-override", type="tertiary", on_click=do,
                args=(noting.end_override, shown.workspace, one.client, shown.who),
            )  # fmt: skip
    if one.snooze is not None and one.state == worklist.SNOOZED:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/snooze: {_snoozed(shown, one.snooze)}", width="stretch")
            st.button(
                "Back on the list", key="wake", type="tertiary", on_click=do,
                args=(noting.wake, shown.workspace, one.client, shown.who),
            )  # fmt: skip


def _snoozed(shown: Shown, snooze: dict[str, Any]) -> str:
    ends = [f"until {day(snooze['until_at'], shown.zone)}"] if pd.notna(snooze["until_at"]) else []
    ends += [f"until the risk rises by {100 * snooze['rises_by']:g} points"] if pd.notna(snooze["rises_by"]) else []
    return f"Put off {' or '.join(ends)} by {plain(snooze['who'])}: {plain(snooze['reason'])}"


def why(one: OneClient) -> None:
    """The strongest reasons up and down."""
    st.subheader("Why")
    if one.reasons.empty:
        st.caption("Reasons are told for clients on the list only.")
        return
    st.plotly_chart(plots.reason_bars(one.reasons), key="reasons", config=CHART, alt=_reasons_text(one))


def _reasons_text(one: OneClient) -> str:
    each = [
        f"{reason.column} {reason.value} (usual {reason.usual}) {reason.contribution:+.2f} log-odds"
        for reason in one.reasons.itertuples()
    ]
    return f"Strongest reasons for the risk of {one.name}: " + "; ".join(each)


def over_time(shown: Shown, one: OneClient) -> None:
    """The risk as it was told, with contacts and versions."""
    st.subheader("Risk over time")
    told = one.history[one.history["risk"].notna()]
    if one.provisional or len(told) == 0:
        st.caption("No risk has been told yet: while the model is provisional there is only the rank.")
        return
    first, last = told.iloc[0], told.iloc[-1]
    spoken = one.contacts.assign(
        said=[
            f"{client_dialogs.how_text(row.how)}: {client_dialogs.result_text(row.result).lower()} ({row.who})"
            for row in one.contacts.itertuples()
        ]
    )
    st.plotly_chart(
        plots.risk_history(one.history, spoken), key="history", config=CHART,
        alt=f"Risk of {one.name}: {percent(first['risk'])} on {when(first['known_at'], shown.zone)}, "
        f"{percent(last['risk'])} on {when(last['known_at'], shown.zone)}; {plural(len(spoken), 'contact')}",
    )  # fmt: skip


def change(one: OneClient) -> None:
    """What became of the risk since last time, and by what."""
    if one.row is None or not one.row["change"]:
        return
    st.markdown(f"**{plain(one.row['change'])}**")
    if len(one.client_change) == 0 and len(one.model_change) == 0:
        return
    with st.expander("What changed", icon=":material/compare_arrows:"):
        if len(one.client_change):
            table(
                one.client_change, "What changed in the client, and what it adds to the log-odds", {
                    "column": "The client", "before": "Before", "now": "Now", "contribution": ("Log-odds", "%+.2f"),
                },
            )  # fmt: skip
        if len(one.model_change):
            table(
                one.model_change, "What the other model makes of the same values, in log-odds",
                {"column": "The model, for", "contribution": ("Log-odds", "%+.2f")},
            )  # fmt: skip


def alike(of: Shown, one: OneClient) -> None:
    """Past clients most like this one, and what became of them."""
    if one.nearest.empty:
        return
    st.subheader("Past clients like this one")
    st.markdown(plain(one.nearest_sentence))
    shown = one.nearest.assign(
        day=[day(moment) for moment in one.nearest["as_of"]],
        became=one.nearest["outcome"].map({1.0: "left", 0.0: "stayed"}),
    )
    table(
        shown, "Past clients most like this one, nearest first: their risk then and what became of them", {
            "name": "Client", "day": "As of", "risk": ("Risk then", "share"), "became": "What became",
        }, most=8,
    )  # fmt: skip


def ways_out(one: OneClient) -> None:
    """Smallest changes of one column after which the model would not say high."""
    if one.target != one.target:
        return
    st.subheader("What would bring it out of the high band")
    if one.changes.empty:
        st.markdown("No single column alone would, within what the model has seen.")
    for row in one.changes.itertuples():
        st.markdown(f"**{plain(row.column)}** from {plain(row.now)} to {plain(row.to)}: risk {percent(row.risk)}")
    st.caption(
        f"High begins at {percent(one.target)}. This is how the model behaves, one column at a time. It is no promise: "
        "a client does not stay because a number was moved."
    )


def log(shown: Shown, one: OneClient) -> None:
    """Every contact with the client, with a way to take one back."""
    st.subheader("Contacts")
    if one.contacts.empty:
        st.caption("None has been noted yet.")
    for row in one.contacts.itertuples():
        with st.container(horizontal=True, vertical_alignment="center"):
            said = f"{when(row.contacted_at, shown.zone)}, {client_dialogs.how_text(row.how).lower()} by "
            said += f"{plain(row.who)}: **{client_dialogs.result_text(row.result).lower()}**"
            said += f". {plain(row.note)}" if row.note else ""
            again = f" Again on {day(row.next_at, shown.zone)}." if pd.notna(row.next_at) else ""
            st.markdown(said + again, width="stretch")
            st.button(
                "Take back", key=f"back-{row.id}-{key_of(one.client)}", type="tertiary", on_click=do,
                args=(contact.take_back, shown.workspace, int(row.id), shown.who),
            )  # fmt: skip
