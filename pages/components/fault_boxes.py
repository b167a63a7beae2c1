"""What is wrong with the data rather than with the world, and what a person says of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.pipeline.answering import FAULT, REAL, answer_fault
from core.wording import plural
from pages.components.frame import Shown, do
from pages.components.tables import table
from pages.components.texts import plain

#: answers as people read them; "gone": it was no longer there when the chunk was compared again
_SAID = {FAULT: "the data are wrong", REAL: "the world is like that", "gone": "vanished by itself"}
#: open faults that are shown at once
_MOST = 12


def faults(shown: Shown, found: pd.DataFrame) -> None:
    """Open faults with two ways to answer, and below them those that were answered or vanished."""
    waiting, answered = found[found["answer"] == ""], found[found["answer"] != ""]
    if not waiting.empty:
        st.header("Faults of the data")
        st.caption(
            "These look like faults of the data and not like the world. Until somebody answers, they raise no alarm "
            "and lead to no training, and the risks of these clients carry a warning."
        )
    for one in waiting.head(_MOST).itertuples():
        _open(shown, int(one.id), f"**{plain(one.chunk)}**: {plain(one.sentence)} {plain(one.cause)}")
    if len(waiting) > _MOST:
        st.caption(f"{plural(len(waiting) - _MOST, 'more open fault')}: they come up as these are answered.")
    if not answered.empty:
        gone = int((answered["answer"] == "gone").sum())
        title = f"{plural(len(answered) - gone, 'fault')} answered, {gone:,} vanished"
        with st.expander(title, icon=":material/history:"):
            table(
                answered.assign(answer=answered["answer"].map(_SAID).fillna(answered["answer"])),
                f"Faults of the data, newest first: {title}", {
                    "chunk": "Chunk", "column": "Column", "sentence": ("What was seen", "wide"), "answer": "Answer",
                    "answered_by": "By", "note": "Note", "known_at": ("Seen", "instant"),
                }, zone=str(shown.zone),
            )  # fmt: skip


def _open(shown: Shown, fault: int, said: str) -> None:
    with st.container(border=True):
        st.markdown(f":material/report: {said}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(
                "Note", key=_note(fault), placeholder="Note (optional)", max_chars=300, width=280,
                label_visibility="collapsed",
            )  # fmt: skip
            for label, answer in (("The data are wrong", FAULT), ("The world is like that", REAL)):
                st.button(label, key=f"{answer}-{fault}", on_click=do, args=(_answer, shown, fault, answer))


def _note(fault: int) -> str:
    return f"note-{fault}"


def _answer(shown: Shown, fault: int, answer: str) -> str:
    note = str(st.session_state.get(_note(fault)) or "")
    return answer_fault(shown.workspace, fault, answer, shown.who, " ".join(note.split()))
