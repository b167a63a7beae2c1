"""All clients: filters, which can be kept by a name, and a table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode

import numpy as np
import pandas as pd
import streamlit as st

from core.pipeline import noting
from core.views import clients as views
from core.views.clients import ORDERS, ClientList, Wanted
from core.views.export import safe_csv
from core.views.worklist import MOVED
from core.wording import percent, plural
from pages.components.filters import band_filter, segment_filter
from pages.components.frame import Shown, along, do, figure
from pages.components.tables import height
from pages.components.texts import money, plain

#: rows sent to the browser
MOST = 1_000
_CLIENT = "client"
#: widgets that filter, by the name they have in the address; those that hold several values
_FILTERS = ("search", "bands", "owners", "segments", "changed", "order")
_SEVERAL = ("bands", "owners", "segments")
#: where the session keeps what the present filter is to be called
_NAME = "filter-name"


def band_figures(shown: Shown, found: ClientList) -> None:
    """How many clients are in each band, and what is at stake there."""
    data = shown.workspace.config.data
    with st.grid(3, min_column_width=150):
        if found.provisional:
            figure("Clients in order", f"{found.size:,}", "by rank only: provisional")
            return
        for band in views.by_band(found).itertuples():
            stake = f", {money(band.at_stake, data.currency, data.value_per)} at stake" if found.valued else ""
            figure(
                f"{band.band.capitalize()} risk", f"{band.clients:,}", f"{percent(band.share)} of clients{stake}",
                help=_band_help(found, band.band),
            )  # fmt: skip


def _band_help(found: ClientList, band: str) -> str | None:
    """From which risk a client is in a band."""
    cuts = found.cuts
    if cuts is None:
        return None
    return {
        "high": f"A risk of {percent(cuts.high)} or more",
        "medium": f"A risk from {percent(cuts.medium)} to below {percent(cuts.high)}",
        "low": f"A risk below {percent(cuts.medium)}",
    }[band]


def missing_text(shown: Shown, found: ClientList) -> None:
    """How many clients went missing."""
    days = shown.workspace.config.data.stale_after
    unseen = f"not seen for over {plural(days, 'day')}" if days else "gone from the book"
    st.caption(f"{plural(found.missing, 'client')} missing: {unseen}.")


def filters(shown: Shown, found: ClientList) -> tuple[np.ndarray, str]:
    """Search, band, client manager, segment, change and order; places of the clients that meet them, and a key that
    changes with them.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Search", key="search", bind="query-params", placeholder="Name or id", width=200) or ""
        bands = band_filter(found, "bands")
        owners: list[str] = []
        if found.owners:
            owners = list(
                st.multiselect(
                    "Client manager", found.owners, key="owners", bind="query-params", placeholder="All", width=240
                )
            )
        segments = segment_filter(found, "segments")
        order = st.selectbox("Order", _orders(found), key="order", bind="query-params", width=170)
        moved = not found.provisional and st.toggle(
            f"Moved over {100 * MOVED:.0f} points", key="changed", bind="query-params"
        )
    wanted = Wanted(bands, tuple(owners), segments, text, MOVED if moved else None)
    places = views.places(found, wanted, order)
    key = repr([wanted, order, found.scored_at, shown.config])
    return places, hashlib.blake2b(key.encode(), digest_size=6).hexdigest()


def _orders(found: ClientList) -> list[str]:
    """Orders that say something about these clients."""
    valued = {"Most at stake", "Greatest value"}
    if found.provisional:
        return ["Highest risk", "Name"]
    return [name for name in ORDERS if found.valued or name not in valued]


def saved_filters(shown: Shown) -> None:
    """Filters that were kept by a name: choose, keep, remove."""
    kept = shown.kept(views.saved_filters)
    with st.popover("Saved filters", icon=":material/bookmark:"):
        for name, query in kept.items():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    plain(name), key=f"filter-{name}", type="tertiary", on_click=_apply, args=(query,), width="stretch"
                )
                st.button(
                    "Remove", key=f"forget-{name}", type="tertiary", on_click=do,
                    args=(noting.forget_filter, shown.workspace, shown.who, name),
                )  # fmt: skip
        if not kept:
            st.caption("None yet. A filter that is saved here can be chosen by everybody.")
        st.text_input("Name of the present filter", key=_NAME, placeholder="Large clients in the north")
        st.button("Save the present filter", key="save-filter", on_click=do, args=(_save, shown))


