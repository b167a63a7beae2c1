"""What moved, and how the risks did."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.plots.look import (
    AMBER,
    AROUND,
    BLUE,
    LAYOUT,
    RED,
    SLATE,
    TEAL,
    clear,
    whiskers,
    wrapped,
)


def drift_heatmap(drift: pd.DataFrame, columns: list[str] | None = None) -> go.Figure:
    """How far every column (rows, furthest on top) has moved in every chunk (oldest left), in shares of its threshold.

    `drift`: column, place, effect, threshold, verdict, sentence. The colours follow the verdict: a change that chance
    explains stays below what is watched. `columns`: in this order from the top. Every cell carries a mark that nobody
    sees, for a heat map alone cannot be clicked; its custom data begin with column and chunk.
    """
    most = drift["verdict"].map({"watch": 0.999, "alarm": np.inf, "fault": np.inf}).fillna(0.499).astype(float)
    shares = drift.assign(share=(drift["effect"] / drift["threshold"]).clip(upper=most))
    table = shares.pivot_table(index="column", columns="place", values="share", aggfunc="first")
    order = table.max(axis=1).sort_values().index if columns is None else columns[::-1]
    table = table.reindex(index=order).sort_index(axis=1)
    told = drift.assign(told=drift["verdict"] + "<br>" + drift["sentence"].map(wrapped))
    texts = told.pivot_table(index="column", columns="place", values="told", aggfunc="first")
    texts = texts.reindex(index=table.index, columns=table.columns)
    figure = go.Figure(
        go.Heatmap(
            x=[str(place) for place in table.columns], y=[escape(str(name)) for name in table.index],
            z=table.to_numpy(dtype=float),
            customdata=texts.to_numpy(dtype=object), zmin=0, zmax=2, xgap=2, ygap=2, hoverongaps=False,
            colorscale=[
                [0, clear(TEAL, 0.15)], [0.25, clear(TEAL, 0.5)], [0.25, clear(AMBER, 0.45)],
                [0.5, clear(AMBER, 0.8)], [0.5, clear(RED, 0.65)], [1, clear(RED, 0.95)],
            ],
            colorbar={
                "title": {"text": "distance / threshold", "side": "top"}, "thickness": 10, "tickvals": [0, 0.5, 1, 2],
                "orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "len": 1,
                "ticktext": ["0", "watch", "alarm", "2"], "tickangle": 0, "outlinewidth": 0,
            },
            hoverinfo="skip",
        )
    )  # fmt: skip
    _marks(figure, drift, table, texts)
    figure.update_layout(LAYOUT, height=max(240, AROUND + 50 + 26 * len(table)), clickmode="event+select")
    figure.update_layout(hovermode="closest", hoverdistance=120)
    figure.update_xaxes(type="category", title=None, showgrid=False, nticks=12)
    figure.update_yaxes(type="category", title=None, showgrid=False, automargin=True)
    return figure


def _marks(figure: go.Figure, drift: pd.DataFrame, table: pd.DataFrame, texts: pd.DataFrame) -> None:
    """Something to click on in every cell."""
    chunk_of = dict(zip(drift["place"], drift["chunk"], strict=True))
    cells = [
        (str(place), escape(str(name)), str(name), str(chunk_of[place]), texts.loc[name, place])
        for name in table.index
        for place in table.columns
        if isinstance(texts.loc[name, place], str)
    ]
    unseen = {"marker": {"opacity": 0}}
    figure.add_scatter(
        x=[one[0] for one in cells], y=[one[1] for one in cells], mode="markers", showlegend=False,
        marker={"symbol": "square", "size": 22, "opacity": 0}, selected=unseen, unselected=unseen,
        customdata=[[column, chunk, said] for _, _, column, chunk, said in cells],
        hovertemplate="%{y}, %{x}: %{customdata[2]}<extra></extra>",
    )  # fmt: skip


def performance_by_chunk(found: pd.DataFrame, *, name: str, reference: float) -> go.Figure:
    """A metric by chunk with its 95 % interval: estimated before outcomes came, realised, and backfilled.

    `found`: chunk, kind, value, low, high, n, and `complete` (absent: all are): a chunk of which some outcomes are not
    known yet is drawn hollow. `reference`: the champion out of fold (NaN: no line).
    """
    figure = go.Figure()
    whole = found["complete"] if "complete" in found else pd.Series(True, index=found.index)
    marks = (
        ("estimated", SLATE, "square-open", "estimated", whole), ("realised", BLUE, "circle", "realised", whole),
        ("realised", BLUE, "circle-open", "realised, not complete", ~whole),
        ("backfilled", AMBER, "diamond-open", "backfilled", whole),
    )  # fmt: skip
    for kind, colour, symbol, name_of_kind, there in marks:
        own = found[(found["kind"] == kind) & there]
        if len(own) == 0:
            continue
        value = own["value"].to_numpy(dtype=float)
        figure.add_scatter(
            x=own["chunk"], y=value, name=name_of_kind, mode="markers",
            marker={"color": colour, "size": 10, "symbol": symbol},
            error_y=whiskers(own, value, colour),
            customdata=own[["low", "high", "n"]].to_numpy(dtype=float),
            hovertemplate=(
                "%{x}<br>%{y:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})<br>n = %{customdata[2]:,}"
                f"<extra>{name_of_kind}</extra>"
            ),
        )  # fmt: skip
    if not np.isnan(reference):
        line = {"color": SLATE, "dash": "dash", "width": 1.5}
        figure.add_hline(y=reference, line=line)
        name_of_line = f"champion out of fold, {reference:.3f}"
        figure.add_scatter(x=[None], y=[None], mode="lines", line=line, name=name_of_line, hoverinfo="skip")
    figure.update_layout(LAYOUT, height=280, showlegend=True)
    figure.update_xaxes(
        type="category", title=None, categoryorder="array", categoryarray=sorted(found["chunk"].unique()), nticks=12
    )
    figure.update_yaxes(title=f"{name}, 95 % interval")
    return figure


def coverage_by_chunk(found: pd.DataFrame) -> go.Figure:
    """Share of the outcomes known so far, chunk by chunk, complete ones apart; `found`: chunk, coverage, late_days,
    complete.
    """
    own, chunks = found[found["coverage"].notna()], sorted(found["chunk"].unique())
    figure = go.Figure(
        go.Bar(
            x=own["chunk"], y=own["coverage"], marker_color=np.where(own["complete"], BLUE, clear(AMBER, 0.7)),
            customdata=own["late_days"],
            hovertemplate="%{x}<br>%{y:.0%} of the outcomes known<br>%{customdata:.0f} days late<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(LAYOUT, height=150, showlegend=False, bargap=0.4)
    figure.update_xaxes(
        type="category", title=None, categoryorder="array", categoryarray=chunks, nticks=12,
        range=[-0.5, len(chunks) - 0.5],
    )  # fmt: skip
    figure.update_yaxes(title="known", tickformat=".0%", range=[0, 1.02], nticks=3)
    return figure
