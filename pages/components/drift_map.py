"""The heat map of columns by chunk, and one column in one chunk."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core import plots
from core.drift import METHODS
from core.views import clients, drifted, monitoring
from core.wording import plural
from core.workspace import Workspace
from pages.components.frame import Shown, link
from pages.components.tables import CHART, table
from pages.components.texts import plain

#: columns that are shown at least, calm ones among them
_LEAST = 8
COLUMN, CHUNK, _MAP = "column", "chunk", "drift"


def heat_map(shown: Shown, drift: pd.DataFrame, sentence: str) -> None:
    """How far every column has moved in every chunk; a click on a cell chooses it."""
    st.header("By column and chunk")
    st.caption(
        "How far each column has moved from what the champion learned from, in shares of the distance that is an "
        "alarm: the greatest gap between the two distributions (KS) for numbers, the share of rows in other levels "
        "(total variation) for levels. A change that chance explains is none. Chunks that the champion learned from "
        "are not compared; (earlier): compared with what an earlier champion learned from. Click a cell to see more."
    )
    chunks = drift["chunk"].nunique()
    with st.container(horizontal=True):
        every = chunks <= drifted.NEWEST or bool(
            st.toggle(f"All {chunks:,} chunks", key="all-chunks", bind="query-params")
        )
        folded = shown.kept(_map, every, False)[2]
        calm = folded > 0 and bool(st.toggle(f"{plural(folded, 'calm column')} too", key="calm", bind="query-params"))
    figure, said, folded = shown.kept(_map, every, calm)
    beside = f" {plural(folded, 'calm column')} not shown." if folded else ""
    st.plotly_chart(
        figure, key=_MAP, config=CHART, on_select=_choose, selection_mode="points",
        alt=f"{sentence} {said}{beside}",
    )  # fmt: skip
    if beside:
        st.caption(beside.strip())


def _map(workspace: Workspace, every: bool, calm: bool) -> tuple[go.Figure, str, int]:
    """The figure, what it shows, and how many calm columns it leaves out; of `every` chunk, or the newest."""
    drift = monitoring.drift(workspace)
    drift = drift if every else drifted.newest_chunks(drift)
    loud, rest = drifted.loud_columns(drift)
    names = [*loud, *rest] if calm else [*loud, *rest[: max(0, _LEAST - len(loud))]]
    own = drift[drift["column"].isin(names)]
    said = f"Distance of {plural(len(names), 'column')} in {plural(own['chunk'].nunique(), 'chunk')}."
    return plots.drift_heatmap(own, names), said, len(loud) + len(rest) - len(names)


def _choose() -> None:
    """Look at the cell that was clicked (for `on_select`)."""
    for point in st.session_state[_MAP]["selection"]["points"][:1]:
        column, chunk, *_ = point["customdata"]
        st.session_state[COLUMN], st.session_state[CHUNK] = column, chunk


def drill_down(shown: Shown, drift: pd.DataFrame) -> None:
    """One column in one chunk: both sides, what happened, whom it touches, and its distances over time."""
    st.header("One column")
    loud, calm = shown.once("loud columns", lambda: drifted.loud_columns(monitoring.newest_chunk(drift)))
    rest = [name for name in dict.fromkeys(drift["column"]) if name not in (*loud, *calm)]
    left, right = st.columns(2)
    with left:
        column = st.selectbox("Column", [*loud, *calm, *rest], key=COLUMN, bind="query-params")
    chunks = sorted(drift["chunk"].unique(), reverse=True)
    with right:
        chunk = st.selectbox("Chunk", chunks, key=CHUNK, bind="query-params")
    row = drifted.row_of(drift, column, chunk)
    if row is None:
        st.markdown(f"{plain(column)} was not compared in {plain(chunk)}.")
    else:
        _one(shown, row)
    _distances(shown, column)


def _one(shown: Shown, row: pd.Series) -> None:
    """What happened to a column in a chunk."""
    st.markdown(f"**{str(row['verdict']).capitalize()}:** {plain(row['sentence'])}")
    (whom,) = monitoring.shown(row.to_frame().T)["whom"]
    if whom:
        st.markdown(f"It touches {whom}.")
    _way_to_clients(shown, row)
    found = shown.kept(drifted.shape, row["version"], row["chunk"], row["column"])
    if found is None:
        st.caption("What it looked like on both sides is not kept for this comparison; it is from the next one on.")
        return
    said = f"{found.current_n:,} now, {found.reference_n:,} in what the model learned from"
    st.caption(f"Share of clients in each {'range' if found.numbers else 'level'}; n = {said}.")
    st.plotly_chart(
        shown.once(
            "two shapes", lambda: plots.two_shapes(found.bins, numbers=found.numbers), row["version"], row["chunk"],
            row["column"],
        ), key="shapes", config=CHART,
        alt=f"Both sides of {row['column']} in {row['chunk']}, in {plural(len(found.bins), 'bin')}, n = {said}. "
        f"{row['sentence']}",
    )  # fmt: skip


def _way_to_clients(shown: Shown, row: pd.Series) -> None:
    """Links to the clients whose level has grown, where the list can be filtered by it."""
    levels = [level for level in ((row["where"] or {}).get("levels") or [])[:3] if level is not None]
    if row["verdict"] not in ("alarm", "watch", "fault") or not levels:
        return
    segments = shown.kept(clients.client_list).segments.get(row["column"], [])
    for level in levels:
        if level in segments:
            link("pages/clients.py", f"Clients with {row['column']} {level}", segments=f"{row['column']}: {level}")


def _distances(shown: Shown, column: str) -> None:
    """Every statistic of a column over time, each with its threshold where it has one."""
    found = shown.kept(drifted.distances, column)
    if found.empty:
        return
    with st.expander(f"Every distance of {plain(column)} over time", icon=":material/timeline:"):
        st.caption("The verdict rests on the one that has a threshold; the others are told beside it.")
        named = found.assign(statistic=found["statistic"].map(lambda one: METHODS.get(one, one)))
        table(
            named, f"Every distance of {column} in every chunk, newest first", {
                "chunk": "Chunk", "statistic": "Distance", "value": ("Value", "%.4f"),
                "threshold": ("Alarm from", "%.3f"), "verdict": "Verdict", "n": ("n", "%,d"),
            },
        )  # fmt: skip


def beside_columns(shown: Shown, drift: pd.DataFrame) -> None:
    """Drift of the risk and of the outcome over time."""
    risk = drifted.over_time(drift, "prediction")
    left_, share = st.columns(2, gap="medium"), shown.kept(drifted.share_of_leavers)
    with left_[0]:
        st.header("The risk")
        if risk.empty:
            st.caption("Not compared yet: there was no champion whose risks could drift.")
        else:
            newest = risk.iloc[-1]
            st.caption(f"In {plain(newest['chunk'])} {plain(newest['sentence'])}")
            drawn = shown.once(
                "drift of the risk", lambda: plots.effect_over_time(risk.tail(drifted.NEWEST), name="KS distance")
            )
            st.plotly_chart(
                drawn, key="risk-drift", config=CHART,
                alt=f"Drift of the risk by chunk with the threshold of an alarm. {newest['sentence']}",
            )  # fmt: skip
    with left_[1]:
        st.header("The share of leavers")
        if share.empty:
            st.caption("Not compared yet: no outcome of a chunk that the champion did not learn from is known.")
        else:
            newest = share.iloc[-1]
            said = (
                f"{newest['value']:.1%} left in {newest['chunk']} ({newest['low']:.1%} to {newest['high']:.1%}, "
                f"n = {int(newest['n']):,}); {newest['reference']:.1%} in what the model learned from."
            ).replace("%", " %")
            st.caption(plain(said))
            drawn = shown.once("share of leavers", lambda: plots.share_by_chunk(share.tail(drifted.NEWEST)))
            st.plotly_chart(
                drawn, key="target-drift", config=CHART,
                alt=f"Share of leavers by chunk with 95 % intervals. {said}",
            )  # fmt: skip
