"""What a client table looks like: columns, kinds, and what is usual."""

import streamlit as st

from core.views import contract, ingestion
from core.wording import plural
from pages.components import contract_deeds, frame, tables

SHOWN = frame.page("Contract")

with frame.tell_errors():
    found = SHOWN.kept(contract.shown)
    if found is None:
        frame.empty(SHOWN, "Nothing has come in yet.")
        st.stop()
    frame.freshness(SHOWN, found.since, "Contract")
    st.markdown("What a client table looks like: found in the first file, and kept until a person changes it.")
    contract_deeds.figures(found)
    contract_deeds.columns(found)
    contract_deeds.deeds(SHOWN)
    contract_deeds.changes(SHOWN, found)
    summaries = SHOWN.kept(ingestion.column_summaries)
    if not summaries.empty:
        st.header("What is usual, and what is missing")
        st.caption("Over all snapshots, as the last full run counted them.")
        tables.table(
            summaries, f"Summary statistics and missing share of {plural(len(summaries), 'column')}", {
                "column": "Column", "missing": ("Missing", "share"), "n": ("n known", "%,d"), "mean": "Mean",
                "std": "Standard deviation", "min": ("Smallest", 100), "q25": ("Lower quartile", 100),
                "median": ("Median", 100), "q75": ("Upper quartile", 100), "max": ("Largest", 100),
                "most_frequent": "Most frequent",
            }, most=20,
        )  # fmt: skip
