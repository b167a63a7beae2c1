"""How good the model is that scores the clients, and how that is known."""

import streamlit as st

from core.views import clients, effects, model
from core.views import quality as quality_view
from pages.components import (
    calling,
    curve_figures,
    effect_figures,
    frame,
    missed_clients,
    model_figures,
    tables,
    texts,
    trust,
    turned_out,
)

SHOWN = frame.page("Quality")
LOOKS = ["Calls", "Curves", "Segments", "Over time", "Missed leavers", "What moves it", "The contest"]

with frame.tell_errors():
    standing = SHOWN.kept(clients.standing)
    quality = SHOWN.kept(model.quality)
    if quality is None:
        frame.empty(SHOWN, standing.sentence)
        st.stop()
    champion = quality.champion
    trust.explain(standing)
    frame.freshness(SHOWN, champion.known_at, f"Champion {champion.version} ({champion.family})")
    judged = SHOWN.kept(quality_view.judgement)
    if judged is not None:
        model_figures.grade(judged, SHOWN.kept(quality_view.trust))
    model_figures.metric_cards(quality.metrics)
    st.caption(
        "Out of fold: every client was judged by models that had not seen it. roc_auc: of a client who left and one "
        "who stayed, how often the one who left has the higher risk. n: the outcomes that a figure rests on."
    )
    calls, curves, segments, time, missed, moves, contest = st.tabs(
        LOOKS, key="look", on_change="rerun", bind="query-params"
    )
    if calls.open:
        with calls:
            if judged is None:
                st.markdown("Not shown while the model is provisional: it orders clients, it does not say who leaves.")
            elif judged.thresholds.empty:
                st.info(quality_view.NO_CURVES, icon=":material/info:")
            else:
                calling.thresholds(SHOWN, judged)
            if judged is not None and judged.contacted is not None:
                curve_figures.contacted(judged.contacted)
    if curves.open:
        with curves:
            if judged is None:
                st.markdown("Not shown while the model is provisional: too few outcomes are known.")
            elif judged.curves.empty:
                st.info(quality_view.NO_CURVES, icon=":material/info:")
            else:
                curve_figures.trustworthy(judged)
                curve_figures.ranking(judged)
    if segments.open:
        with segments:
            if judged is None:
                st.markdown("Not shown while the model is provisional: too few outcomes are known.")
            else:
                curve_figures.segments(judged)
    if time.open:
        with time:
            turned_out.over_time(SHOWN)
    if missed.open:
        with missed:
            missed_clients.missed_leavers(SHOWN)
    if moves.open:
        with moves:
            if shapes := SHOWN.kept(effects.effects):
                effect_figures.effects(shapes)
            if pairs := SHOWN.kept(effects.pairs):
                effect_figures.pairs(pairs)
    if contest.open:
        with contest:
            st.header("The contest")
            st.markdown(texts.plain(quality.sentence))
            st.caption(
                "Kinds of model that competed, out of fold: the simplest close enough to the lowest log loss wins."
            )
            tables.table(
                quality.families.sort_values("log_loss"), "Families of models with their log loss and roc_auc",
                {"family": "Family", "log_loss": ("log_loss", "%.4f"), "roc_auc": ("roc_auc", "%.4f")},
            )  # fmt: skip
            if judged is not None:
                for said in (*judged.baselines, judged.yardstick):
                    st.markdown(texts.plain(said))
    if not champion.provisional:
        with st.expander("Model card", icon=":material/description:"):
            st.markdown(model_figures.card(quality.card))
