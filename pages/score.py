"""A file of one's own gets risks, bands and reasons. Nothing of it is kept unless asked for."""

import streamlit as st

from core.views import clients, ingestion
from pages.components import frame, scored_rows, take_in, trust, uploads

SHOWN = frame.page("Score a file")

with frame.tell_errors():
    standing = SHOWN.kept(clients.standing)
    contract = SHOWN.kept(ingestion.contract)
    champion = SHOWN.workspace.champion()
    if champion is None or contract is None:
        frame.empty(SHOWN, standing.sentence)
        st.stop()
    trust.explain(standing)
    st.markdown(
        "Give a table of clients and get the same rows back, in the same order, each with its risk, its band and "
        "three reasons. Nothing of it is kept unless you ask for it."
    )
    given = st.file_uploader("Client file: CSV (also packed), Excel or Parquet", type=uploads.KINDS, key="file")
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
    if given is not None:
        upload = uploads.received(given)
        st.header("What was understood")
        done = uploads.score(SHOWN, upload, champion)
        st.header("Result")
        scored_rows.figures(done)
        scored_rows.notes(done)
        scored_rows.downloads(upload, done)
        scored_rows.rows(done)
        scored_rows.left_out(SHOWN, upload, done)
        take_in.keep(SHOWN, upload)
    frame.freshness(SHOWN, champion.known_at, "Model")
