"""Moving the champion's pointer: what would come of it, and a reason."""

from __future__ import annotations

import streamlit as st

from core.pipeline import full
from core.views import model, promoting
from pages.components.frame import Shown, say_after_rerun, tell_errors
from pages.components.texts import plain


def roll_back_button(shown: Shown) -> None:
    """Go back to the champion before the present one, after asking."""
    earlier = model.earlier_champion(shown.workspace)
    pressed = st.button(
        "Roll back …",
        icon=":material/undo:",
        disabled=earlier is None,
        help="There is no earlier champion to go back to." if earlier is None else f"Back to {earlier}",
    )
    if pressed and earlier is not None:
        _roll_back(shown, earlier)


def promote_choice(shown: Shown, others: list[str]) -> None:
    """Make a stored version champion, after asking; `others`: versions that are not champion now."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Version", others, index=None, key="promote", placeholder="Choose a version", width=320,
            help="Every stored version but the champion",
        )  # fmt: skip
        if st.button("Promote …", icon=":material/upgrade:", disabled=chosen is None) and chosen is not None:
            _promote(shown, chosen)


@st.dialog("Roll back to the earlier champion?", width="large")
def _roll_back(shown: Shown, earlier: str) -> None:
    with tell_errors():
        reason = consequences(shown, earlier)
        if st.button("Roll back", type="primary", key="confirm-roll-back", disabled=not reason):
            with st.spinner("Scoring the clients …"):
                said = full.roll_back(shown.workspace, shown.who, reason)
            say_after_rerun(said)
            st.rerun()


@st.dialog("Promote this version?", width="large")
def _promote(shown: Shown, version: str) -> None:
    with tell_errors():
        reason = consequences(shown, version)
        if st.button("Promote", type="primary", key="confirm-promote", disabled=not reason):
            with st.spinner("Scoring the clients …"):
                said = full.promote(shown.workspace, version, shown.who, reason)
            say_after_rerun(said)
            st.rerun()


def consequences(shown: Shown, version: str) -> str:
    """Say what would come of making a version champion; the reason that a person gives, "" while there is none."""
    with st.spinner("Comparing the two …"):
        move = shown.kept(promoting.consequences, version)
    st.markdown(
        f"Version `{move.version}` ({move.family}) becomes champion again or anew, and every client is scored by it "
        "at once. Nothing is deleted: the present champion stays among the versions."
    )
    if move.sentence:
        st.markdown(f"The champion `{move.champion}` is the first, this version the second. {plain(move.sentence)}")
    for warning in move.warnings:
        st.warning(plain(warning), icon=":material/warning:")
    reason = st.text_input(
        "Reason", key=f"reason-{version}", placeholder="Why?", max_chars=300, live=True,
        help=f"Kept in the audit log together with your name ({shown.who})",
    )  # fmt: skip
    return str(reason or "").strip()
