"""What came in, what was kept, and what it looks like."""

import streamlit as st

from core.views import ingestion
from core.wording import plural
from pages import components

SHOWN = components.page("Ingestion")
ZONE = str(SHOWN.zone)

with components.tell_errors():
    components.worker_bar(SHOWN)
    batches = ingestion.batches(SHOWN.workspace)
    if batches.empty:
        components.empty(SHOWN, "Nothing has come in yet.")
        st.stop()
    components.freshness(SHOWN, batches["known_at"].max(), "Last file")
    totals = batches[["read", "accepted", "duplicate", "superseded", "rejected"]].sum()
    with st.grid(5, min_column_width=150):
        components.figure("Rows read", f"{totals['read']:,}", f"in {plural(batches['sha256'].nunique(), 'file')}")
        components.figure("Accepted", f"{totals['accepted']:,}", "new or changed")
        components.figure("Duplicate", f"{totals['duplicate']:,}", "known already, unchanged")
        components.figure("Superseded", f"{totals['superseded']:,}", "overridden in the same file")
        components.figure("Rejected", f"{totals['rejected']:,}", "set aside, with the reason")
    components.job_button(SHOWN, "ingest", "Look for new files now", last=False)
    components.troubles(SHOWN)

    refused = ingestion.refused(batches)
    st.header("Batches")
    components.table(
        batches, f"{plural(len(batches), 'file')} that came in, newest first, with how many rows were kept", {
            "known_at": ("Came in", "instant"), "name": "File", "state": "State", "holds": "Holds",
            "read": ("Read", "%,d"), "accepted": ("Accepted", "%,d"), "duplicate": ("Duplicate", "%,d"),
            "superseded": ("Superseded", "%,d"),
            "rejected": ("Rejected", "%,d"), "bad_cells": ("Unreadable cells", "%,d"),
            "disagreed": ("Disagree with earlier", "%,d"), "read_as": ("Read as", "wide"),
            "seconds": ("Seconds", "%.2f"), "source": "Source",
        }, zone=ZONE,
    )  # fmt: skip
    components.batch_deeds(SHOWN, batches)
    if not refused.empty:
        st.header("Refused files")
        st.caption("Nothing was taken from these. They stay where they are; mended, they are taken in again.")
        components.table(
            refused, f"{plural(len(refused), 'refused file')} with the reason",
            {"known_at": ("Came in", "instant"), "name": "File", "refused": ("Why it was refused", "wide")}, zone=ZONE,
        )  # fmt: skip

    rejected = ingestion.rejected(SHOWN.workspace)
    st.header("Rejected rows and unreadable cells")
    if rejected.empty:
        st.markdown("None: every row and every cell could be read.")
    else:
        aside = int(rejected["set_aside"].sum())
        st.caption(
            f"{plural(aside, 'fault')} set a row aside; {plural(len(rejected) - aside, 'unreadable cell')} "
            f"counted as missing.{' The first 500 are shown.' if len(rejected) > 500 else ''}"
        )
        components.table(
            rejected.head(500), "Rejected rows and unreadable cells with file, line, column, value and reason", {
                "batch": "File", "line": ("Line", "%d"), "column": "Column", "value": "Value",
                "reason": ("Reason", "wide"), "set_aside": ("Row set aside", "yes"),
            },
        )  # fmt: skip
        components.rows_to_mend(SHOWN, rejected, batches)

    contract = ingestion.contract(SHOWN.workspace)
    if contract is not None:
        st.header("The contract")
        columns = ingestion.contract_columns(contract)
        st.caption("What a client table looks like: found in the first file, and kept until a person changes it.")
        components.table(
            columns, f"{plural(len(columns), 'column')} of a client table and what each is used for",
            {"column": "Column", "used_as": ("Used as", "wide"), "note": ("Kind, or why not", "wide")}, most=12,
        )  # fmt: skip
        components.contract_check(SHOWN)
    summaries = ingestion.column_summaries(SHOWN.workspace)
    if not summaries.empty:
        st.header("What is usual, and what is missing")
        components.table(
            summaries, f"Summary statistics and missing share of {plural(len(summaries), 'column')}", {
                "column": "Column", "missing": ("Missing", "share"), "n": ("n known", "%,d"), "mean": "Mean",
                "std": "Standard deviation", "min": "Smallest", "q25": "Lower quartile", "median": "Median",
                "q75": "Upper quartile", "max": "Largest", "most_frequent": "Most frequent",
            }, most=14,
        )  # fmt: skip
