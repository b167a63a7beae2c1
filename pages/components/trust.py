"""How far the list of clients can be trusted."""

from __future__ import annotations

import streamlit as st

from core.views import clients, ingestion, model, monitoring, operations
from core.views.clients import ClientList, Standing
from core.wording import plural
from core.workspace import Workspace
from pages.components import first_steps, frame, model_figures
from pages.components.frame import Shown
from pages.components.texts import plain


def explain(standing: Standing) -> None:
    """Say why a list has no percentages, follows a rule, or is absent."""
    if standing.state == "ready":
        return
    icon = ":material/rule:" if standing.state == "rule" else ":material/info:"
    st.info(plain(standing.sentence), icon=icon)


def require_list(shown: Shown) -> ClientList:
    """The list of clients. Stops the page where there is none, with what to do next."""
    standing = shown.kept(clients.standing)
    if not standing.listed:
        frame.empty(shown, standing.sentence)
        st.stop()
    explain(standing)
    found = shown.kept(clients.client_list)
    frame.freshness(shown, found.scored_at, "Risks")
    doubted(found)
    return found


def doubted(found: ClientList) -> None:
    """Say how many risks rest on data that look faulty."""
    if found.doubtful:
        st.warning(
            f"The data behind the risks of {plural(found.doubtful, 'client')} look faulty; take these risks as "
            "guesses. The page on drift says what is wrong, and asks what to make of it.",
            icon=":material/report:",
        )


def _drift(workspace: Workspace) -> str:
    return monitoring.drift_sentence(monitoring.drift(workspace))


def can_be_trusted(shown: Shown) -> None:
    """Model, drift and data in a sentence each, with the way to more."""
    health, batches = shown.kept(model.health), shown.kept(ingestion.batches)
    st.header("Can I trust it today?")
    with st.grid(3, min_column_width=230):
        with st.container(border=True, height="stretch"):
            st.markdown("**Model**")
            if health is not None:
                st.markdown(model_figures.model_text(health))
            decided = shown.kept(operations.decision_sentence)
            st.markdown(plain(decided) or "No decision about training was made yet.")
            frame.link("pages/quality.py", "How good it is")
        with st.container(border=True, height="stretch"):
            st.markdown("**Drift**")
            st.markdown(plain(shown.kept(_drift)))
            frame.link("pages/drift.py", "What moved")
        with st.container(border=True, height="stretch"):
            st.markdown("**Last file**")
            first_steps.last_batch(shown, batches)
            frame.link("pages/ingestion.py", "What came in")