def _save(shown: Shown) -> str:
    """Keep the filters as the address writes them."""
    told = {name: st.session_state.get(name) for name in _FILTERS}
    query = urlencode({name: value for name, value in told.items() if value}, doseq=True)
    return noting.save_filter(shown.workspace, shown.who, str(st.session_state.get(_NAME) or ""), query)


def _apply(query: str) -> None:
    """Set the filters (for `on_click`)."""
    told = parse_qs(query)
    for name in _FILTERS:
        values = told.get(name, [])
        if name in _SEVERAL:
            st.session_state[name] = values
        elif name == "changed":
            st.session_state[name] = values == ["True"]
        elif values or name == "search":
            st.session_state[name] = values[0] if values else ""


def counted(shown: Shown, found: ClientList, places: np.ndarray) -> str:
    """How many clients are listed, and what is at stake."""
    data = shown.workspace.config.data
    count = plural(len(places), "client")
    part = count if len(places) == found.size else f"{count} of {found.size:,}"
    stake = found.roster["at_stake"].to_numpy()[places]
    known = stake[np.isfinite(stake)]
    if len(known) and not found.provisional:
        part += f", {money(float(known.sum()), data.currency, data.value_per)} at stake"
    return part + (f"; the first {MOST:,} are shown, the download holds all" if len(places) > MOST else "")


def export(found: ClientList, places: np.ndarray) -> None:
    """Download the clients that meet the filters."""
    st.download_button(
        "Download this list", lambda: safe_csv(views.exported(found, found.rows(places))), "clients.csv", "text/csv",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _select_client(listed: pd.DataFrame, key: str) -> Callable[[], None]:
    """What selecting a row of `listed` does: its client's id is noted, whatever the table shows by then."""

    def selected() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows:
            st.session_state[_CLIENT] = str(listed["client"].iloc[rows[0]])

    return selected


def open_selected(page_file: str) -> None:
    """Go to the page that shows the client just selected, if there is one."""
    if client := st.session_state.pop(_CLIENT, ""):
        st.switch_page(page_file, query_params=along(**{_CLIENT: client}))


def client_table(shown: Shown, found: ClientList, places: np.ndarray, *, key: str) -> None:
    """Clients in the order given, one of which can be selected. A provisional list has ranks only."""
    data = shown.workspace.config.data
    listed = found.rows(places[:MOST])
    columns: dict[str, Any] = {
        "rank": st.column_config.NumberColumn("Rank", width=55, help="1 is the highest risk"),
        "name": st.column_config.TextColumn("Client", pinned=True, width=190),
        "risk_percent": st.column_config.ProgressColumn(
            "Risk", min_value=0, max_value=100, format="%.1f %%", width=130,
            help="The probability that the client leaves", color="blue",
        ),
        "points": st.column_config.NumberColumn(
            "Change", format="%+.0f", width=75, help="Points since last time, above 0: the risk has risen"
        ),
        "band": st.column_config.TextColumn("Band", width=75),
        "value": st.column_config.NumberColumn(f"{data.currency} per {data.value_per}", format="%,.0f", width=110),
        "at_stake": st.column_config.NumberColumn("At stake", format="%,.0f", width=100, help="Risk times value"),
        "owner": st.column_config.TextColumn("Client manager", width=140),
        **{f"reason_{n}": st.column_config.TextColumn(f"Reason {n}", width=370) for n in (1, 2, 3)},
        "client": st.column_config.TextColumn("Client id", width=100),
    }  # fmt: skip
    absent = {"risk_percent", "band", "points", "at_stake"} if found.provisional else set()
    absent |= {"value", "at_stake"} if not found.valued else set()
    absent |= {"owner"} if not found.owners else set()
    absent |= {"client"} if listed["name"].equals(listed["client"]) else set()
    order = [name for name in columns if name not in absent]
    frame = listed.assign(risk_percent=100 * listed["risk"], points=(100 * listed["moved"]).round() + 0.0)[order]
    spread = "by rank" if found.provisional else "with risk in percent and band"
    st.dataframe(
        frame,
        column_order=order,
        column_config=columns,
        hide_index=True,
        key=key,
        height=height(len(frame), 15),
        on_select=_select_client(listed, key),
        selection_mode="single-row",
        alt=f"{len(frame):,} clients {spread}, each with its three strongest reasons",
        placeholder="–",
    )
