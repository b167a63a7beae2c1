"""The software it stands on: what is installed, what is newer, and what the champion was made with."""

import streamlit as st

from core.views import operations
from core.views import versions as versions_view
from core.wording import plural
from pages.components import frame, job_buttons, package_figures, tables, texts

SHOWN = frame.page("Packages")

with frame.tell_errors():
    packages = SHOWN.kept(operations.packages)
    if packages.empty:
        st.markdown("Installed packages have not been held against the newest ones yet.")
    else:
        frame.freshness(SHOWN, packages["known_at"].max(), "Newest versions")
        package_figures.figures(packages)
    job_buttons.job_button(
        SHOWN, "packages", "Look for newer versions now", text="Asks the package index that pip uses here"
    )
    if changed := SHOWN.kept(versions_view.package_changes):
        st.info(texts.plain(changed), icon=":material/sync_alt:")
    if not packages.empty:
        shown = package_figures.wanted(packages)
        tables.table(
            shown, f"{plural(len(shown), 'installed package')}, outdated ones first", tables.filled(shown, {
                "name": ("Package", 200), "installed": ("Installed", 110), "newest": ("Newest", 110),
                "outdated": ("Outdated", "yes"), "trained_with": "Champion made with",
                "changed": ("Changed since", "yes"), "direct": ("Asked for by Bellwether", "yes"),
                "failure": ("Why it is not known", "wide"),
            }), most=15,
        )  # fmt: skip
        st.caption(
            "Versions are pinned: a newer one is taken with `make pins` and a new installation, never by itself. "
            "*Champion made with* is told of the packages whose version may change what a model gives."
        )
