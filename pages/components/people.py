"""Who sits before the screen, where nobody signs in."""

from __future__ import annotations

import streamlit as st

from pages.components.frame import ME_NEXT, NOBODY, Shown
from pages.components.texts import plain


def ask_name(shown: Shown) -> str:
    """The name that was chosen, or else a field for it."""
    if shown.who != NOBODY:
        st.caption(f"by {plain(shown.who)}")
        return shown.who
    return (st.text_input("Your name", key="who-here", placeholder="Stands beside what you write down") or "").strip()


def remember_name(who: str) -> None:
    """Keep a name that was given in a dialog."""
    if who:
        st.session_state[ME_NEXT] = who
