"""What every page begins with: page config, workspace, banner, state of the worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.errors import BellwetherError
from core.replay import example_config
from core.views import clients, operations
from core.views.clients import ClientList
from core.workspace import Workspace, config_path, open_workspace
from pages.components.texts import ago, plain, when

OWN, EXAMPLE = "own", "example"
#: where the session keeps which workspace it looks at, and the name of the query parameter
_WHICH = "workspace"
_SAID = "said"
_LOGO = """<svg viewBox="0 0 170 32" width="170" height="32">
<path d="M15 4a8 8 0 0 0-8 8v7l-3 4h22l-3-4v-7a8 8 0 0 0-8-8z" fill="#3b82f6"/>
<circle cx="15" cy="26" r="3" fill="#d97706"/>
<g font-family="system-ui, sans-serif" font-size="20" font-weight="600" fill="#3b82f6">
<text x="34" y="23">Bellwether</text></g>
</svg>"""


@dataclass(frozen=True)
class Shown:
    """What a page shows."""

    #: one's own workspace: its queue and its worker serve both
    own: Workspace
    #: the workspace that is looked at
    workspace: Workspace

    @property
    def is_example(self) -> bool:
        """Whether the example company is looked at."""
        return self.workspace is not self.own

    @property
    def config(self) -> str:
        """The config file that jobs for the shown workspace name."""
        return str(self.workspace.config_path)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which instants are written."""
        return self.own.config.schedule.zone


def page(title: str) -> Shown:
    """Begin a page; what it shows. Stops the page with a sentence when the workspace cannot be opened."""
    st.set_page_config(page_title=f"{title} · Bellwether", page_icon="🔔", layout="wide")
    shown = None
    st.logo(_LOGO, size="large")
    with tell_errors():
        own = _open(str(config_path().resolve()))
        example = example_workspace(own) if _wanted() == EXAMPLE else None
        shown = Shown(own, example or own)
        if shown.is_example:
            st.query_params[_WHICH] = EXAMPLE
            _banner()
        st.title(title)
        _sidebar(shown)
        if said := st.session_state.pop(_SAID, ""):
            st.success(plain(said), icon=":material/check_circle:")
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


def _sidebar(shown: Shown) -> None:
    state = operations.worker(shown.own)
    with st.sidebar:
        st.space("small")
        if state.alive:
            st.badge("Worker at work", icon=":material/check:", color="green")
        else:
            st.badge("No worker running", icon=":material/warning:", color="orange")
        st.caption(f"Last sign of the worker: {when(state.heartbeat_at, shown.zone)}")
        if not shown.is_example and example_workspace(shown.own) is not None:
            st.button(
                "Look at the example company", type="tertiary", on_click=look_at, args=(EXAMPLE,), key="to-example"
            )


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
    st.session_state[_SAID] = sentence


def worker_bar(shown: Shown) -> None:
    """An amber bar with what to do while no worker is at work."""
    if not operations.worker(shown.own).alive:
        st.warning(
            "No worker is running: files are not taken in, and nothing is retrained or looked up. "
            "Start it with `python worker.py`, or everything together with `make run`.",
            icon=":material/warning:",
        )


def empty(shown: Shown, sentence: str) -> None:
    """In place of a page's content: why there is none, and what to do next."""
    places = [source.place for source in shown.workspace.config.sources]
    with st.container(border=True):
        st.markdown(plain(sentence))
        if places and not shown.is_example:
            st.markdown("Put a client file (.csv) into " + " or ".join(f"`{place}`" for place in places) + ".")
        link("pages/overview.py", "What to do next is on the overview")


def link(page_file: str, label: str, **query: str) -> None:
    """A link to another page that keeps the workspace looked at."""
    if st.session_state.get(_WHICH) == EXAMPLE:
        query[_WHICH] = EXAMPLE
    # a page that runs without dashboard.py knows no other page to link to
    with suppress(StreamlitAPIException):
        st.page_link(page_file, label=label, icon=":material/arrow_forward:", icon_position="right", query_params=query)


def client_list(shown: Shown) -> ClientList:
    """The client list, kept until a run or a promotion may have changed it. Not to be changed."""
    return _client_list(operations.stamp(shown.workspace), shown.workspace)


# the key is a hash, so no two workspaces share an entry; a minute bounds what a run that was killed leaves behind
@st.cache_resource(max_entries=8, ttl=60, show_spinner=False)
def _client_list(stamp: str, _workspace: Workspace) -> ClientList:
    return clients.client_list(_workspace)
