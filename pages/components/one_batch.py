"""One batch by itself: counts that add up, how it was read, what was wrong, and what can be done with it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.views import rejects
from core.views.arrivals import FATES
from core.views.batch import OneBatch, lies_where, one_batch
from core.wording import plural
from pages.components import arrivals, batch_deeds, rejected_rows, take_in
from pages.components.frame import Shown, figure, link
from pages.components.texts import ago, plain, when

_MEANS = {
    "accepted": "new or changed", "duplicate": "known already, unchanged", "superseded": "overridden in the same file",
    "rejected": "set aside, with the reason",
}  # fmt: skip


def one(shown: Shown, batches: pd.DataFrame, batch_id: str) -> None:
    """Everything about a batch."""
    found = shown.kept(one_batch, batch_id)
    _head(shown, found)
    if found.state == "refused":
        _refused(shown, found)
        return
    _counts(found)
    _life(shown, found)
    batch_deeds.deeds_of(shown, batches, found.batch.id)
    if found.faulty and found.state == "taken":
        _faults(shown, found)
    if found.batch.holds == "clients" and found.state == "taken":
        arrivals.missing_clients(shown, found.batch.id)


def _head(shown: Shown, found: OneBatch) -> None:
    batch = found.batch
    st.header(f"Batch {batch.id}: {plain(batch.name)}")
    colours = {"taken": "green", "refused": "red", "withdrawn": "orange", "expired": "gray"}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(found.state.capitalize(), color=colours[found.state])
        st.caption(
            f"Came in {when(batch.known_at, shown.zone)} ({ago(batch.known_at, shown.own.now())}) from "
            f"{plain(batch.source)}",
            width="stretch",
        )


def _refused(shown: Shown, found: OneBatch) -> None:
    st.error(f"Nothing was taken from this file. {plain(found.batch.refused)}", icon=":material/block:")
    st.subheader("What to do")
    st.markdown(
        f"{plain(lies_where(shown.workspace, found.batch))} "
        "Mend the file and save it in its place: it is taken in at the next look. Or give the mended file here. "
        "As it is, it is tried again only when the contract or config.toml change; then by itself."
    )
    take_in.take_in(shown, "Mended file: CSV (also packed), Excel or Parquet", "mended")
    link("pages/contract.py", "What a client file must hold")


def _counts(found: OneBatch) -> None:
    batch = found.batch
    with st.grid(5, min_column_width=150):
        figure("Rows read", f"{batch.read:,}", "the sum of these:")
        for fate in FATES:
            figure(fate.capitalize(), f"{getattr(batch, fate):,}", _MEANS[fate])


def _life(shown: Shown, found: OneBatch) -> None:
    batch = found.batch
    pace = f", {batch.read / batch.seconds:,.0f} rows a second" if batch.seconds else ""
    told = [
        f"Holds {batch.holds}. Read as {plain(found.read_as) or 'a table'} in {batch.seconds:,.2f} s{pace}.",
        f"Its content is known by its sha256, which begins with `{batch.sha256[:12]}`.",
    ]
    if batch.disagreed:
        verb = "tells" if batch.disagreed == 1 else "tell"
        told.append(
            f"{plural(batch.disagreed, 'row')} {verb} something else about a client and date than an earlier batch "
            "did; the later one counts, and both are kept."
        )
    told += [f"{when(event['known_at'], shown.zone)}: {plain(event['sentence'])}" for event in found.events]
    if found.state == "expired":
        told.append("Its rows were removed because they are old. The same file is not taken in again.")
    st.markdown("\n".join(f"- {one}" for one in told))
    if found.state in ("expired", "withdrawn"):
        st.caption(plain(lies_where(shown.workspace, batch)))


def _faults(shown: Shown, found: OneBatch) -> None:
    batch = found.batch
    loaded = shown.kept(rejects.newest, batch.id)
    st.header("What was wrong")
    if loaded.faults.empty:
        st.caption("The rows that were set aside are no longer kept: they are older than config.toml keeps them.")
        return
    st.caption(rejected_rows.counted(loaded, loaded.faults))
    rejected_rows.reasons(loaded.faults)
    rejected_rows.one_by_one(loaded.faults, with_file=False)
    st.subheader("Mend them")
    rejected_rows.mend(shown, loaded, loaded.faults, batch.id, "mended")
    link(
        "pages/rejected.py", "The same on the page Rejected rows",
        **{rejected_rows.FILE: rejected_rows.label(batch.id, batch.name)},
    )  # fmt: skip
