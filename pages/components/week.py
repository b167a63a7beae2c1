"""The week of a client manager: how many calls, which are done, which wait, and what earlier weeks brought."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core import worklist
from core.pipeline import contact, noting
from core.views import clients
from core.views.clients import Wanted
from core.views.worklist import MOVED, Today
from core.wording import plural
from pages.components import client_dialogs
from pages.components.call_cards import key_of
from pages.components.filters import band_filter, segment_filter
from pages.components.frame import ME, Shown, do
from pages.components.tables import table
from pages.components.texts import day, plain, when

EVERYBODY = "Everybody"
_LISTED = 20
#: where the session keeps who was known when the list was last shown
_LIST_OF = "list of"


def filters(shown: Shown, today: Today) -> tuple[str | None, pd.DataFrame]:
    """Whose list, and which of its clients; filters stand in the address."""
    found = today.found
    owner: str | None = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if found.owners:
            options = [EVERYBODY, *found.owners]
            place = _follow_me(options)
            chosen = st.selectbox("Client manager", options, index=place, key="owner", bind="query-params", width=240)
            owner = None if chosen == EVERYBODY else chosen
        bands = band_filter(found, "band")
        segments = segment_filter(found, "segment")
        moved = not found.provisional and st.toggle(
            f"Moved over {100 * MOVED:.0f} points", key="moved", bind="query-params"
        )
        fresh = st.toggle("New on the list", key="new", bind="query-params")
    calls = today.calls if owner is None else today.calls[today.calls["owner"] == owner]
    if bands or segments or moved:
        wanted = Wanted(bands=bands, segments=segments, moved=MOVED if moved else None)
        kept = np.isin(today.listed.places[calls.index.to_numpy()], clients.places(found, wanted))
        calls = calls[kept]
    return owner, calls[calls["fresh"]] if fresh else calls


def _follow_me(owners: list[str]) -> int:
    """Show one's own list from the moment that one says who one is; the place of the list to begin with."""
    me, before = st.session_state.get(ME), st.session_state.get(_LIST_OF)
    st.session_state[_LIST_OF] = me
    if me not in owners:
        return 0
    if me != before and not (before is None and "owner" in st.query_params):
        st.session_state["owner"] = me
    return owners.index(me)


def capacity(today: Today, owner: str | None, calls: pd.DataFrame) -> None:
    """How many calls the week holds, and what they are expected to bring."""
    whole, done = today.room(owner)
    everybody = "Together you" if owner is None and len(today.found.owners) > 1 else "You"
    done_text = f"{done:,} {'is' if done == 1 else 'are'} done" if done else "none is done yet"
    room = f"**{everybody} can call {plural(whole, 'client')} this week; {done_text}.**"
    st.markdown(f"{room} {_shown(today, owner, calls)}")
    if not today.found.provisional and len(calls):
        expected = worklist.expected_sentence(calls["risk"].to_numpy())
        own = today.catches if owner is None else today.catches[today.catches["owner"] == owner]
        caught = worklist.catch_sentence(own)
        st.caption(f"{expected} {caught or 'What earlier lists caught is told as soon as outcomes are known.'}")


def _shown(today: Today, owner: str | None, calls: pd.DataFrame) -> str:
    of = len(today.calls) if owner is None else int((today.calls["owner"] == owner).sum())
    by = "most at stake first" if today.found.valued else "highest risk first"
    left = f"{of:,} to call" if len(calls) == of else f"{len(calls):,} of {of:,} to call"
    due = int(calls["due"].sum())
    return f"{left}, {by}" + (f"; {plural(due, 'promised call')} before all others." if due else ".")


def nobody(today: Today, owner: str | None) -> None:
    """In place of cards."""
    own = today.calls if owner is None else today.calls[today.calls["owner"] == owner]
    with st.container(border=True):
        if len(own):
            st.markdown("Nobody on this week's list meets these filters: take one away.")
        else:
            st.markdown(
                "Nobody is left to call this week. The list fills again on Monday, when a risk rises, or when a client "
                "that was put off comes back."
            )


