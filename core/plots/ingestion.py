"""What came in, and how the dataset grew."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.plots.look import AMBER, BLUE, LAYOUT, RED, SLATE, TEAL, VIOLET

#: colour of each fate of a row, in the order in which they are stacked
FATE_COLOURS = {"accepted": BLUE, "duplicate": SLATE, "superseded": VIOLET, "rejected": RED}


def rows_by_fate(found: pd.DataFrame) -> go.Figure:
    """Rows read, period by period, stacked by fate; a period in which a file was refused is marked.

    `found`: label, files, refused (files), read, and a column for each fate; oldest first.
    """
    figure = go.Figure()
    for fate, colour in FATE_COLOURS.items():
        if not found[fate].any():
            continue
        figure.add_bar(
            x=found["label"], y=found[fate], name=fate, marker_color=colour, customdata=found[["files", "read"]],
            hovertemplate=(
                "%{x}<br>%{y:,} of %{customdata[1]:,} rows read<br>%{customdata[0]} files<extra>" + fate + "</extra>"
            ),
        )  # fmt: skip
    marked = found[found["refused"] > 0]
    if len(marked):
        figure.add_scatter(
            x=marked["label"], y=marked["read"], name="file refused", mode="markers", customdata=marked["refused"],
            marker={"symbol": "x", "size": 11, "color": AMBER, "line": {"width": 0}}, cliponaxis=False,
            hovertemplate="%{x}<br>%{customdata} files refused<extra></extra>",
        )  # fmt: skip
    figure.update_layout(LAYOUT, height=280, barmode="stack", bargap=0.25, showlegend=True)
    figure.update_layout(legend_traceorder="normal")
    figure.update_xaxes(
        type="category", title=None, categoryorder="array", categoryarray=list(found["label"]), nticks=8,
        range=[-0.5, max(len(found), 6) - 0.5],
    )  # fmt: skip
    figure.update_yaxes(title="rows", rangemode="tozero")
    return figure


def dataset_growth(found: pd.DataFrame) -> go.Figure:
    """Snapshots in the dataset and outcomes known, run by run; `found`: known_at, snapshots, outcomes."""
    figure = go.Figure()
    lines = (("snapshots", BLUE, "snapshots"), ("outcomes", TEAL, "outcomes known"))
    for column, colour, name in lines:
        figure.add_scatter(
            x=found["known_at"], y=found[column], name=name, mode="lines+markers" if len(found) <= 40 else "lines",
            line={"color": colour, "width": 2, "shape": "hv"}, marker={"size": 6},
            hovertemplate="%{x|%-d %b %Y}<br>%{y:,}<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.update_layout(LAYOUT, height=260, showlegend=True)
    figure.update_xaxes(title=None, nticks=8)
    figure.update_yaxes(title="rows", rangemode="tozero")
    return figure
