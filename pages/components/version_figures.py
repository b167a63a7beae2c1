"""Versions: the champion in short, who was champion when, why, and two of them side by side."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core import plots
from core.views import evidence, model, side_by_side, versions
from core.wording import percent, plural
from pages.components import model_figures
from pages.components.frame import Shown, figure, link, tell_errors
from pages.components.tables import CHART, table
from pages.components.texts import interval, plain, when

#: decisions that are shown at once
_DECISIONS = 5
_QUESTIONS = {"retrain": "Train anew?", "promote": "Promote the challenger?"}


def champion_card(shown: Shown, found: list[dict[str, Any]]) -> None:
    """The champion in short."""
    own = next((one for one in found if one["champion"]), None)
    if own is None:
        st.markdown("No version is champion: the list follows none of them.")
        return
    letter = shown.kept(model.grade) or ""
    auc = own["metrics"].get("roc_auc", {})
    known = auc.get("value") is not None
    st.header("The champion")
    with st.grid(4, min_column_width=160):
        kind = model_figures.FAMILIES.get(own["family"], own["family"])
        figure("Kind of model", own["family"], "provisional" if own["provisional"] else kind)
        figure("Grade", letter or "withheld", "from the lower end of roc_auc" if letter else "see Quality for why")
        note = f"{interval(auc['low'], auc['high'])} (95 %), n = {auc['n']:,}, out of fold" if known else "not measured"
        value = f"{auc['value']:.3f}" if known else "unknown"
        figure("roc_auc", value, note, help=model_figures.METRICS["roc_auc"])
        all_known = shown.kept(model.rows_known)
        sampled = all_known is not None and all_known > own["rows"]
        figure(
            "Learned from", f"{own['rows']:,}", f"snapshots, drawn from {all_known:,} known" if sampled else "snapshots"
        )
    st.caption(f"Version {own['version']}, made {when(own['known_at'], shown.zone)}.")
    link("pages/quality.py", "How good it is")


def timeline(shown: Shown) -> None:
    """Who was champion when."""
    spans = shown.kept(model.champion_spans)
    st.header("Who was champion when")
    if spans.empty:
        st.markdown("No version was champion yet.")
        return
    last = spans.iloc[-1]
    st.plotly_chart(
        shown.once("timeline", lambda: plots.champion_timeline(spans)), key="timeline", config=CHART,
        alt=f"{plural(len(spans), 'time')} that a version became champion; {last['version']} since "
        f"{when(last['begins'], shown.zone)}",
    )  # fmt: skip
    table(
        spans.iloc[::-1], "Promotions and roll-backs, newest first, each with its reason", {
            "begins": ("When", "instant"), "kind": "What", "version": "Version", "sentence": ("Why", "wide"),
        }, zone=str(shown.zone), most=6,
    )  # fmt: skip


def last_attempt(decided: list[dict[str, Any]]) -> None:
    """What came of the newest training: the gate's answer and what it rests on."""
    newest = next((one for one in decided if one["question"] == "promote"), None)
    if newest is None:
        return
    icon = ":material/check_circle:" if newest["answer"] else ":material/do_not_disturb_on:"
    st.markdown(f"{icon} **The newest challenger was {'' if newest['answer'] else 'not '}promoted.** "
                f"{plain(newest['sentence'])}")  # fmt: skip


def decisions(shown: Shown, decided: list[dict[str, Any]]) -> None:
    """Every decision with what it rests on."""
    st.header("Decisions")
    if not decided:
        st.markdown("Nothing was decided yet.")
        return
    asked = st.segmented_control(
        "Question", ["both", *_QUESTIONS], default="both", required=True, key="question", bind="query-params",
        format_func=lambda one: _QUESTIONS.get(one, "Both questions"), label_visibility="collapsed",
    )  # fmt: skip
    wanted = [one for one in decided if asked in ("both", one["question"])]
    st.caption(f"{plural(len(wanted), 'decision')}, newest first, each with what it rests on.")
    for one in wanted[: _DECISIONS if not st.session_state.get("all-decisions") else None]:
        _decision(shown, one)
    if len(wanted) > _DECISIONS:
        st.toggle(f"Show all {len(wanted):,}", key="all-decisions")


def _decision(shown: Shown, one: dict[str, Any]) -> None:
    answer = "yes" if one["answer"] else "no"
    title = f"{when(one['known_at'], shown.zone)}: {_QUESTIONS.get(one['question'], one['question'])} **{answer}**"
    with st.expander(title):
        st.markdown(plain(one["sentence"]))
        told = evidence.evidence_table(one["evidence"])
        table(told, f"What the answer {answer} rests on, in {plural(len(told), 'line')}", {
            "what": "What", "value": "Value",
        }, most=40)  # fmt: skip


def compare_two(shown: Shown, names: list[str]) -> None:
    """Two versions side by side, when both are chosen."""
    st.header("Compare two")
    left, right = st.columns(2)
    with left:
        first = st.selectbox("First", names, index=None, key="first", bind="query-params", placeholder="Choose")
    with right:
        second = st.selectbox("Second", names, index=None, key="second", bind="query-params", placeholder="Choose")
    if not first or not second or first == second:
        st.caption(
            "Choose two different versions: on the rows that neither learned from, what differs between them, and how "
            "the list would change."
        )
        return
    with tell_errors(), st.spinner("Holding both against the same rows …"):
        _compared(shown.kept(versions.compare, first, second))


def _compared(found: versions.Comparison) -> None:
    first, second = found.first.version, found.second.version
    st.markdown(plain(found.sentence))
    st.caption(side_by_side.list_sentence(found))
    if found.common is not None:
        share = percent(found.common.leavers / found.common.rows)
        st.subheader(f"On {plural(found.common.rows, 'row')} that neither learned from ({share} left)", anchor=False)
        _two(side_by_side.common(found), "Both versions on the same rows, with 95 % intervals", first, second)
    st.subheader("Each by itself", anchor=False)
    _two(side_by_side.sides(found), "Facts and out-of-fold figures of both versions", first, second)
    st.subheader("What differs", anchor=False)
    differing = side_by_side.differences(found)
    if differing.empty:
        st.markdown("Nothing: columns, config, packages and batches are the same.")
    else:
        _two(differing, f"{plural(len(differing), 'difference')} between the versions", first, second)


def _two(rows: pd.DataFrame, alt: str, first: str, second: str) -> None:
    table(rows, alt, {"what": "", "first": first, "second": second}, most=20)