def by_owner(today: Today, owner: str | None) -> None:
    """The load of each client manager, for those who look at everybody's list."""
    if owner is not None or len(today.found.owners) < 2:
        return
    load = today.load.assign(owner=today.load["owner"].replace("", "nobody"))
    with st.expander("By client manager", icon=":material/group:"):
        table(
            load, f"This week's calls of {plural(len(load), 'client manager')}", {
                "owner": "Client manager", "calls": ("To call", "%d"), "done": ("Done", "%d"),
                "due": ("Promised", "%d"), "room": ("Can call", "%d"),
                **({} if today.found.provisional else {"expected": ("Expected to leave", "%.1f")}),
            }, most=20,
        )  # fmt: skip


def done(shown: Shown, today: Today, owner: str | None) -> None:
    """Contacts of this week, with a way to take one back."""
    own = today.done if owner is None else today.done[today.done["owner"] == owner]
    if own.empty:
        return
    st.header("Done this week")
    for row in own.head(_LISTED).itertuples():
        with st.container(horizontal=True, vertical_alignment="center"):
            said = f"{when(row.contacted_at, shown.zone)}, {client_dialogs.how_text(row.how).lower()}: "
            said += f"**{plain(row.name)}**, {client_dialogs.result_text(row.result).lower()} ({plain(row.who)})"
            st.markdown(said + (f". {plain(row.note)}" if row.note else ""), width="stretch")
            st.button(
                "Take back", key=f"back-{row.id}", type="tertiary", help="It was noted by mistake", on_click=do,
                args=(contact.take_back, shown.workspace, int(row.id), shown.who),
            )  # fmt: skip
    if len(own) > _LISTED:
        st.caption(f"The newest {_LISTED} of {plural(len(own), 'contact')} are shown.")


def away(shown: Shown, today: Today, owner: str | None) -> None:
    """Clients that are put off, or wait for their next date."""
    own = today.away if owner is None else today.away[today.away["owner"] == owner]
    if own.empty:
        return
    with st.expander(f"Not on the list for now: {plural(len(own), 'client')}", icon=":material/snooze:"):
        for row in own.head(_LISTED).itertuples():
            with st.container(horizontal=True, vertical_alignment="center"):
                ends = [f"until {day(row.until, shown.zone)}"] if pd.notna(row.until) else []
                ends += [f"until the risk rises by {100 * row.rises_by:g} points"] if pd.notna(row.rises_by) else []
                snoozed = row.state == worklist.SNOOZED
                why = plain(row.why) if snoozed else client_dialogs.result_text(row.why).lower()
                st.markdown(f"**{plain(row.name)}**, {' or '.join(ends)}: {why} ({plain(row.who)})", width="stretch")
                if snoozed:
                    st.button(
                        "Back on the list", key=f"wake-{key_of(row.client)}", type="tertiary", on_click=do,
                        args=(noting.wake, shown.workspace, row.client, shown.who),
                    )  # fmt: skip
        if len(own) > _LISTED:
            st.caption(f"The first {_LISTED} of {plural(len(own), 'client')} are shown.")


def earlier(today: Today, owner: str | None) -> None:
    """What lists of earlier weeks caught."""
    own = today.catches if owner is None else today.catches[today.catches["owner"] == owner]
    if own.empty:
        return
    with st.expander("What earlier lists caught", icon=":material/history:"):
        st.caption("Expected: the sum of the risks of those whose outcome is known by now.")
        table(
            own, "Lists of earlier weeks: how many of them were expected to leave, and how many left", {
                "week": "Week", "owner": "Client manager", "listed": ("On the list", "%d"),
                "known": ("Outcome known", "%d"), "expected_of_known": ("Expected to leave", "%.1f"),
                "left": ("Left", "%d"),
            },
        )  # fmt: skip
