"""What came in: what could not be read, batches taken back, rows to mend, the contract."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from core import jobs, upkeep
from core.pipeline.contract import Proposal, accept_contract, propose_contract
from core.views import export, ingestion
from core.wording import plural
from pages.components.frame import Shown, say_after_rerun, tell_errors
from pages.components.tables import table
from pages.components.texts import plain, when

WHO = "dashboard"
_PROPOSAL = "proposed contract"


def troubles(shown: Shown) -> None:
    """Sources and files that could not be read last time, and since when."""
    found = ingestion.troubles(shown.workspace)
    for row in found.itertuples():
        since = when(row.since, shown.zone)
        st.warning(f"{plain(row.sentence)} (source {plain(row.source)}, since {since})", icon=":material/warning:")


def batch_deeds(shown: Shown, batches: pd.DataFrame) -> None:
    """Take a batch back that was dropped in by mistake, or let it count again."""
    taken, withdrawn = batches[batches["state"] == "taken"], batches[batches["state"] == "withdrawn"]
    with st.container(horizontal=True):
        if st.button("Withdraw a batch …", icon=":material/undo:", disabled=taken.empty):
            _withdraw(shown, taken)
        if not withdrawn.empty and st.button("Let a withdrawn batch count again …", icon=":material/redo:"):
            _reinstate(shown, withdrawn)


def _labels(shown: Shown, batches: pd.DataFrame) -> dict[int, str]:
    return {
        int(row.id): f"{row.name}, {when(row.known_at, shown.zone)}, {plural(int(row.accepted), 'row')}"
        for row in batches.itertuples(index=False)
    }


@st.dialog("Withdraw a batch")
def _withdraw(shown: Shown, taken: pd.DataFrame) -> None:
    labels = _labels(shown, taken)
    chosen = st.selectbox("Which file was dropped in by mistake?", list(labels), format_func=labels.get)
    reason = st.text_input("Why (for the audit log)")
    st.caption("Its rows no longer count, from now on. Nothing is deleted: it can be made to count again.")
    if st.button("Withdraw", type="primary", key="confirm-withdraw"):
        with tell_errors():
            said = upkeep.withdraw(shown.workspace, str(chosen), WHO, reason)
            _done(shown, said)


@st.dialog("Let a withdrawn batch count again")
def _reinstate(shown: Shown, withdrawn: pd.DataFrame) -> None:
    labels = _labels(shown, withdrawn)
    chosen = st.selectbox("Which one?", list(labels), format_func=labels.get)
    if st.button("Let it count again", type="primary", key="confirm-reinstate"):
        with tell_errors():
            _done(shown, upkeep.reinstate(shown.workspace, str(chosen), WHO, ""))


def _done(shown: Shown, said: str) -> None:
    """Say what was done, and let the list of clients follow."""
    jobs.enqueue(shown.own.store, "full", shown.config, shown.own.now(), WHO)
    say_after_rerun(f"{said} A full run was asked for, so that the list of clients follows.")
    st.rerun()


def rows_to_mend(shown: Shown, rejected: pd.DataFrame, batches: pd.DataFrame) -> None:
    """Download what was set aside of one file, to be mended and dropped in again."""
    names = set(rejected["batch"])
    with_faults = batches[(batches["rejected"] + batches["bad_cells"] > 0) & batches["name"].isin(names)]
    labels = _labels(shown, with_faults)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("File", list(labels), format_func=labels.get, key="rows-to-mend")
        name = f"to_mend_{Path(str(labels.get(chosen, ''))).name.split(',')[0].rsplit('.', 1)[0]}.csv"
        st.download_button(
            "Download rows to mend", lambda: export.mendable(ingestion.rejected(shown.workspace, int(chosen))), name,
            "text/csv", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    st.caption("Mend them in a spreadsheet, save as CSV, and drop the file into the source again.")


def contract_check(shown: Shown) -> None:
    """Columns to look into before training, when asked for; and the way to another contract."""
    with st.container(horizontal=True):
        asked = st.button("Look for leaks and identifiers", icon=":material/search:")
        if st.button("Change the contract …", icon=":material/edit:"):
            st.session_state.pop(_PROPOSAL, None)
            _change(shown)
    if asked:
        with tell_errors(), st.spinner("Looking at every column …"):
            found = ingestion.flags(shown.workspace)
            if not found:
                st.success("No column looks like a leak, like an identifier, or says nothing.")
            for flag in found:
                st.warning(f"{flag.kind}: {plain(flag.sentence)}", icon=":material/flag:")


@st.dialog("Change the contract", width="large")
def _change(shown: Shown) -> None:
    files = ingestion.client_files(shown.workspace)
    if not files:
        st.markdown("No client file lies in a source. Drop the file in whose columns are to count from now on.")
        return
    chosen = st.selectbox("The columns of which file are to count from now on?", files, format_func=_file_name)
    if st.button("Compare", key="compare-contract"):
        with tell_errors(), st.spinner("Reading the file …"):
            st.session_state[_PROPOSAL] = (chosen, propose_contract(shown.workspace, Path(chosen)))
    kept = st.session_state.get(_PROPOSAL)
    if kept is None or kept[0] != chosen:
        return
    proposal: Proposal = kept[1]
    if not proposal.changes:
        st.info("It gives the contract that counts already.")
        return
    told = [(change.column, change.sentence) for change in proposal.changes]
    changes = pd.DataFrame(told, columns=["column", "told"])
    table(
        changes, f"{plural(len(changes), 'change')} of the contract", {"column": "Column", "told": ("Change", "wide")}
    )
    st.markdown(plain(proposal.consequence))
    if st.button("Accept", type="primary", key="accept-contract"):
        with tell_errors():
            _done(shown, accept_contract(shown.workspace, proposal, WHO))


def _file_name(path: str) -> str:
    return Path(path).name
