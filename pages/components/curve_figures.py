"""The champion's curves, each with what it says."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import evaluation, plots
from core.evaluation import Contacted
from core.views.quality import Judgement
from core.wording import percent, plural
from pages.components.tables import CHART, table
from pages.components.texts import plain


def trustworthy(judged: Judgement) -> None:
    """Whether risks come true, and what calling by them brings."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.header("Do risks come true?")
        bins = judged.curve(evaluation.CALIBRATION)
        st.caption(
            f"Clients in {len(bins)} groups by their risk: what was said, and how many left. On the line, risks come "
            "true. Bars are 95 % intervals."
        )
        st.plotly_chart(
            plots.reliability_curve(bins), key="reliability", config=CHART,
            alt=f"Share that left by risk in {len(bins)} groups, each with its 95 % interval. {_groups(bins)}",
        )  # fmt: skip
    with right:
        st.header("What calling brings")
        said = judged.capacity.sentence if judged.capacity else ""
        st.caption(f"{plain(said)} The line is the team's week; the band is the 95 % interval.")
        st.plotly_chart(
            plots.gain_curve(judged.curve(evaluation.GAIN), share=judged.team_share), key="gains", config=CHART,
            alt=f"Share of the leavers caught by the share of clients called, highest risk first. {said}",
        )  # fmt: skip


def _groups(bins: pd.DataFrame) -> str:
    """The lowest and the highest group in words."""
    ends = [bins.iloc[0], bins.iloc[-1]] if len(bins) else []
    return "; ".join(f"said {percent(one['x'])}, left {percent(one['y'])} of {int(one['n']):,}" for one in ends)


def ranking(judged: Judgement) -> None:
    """ROC and precision-recall curve."""
    left, right = st.columns(2, gap="medium")
    rate = judged.calling_from(0)["caught"] / max(judged.rows, 1)
    with left:
        st.header("Leavers against stayers")
        st.caption(
            "The ROC curve: the more it bends to the upper left, the better leavers are told from stayers. The area "
            "below it is roc_auc: of one leaver and one stayer, how often the leaver has the higher risk."
        )
        found = judged.curve(evaluation.ROC)
        st.plotly_chart(
            plots.roc_curve(found), key="roc", config=CHART,
            alt=f"ROC curve with its 95 % band: calling 10 % of the stayers reaches {percent(_at(found, 0.1))} of the "
            "leavers",
        )  # fmt: skip
    with right:
        st.header("How pure the list is")
        st.caption(
            f"The precision-recall curve: of those called, how many leave, by how many leavers are to be caught. "
            f"Calling by chance finds {percent(rate)}."
        )
        found = judged.curve(evaluation.PRECISION_RECALL)
        st.plotly_chart(
            plots.precision_recall_curve(found, rate=rate), key="precision-recall", config=CHART,
            alt=f"Precision-recall curve with its 95 % band: to catch half of the leavers, {percent(_at(found, 0.5))} "
            "of those called leave",
        )  # fmt: skip
    st.caption(bands_text(judged))


def bands_text(judged: Judgement) -> str:
    """What the bands rest on."""
    sampled = f", a sample of {judged.drawn:,} of them" if judged.drawn < judged.rows else ""
    wide = " The bands are a little too wide for that." if sampled else ""
    return (
        f"Out of fold, n = {judged.rows:,} snapshots of {plural(judged.clients, 'client')}. Bands: 95 %, point by "
        f"point, by drawing whole clients anew 200 times{sampled}.{wide}"
    )


def _at(found: pd.DataFrame, x: float) -> float:
    return float(found.loc[(found["x"] - x).abs().idxmin(), "y"]) if len(found) else float("nan")


def segments(judged: Judgement) -> None:
    """Quality by segment, worst first."""
    st.header("For whom it is worse")
    st.markdown(plain(judged.segments_sentence))
    if judged.segments.empty:
        return
    shown = judged.segments.assign(off=judged.segments["off"].map({True: "⚠ surely off", False: ""}))
    st.caption(
        "Worst first, n rows each. Surely off: risk said and share that left lie apart beyond chance, all segments "
        "considered."
    )
    table(
        shown, "Quality in each category and each band of numbers, worst first. " + judged.segments_sentence, {
            "column": "Column", "segment": "Segment", "off": "Verdict", "n": ("n", "%,d"),
            "risk": ("Risk said", "share"), "rate": ("Left", "share"), "roc_auc": ("roc_auc", "%.3f"),
            "low": ("95 % from", "%.3f"), "high": ("to", "%.3f"),
        },
    )  # fmt: skip


def contacted(found: Contacted) -> None:
    """Quality with and without the clients who were contacted."""
    st.header("Clients who were contacted")
    if found.warning:
        st.warning(plain(found.warning), icon=":material/warning:")
    sides = {"All": found.everyone, "Left alone": found.left_alone}
    rows = [
        {"who": who} | {metric.metric: metric.value for metric in metrics} | {"n": metrics[0].n}
        for who, metrics in sides.items()
        if metrics
    ]
    table(
        pd.DataFrame(rows), "Quality for all clients and for those who were left alone", {
            "who": "Clients", "n": ("n", "%,d"), "roc_auc": ("roc_auc", "%.3f"), "precision": ("precision", "%.3f"),
            "recall": ("recall", "%.3f"), "mean_risk_gap": ("mean_risk_gap", "%.3f"),
        },
    )  # fmt: skip
