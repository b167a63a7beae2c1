"""One client."""

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
    LOWERS,
    RAISES,
    ROW,
    SLATE,
)


def reason_bars(reasons: pd.DataFrame) -> go.Figure:
    """Contributions (log-odds) of a client's reasons, strongest on top; columns as in a client's detail."""
    shown = reasons.iloc[::-1]
    contribution = shown["contribution"].to_numpy(dtype=float)
    texts = shown[["column", "value", "usual"]].astype(str).map(escape)
    labels = [f"{one.column}: {one.value}<br>(usual {one.usual})" for one in texts.itertuples()]
    low, high = min(float(contribution.min(initial=0)), 0.0), max(float(contribution.max(initial=0)), 1e-9)
    room = 0.3 * (high - low)  # for the figures at the bars' ends
    figure = go.Figure(
        go.Bar(
            x=contribution, y=labels, orientation="h",
            marker_color=np.where(contribution > 0, RAISES, LOWERS),
            text=[f"{one:+.2f}" for one in contribution], textposition="outside", cliponaxis=False,
            hovertemplate="%{y}<br>%{x:+.3f} log-odds<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(LAYOUT, height=AROUND + ROW * max(len(shown), 1), showlegend=False, bargap=0.5)
    figure.update_xaxes(title="← lowers the risk · log-odds · raises it →", range=[low - room, high + room])
    figure.update_xaxes(zeroline=True, zerolinecolor=SLATE)
    figure.update_yaxes(title=None, automargin=True, ticklabelposition="outside")
    return figure


def risk_history(history: pd.DataFrame, contacts: pd.DataFrame) -> go.Figure:
    """A client's risk (%) as it was told, with its contacts and the changes of version.

    `history`: known_at, risk (NaN: none told), version, oldest first. `contacts`: contacted_at, said (a line on each).
    """
    told = history[history["risk"].notna()]
    figure = go.Figure(
        go.Scatter(
            x=told["known_at"], y=100 * told["risk"], mode="lines+markers", line={"shape": "hv", "color": BLUE},
            marker={"size": 8}, customdata=told["version"], name="risk",
            hovertemplate="%{x|%e %b %Y}<br>%{y:.1f} %<br>by %{customdata}<extra></extra>",
        )
    )  # fmt: skip
    most = 100 * float(told["risk"].max()) if len(told) else 100.0
    top = min(100.0, max(10.0, 1.25 * most))
    changed = told[(told["version"] != told["version"].shift()) & (np.arange(len(told)) > 0)]
    for moment in changed["known_at"]:
        figure.add_vline(x=moment, line={"color": SLATE, "dash": "dot", "width": 1.5})
    if len(changed):
        line = {"color": SLATE, "dash": "dot", "width": 1.5}
        figure.add_scatter(x=[None], y=[None], mode="lines", line=line, name="another model", hoverinfo="skip")
    if len(contacts):
        figure.add_scatter(
            x=contacts["contacted_at"], y=np.full(len(contacts), 0.04 * top), mode="markers", name="contact",
            marker={"symbol": "triangle-up", "size": 12, "color": AMBER}, customdata=contacts["said"].map(escape),
            hovertemplate="%{x|%e %b %Y}<br>%{customdata}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(LAYOUT, height=AROUND + 5 * ROW, showlegend=bool(len(changed) or len(contacts)))
    figure.update_yaxes(title="risk, %", range=[0, top])
    figure.update_xaxes(title=None, type="date", tickformat="%e %b<br>%Y", nticks=5, tickangle=0)
    if len(told) == 1 and len(contacts) == 0:
        figure.update_xaxes(tickvals=told["known_at"])
    return figure
