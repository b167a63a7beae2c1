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
            st.Page("pages/today.py", title="Today", default=True),
            st.Page("pages/clients.py", title="All clients", url_path="clients"),
            st.Page("pages/client.py", title="One client", url_path="client"),
            st.Page("pages/score.py", title="Score a file", url_path="score"),
        ],
        "Model": [
            st.Page("pages/quality.py", title="Quality", url_path="quality"),
            st.Page("pages/drift.py", title="Drift", url_path="drift"),
            st.Page("pages/versions.py", title="Versions", url_path="versions"),
        ],
        "Data": [
            st.Page("pages/ingestion.py", title="Ingestion", url_path="ingestion"),
            st.Page("pages/rejected.py", title="Rejected rows", url_path="rejected"),
            st.Page("pages/contract.py", title="Contract", url_path="contract"),
        ],
        "Operations": [
            st.Page("pages/runs.py", title="Runs and timings", url_path="runs"),
            st.Page("pages/packages.py", title="Packages", url_path="packages"),
            st.Page("pages/jobs.py", title="Jobs", url_path="jobs"),
            st.Page("pages/reports.py", title="Reports", url_path="reports"),
        ],
    }
    st.navigation(pages, expanded=True).run()


if __name__ == "__main__":
    ui()
else:
    from starlette.routing import Mount

    from core.api import api

    app = st.App(__file__, routes=[Mount("/api", api)])
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)
    # before the first session: without this call a deep link to a fresh server would run a file of pages/ alone
    st.navigation([st.Page(ui, title="Bellwether")])
