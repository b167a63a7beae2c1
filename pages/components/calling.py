"""What calling everyone from a risk on would have brought, in clients and in money."""

from __future__ import annotations

import streamlit as st

from core import plots
from core.views.quality import Judgement
from core.wording import percent, plural
from pages.components.frame import Shown
from pages.components.tables import CHART
from pages.components.texts import money


def thresholds(shown: Shown, judged: Judgement) -> None:
    """A slider over thresholds, with what each of them means."""
    st.header("From which risk on to call")
    st.fragment(_slider, key="thresholds")(shown, judged)


def _slider(shown: Shown, judged: Judgement) -> None:
    reached = judged.thresholds.loc[judged.thresholds["called"] > 0, "threshold"]
    most = max(1.0, 100 * float(reached.max()))
    own = min(most, round(200 * judged.threshold) / 2)
    chosen = st.slider(
        "Call everyone with a risk of at least", 0.0, most, own, 0.5, format="%.1f %%", key="threshold",
        bind="query-params", help=f"The model itself says \"would leave\" from {percent(judged.threshold)} on",
    )  # fmt: skip
    at = judged.calling_from(float(chosen) / 100)
    caught, missed, in_vain, left_alone = (int(at[name]) for name in ("caught", "missed", "in_vain", "left_alone"))
    said = calling_sentence(at)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown(f"**{said}**")
        if judged.rows > judged.clients:
            st.caption(
                f"Counted in snapshots: the {judged.rows:,} judged are of {plural(judged.clients, 'client')}, "
                f"{judged.rows / judged.clients:.1f} each. A client who leaves counts at each snapshot for which the "
                "outcome was that it left."
            )
        st.plotly_chart(
            plots.confusion_matrix(caught=caught, missed=missed, in_vain=in_vain, left_alone=left_alone),
            key="confusion", config=CHART, alt=f"Confusion matrix out of fold. {said} {left_alone:,} left alone.",
        )  # fmt: skip
    with right:
        _in_money(shown, judged, at)


def calling_sentence(at: dict[str, float]) -> str:
    """What calling from a threshold on brings.

    >>> calling_sentence({"threshold": 0.3, "called": 212, "caught": 96, "missed": 64, "in_vain": 116})
    'Calling everyone from 30 % on: 212 calls, 96 of 160 leavers caught, 64 missed, 116 calls in vain.'
    """
    called, caught, missed, in_vain = (int(at[name]) for name in ("called", "caught", "missed", "in_vain"))
    return (
        f"Calling everyone from {100 * at['threshold']:g} % on: {plural(called, 'call')}, {caught:,} of "
        f"{plural(caught + missed, 'leaver')} caught, {missed:,} missed, {plural(in_vain, 'call')} in vain."
    )


def _in_money(shown: Shown, judged: Judgement, at: dict[str, float]) -> None:
    """The same in money, where values are known."""
    if not judged.valued:
        st.caption("The file has no column for what a client is worth, so this cannot be told in money.")
        return
    data = shown.workspace.config.data
    each = max(1.0, judged.rows / judged.clients)
    caught, missed, in_vain = (at[name] / each for name in ("caught_value", "missed_value", "in_vain_value"))
    whole = caught + missed
    st.markdown(
        f"**In money.** The leavers caught are worth {money(caught, data.currency, data.value_per)}"
        + (f", {percent(caught / whole)} of what all leavers are worth" if whole else "")
        + f". The leavers missed are worth {money(missed, data.currency, data.value_per)}; those called in vain "
        f"{money(in_vain, data.currency, data.value_per)}, which was never in danger."
    )
    once = " Each client counts once, by the mean of its snapshots." if each > 1 else ""
    known = f"Values at the snapshot that was judged, known for {percent(judged.valued / judged.rows)} of them.{once}"
    st.caption(known)
    kept = st.number_input(
        "Suppose a call keeps so many of 100 leavers", 0, 100, value=None, step=5, key="kept",
        placeholder="not assumed",
        help="Your assumption: what a call brings about is not known here, and nothing is assumed unless you say so",
    )  # fmt: skip
    if kept is not None:
        said = money(caught * kept / 100, data.currency, data.value_per)
        st.markdown(f"If {kept} of 100 leavers who are called stay: {said} kept. This rests on your assumption alone.")
