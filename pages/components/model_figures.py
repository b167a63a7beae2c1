"""The champion: its grade and its figures."""

from __future__ import annotations

import re

import pandas as pd
import streamlit as st

from core.views.model import Health
from core.views.quality import Judgement, Trust
from core.wording import plural
from pages.components.frame import figure
from pages.components.texts import interval, plain

#: what a metric says, in plain words
METRICS = {
    "roc_auc": "Of a client who left and one who stayed, how often the one who left has the higher risk: 0.5 is "
    "guessing, 1 is always",
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


#: the figures that say most, for which cards are shown at once
_FIRST = ("roc_auc", "average_precision", "brier", "calibration_error")


def metric_cards(metrics: pd.DataFrame) -> None:
    """Every metric with its interval and n, those that say most at once."""
    first = metrics["metric"].isin(_FIRST)
    _cards(metrics[first])
    with st.expander(f"{plural(int((~first).sum()), 'more figure')}", icon=":material/functions:"):
        _cards(metrics[~first])


def _cards(metrics: pd.DataFrame) -> None:
    with st.grid(4, min_column_width=160):
        for row in metrics.itertuples():
            known = pd.notna(row.value)
            note = f"{interval(row.low, row.high)} (95 %), n = {row.n:,}" if known else f"n = {row.n:,}"
            value = f"{round(row.value, 3) + 0.0:.3f}" if known else "unknown"
            figure(row.metric, value, note, help=METRICS.get(row.metric))


def grade(judged: Judgement, trust: Trust | None) -> None:
    """The grade, the sentence behind it, and how far it can be trusted today."""
    with st.container(border=True):
        if judged.letter:
            st.header(f"Grade {judged.letter}", anchor=False)
        st.markdown(plain(judged.grade.removeprefix(f"{judged.letter}: ")))
        if trust is not None:
            st.caption(trust_text(trust))


def trust_text(trust: Trust) -> str:
    """How old the champion is, on how many outcomes it was judged, and how its risks turned out."""
    said = f"{plural(trust.age_days, 'day')} old; judged on {plural(trust.judged_on, 'outcome')}. "
    if not trust.chunk:
        return said + "No outcome has come yet for a risk that it told, so nothing is known of how it does by now."
    return said + f"How its risks of {plain(trust.chunk)} turned out: {plain(trust.sentence)}"


def card(text: str) -> str:
    """A model card with its headings two levels down, below the page's own; no picture, link or tag stays one."""
    return re.sub(r"^#", "###", re.sub(r"([!\[\]<$])", r"\\\1", text), flags=re.MULTILINE)
