"""Which model scores the clients, how good it is, and which came before."""

import streamlit as st

from core import plots
from core.views import clients, effects, model, monitoring
from core.views import quality as quality_view
from core.views import versions as versions_view
from core.wording import percent, plural
from pages import components

SHOWN = components.page("Model")
ZONE = str(SHOWN.zone)

with components.tell_errors():
    standing = clients.standing(SHOWN.workspace)
    quality = model.quality(SHOWN.workspace)
    if quality is None:
        components.empty(SHOWN, standing.sentence)
        st.stop()
    champion, matrix = quality.champion, quality.confusion
    components.trust(standing)
    components.freshness(SHOWN, champion.known_at, f"Champion {champion.version} ({champion.family})")
    judged = quality_view.judgement(SHOWN.workspace)
    if judged is not None:
        components.grade(judged)
    components.metric_cards(quality.metrics)
    st.caption(
        "Out of fold: every client was judged by models that had not seen it. Beneath each figure its 95 % interval "
        "and n, the number of outcomes it rests on."
    )
    st.markdown(components.plain(quality.sentence))

    if judged is not None:
        components.judgement(judged)
    if curves := effects.effects(SHOWN.workspace):
        components.effects(curves)

    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.header("Caught and missed")
        if champion.provisional:
            st.markdown("Not shown while the model is provisional: it orders clients, it does not say who would leave.")
        else:
            st.caption(f"Everyone with a risk of {percent(matrix.threshold)} or more is called.")
            st.plotly_chart(
                plots.confusion_matrix(
                    caught=matrix.true_positive, missed=matrix.false_negative,
                    in_vain=matrix.false_positive, left_alone=matrix.true_negative,
                ),
                key="confusion", config=components.CHART,
                alt=f"Confusion matrix out of fold: {matrix.true_positive:,} caught, {matrix.false_negative:,} missed, "
                f"{matrix.false_positive:,} called in vain, {matrix.true_negative:,} left alone",
            )  # fmt: skip
    with right:
        st.header("The contest")
        st.caption("Kinds of model that competed, out of fold: the simplest close enough to the lowest log loss wins.")
        components.table(
            quality.families.sort_values("log_loss"), "Families of models with their log loss and roc_auc out of fold",
            {"family": "Family", "log_loss": ("log_loss", "%.4f"), "roc_auc": ("roc_auc", "%.4f")},
        )  # fmt: skip
        if judged is not None:
            for said in (*judged.baselines, judged.yardstick):
                st.caption(components.plain(said))

    if changed := versions_view.package_changes(SHOWN.workspace):
        st.caption(components.plain(changed))
    versions = model.versions(SHOWN.workspace)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("Versions", width="stretch")
        components.roll_back_button(SHOWN)
    st.caption(f"{plural(len(versions), 'stored model')}, newest first; roc_auc out of fold, each on its own rows.")
    components.table(
        model.version_table(versions), f"{plural(len(versions), 'stored model')}, newest first, with roc_auc", {
            "champion": ("Champion", "yes"), "version": "Version", "family": "Family", "known_at": ("Made", "instant"),
            "roc_auc": ("roc_auc", "%.3f"), "low": ("95 % from", "%.3f"), "high": ("to", "%.3f"), "n": ("n", "%,d"),
            "rows": ("Rows learned from", "%,d"), "provisional": ("Provisional", "yes"),
        }, zone=ZONE,
    )  # fmt: skip
    st.header("Decisions")
    decided = monitoring.decision_table(monitoring.decisions(SHOWN.workspace))
    st.caption(components.plain(decided["sentence"].iloc[0]))
    components.table(
        decided, "Answers to retrain and promote, newest first, each with what it rests on", {
            "known_at": ("When", "instant"), "question": "Question", "answer": "Answer", "sentence": ("Why", "wide"),
        }, zone=ZONE, most=6,
    )  # fmt: skip
    st.header("Who was champion when")
    components.table(
        model.promotions(SHOWN.workspace), "Promotions and roll-backs, newest first, each with its reason",
        {"known_at": ("When", "instant"), "kind": "What", "version": "Version", "sentence": ("Why", "wide")}, zone=ZONE,
    )  # fmt: skip
    if not champion.provisional:
        with st.expander("Model card", icon=":material/description:"):
            st.markdown(components.card(quality.card))
