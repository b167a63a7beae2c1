"""What came in over time: totals, sources and their rhythm, history, growth, who is missing."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import plots
from core.views import arrivals, clients, ingestion
from core.views.batch import MOST_NAMED, named, vanished
from core.wording import percent, plural
from pages.components.frame import Shown, along, figure, link
from pages.components.tables import CHART, table
from pages.components.texts import ago, plain, when


def troubles(shown: Shown) -> None:
    """Sources and files that could not be read last time, and since when."""
    found = ingestion.troubles(shown.workspace)
    for row in found.itertuples():
        since = when(row.since, shown.zone)
        st.warning(f"{plain(row.sentence)} (source {plain(row.source)}, since {since})", icon=":material/warning:")


def totals(batches: pd.DataFrame) -> None:
    """Rows read, and the four fates that add up to them."""
    sums = batches[["read", *arrivals.FATES]].sum()
    with st.grid(5, min_column_width=150):
        figure("Rows read", f"{sums['read']:,}", f"in {plural(batches['sha256'].nunique(), 'file')}; the sum of these:")
        figure("Accepted", f"{sums['accepted']:,}", "new or changed")
        figure("Duplicate", f"{sums['duplicate']:,}", "known already, unchanged")
        figure("Superseded", f"{sums['superseded']:,}", "overridden in the same file")
        figure("Rejected", f"{sums['rejected']:,}", "set aside, with the reason")


def sources(shown: Shown) -> None:
    """Each source with its rhythm; what is late is said aloud. The example company is fed no more, so never late."""
    found = shown.kept(arrivals.by_source)
    now = shown.own.now()
    late = found[found["late"]] if not shown.is_example else found[:0]
    if len(late):
        told = [
            f"The next file of {plain(row.holds)} from {plain(row.source)} is late: usually one comes {row.usual}, and "
            f"the last came {when(row.last, shown.zone)} ({ago(row.last, now)})."
            for row in late.itertuples()
        ]
        st.warning("\n\n".join([*told, "Ask who sends them, or look there."]), icon=":material/schedule:")
    st.header("Sources")
    table(
        found.assign(told="A made company: nothing more comes") if shown.is_example else found,
        f"{plural(len(found), 'source')} with the last file, the usual gap and when the next is expected",
        {
            "source": "Source", "holds": "Holds", "files": ("Files", "%,d"), "last": ("Last came in", "instant"),
            "usual": "Usually", "next": ("Next expected", "instant"), "told": ("Rhythm", "wide"),
        }, zone=str(shown.zone),
    )  # fmt: skip


def history(shown: Shown) -> None:
    """Rows by fate, period by period."""
    found = shown.kept(arrivals.history)
    rows = found.rows
    st.header(f"Rows by {found.period}")
    refused = int(rows["refused"].sum())
    told = f"{plural(int(rows['read'].sum()), 'row')} read in {plural(int(rows['files'].sum()), 'file')}"
    told += f", {plural(refused, 'file')} refused" if refused else ", no file refused"
    if found.period == "week":
        st.caption("A week is named by its Monday.")
    st.plotly_chart(
        shown.once("rows by fate", lambda: plots.rows_by_fate(rows)), key="history", config=CHART,
        alt=f"Rows by {found.period} from {rows['label'].iloc[0]} to {rows['label'].iloc[-1]}: {told}.",
    )  # fmt: skip


def growth(shown: Shown) -> None:
    """How many snapshots and known outcomes there were, run by run."""
    found = shown.kept(arrivals.growth)
    st.header("Growth of the dataset")
    if found.empty:
        st.caption("Counted by every full run; none has been made since the first file came in.")
        return
    newest = found.iloc[-1]
    listed = shown.kept(clients.client_list).size
    known = percent(newest["outcomes"] / newest["snapshots"]) if newest["snapshots"] else "none"
    st.caption(f"As the run of {when(newest['known_at'], shown.zone)} found it.")
    with st.grid(3, min_column_width=150):
        figure("Snapshots", f"{newest['snapshots']:,}", "one row about one client on one date")
        figure("Outcomes known", f"{newest['outcomes']:,}", f"{known} of the snapshots")
        figure("Clients on the list", f"{listed:,}", "scored, and not known to have left")
    if len(found) > 1:
        st.plotly_chart(
            shown.once("growth", lambda: plots.dataset_growth(found)), key="growth", config=CHART,
            alt=f"The dataset grew from {found['snapshots'].iloc[0]:,} to {newest['snapshots']:,} snapshots, and from "
            f"{found['outcomes'].iloc[0]:,} to {newest['outcomes']:,} known outcomes.",
        )  # fmt: skip


def batch_table(shown: Shown, batches: pd.DataFrame) -> None:
    """Every batch with its rows by fate, newest first; selecting one shows it by itself."""
    st.header("Batches")
    st.caption("Rows read are the sum of accepted, duplicate, superseded and rejected. Select a row to see the batch.")
    counts = {"bad_cells": ("Unreadable cells", "%,d"), "disagreed": ("Disagree with earlier", "%,d")}
    table(
        batches, f"{plural(len(batches), 'file')} that came in, newest first, with how many rows were kept", {
            "known_at": ("Came in", "instant"), "name": "File", "state": "State",
            "read": ("Read", "%,d"), "accepted": ("= Accepted", "%,d"), "duplicate": ("+ Duplicate", "%,d"),
            "superseded": ("+ Superseded", "%,d"), "rejected": ("+ Rejected", "%,d"), "seconds": ("Seconds", "%.2f"),
            **{name: how for name, how in counts.items() if batches[name].any()},
            "holds": "Holds", "read_as": ("Read as", "wide"), "source": "Source", "id": ("Batch", "%d"),
        }, zone=str(shown.zone), select=("id", open_batch),
    )  # fmt: skip


def refused_files(shown: Shown, batches: pd.DataFrame) -> None:
    """Contents that were refused and not taken since, with the reason."""
    refused = ingestion.refused(batches)
    if refused.empty:
        return
    st.header("Refused files")
    st.caption(
        "Nothing was taken from these. They stay where they are; mended, they are taken in again. Select a row to see "
        "what to do."
    )
    table(
        refused, f"{plural(len(refused), 'refused file')} with the reason",
        {"known_at": ("Came in", "instant"), "name": "File", "refused": ("Why it was refused", "wide")},
        zone=str(shown.zone), select=("id", open_batch),
    )  # fmt: skip


def missing_clients(shown: Shown, batch: int | None = None) -> None:
    """Who was in the file before and is not in this one (None: in the newest)."""
    found = shown.kept(vanished, batch)
    if found is None:
        return
    st.header("Clients no longer in the file")
    before, now = plain(found.before_name), plain(found.name)
    if not found.clients:
        st.markdown(f"None: all {plural(found.known, 'client')} of {before} are in {now} too.")
        return
    told = shown.once(
        "clients missing", lambda: named(shown.workspace, found.clients, shown.kept(clients.client_list)), batch
    )
    listed = int(told["listed"].sum())
    share = percent(len(told) / found.known)
    verb = "is" if len(told) == 1 else "are"
    st.markdown(
        f"**{plural(len(told), 'client')}** of {before} ({share} of {found.known:,}) {verb} not in {now}; "
        f"{listed:,} of them {'is' if listed == 1 else 'are'} still on the list of clients. A client who left without "
        "a word would be among these."
    )
    table(
        told.head(MOST_NAMED), f"{plural(len(told), 'client')} of the file before who {verb} not in this one", {
            "client": "Client id", "name": "Client", "owner": "Client manager", "listed": ("Still on the list", "yes"),
        }, most=6, select=("client", _open),
    )  # fmt: skip
    st.caption(
        "Select a row to see the client." + (f" The first {MOST_NAMED:,} are shown." if len(told) > MOST_NAMED else "")
    )
    if batch is None:
        link("pages/ingestion.py", f"Batch {found.batch}", batch=str(found.batch))


_CLIENT = "client wanted from ingestion"


def _open(client: str) -> None:
    st.session_state[_CLIENT] = client


def go_to_selected(page_file: str) -> None:
    """Go to the page that shows the client just selected among those who are missing, if there is one."""
    if client := st.session_state.pop(_CLIENT, ""):
        st.switch_page(page_file, query_params=along(client=client))


def open_batch(batch: str) -> None:
    """Show a batch by itself from now on (for tables whose rows are batches)."""
    st.query_params["batch"] = batch


def way_back() -> None:
    """From one batch to all of them. A link to the page one is on would leave the batch in the address."""
    st.button("All batches", icon=":material/arrow_back:", type="tertiary", on_click=_all_batches, key="all-batches")


def _all_batches() -> None:
    st.query_params.pop("batch", None)
