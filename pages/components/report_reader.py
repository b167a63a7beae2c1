"""A report, to be read in the page and to be taken along."""

from __future__ import annotations

import base64

import pandas as pd
import streamlit as st

from core.views import reports
from pages.components.frame import Shown
from pages.components.texts import when

_PIXELS = 900


def choose(shown: Shown, found: pd.DataFrame) -> str:
    """The name of a report: the newest, or the one in the address."""
    said = {
        row.name: f"{when(row.known_at, shown.zone)}, run {row.run_id}"
        for row in found.itertuples(index=False)
    }  # fmt: skip
    return st.selectbox(
        "Report", list(said), format_func=said.__getitem__, key="report", bind="query-params", width=320
    )


def read(shown: Shown, name: str) -> None:
    """Show a report, and offer it as a file."""
    content = shown.kept(reports.read, name)
    st.download_button(
        "Download this report", content, name, "text/html", icon=":material/download:", on_click="ignore",
        help="One file that opens anywhere, without Bellwether and without a network",
    )  # fmt: skip
    # A report is a whole page with a look of its own. As a data address it has an origin of its own too: whatever a
    # file's text might become in it, it reaches nothing of this page.
    address = f"data:text/html;charset=utf-8;base64,{base64.b64encode(content).decode()}"
    st.iframe(address, height=_PIXELS, alt=f"The report {name}")
