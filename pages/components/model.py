"""The champion: its figures, and going back to the one before."""

from __future__ import annotations

import re

import pandas as pd
import streamlit as st

from core import plots
from core.evaluation import Contacted
from core.pipeline import full
from core.views import model
from core.views.model import Health
from core.views.quality import Judgement
from core.wording import plural
from pages.components.frame import Shown, figure, say_after_rerun, tell_errors
from pages.components.tables import CHART, table
from pages.components.texts import interval, plain

#: what a metric says, in plain words
METRICS = {
    "roc_auc": "How often a client who left stands above one who stayed: 0.5 is guessing, 1 is always",
    "average_precision": "How well the top of the list is filled with leavers; guessing gives the share of leavers",
    "brier": "Mean squared distance between risk and outcome: 0 is perfect, lower is better",
    "log_loss": "How surprised the risks are by the outcomes: 0 is never, lower is better",
    "f1": "Balance of leavers caught and calls made in vain, at the threshold: 1 is perfect",
    "precision": "Share of those called at the threshold who left",
    "recall": "Share of those who left who were called at the threshold",
    "accuracy": "Share of all clients of whom the threshold said right what they did",
    "calibration_error": "How far risks lie from what happened, beyond chance: 0 is never, in units of risk",
    "mean_risk_gap": "Mean risk less the share that left: above 0 the risks are too high on the whole",
}

#: kinds of model as people call them
FAMILIES = {
    "ebm": "explainable boosting machine",
    "ebm_pairs": "explainable boosting machine with pairs of columns",
    "logistic": "logistic regression",
    "rule": "rule by one column",
}


def model_figure(health: Health) -> None:
    """How good the champion is, in one card."""
    auc = health.roc_auc
    known = pd.notna(auc.value)
    note = f"{interval(auc.low, auc.high)} (95 %), n = {auc.n:,}, out of fold" if known else "not measured yet"
    figure("roc_auc", f"{auc.value:.3f}" if known else "unknown", note, help=METRICS["roc_auc"])


def model_text(health: Health) -> str:
    """What the champion is, and how old."""
    champion = health.champion
    kind = FAMILIES[champion.family]
    kind = f"provisional {kind}" if champion.provisional else kind
    learned = plural(champion.trained_rows, "row")
    return f"{kind.capitalize()}, {plural(health.age_days, 'day')} old, learned from {learned}."


def metric_cards(metrics: pd.DataFrame) -> None:
    """Every metric with its interval and n."""
    with st.grid(5, min_column_width=150):
        for row in metrics.itertuples():
            known = pd.notna(row.value)
            note = f"{interval(row.low, row.high)}, n = {row.n:,}" if known else f"n = {row.n:,}"
            figure(
                row.metric,
                f"{round(row.value, 3) + 0.0:.3f}" if known else "unknown",
                note,
                help=METRICS.get(row.metric),
            )


def grade(judged: Judgement) -> None:
    """The grade and the sentence behind it."""
    with st.container(border=True):
        if judged.letter:
            st.header(f"Grade {judged.letter}", anchor=False)
        st.markdown(plain(judged.grade.removeprefix(f"{judged.letter}: ")))


def judgement(judged: Judgement) -> None:
    """Calibration, gains, thresholds and segments of the champion."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.header("Do risks come true?")
        st.caption("Clients in tenths by their risk: what was said, and how many left. On the line, risks come true.")
        st.plotly_chart(
            plots.reliability_curve(judged.reliability), key="reliability", config=CHART,
            alt=f"Share that left by risk in {len(judged.reliability)} groups, each with its 95 % interval",
        )  # fmt: skip
    with right:
        st.header("What calling brings")
        st.caption(plain(judged.capacity.sentence))
        st.plotly_chart(
            plots.gain_curve(judged.gains, share=judged.team_share), key="gains", config=CHART,
            alt="Share of the leavers caught by the share of clients called, highest risk first. "
            + judged.capacity.sentence,
        )  # fmt: skip
    if judged.contacted is not None:
        _contacted(judged.contacted)
    with st.expander("Thresholds in plain words", icon=":material/rule:"):
        table(
            judged.thresholds, "What calling everyone from a risk on would have brought", {
                "threshold": ("From a risk of", "share"), "contacted": ("Calls", "%,d"), "caught": ("Caught", "%,d"),
                "missed": ("Missed", "%,d"), "in_vain": ("In vain", "%,d"),
            },
        )  # fmt: skip
    with st.expander("By segment, worst first", icon=":material/segment:"):
        st.caption(plain(judged.segments_sentence))
        if len(judged.segments):
            table(
                judged.segments, "Quality in each category and each band of numbers, worst first", {
                    "column": "Column", "segment": "Segment", "n": ("Rows", "%,d"), "risk": ("Risk said", "share"),
                    "rate": ("Left", "share"), "off": ("Surely off", "yes"), "roc_auc": ("roc_auc", "%.3f"),
                    "low": ("95 % from", "%.3f"), "high": ("to", "%.3f"),
                },
            )  # fmt: skip


def _contacted(found: Contacted) -> None:
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
            "who": "Clients", "n": ("Rows", "%,d"), "roc_auc": ("roc_auc", "%.3f"), "precision": ("precision", "%.3f"),
            "recall": ("recall", "%.3f"), "mean_risk_gap": ("mean_risk_gap", "%.3f"),
        },
    )  # fmt: skip


def effects(curves: dict[str, pd.DataFrame]) -> None:
    """What each column adds to the risk, one at a time."""
    st.header("What moves the risk")
    chosen = st.selectbox("Column", list(curves), key="effect", width=320) or next(iter(curves))
    curve = curves[chosen]
    unknown = curve[curve["value"].isna()]["contribution"]
    said = f" Where it is not known: {unknown.iloc[0]:+.2f}." if len(unknown) else ""
    st.caption(f"The columns that move it most come first. Above 0 a value raises the risk.{said}")
    st.plotly_chart(
        plots.effect_curve(curve), key="effect-curve", config=CHART,
        alt=f"What {chosen} adds to the log-odds of leaving: from {curve['contribution'].min():+.2f} to "
        f"{curve['contribution'].max():+.2f}",
    )  # fmt: skip


def roll_back_button(shown: Shown) -> None:
    """Go back to the champion before the present one, after asking."""
    earlier = model.earlier_champion(shown.workspace)
    pressed = st.button(
        "Roll back …",
        icon=":material/undo:",
        disabled=earlier is None,
        help="There is no earlier champion to go back to." if earlier is None else f"Back to {earlier}",
    )
    if pressed and earlier is not None:
        _confirm(shown, earlier)


@st.dialog("Roll back to the earlier champion?")
def _confirm(shown: Shown, earlier: str) -> None:
    st.markdown(
        f"Version `{earlier}` becomes champion again, and every client is scored by it. "
        "Nothing is deleted: the present champion stays among the versions."
    )
    if st.button("Roll back", type="primary", key="confirm-roll-back"):
        with tell_errors():
            with st.spinner("Scoring the clients …"):
                said = full.roll_back(shown.workspace)
            say_after_rerun(said)
            st.rerun()


def card(text: str) -> str:
    """A model card with its headings two levels down, below the page's own; no picture, link or tag stays one."""
    return re.sub(r"^#", "###", re.sub(r"([!\[\]<$])", r"\\\1", text), flags=re.MULTILINE)
