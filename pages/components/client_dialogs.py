"""What a client manager writes down about a client: a contact, a snooze, another view of the risk."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import streamlit as st

from core.pipeline import contact, noting
from core.records import HOWS, RESULTS
from core.scoring import HIGH, LOW, MEDIUM
from core.worklist import AGAIN_DAYS
from pages.components.frame import Shown, say_after_rerun, tell_errors
from pages.components.people import ask_name, remember_name
from pages.components.texts import plain

_HOW = {"call": "Call", "mail": "Mail", "visit": "Visit", "other": "Other"}
_RESULT = {
    "saved": "Stays", "undecided": "Undecided", "leaving": "Wants to leave", "not reached": "Not reached",
    "not a risk": "Was no risk", "left": "Has left",
}  # fmt: skip
_BANDS = [HIGH, MEDIUM, LOW]
CONTACT, SNOOZE, OVERRIDE = "Log a contact", "Not now …", "I see it otherwise …"
#: where the session keeps what a click asked for: (which of the three, client, its name)
_ASKED = "asked of a client"
_WEEK, _MONTH, _YEAR = timedelta(days=7), timedelta(days=30), timedelta(days=365)


def result_text(result: str) -> str:
    """A result as people say it."""
    return _RESULT.get(result, result)


def how_text(how: str) -> str:
    """A way of contact as people say it."""
    return _HOW.get(how, how)


def _today(shown: Shown) -> date:
    return shown.own.now().astimezone(shown.zone).date()


def _instant(shown: Shown, day: date) -> datetime:
    """The first instant of a day."""
    return datetime.combine(day, time(), shown.zone)


def ask(what: str, client: str, name: str) -> None:
    """Ask for a dialog (for `on_click`): a click names its client, and holds though new data take its card away."""
    st.session_state[_ASKED] = (what, client, name)


def ask_chosen(menu: str, client: str, name: str) -> None:
    """As `ask`, of what was chosen in the menu of that key."""
    if what := st.session_state.get(menu):
        ask(what, client, name)


def show_asked(shown: Shown) -> None:
    """Open the dialog that was asked for."""
    if asked := st.session_state.pop(_ASKED, None):
        what, client, name = asked
        {CONTACT: log_contact, SNOOZE: snooze, OVERRIDE: override}[what](shown, client, name)


@st.dialog("Log a contact")
def log_contact(shown: Shown, client: str, name: str) -> None:
    """Who spoke to a client, how, what came of it, and when again."""
    today = _today(shown)
    st.markdown(f"**{plain(name)}**")
    who = ask_name(shown)
    day = st.date_input("When", today, max_value=today, key="contact-day")
    how = st.segmented_control("How", HOWS, default="call", required=True, format_func=how_text, key="contact-how")
    result = st.pills(
        "What came of it", RESULTS, default="undecided", required=True, format_func=result_text, key="contact-result"
    )
    again = None
    if result == "left":
        st.warning(
            "That the client has left is an outcome from now on: the model is judged by it, and learns from it.",
            icon=":material/logout:",
        )
    else:
        again = st.date_input(
            "Contact again on", today + timedelta(days=AGAIN_DAYS[result]), min_value=today + timedelta(days=1),
            key=f"contact-again-{result}",
            help="Until then the client is off the list; on that day it comes first. Empty: back next week.",
        )  # fmt: skip
    note = st.text_area("Note", key="contact-note", placeholder="What was said, what was promised")
    if st.button("Save", type="primary", key="save-contact"):
        with tell_errors():
            on = None if day == today else _instant(shown, day)
            said = contact.contacted(
                shown.workspace, client, who, on=on, how=how, result=result, note=note or "",
                again=None if again is None else _instant(shown, again),
            )  # fmt: skip
            remember_name(who)
            say_after_rerun(said)
            st.rerun()


@st.dialog("Not now")
def snooze(shown: Shown, client: str, name: str) -> None:
    """Put a client off with a reason and a condition that brings it back."""
    today = _today(shown)
    st.markdown(f"**{plain(name)}**")
    who = ask_name(shown)
    reason = st.text_input("Why", key="snooze-reason", placeholder="Contract was renewed last week")
    until = st.date_input(
        "Back on the list on", today + _MONTH, min_value=today + timedelta(days=1), max_value=today + 2 * _YEAR,
        key="snooze-until",
    )  # fmt: skip
    rise = st.number_input(
        "or as soon as the risk has risen by so many points", 0, 99, 10, step=5, key="snooze-rise",
        help="0: only the date brings it back",
    )  # fmt: skip
    if st.button("Put off", type="primary", key="save-snooze"):
        with tell_errors():
            said = noting.snooze(
                shown.workspace, client, who, reason or "", until=None if until is None else _instant(shown, until),
                rises_by=rise / 100 if rise else None,
            )  # fmt: skip
            remember_name(who)
            say_after_rerun(said)
            st.rerun()


@st.dialog("I see it otherwise")
def override(shown: Shown, client: str, name: str) -> None:
    """Say another band than the model does, with a reason and an end."""
    today = _today(shown)
    st.markdown(f"**{plain(name)}**")
    st.caption("It stands beside the model's risk and never replaces it; later it is seen who was right.")
    who = ask_name(shown)
    band = st.segmented_control(
        "The risk is", _BANDS, default=LOW, required=True, format_func=str.capitalize, key="override-band"
    )
    reason = st.text_input("Because", key="override-reason", placeholder="The board has just signed for two years")
    until = st.date_input(
        "This holds until", today + _MONTH, min_value=today + timedelta(days=1), max_value=today + _YEAR,
        required=True, key="override-until",
    )  # fmt: skip
    if st.button("Save", type="primary", key="save-override"):
        with tell_errors():
            said = noting.override(shown.workspace, client, who, band, reason or "", _instant(shown, until))
            remember_name(who)
            say_after_rerun(said)
            st.rerun()
