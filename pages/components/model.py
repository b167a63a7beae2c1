"""The champion: its figures, and going back to the one before."""

from __future__ import annotations

import re

import pandas as pd
import streamlit as st

from core.pipeline import full
from core.views import model
from core.views.model import Health
from core.wording import plural
from pages.components.frame import Shown, figure, say_after_rerun, tell_errors
from pages.components.texts import interval

#: what a metric says, in plain words
METRICS = {
    "roc_auc": "How often a client who left stands above one who stayed: 0.5 is guessing, 1 is always",
    "average_precision": "How well the top of the list is filled with leavers; guessing gives the share of leavers",
    "brier": "Mean squared distance between risk and outcome: 0 is perfect, lower is better",
    "log_loss": "How surprised the risks are by the outcomes: 0 is never, lower is better",
    "f1": "Balance of leavers caught and calls made in vain, at the threshold: 1 is perfect",
}

#: kinds of model as people call them
FAMILIES = {
    "ebm": "explainable boosting machine",
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
            figure(row.metric, f"{row.value:.3f}" if known else "unknown", note, help=METRICS.get(row.metric))


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
