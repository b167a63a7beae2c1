"""How the risks turned out, chunk by chunk, and how late that is known."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import plots
from core.views import monitoring
from pages.components.frame import Shown
from pages.components.model_figures import METRICS
from pages.components.tables import CHART, table
from pages.components.texts import interval, plain

_SHOWN = ["roc_auc", "average_precision", "brier", "f1", "precision", "recall"]


def over_time(shown: Shown) -> None:
    """Realised and estimated performance with the verdicts on it."""
    st.header("How the risks turned out")
    performance, verdicts = shown.kept(monitoring.performance), shown.kept(monitoring.verdicts)
    if performance.empty:
        st.markdown("No outcome has come yet for a risk that was told before it was known.")
        return
    metric = st.segmented_control(
        "Metric", _SHOWN, default="roc_auc", required=True, key="metric", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    found = monitoring.with_lateness(monitoring.performance_by_chunk(performance, metric), verdicts)
    st.caption(
        f"{METRICS[metric]}. Estimated: what is to be expected before the outcomes are known, if the rule has not "
        "changed. Realised: risks that were told before the outcome was known. Backfilled: scored afterwards by a "
        "champion that had not learned from these rows. Bars are 95 % intervals."
    )
    st.plotly_chart(
        plots.performance_by_chunk(found, name=metric, reference=shown.kept(monitoring.out_of_fold, metric)),
        key="performance", config=CHART, alt=_performance_text(found, metric),
    )  # fmt: skip
    if late := monitoring.lateness_sentence(found):
        st.caption(f"Outcomes known so far. {plain(late)}")
        st.plotly_chart(
            plots.coverage_by_chunk(found), key="coverage", config=CHART, alt=f"Outcomes known by chunk. {late}"
        )
    table(
        found.iloc[::-1], f"{metric} by chunk with its 95 % interval and n, newest first", {
            "chunk": "Chunk", "kind": "Kind", "value": (metric, "%.3f"), "low": ("95 % from", "%.3f"),
            "high": ("to", "%.3f"), "n": ("n", "%,d"), "coverage": ("Outcomes known", "share"),
            "late_days": ("Days late", "%.0f"), "version": "Version",
        },
    )  # fmt: skip
    if not verdicts.empty:
        st.header("What that means")
        table(
            monitoring.newest_first(verdicts), "Verdict on each chunk's risks, newest first", {
                "chunk": "Chunk", "kind": "Kind", "verdict": "Verdict", "sentence": ("What it means", "wide"),
                "coverage": ("Outcomes known", "share"), "late_days": ("Days late", "%.0f"), "n": ("n", "%,d"),
            },
        )  # fmt: skip


def _performance_text(found: pd.DataFrame, metric: str) -> str:
    """What the figure of performance by chunk shows, in words."""
    if found.empty:
        return f"No chunk has a {metric} yet"
    newest = found.iloc[-1]
    return (
        f"{metric} by chunk, realised and backfilled; newest {newest['chunk']}: {newest['value']:.3f} "
        f"({interval(newest['low'], newest['high'])}), n = {newest['n']:,}, {newest['kind']}"
    )
