"""Clients in tables and in detail."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from core import plots
from core.scoring import BandCuts
from core.views import clients as views
from core.views.clients import BANDS, ClientDetail, ClientList, Standing
from core.wording import like_this, percent, plural
from pages.components.frame import Shown
from pages.components.tables import CHART, LAZY_ROWS, download, height, table
from pages.components.texts import money, plain, when

#: the query parameter that names the client in detail
_CLIENT = "client"


def trust(standing: Standing) -> None:
    """Say why a list has no percentages, follows a rule, or is absent."""
    if standing.state == "ready":
        return
    icon = ":material/rule:" if standing.state == "rule" else ":material/info:"
    st.info(plain(standing.sentence), icon=icon)


def band_help(cuts: BandCuts | None, band: str) -> str | None:
    """From which risk a client is in a band."""
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


def filters(found: ClientList) -> tuple[pd.DataFrame, str]:
    """Search, band and client manager, and a download; the clients that meet them, a key that changes with them."""
    owners = sorted(owner for owner in found.clients["owner"].unique() if owner)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Search", key="search", bind="query-params", placeholder="Name or id", width=240) or ""
        bands = (
            []
            if found.provisional
            else st.pills("Band", BANDS, selection_mode="multi", key="band", bind="query-params")
        )
        chosen = (
            st.multiselect("Client manager", owners, key="owner", bind="query-params", placeholder="All", width=320)
            if owners
            else []
        )
        listed = views.narrowed(found.clients, bands=list(bands or []), owners=list(chosen), text=text)
        st.space("stretch")
        download("Download this list", views.exported(found, listed), "clients.csv")
    return listed, hashlib.blake2b(repr([text, bands, chosen, found.scored_at]).encode(), digest_size=6).hexdigest()


def counted(shown: Shown, found: ClientList, listed: pd.DataFrame) -> str:
    """How many clients are listed, and what they are worth."""
    data = shown.workspace.config.data
    count = plural(len(listed), "client")
    part = count if len(listed) == len(found.clients) else f"{count} of {len(found.clients):,}"
    value = listed["value"].sum(min_count=1)
    return part + ("" if pd.isna(value) else f", {money(value, data.currency, data.value_per)}")


def _select_client(listed: pd.DataFrame, key: str, *, elsewhere: bool) -> Callable[[], None]:
    """What selecting a row of `listed` does: its client's id is noted, whatever the table shows by then.

    It goes into the address; `elsewhere`: it is for `open_selected` of another page.
    """

    def selected() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        where = st.session_state if elsewhere else st.query_params
        if rows:
            where[_CLIENT] = str(listed["client"].iloc[rows[0]])
        else:
            where.pop(_CLIENT, None)

    return selected


def open_selected(page_file: str) -> None:
    """Go to the page that shows the client just selected, if there is one."""
    if client := st.session_state.pop(_CLIENT, ""):
        st.switch_page(page_file, query_params={_CLIENT: client})


def selected_client() -> str:
    """The id of the client in the address; "" when there is none."""
    return st.query_params.get(_CLIENT, "")


def doubted(found: ClientList) -> None:
    """Say how many risks rest on data that look faulty."""
    count = int((found.clients["doubt"] != "").sum())
    if count:
        st.warning(
            f"The data behind the risks of {plural(count, 'client')} look faulty; take these risks as guesses. "
            "The page on drift says what is wrong, and asks what to make of it.",
            icon=":material/report:",
        )


def client_detail(shown: Shown, found: ClientList, detail: ClientDetail) -> None:
    """Why a client stands where it stands, and how that came about."""
    row, data = detail.row, shown.workspace.config.data
    st.header(plain(row["name"]))
    said = [f"id {plain(row['client'])}", f"rank {row['rank']:,} of {len(found.clients):,}"]
    if not found.provisional:
        said += [f"risk {percent(row['risk'])} ({like_this(row['risk'])})", f"band {row['band']}"]
    said += [plain(row["owner"])] if row["owner"] else []
    said += [money(row["value"], data.currency, data.value_per)] if not pd.isna(row["value"]) else []
    said += [f"as of {when(row['as_of'], shown.zone)}"]
    st.markdown(" · ".join(said))
    if row["unfamiliar"]:
        st.warning(plain(f"{row['unfamiliar']} Take the risk as a guess."), icon=":material/help:")
    if row["doubt"]:
        st.warning(plain(f"{row['doubt']} Take the risk as a guess."), icon=":material/report:")
    if row["change"]:
        _change(row, detail)
    reasons, history = st.columns(2, gap="medium")
    with reasons:
        st.markdown("**Strongest reasons**")
        st.plotly_chart(
            plots.reason_bars(detail.reasons), key="reasons", config=CHART, alt=_reasons_text(row, detail.reasons)
        )  # fmt: skip
    with history:
        st.markdown("**Risk over time**")
        told = detail.history[detail.history["risk"].notna()]
        if found.provisional or len(told) == 0:
            st.caption("No risk has been told yet: while the model is provisional there is only the rank.")
        else:
            first, last = told.iloc[0], told.iloc[-1]
            st.plotly_chart(
                plots.risk_history(detail.history), key="history", config=CHART,
                alt=f"Risk of {row['name']}: {percent(first['risk'])} on {when(first['known_at'], shown.zone)}, "
                f"{percent(last['risk'])} on {when(last['known_at'], shown.zone)}",
            )  # fmt: skip


def _change(row: dict[str, Any], detail: ClientDetail) -> None:
    """What became of the risk since last time, and by what."""
    st.markdown(plain(row["change"]))
    if len(detail.client_change) == 0 and len(detail.model_change) == 0:
        return
    with st.expander("What changed", icon=":material/compare_arrows:"):
        if len(detail.client_change):
            table(
                detail.client_change, "What changed in the client, and what it adds to the log-odds", {
                    "column": "The client", "before": "Before", "now": "Now", "contribution": ("Log-odds", "%+.2f"),
                },
            )  # fmt: skip
        if len(detail.model_change):
            table(
                detail.model_change, "What the other model makes of the same values, in log-odds",
                {"column": "The model, for", "contribution": ("Log-odds", "%+.2f")},
            )  # fmt: skip


def _reasons_text(row: dict[str, Any], reasons: pd.DataFrame) -> str:
    each = [
        f"{one.column} {one.value} (usual {one.usual}) {one.contribution:+.2f} log-odds" for one in reasons.itertuples()
    ]
    return f"Strongest reasons for the risk of {row['name']}: " + "; ".join(each)


def client_table(shown: Shown, found: ClientList, listed: pd.DataFrame, *, key: str, brief: bool = False) -> None:
    """Clients by risk, one of which can be selected. A provisional list has ranks only. `brief`: for a top ten."""
    data = shown.workspace.config.data
    columns: dict[str, Any] = {
        "rank": st.column_config.NumberColumn("Rank", width=55, help="1 is the highest risk"),
        "name": st.column_config.TextColumn("Client", pinned=True, width=190),
        "risk_percent": st.column_config.ProgressColumn(
            "Risk", min_value=0, max_value=100, format="%.1f %%", width=130,
            help="The probability that the client leaves", color="blue",
        ),
        "band": st.column_config.TextColumn("Band", width=75),
        "value": st.column_config.NumberColumn(f"{data.currency} per {data.value_per}", format="%,.0f", width=120),
        "owner": st.column_config.TextColumn("Client manager", width=140),
        **{f"reason_{n}": st.column_config.TextColumn(f"Reason {n}", width=370) for n in (1, 2, 3)},
        "client": st.column_config.TextColumn("Client id", width=100),
    }  # fmt: skip
    absent = {"risk_percent", "band"} if found.provisional else set()
    absent |= {name for name in ("value", "owner") if not _says_anything(found.clients[name])}
    absent |= {"client"} if found.clients["name"].equals(found.clients["client"]) else set()
    absent |= {"rank", "band"} if brief and not found.provisional else set()
    order = [name for name in columns if name not in absent]
    wanted = [name for name in order if name != "risk_percent"]
    frame = listed[wanted] if found.provisional else listed[wanted].assign(risk_percent=100 * listed["risk"])
    spread = "by rank" if found.provisional else "with risk in percent and band"
    st.dataframe(
        frame,
        column_order=order,
        column_config=columns,
        hide_index=True,
        key=key,
        height=height(len(frame), 10),
        on_select=_select_client(listed, key, elsewhere=brief),
        selection_mode="single-row",
        lazy=True if len(frame) > LAZY_ROWS else None,
        alt=f"{len(frame):,} clients {spread}, highest risk first, each with its three strongest reasons",
        placeholder="–",
    )


def _says_anything(column: pd.Series) -> bool:
    """Whether a column says anything at all."""
    return bool((column.notna() & (column.astype(str) != "")).any())
