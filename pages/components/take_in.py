"""A file that a person gives here is taken in as a batch."""

from __future__ import annotations

import streamlit as st

from core import jobs
from core.pipeline.upload import take_upload
from pages.components.frame import Shown, link, say_after_rerun, tell_errors
from pages.components.texts import plain
from pages.components.uploads import KINDS, Upload, received


def keep(shown: Shown, upload: Upload) -> None:
    """Offer to keep a scored file as snapshots; off until it is asked for and confirmed."""
    with st.container(border=True):
        wanted = st.checkbox(
            "Keep as snapshots", key="keep",
            help="Off: nothing of the file is kept. On: it is taken in like a file in a source.",
        )  # fmt: skip
        if not wanted:
            st.caption("Nothing of this file is kept, and the client list does not change.")
            return
        st.markdown(
            f"**{plain(upload.name)}** will go through the ordinary ingestion as a batch of its own: its rows are "
            "checked against the contract, count as snapshots of these clients, and the list of clients follows at the "
            "next full run, which is asked for at once. The batch can be withdrawn on the page Ingestion."
        )
        if st.button("Keep these rows", key="confirm-keep", type="primary", icon=":material/save:"):
            _take(shown, upload, "keep")
        link("pages/ingestion.py", "Batches")


def take_in(shown: Shown, label: str, key: str) -> None:
    """A place to give a file that is to be taken in: a mended one, or any other. What came of it stands beneath."""
    taken = st.session_state.get(_taken(key), [])
    # a file that was taken in leaves the place empty: the next one has a key of its own
    given = st.file_uploader(label, type=KINDS, key=f"{key}-{len(taken)}" if taken else key)
    if given is not None:
        with tell_errors():
            upload = received(given, f"{key} on disk")
            if st.button(
                f"Take in {plain(upload.name)}", key=f"{key}-confirm", type="primary", icon=":material/input:"
            ):
                _take(shown, upload, key)
    if taken:
        link("pages/ingestion.py", f"See batch {taken[-1]}, just taken in", batch=str(taken[-1]))


def _taken(key: str) -> str:
    """Where the session keeps the numbers of the batches that were given at a place."""
    return f"{key} taken"


def _take(shown: Shown, upload: Upload, key: str) -> None:
    with tell_errors():
        with st.spinner(f"Taking in {plain(upload.name)} …"):
            taken = take_upload(shown.workspace, upload.name, lambda: upload.path.open("rb"), shown.who)
        st.session_state[_taken(key)] = [*st.session_state.get(_taken(key), []), taken.batch]
        jobs.enqueue(shown.own.store, "full", shown.config, shown.own.now(), shown.who)
        say_after_rerun(f"{taken.sentence} A full run was asked for, so that the list of clients follows.")
        st.rerun()
