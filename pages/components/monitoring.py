"""What is wrong with the data rather than with the world, and what a person says of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.pipeline.answering import FAULT, REAL, answer_fault
from core.wording import plural
from pages.components.frame import Shown, say_after_rerun, tell_errors
from pages.components.tables import table
from pages.components.texts import plain

WHO = "dashboard"


def faults(shown: Shown, found: pd.DataFrame) -> None:
    """Open faults with two ways to answer, and below them those that were answered."""
    waiting, answered = found[found["answer"] == ""], found[found["answer"] != ""]
    if not waiting.empty:
        st.header("Faults of the data")
        st.caption(
            "These look like faults of the data and not like the world. Until somebody answers, they raise no alarm "
            "and lead to no training, and the risks of these clients carry a warning."
        )
    for one in waiting.itertuples():
        with st.container(border=True):
            st.markdown(f":material/report: **{plain(one.chunk)}**: {plain(one.sentence)} {plain(one.cause)}")
            with st.container(horizontal=True):
                if st.button("The data are wrong", key=f"fault-{one.id}"):
                    _answer(shown, int(one.id), FAULT)
                if st.button("The world is like that", key=f"real-{one.id}"):
                    _answer(shown, int(one.id), REAL)
    if not answered.empty:
        with st.expander(f"{plural(len(answered), 'fault')} answered"):
            table(
                answered, "Faults of the data that were answered, newest first", {
                    "chunk": "Chunk", "column": "Column", "sentence": "What was seen", "answer": "Answer",
                    "answered_by": "By", "note": "Note",
                },
            )  # fmt: skip


def _answer(shown: Shown, fault: int, answer: str) -> None:
    with tell_errors():
        say_after_rerun(answer_fault(shown.workspace, fault, answer, WHO))
        st.rerun()
