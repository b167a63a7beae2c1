"""What moves the risk: columns alone, and two together."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import plots
from core.views.effects import Effect
from pages.components.tables import CHART
from pages.components.texts import plain

Pairs = dict[tuple[str, str], pd.DataFrame]


def effects(found: dict[str, Effect]) -> None:
    """What each column adds to the risk, one at a time."""
    st.header("What moves the risk")
    chosen = st.selectbox("Column", list(found), key="effect", bind="query-params", width=320) or next(iter(found))
    curve = found[chosen].curve
    unknown = curve[curve["value"].isna()]["contribution"]
    said = f" Where it is not known: {unknown.iloc[0]:+.2f}." if len(unknown) else ""
    st.caption(f"The columns that move it most come first. Above 0 a value raises the risk.{said}")
    st.plotly_chart(
        plots.effect_curve(curve, found[chosen].axis), key="effect-curve", config=CHART,
        alt=f"What {chosen} adds to the log-odds of leaving: from {curve['contribution'].min():+.2f} to "
        f"{curve['contribution'].max():+.2f}",
    )  # fmt: skip


def pairs(found: Pairs) -> None:
    """What two columns add together beyond what each adds alone."""
    st.header("Two columns together")
    names = {f"{first} and {second}": (first, second) for first, second in found}
    chosen = st.selectbox("Pair", list(names), key="pair", bind="query-params", width=320) or next(iter(names))
    first, second = names[chosen]
    weights = found[first, second]
    st.caption(
        f"What {plain(first)} and {plain(second)} add beyond what each adds alone: red raises the risk, "
        "green lowers it."
    )
    low, high = float(weights.to_numpy().min()), float(weights.to_numpy().max())
    st.plotly_chart(
        plots.pair_heatmap(weights, first, second), key="pair-map", config=CHART,
        alt=f"What {first} and {second} add together to the log-odds of leaving: from {low:+.2f} to {high:+.2f}",
    )  # fmt: skip
