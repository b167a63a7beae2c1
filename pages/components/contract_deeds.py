"""The contract column by column, looked at closely, or changed by a person who is told first what that means."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from core.pipeline.contract import Proposal, accept_contract, propose_contract
from core.views import ingestion
from core.views.contract import ContractShown
from core.wording import plural
from pages.components.batch_deeds import done
from pages.components.frame import Shown, figure, tell_errors
from pages.components.tables import filled, table
from pages.components.texts import plain

_PROPOSAL = "proposed contract"
_MANY = {"number": "numbers", "category": "categories", "date": "dates"}


def figures(found: ContractShown) -> None:
    """How many columns are for what."""
    looked_at = sum(found.looked_at.values())
    kinds = ", ".join(f"{_MANY[kind]} {count:,}" for kind, count in found.looked_at.items())
    with st.grid(4, min_column_width=150):
        figure("Columns", f"{len(found.columns):,}", "known by name")
        figure("Looked at", f"{looked_at:,}", f"by the model: {kinds}" if kinds else "by the model")
        figure("Left out", f"{found.left_out:,}", "the reason stands beside each")
        figure(
            "To look into", f"{found.flagged:,}", "may be leaks or identifiers" if found.flagged else "none stood out"
        )


def columns(found: ContractShown) -> None:
    """Every column: what it is for, its kind, what is missing and usual."""
    alone = found.columns
    columns = {
        "column": "Column", "used_as": ("Used as", 240), "kind": "Kind", "missing": ("Missing", "share"),
        "usual": ("Usual", "wide"), "note": ("Note", "wide"),
    }  # fmt: skip
    st.header("Columns")
    table(
        alone, f"{plural(len(alone), 'column')} of a client table and what each is used for", filled(alone, columns),
        most=20,
    )  # fmt: skip


def changes(shown: Shown, found: ContractShown) -> None:
    """How people changed the contract."""
    if found.changes.empty:
        return
    st.header("Changes")
    table(
        found.changes, f"{plural(len(found.changes), 'change')} of the contract, newest first",
        {"known_at": ("Changed", "instant"), "who": "By", "sentence": ("What it meant", "wide")}, zone=str(shown.zone),
    )  # fmt: skip


def deeds(shown: Shown) -> None:
    """A template to fill, columns to look into before training when asked for, and the way to another contract."""
    with st.container(horizontal=True):
        contract = shown.kept(ingestion.contract)
        if contract is not None:
            st.download_button(
                "Template of a client file", ingestion.template(contract), "clients_template.csv", "text/csv",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
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
            done(shown, accept_contract(shown.workspace, proposal, shown.who))


def _file_name(path: str) -> str:
    return Path(path).name
