"""Whom to call this week, and why."""

import streamlit as st

from core.views import clients, worklist
from pages.components import call_cards, client_dialogs, first_steps, frame, job_buttons, trust, week

SHOWN = frame.page("Today")

client_dialogs.show_asked(SHOWN)
with frame.tell_errors():
    state = SHOWN.kept(clients.standing)
    if state.state in ("empty", "refused"):
        first_steps.first_steps(SHOWN, state)
        st.stop()
    trust.explain(state)
    if not state.listed:
        job_buttons.job_button(
            SHOWN, "retrain", "Run the full process now", text="Takes in files, trains, checks and scores."
        )
        trust.can_be_trusted(SHOWN)
        st.stop()
    today = SHOWN.kept(worklist.today)
    frame.freshness(SHOWN, today.found.scored_at, "Risks")
    trust.doubted(today.found)
    owner, calls = week.filters(SHOWN, today)
    week.capacity(today, owner, calls)
    if calls.empty:
        week.nobody(today, owner)
    else:
        call_cards.cards(SHOWN, today, calls)
    week.by_owner(today, owner)
    week.done(SHOWN, today, owner)
    week.away(SHOWN, today, owner)
    week.earlier(today, owner)
    trust.can_be_trusted(SHOWN)
