"""Whether clients still look like those the model learned from, and whether the data are sound."""

import streamlit as st

from core.views import monitoring
from core.wording import plural
from pages.components import drift_map, fault_boxes, frame, tables, texts

SHOWN = frame.page("Drift")

with frame.tell_errors():
    drift = SHOWN.kept(monitoring.drift)
    faults = SHOWN.kept(monitoring.faults)
    if drift.empty:
        frame.empty(SHOWN, monitoring.drift_sentence(drift))
        st.stop()
    sentence = SHOWN.once("drift sentence", lambda: monitoring.drift_sentence(drift))
    st.markdown(f"**{texts.plain(sentence)}**")
    if together := monitoring.together_sentence(drift):
        st.markdown(texts.plain(together))
    frame.freshness(SHOWN, drift["known_at"].max(), "Last comparison")
    fault_boxes.faults(SHOWN, faults)
    drift_map.heat_map(SHOWN, drift, sentence)
    drift_map.drill_down(SHOWN, drift)
    drift_map.beside_columns(SHOWN, drift)
    newest = SHOWN.once("newest drift", lambda: monitoring.shown(monitoring.newest_chunk(drift)))
    st.header(f"Newest chunk: {newest['chunk'].iloc[0]}")
    st.caption(
        f"{plural(int(newest['current_n'].max()), 'client')} now, "
        f"{int(newest['reference_n'].max()):,} in what the model learned from. "
        "What matters most comes first: the effect times the weight that the column has in the model."
    )
    tables.table(
        newest, f"Drift of {plural(len(newest), 'column')} in the newest chunk, what matters most first", {
            "column": "Column", "verdict": "Verdict", "sentence": ("What happened", "wide"), "effect": "Effect",
            "importance": ("Weight in the model", "share"), "whom": "Whom it touches", "psi": ("PSI", "%.3f"),
            "reference_missing": ("Missing before", "share"), "current_missing": ("Missing now", "share"),
            "reference_n": ("n before", "%,d"), "current_n": ("n now", "%,d"),
        }, most=14,
    )  # fmt: skip
    frame.link("pages/quality.py", "How the risks turned out", look="Over time")
