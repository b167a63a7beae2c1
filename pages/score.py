"""A file of one's own gets risks, bands and reasons. Nothing of it is kept."""

import streamlit as st

from core.pipeline.score import ADDED
from core.views import clients, export, ingestion
from core.wording import plural
from pages import components

SHOWN = components.page("Score a file")
PREVIEW = 200

with components.tell_errors():
    standing = clients.standing(SHOWN.workspace)
    contract = ingestion.contract(SHOWN.workspace)
    champion = SHOWN.workspace.champion()
    if champion is None or contract is None:
        components.empty(SHOWN, standing.sentence)
        st.stop()
    components.trust(standing)
    st.markdown(
        "Give a table of clients as CSV and get the same rows back, in the same order, with the columns "
        + ", ".join(f"`{name}`" for name in ADDED)
        + " added. It is scored in memory: nothing of it is kept, and the client list does not change."
    )
    upload = st.file_uploader("Client file (CSV)", type=["csv", "txt"], key="file")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Template with the columns of a client file", ingestion.template(contract), "clients_template.csv",
            "text/csv", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.caption(
            f"Up to {st.get_option('server.maxUploadSize')} MB; larger files: "
            "`python -m core score clients.csv -o scored.csv`.",
            width="stretch",
        )
    if upload is not None:
        done, content = components.score_upload(SHOWN, upload, champion)
        st.header("Result")
        with st.grid(4, min_column_width=150):
            components.figure("Rows scored", f"{done.rows:,}", f"by model {done.version}")
            for band in clients.BANDS if not done.provisional else ():
                components.figure(
                    f"{band.capitalize()} risk", f"{done.bands.get(band, 0):,}", f"of {plural(done.rows, 'row')}"
                )
        for column, cells in done.unreadable.items():
            unread = f"{plural(cells, 'cell')} of column {components.plain(column)}"
            st.warning(f"{unread} could not be read and counted as missing.")
        if done.provisional:
            st.markdown(
                "The model is provisional, so only the order of the rows is shown. "
                "Use the file's column `risk` to sort by, not as a likelihood."
            )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "Download scored file", content, components.scored_name(upload.name), "text/csv", type="primary",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
            st.caption(f"The first {min(PREVIEW, done.rows):,} of {plural(done.rows, 'row')} are shown below.")
        components.scored_table(export.preview(content, ADDED, rows=PREVIEW, ranked=done.provisional))
    components.freshness(SHOWN, champion.known_at, "Model")
