"""Which models there are, which one scores the clients, and why."""

import streamlit as st

from core.views import clients, model, monitoring
from core.views import versions as versions_view
from core.wording import plural
from pages.components import frame, job_buttons, tables, texts, version_deeds, version_figures

SHOWN = frame.page("Versions")
ZONE = str(SHOWN.zone)

with frame.tell_errors():
    versions = SHOWN.kept(model.versions)
    decided = SHOWN.kept(monitoring.decisions)
    if not versions:
        frame.empty(SHOWN, SHOWN.kept(clients.standing).sentence)
        version_figures.last_attempt(decided)
        st.stop()
    frame.freshness(SHOWN, versions[0]["known_at"], "Newest version")
    version_figures.champion_card(SHOWN, versions)
    if changed := SHOWN.kept(versions_view.package_changes):
        st.caption(texts.plain(changed))
    st.header("Retrain")
    st.caption("Runs the full process and trains whatever the evidence says. The gate still decides what is promoted.")
    job_buttons.job_button(SHOWN, "retrain", "Retrain now", primary=True)
    version_figures.last_attempt(decided)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("Versions", width="stretch")
        version_deeds.roll_back_button(SHOWN)
    st.caption(f"{plural(len(versions), 'stored model')}, newest first; roc_auc out of fold, each on its own rows.")
    tables.table(
        model.version_table(versions), f"{plural(len(versions), 'stored model')}, newest first, with roc_auc", {
            "champion": ("Champion", "yes"), "version": "Version", "family": "Family", "known_at": ("Made", "instant"),
            "roc_auc": ("roc_auc", "%.3f"), "low": ("95 % from", "%.3f"), "high": ("to", "%.3f"), "n": ("n", "%,d"),
            "rows": ("Rows learned from", "%,d"), "provisional": ("Provisional", "yes"),
        }, zone=ZONE, most=8,
    )  # fmt: skip
    if others := [one["version"] for one in versions if not one["champion"]]:
        version_deeds.promote_choice(SHOWN, others)
        version_figures.compare_two(SHOWN, [one["version"] for one in versions])
    version_figures.timeline(SHOWN)
    version_figures.decisions(SHOWN, decided)
