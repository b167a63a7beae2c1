"""One column on both sides, and what is compared beside the columns, over time."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.plots.look import AMBER, BLUE, LAYOUT, RED, SLATE, TEAL, clear, whiskers, wrapped


def two_shapes(bins: pd.DataFrame, *, numbers: bool) -> go.Figure:
    """Shares of both sides side by side; `bins`: text, reference, current (0-1). Numbers go right, levels down."""
    figure = go.Figure()
    texts = bins["text"].map(escape)
    short = [text if len(text) <= 24 else f"{text[:23]}…" for text in texts]
    places = np.arange(len(bins))
    marks = (("reference", clear(SLATE, 0.75), "learned from"), ("current", BLUE, "this chunk"))
    for name, colour, said in marks if numbers else marks[::-1]:
        share = bins[name].to_numpy(dtype=float)
        across, along = (places, share) if numbers else (share, places)
        figure.add_bar(
            x=across, y=along, name=said, marker_color=colour, customdata=texts, orientation="v" if numbers else "h",
            hovertemplate="%{customdata}<br>%{" + ("y" if numbers else "x") + ":.1%}" + f"<extra>{said}</extra>",
        )  # fmt: skip
    figure.update_layout(LAYOUT, barmode="group", bargap=0.15, height=320 if numbers else 110 + 34 * len(bins))
    along, across = (
        (figure.update_xaxes, figure.update_yaxes) if numbers else (figure.update_yaxes, figure.update_xaxes)
    )
    every = max(1, len(bins) // 6) if numbers else 1
    along(tickvals=places[::every], ticktext=short[::every], title=None, automargin=True, showgrid=False)
    across(title="share of clients", tickformat=".0%", rangemode="tozero")
    if not numbers:
        figure.update_yaxes(autorange="reversed")
        figure.update_layout(legend_traceorder="reversed")
    return figure


def effect_over_time(found: pd.DataFrame, *, name: str) -> go.Figure:
    """An effect by chunk with its threshold, coloured by its verdict; `found`: chunk, effect, threshold, verdict,
    sentence.
    """
    colours = found["verdict"].map({"alarm": RED, "fault": RED, "watch": AMBER}).fillna(TEAL)
    figure = go.Figure(
        go.Bar(
            x=found["chunk"], y=found["effect"].clip(lower=0), marker_color=colours, showlegend=False,
            customdata=(found["verdict"] + "<br>" + found["sentence"].map(wrapped)).to_numpy(dtype=object),
            hovertemplate="%{x}: %{y:.3f}<br>%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    line = {"color": RED, "dash": "dash", "width": 1.5}
    figure.add_scatter(x=found["chunk"], y=found["threshold"], mode="lines", name="alarm from", line=line,
                       hoverinfo="skip")  # fmt: skip
    figure.update_layout(LAYOUT, height=220, showlegend=True, bargap=0.4)
    figure.update_xaxes(type="category", title=None, nticks=8)
    figure.update_yaxes(title=name, rangemode="tozero")
    return figure


def share_by_chunk(found: pd.DataFrame) -> go.Figure:
    """The share of leavers by chunk with its 95 % interval, beside the reference's; `found`: chunk, value, low, high,
    reference, n.
    """
    value = found["value"].to_numpy(dtype=float)
    figure = go.Figure(
        go.Scatter(
            x=found["chunk"], y=value, mode="markers", name="share of leavers", marker={"color": BLUE, "size": 9},
            error_y=whiskers(found, value, BLUE), customdata=found[["low", "high", "n"]].to_numpy(dtype=float),
            hovertemplate=(
                "%{x}<br>%{y:.1%} (%{customdata[0]:.1%} to %{customdata[1]:.1%})<br>n = %{customdata[2]:,}"
                "<extra></extra>"
            ),
        )
    )  # fmt: skip
    line = {"color": SLATE, "dash": "dash", "width": 1.5}
    figure.add_scatter(x=found["chunk"], y=found["reference"], mode="lines", name="learned from", line=line,
                       hoverinfo="skip")  # fmt: skip
    figure.update_layout(LAYOUT, height=220, showlegend=True)
    figure.update_xaxes(type="category", title=None, nticks=8)
    figure.update_yaxes(title="left, 95 %", tickformat=".0%", rangemode="tozero")
    return figure
