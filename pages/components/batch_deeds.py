"""A batch is taken back that was dropped in by mistake, or counts again."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import jobs, upkeep
from core.wording import plural
from pages.components.frame import Shown, say_after_rerun, tell_errors
from pages.components.texts import when


def batch_deeds(shown: Shown, batches: pd.DataFrame) -> None:
    """Take one of these batches back, or let one that was withdrawn count again."""
    taken, withdrawn = batches[batches["state"] == "taken"], batches[batches["state"] == "withdrawn"]
    with st.container(horizontal=True):
        if st.button("Withdraw a batch …", icon=":material/undo:", disabled=taken.empty):
            _withdraw(shown, taken)
        if not withdrawn.empty and st.button("Let a withdrawn batch count again …", icon=":material/redo:"):
            _reinstate(shown, withdrawn)


def deeds_of(shown: Shown, batches: pd.DataFrame, batch: int) -> None:
    """Take this batch back, or let it count again."""
    own = batches[batches["id"] == batch]
    if (own["state"] == "taken").any() and st.button("Withdraw this batch …", icon=":material/undo:"):
        _withdraw(shown, own)
    if (own["state"] == "withdrawn").any() and st.button("Let this batch count again …", icon=":material/redo:"):
        _reinstate(shown, own)


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
            done(shown, upkeep.withdraw(shown.workspace, str(chosen), shown.who, reason))


@st.dialog("Let a withdrawn batch count again")
def _reinstate(shown: Shown, withdrawn: pd.DataFrame) -> None:
    labels = _labels(shown, withdrawn)
    chosen = st.selectbox("Which one?", list(labels), format_func=labels.get)
    if st.button("Let it count again", type="primary", key="confirm-reinstate"):
        with tell_errors():
            done(shown, upkeep.reinstate(shown.workspace, str(chosen), shown.who, ""))


def done(shown: Shown, said: str) -> None:
    """Say what was done, and let the list of clients follow."""
    jobs.enqueue(shown.own.store, "full", shown.config, shown.own.now(), shown.who)
    say_after_rerun(f"{said} A full run was asked for, so that the list of clients follows.")
    st.rerun()
