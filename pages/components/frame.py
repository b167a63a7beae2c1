"""What every page begins with: page config, workspace, banner, state of the worker."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.errors import BellwetherError
from core.replay import example_config
from core.views import clients, operations, working
from core.views.working import WorkerState
from core.workspace import Workspace, config_path, open_workspace
from pages.components.texts import ago, plain, when

T = TypeVar("T")
OWN, EXAMPLE = "own", "example"
#: where the session keeps which workspace it looks at, and the name of the query parameter
_WHICH = "workspace"
_SAID, _WRONG = "said", "wrong"
#: where the session keeps who sits before it (and what the address calls it), and what the log says where nobody said
ME, ME_NEXT, NOBODY = "me", "me from now on", "dashboard"
_I_AM = "i am"
_LOGO = """<svg viewBox="0 0 170 32" width="170" height="32">
<path d="M15 4a8 8 0 0 0-8 8v7l-3 4h22l-3-4v-7a8 8 0 0 0-8-8z" fill="#3b82f6"/>
<circle cx="15" cy="26" r="3" fill="#d97706"/>
<g font-family="system-ui, sans-serif" font-size="20" font-weight="600" fill="#3b82f6">
<text x="34" y="23">Bellwether</text></g>
</svg>"""
#: Streamlit writes white on the main colour, and the main colour on the page: no colour can be read as both in the dark
_READABLE = """<style>
[data-testid="stSliderThumbValue"],
[data-testid="stButtonGroup"] button[data-variant][data-selected] { color: inherit; }
</style>"""


@dataclass(frozen=True)
class Shown:
    """What a page shows."""

    #: one's own workspace: its queue and its worker serve both
    own: Workspace
    #: the workspace that is looked at
    workspace: Workspace
    #: changes when a fact was added to it
    stamp: str

    @property
    def is_example(self) -> bool:
        """Whether the example company is looked at."""
        return self.workspace is not self.own

    @property
    def config(self) -> str:
        """The config file that jobs for the shown workspace name."""
        return str(self.workspace.config_path)

    @property
    def who(self) -> str:
        """Who does what is done here: the name chosen in the sidebar."""
        return str(st.session_state.get(ME) or NOBODY)

    def kept(self, view: Callable[..., T], *arguments: Any) -> T:
        """What a view says of the shown workspace, kept for all sessions until a fact is added. Not to be changed.

        `arguments`: plain values, told apart by how they are written.
        """
        return self.once(f"{view.__module__}.{view.__qualname__}", lambda: view(self.workspace, *arguments), *arguments)

    def once(self, what: str, make: Callable[[], T], *arguments: Any) -> T:
        """What `make` gives, such as a figure, kept in the same way under a name of its own.

        It may depend on the facts of the shown workspace and on `arguments`, and on nothing else.
        """
        asked = [self.stamp, what, *map(repr, arguments)]
        key = hashlib.blake2b("\x1f".join(asked).encode(), digest_size=16).hexdigest()
        found: T = _kept(key, make)
        return found

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which instants are written."""
        return self.own.config.schedule.zone


def page(title: str) -> Shown:
    """Begin a page; what it shows. Stops the page with a sentence when the workspace cannot be opened."""
    st.set_page_config(page_title=f"{title} · Bellwether", page_icon="🔔", layout="wide")
    shown = None
    st.logo(_LOGO, size="large")
    st.html(_READABLE)
    with tell_errors():
        own = _open(str(config_path().resolve()))
        example = example_workspace(own) if _wanted() == EXAMPLE else None
        looked_at = example or own
        shown = Shown(own, looked_at, operations.stamp(looked_at))
        if shown.is_example:
            st.query_params[_WHICH] = EXAMPLE
            _banner()
        st.title(title)
        state = working.worker(own)
        _sidebar(shown, state)
        worker_bar(state)
        if said := st.session_state.pop(_SAID, []):
            st.success(plain(" ".join(said)), icon=":material/check_circle:")
        if wrong := st.session_state.pop(_WRONG, []):
            st.error(plain(" ".join(wrong)), icon=":material/error:")
    if shown is None:
        st.stop()
    return shown


@contextmanager
def tell_errors() -> Iterator[None]:
    """Show what a person can mend as a sentence, and leave the rest of the block out."""
    try:
        yield
    except BellwetherError as error:
        st.error(plain(error), icon=":material/error:")


@st.cache_resource(show_spinner=False)
def _open(path: str) -> Workspace:
    return open_workspace(Path(path))


def _wanted() -> str:
    """The workspace that the address asks for, or else the session's."""
    named = st.query_params.get(_WHICH)
    if named is not None:
        st.session_state[_WHICH] = EXAMPLE if named == EXAMPLE else OWN
    return str(st.session_state.get(_WHICH, OWN))


def look_at(which: str) -> None:
    """Show another workspace from now on (for `on_click`)."""
    st.session_state[_WHICH] = which
    st.query_params.clear()
    if which == EXAMPLE:
        st.query_params[_WHICH] = EXAMPLE


