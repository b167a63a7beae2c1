"""Rows that were set aside and cells that could not be read: by reason, one by one, and the way to mend them."""

from __future__ import annotations

from pathlib import PurePath

import pandas as pd
import streamlit as st

from core.views import export, rejects
from core.views.rejects import Rejects
from core.wording import plural
from pages.components import take_in
from pages.components.frame import Shown
from pages.components.tables import table
from pages.components.texts import plain

#: the filters, as the address calls them
FILE, _COLUMN, _REASON = "rejected-file", "rejected-column", "rejected-reason"
#: faults shown one by one, at most
_MOST = 500


def label(batch: int, name: str) -> str:
    """A file as the filter and the address call it."""
    return f"{batch}: {name}"


def choose(shown: Shown) -> tuple[Rejects, pd.DataFrame, int | None]:
    """Filters by file, column and reason; what was loaded, the faults that meet them, and the one file chosen."""
    files = {label(number, name): number for number, name in shown.kept(rejects.files).items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "File", list(files), index=None, key=FILE, bind="query-params", placeholder="All files", width=300
        )
        batch = files.get(str(chosen))
        loaded = shown.kept(rejects.newest, batch)
        columns = sorted(name for name in loaded.faults["column"].unique() if name)
        column = st.selectbox(
            "Column", columns, index=None, key=_COLUMN, bind="query-params", placeholder="All columns", width=220
        )
        reasons = list(rejects.by_reason(rejects.only(loaded.faults, column or ""))["reason"].unique())
        reason = st.selectbox(
            "Reason", reasons, index=None, key=_REASON, bind="query-params", placeholder="All reasons", width=340
        )
    one = batch if batch is not None else next(iter(files.values())) if len(files) == 1 else None
    return loaded, rejects.only(loaded.faults, column or "", reason or ""), one


def counted(loaded: Rejects, faults: pd.DataFrame) -> str:
    """How many rows and cells these are, and what is not among them."""
    aside = int(faults["set_aside"].sum())
    said = (
        f"{plural(aside, 'fault')} set a row aside; {plural(len(faults) - aside, 'unreadable cell')} "
        "counted as missing."
    )
    if not loaded.whole:
        said += f" Only the first {len(loaded.faults):,} faults are looked at; the command `rejected` gives all."
    elif loaded.batches < loaded.of and loaded.batches != 1:
        said += (
            f" These are the newest {loaded.batches:,} of {loaded.of:,} files with faults: choose a file to see an "
            "older one."
        )
    return said


def reasons(faults: pd.DataFrame) -> None:
    """What was wrong, most rows first."""
    found = rejects.by_reason(faults)
    becomes = found["set_aside"].map({True: "row set aside", False: "cell counted as missing"})
    first = found.iloc[0]
    table(
        found.assign(becomes=becomes),
        f"{plural(len(found), 'reason')}, most rows first; the first: {plural(int(first['rows']), 'row')}, "
        f"{first['column'] or 'the row'}, {first['reason']}",
        {
            "rows": ("Rows", "%,d"), "column": "Column", "reason": ("What was wrong", "wide"), "becomes": "What became",
            "files": ("Files", "%,d"), "example": "Such as",
        },
    )  # fmt: skip


def one_by_one(faults: pd.DataFrame, *, with_file: bool = True) -> None:
    """Each fault with where it is."""
    shown = faults.head(_MOST)
    if len(faults) > _MOST:
        st.caption(f"The first {_MOST:,} of {len(faults):,} are shown; the file to mend holds all of its own.")
    table(
        shown, "Rejected rows and unreadable cells with file, line, column, value and reason", {
            **({"batch": "File"} if with_file else {}), "line": ("Line", "%d"), "column": "Column", "value": "Value",
            "reason": ("Reason", "wide"), "set_aside": ("Row set aside", "yes"),
        },
    )  # fmt: skip


def mend(shown: Shown, loaded: Rejects, faults: pd.DataFrame, batch: int | None, key: str) -> None:
    """Download the rows of one file to be mended, and give the mended file back."""
    st.markdown(
        "1. Download the rows of a file.\n"
        "2. Mend them in a spreadsheet and save as CSV. The two columns that say what was wrong may stay.\n"
        "3. Give the file here, or drop it into the source. What is known already counts as duplicate, not twice."
    )
    own = faults[faults["id"] == batch] if batch is not None else faults[:0]
    if own.empty:
        st.caption("Choose a file above to download its rows.")
    else:
        rows = rejects.whole_rows(loaded.faults, own)
        count = len(rows.drop_duplicates(["line", "row"]))
        stem = PurePath(str(own["batch"].iloc[0])).name.rsplit(".", 1)[0]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "Download rows to mend", lambda: export.mendable(rows), f"to_mend_{stem}.csv", "text/csv",
                icon=":material/download:", on_click="ignore", key=f"{key}-download",
            )  # fmt: skip
            st.caption(f"{plural(count, 'row')} of {plain(own['batch'].iloc[0])}", width="stretch")
    take_in.take_in(shown, "Mended file: CSV (also packed), Excel or Parquet", key)
