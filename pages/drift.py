"""Whether clients still look like those the model learned from, and how its risks turned out."""

import streamlit as st

from core import plots
from core.views import monitoring
from core.wording import plural
from pages import components

SHOWN = components.page("Drift")

with components.tell_errors():
    drift = monitoring.drift(SHOWN.workspace)
    performance = monitoring.performance(SHOWN.workspace)
    verdicts = monitoring.verdicts(SHOWN.workspace)
    faults = monitoring.faults(SHOWN.workspace)
    if drift.empty and performance.empty:
        components.empty(SHOWN, monitoring.drift_sentence(drift))
        st.stop()
    st.markdown(f"**{components.plain(monitoring.drift_sentence(drift))}**")
    if together := monitoring.together_sentence(drift):
        st.markdown(components.plain(together))
    components.faults(SHOWN, faults)
    if not drift.empty:
        components.freshness(SHOWN, drift["known_at"].max(), "Last comparison")
        newest = monitoring.shown(monitoring.newest_chunk(drift))
        st.header("By column and chunk")
        st.caption(
            "How far each column has moved from what the champion learned from, in shares of the distance that is an "
            "alarm: the greatest gap between the two distributions (KS) for numbers, the share of rows in other levels "
            "(total variation) for levels. A change that chance explains is none. Chunks that the champion learned "
            "from are not compared; (earlier): compared with what an earlier champion learned from."
        )
        st.plotly_chart(
            plots.drift_heatmap(drift), key="drift", config=components.CHART,
            alt=monitoring.drift_sentence(drift) + " Distance of every column in every chunk.",
        )  # fmt: skip
        st.header(f"Newest chunk: {newest['chunk'].iloc[0]}")
        st.caption(
            f"{plural(int(newest['current_n'].max()), 'client')} now, "
            f"{int(newest['reference_n'].max()):,} in what the model learned from. "
            "What matters most comes first: the effect times the weight that the column has in the model."
        )
        components.table(
            newest, f"Drift of {plural(len(newest), 'column')} in the newest chunk, what matters most first", {
                "column": "Column", "verdict": "Verdict", "sentence": ("What happened", "wide"), "effect": "Effect",
                "importance": ("Weight in the model", "share"), "whom": "Whom it touches", "psi": ("PSI", "%.3f"),
                "reference_missing": ("Missing before", "share"), "current_missing": ("Missing now", "share"),
                "reference_n": ("n before", "%,d"), "current_n": ("n now", "%,d"),
            }, most=14,
        )  # fmt: skip

    st.header("How the risks turned out")
    if performance.empty:
        st.markdown("No outcome has come yet for a risk that was told before it was known.")
    else:
        metric = st.segmented_control(
            "Metric", ["roc_auc", "average_precision", "brier", "f1", "precision", "recall"], default="roc_auc",
            required=True, key="metric", bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
        found = monitoring.performance_by_chunk(performance, metric)
        st.caption(
            "Estimated: what is to be expected before the outcomes are known, if the rule has not changed. Realised: "
            "risks that were told before the outcome was known. Backfilled: scored afterwards by a champion that had "
            "not learned from these rows. Bars are 95 % intervals."
        )
        st.plotly_chart(
            plots.performance_by_chunk(found, name=metric, reference=monitoring.out_of_fold(SHOWN.workspace, metric)),
            key="performance", config=components.CHART, alt=components.performance_text(found, metric),
        )  # fmt: skip
        components.table(
            found.iloc[::-1], f"{metric} by chunk with its 95 % interval and n, newest first", {
                "chunk": "Chunk", "kind": "Kind", "value": (metric, "%.3f"), "low": ("95 % from", "%.3f"),
                "high": ("to", "%.3f"), "n": ("n", "%,d"), "version": "Version",
            },
        )  # fmt: skip
    if not verdicts.empty:
        components.table(
            verdicts.iloc[::-1], "Verdict on each chunk's risks, newest first", {
                "chunk": "Chunk", "kind": "Kind", "verdict": "Verdict", "sentence": ("What it means", "wide"),
                "coverage": ("Outcomes known", "share"), "late_days": ("Days late", "%.0f"), "n": ("n", "%,d"),
            },
        )  # fmt: skip