def example_workspace(own: Workspace) -> Workspace | None:
    """The example company once it can be looked at: it exists and has a champion."""
    path = example_config(own)
    if path == own.config_path or not path.is_file():
        return None
    found = _open(str(path.resolve()))
    return found if found.champion() is not None else None


def _banner() -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="example-banner"):
        st.markdown(
            ":material/theater_comedy: You are looking at the **example company**, a made one. "
            "Your own clients are never mixed with it.",
            width="stretch",
        )
        st.button("Back to my own clients", on_click=look_at, args=(OWN,), key="back")


def _sidebar(shown: Shown, state: WorkerState) -> None:
    with st.sidebar:
        st.space("small")
        _choose_me(shown)
        if state.alive and state.trouble:
            st.badge("Worker is late", icon=":material/warning:", color="orange")
        elif state.alive:
            st.badge("Worker at work", icon=":material/check:", color="green")
        else:
            st.badge("No worker running", icon=":material/warning:", color="orange")
        st.caption(f"Last sign of the worker: {when(state.heartbeat_at, shown.zone)}")
        if not shown.is_example and example_workspace(shown.own) is not None:
            st.button(
                "Look at the example company", type="tertiary", on_click=look_at, args=(EXAMPLE,), key="to-example"
            )


def _choose_me(shown: Shown) -> None:
    """Ask for a name, once a session; it stands in the address too, so that a bookmark keeps it.

    Not bound to the address by Streamlit, which forgets a value that came from there when another page is opened.
    """
    if ME not in st.session_state:
        st.session_state[ME] = st.query_params.get(ME, "")
    if named := st.session_state.pop(ME_NEXT, ""):
        st.session_state[ME] = named
    me = str(st.session_state[ME])
    if me != st.query_params.get(ME, ""):
        if me:
            st.query_params[ME] = me
        else:
            del st.query_params[ME]
    owners = shown.kept(clients.client_list).owners
    st.session_state[_I_AM] = me or None
    st.selectbox(
        "I am", [*owners, me] if me and me not in owners else owners, index=None, key=_I_AM, on_change=_named,
        accept_new_options=True, placeholder="Choose or type a name", help="Stands beside what you write down here",
    )  # fmt: skip


def _named() -> None:
    st.session_state[ME] = st.session_state[_I_AM] or ""


def freshness(shown: Shown, moment: datetime | None, what: str) -> None:
    """Of when the figures below are."""
    if moment is not None:
        st.caption(f"{what} of {when(moment, shown.zone)} ({ago(moment, shown.own.now())})")


def figure(label: str, value: str, note: str, *, help: str | None = None) -> None:  # noqa: A002  as st.metric spells it
    """A card with one figure and, beneath it, what it is about: unit, n, interval."""
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(label, value, help=help)
        st.caption(note)


def say_after_rerun(sentence: str) -> None:
    """Say how a deed ended, once the page has been made anew."""
    st.session_state.setdefault(_SAID, []).append(sentence)


def do(deed: Callable[..., str], *arguments: Any) -> None:
    """Do what a button is for, and say how that ended (for `on_click`).

    A click ends the run of the page that the click before it began; what stands under `if st.button` may never be
    reached, callbacks of both are called.
    """
    try:
        say_after_rerun(deed(*arguments))
    except BellwetherError as error:
        st.session_state.setdefault(_WRONG, []).append(str(error))


def worker_bar(state: WorkerState) -> None:
    """An amber bar with what is wrong with the worker and what to do, as long as something is."""
    if state.trouble:
        st.warning(state.trouble, icon=":material/warning:")


def empty(shown: Shown, sentence: str) -> None:
    """In place of a page's content: why there is none, and what to do next."""
    places = [source.place for source in shown.workspace.config.sources]
    with st.container(border=True):
        st.markdown(plain(sentence))
        if places and not shown.is_example:
            st.markdown("Put a client file (.csv) into " + " or ".join(f"`{place}`" for place in places) + ".")
        link("pages/today.py", "What to do next")


def link(page_file: str, label: str, **query: str) -> None:
    """A link to another page that keeps the workspace looked at, and who one is."""
    # a page that runs without dashboard.py knows no other page to link to
    with suppress(StreamlitAPIException):
        st.page_link(
            page_file, label=label, icon=":material/arrow_forward:", icon_position="right", query_params=along(**query)
        )


def along(**query: str) -> dict[str, str]:
    """A query with what goes from page to page."""
    if st.session_state.get(_WHICH) == EXAMPLE:
        query[_WHICH] = EXAMPLE
    if me := st.session_state.get(ME):
        query[ME] = me
    return query


# The key is a hash of what was asked and of every fact there is, so no two answers share an entry; ten minutes bound
# what a clock alone would change.
@st.cache_resource(max_entries=200, ttl=600, show_spinner=False)
def _kept(key: str, _ask: Callable[[], Any]) -> Any:
    return _ask()
