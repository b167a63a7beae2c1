"""The way in: `streamlit run dashboard.py` or `uvicorn dashboard:app` serve dashboard and API on one port.

Streamlit runs this file as a script (`__main__`) for every session; the server imports it once.
"""

import logging

import streamlit as st


def ui() -> None:
    """Every page, by section, and the one that was asked for.

    No icons: the browser would fetch a page's icon from another host as the tab's picture.
    """
    pages = {
        "Clients": [
            st.Page("pages/overview.py", title="Overview", default=True),
            st.Page("pages/clients.py", title="Clients", url_path="clients"),
            st.Page("pages/score.py", title="Score a file", url_path="score"),
        ],
        "Model": [
            st.Page("pages/model.py", title="Model", url_path="model"),
            st.Page("pages/drift.py", title="Drift", url_path="drift"),
        ],
        "Data and upkeep": [
            st.Page("pages/ingestion.py", title="Ingestion", url_path="ingestion"),
            st.Page("pages/operations.py", title="Operations", url_path="operations"),
        ],
    }
    st.navigation(pages).run()


if __name__ == "__main__":
    ui()
else:
    from starlette.routing import Mount

    from core.api import api

    app = st.App(__file__, routes=[Mount("/api", api)])
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)
    # before the first session: without this call a deep link to a fresh server would run a file of pages/ alone
    st.navigation([st.Page(ui, title="Bellwether")])
