"""What came of scoring a file: figures, what to know, the rows, the file to download."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from core.pipeline.score_file import PREVIEW_ROWS, ScoredFile
from core.views import clients, export
from core.wording import percent, plural
from pages.components.frame import Shown, figure
from pages.components.tables import download, height, table
from pages.components.texts import plain
from pages.components.uploads import Upload

_HIGHEST, _FILE = "Highest risk first", "File order"


def figures(done: ScoredFile) -> None:
    """Rows by band."""
    with st.grid(4, min_column_width=150):
        figure("Rows scored", f"{done.rows:,}", f"{done.set_aside:,} left out" if done.set_aside else "all of them")
        for band in clients.BANDS if not done.provisional else ():
            count = done.bands.get(band, 0)
            share = percent(count / done.rows) if done.rows else "none"
            figure(f"{band.capitalize()} risk", f"{count:,}", f"{share} of {plural(done.rows, 'row')}")


def notes(done: ScoredFile) -> None:
    """What a person should know before relying on it."""
    if done.provisional:
        st.info(
            "The model is provisional, so only the order of the rows is shown. Use the file's column "
            f"{plain(done.added[0])} to sort by, not as a likelihood.",
            icon=":material/info:",
        )
    if done.notes:
        marked = "- " if len(done.notes) > 1 else ""
        st.warning("\n".join(f"{marked}{plain(one)}" for one in done.notes), icon=":material/warning:")


def downloads(upload: Upload, done: ScoredFile) -> None:
    """The scored file, as CSV and, where it came as one, as an Excel file."""
    path, separator = upload.scored, done.separator
    as_excel = upload.is_excel and done.rows <= export.MOST_EXCEL_ROWS
    with st.container(horizontal=True, vertical_alignment="center"):
        if as_excel:
            st.download_button(
                "Download scored file (Excel)", lambda: export.as_excel(path, separator), upload.scored_name("xlsx"),
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", type="primary",
                icon=":material/download:", on_click="ignore", key="download-excel",
            )  # fmt: skip
        st.download_button(
            "Download scored file" + (" (CSV)" if as_excel else ""), path.read_bytes, upload.scored_name("csv"),
            "text/csv", type="secondary" if as_excel else "primary", icon=":material/download:", on_click="ignore",
            key="download-csv",
        )  # fmt: skip
        st.caption("The same rows in the same order, with " + ", ".join(plain(name) for name in done.added) + " added.")


def rows(done: ScoredFile) -> None:
    """The rows of the highest risks, or the first ones."""
    order = st.segmented_control("Order", [_HIGHEST, _FILE], default=_HIGHEST, key="scored-order") or _HIGHEST
    kept = done.highest if order == _HIGHEST else done.first
    if kept.empty:
        st.markdown("The file has a header line and no rows.")
        return
    if done.rows > PREVIEW_ROWS:
        which = "of the highest risks" if order == _HIGHEST else "that stand first"
        st.caption(f"{len(kept):,} of {plural(done.rows, 'row')}: those {which}. The download holds all.")
    risk, band, *words = done.added
    names = [name for name in kept.columns if name not in {"row", "rank", *done.added}]
    first = [names[0]] if names else []
    shown = kept.rename(columns={risk: "risk", band: "band"} if risk not in names and band not in names else {})
    if done.provisional:
        order_of = ["rank", *first, *words, *names[1:], "row"]
    else:
        shown["risk"] = 100 * pd.to_numeric(kept[risk])
        shown["band"] = kept[band]
        order_of = [
            *first,
            "risk",
            "band",
            *words,
            *(name for name in names[1:] if name not in ("risk", "band")),
            "row",
        ]
    st.dataframe(
        shown[list(dict.fromkeys(order_of))],
        hide_index=True,
        height=height(len(shown), 12),
        alt=f"{len(kept):,} rows of the scored file with what was added, {order.lower()}",
        placeholder="–",
        column_config={
            "row": st.column_config.NumberColumn("Row", format="%,d", help="Its place in the file, the first row is 1"),
            "rank": st.column_config.NumberColumn("rank", format="%,d", help="1 is the highest risk of the file"),
            "risk": st.column_config.ProgressColumn("risk", min_value=0, max_value=100, format="%.1f %%", width=130),
            **{name: st.column_config.TextColumn(name, width=300) for name in words},
        },
    )


def left_out(shown: Shown, upload: Upload, done: ScoredFile) -> None:
    """Rows that got no risk, with line and reason."""
    if not done.aside:
        return
    st.header("Rows left out")
    st.caption("Mend these rows in the file and give it again, so that every client gets a risk.")
    listed = pd.DataFrame(
        [(one.line, one.reason, " | ".join(json.loads(one.row))) for one in done.aside],
        columns=["line", "reason", "row"],
    )
    table(
        listed, f"{plural(done.set_aside, 'row')} without a risk, with line and reason",
        {"line": ("Line", "%,d"), "reason": ("Reason", "wide"), "row": ("The row", "wide")}, most=8,
    )  # fmt: skip
    download("Download these rows", listed, f"{upload.scored_name('csv').removesuffix('.csv')}_left_out.csv")
