"""What columns add to the risk, alone and two together."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.plots.look import AROUND, BLUE, LAYOUT, LOWERS, RAISES, SLATE, clear


def effect_curve(curve: pd.DataFrame, axis: str) -> go.Figure:
    """What a column adds to the log-odds: a line over its numbers, or a bar for each level.

    `curve`: value, text, contribution; the row without a value is for clients of whom it is not known. `axis`:
    what the values are.
    """
    known = curve[curve["value"].notna()]
    figure = go.Figure()
    if pd.api.types.is_numeric_dtype(curve["value"]):
        figure.add_scatter(
            x=known["value"], y=known["contribution"], mode="lines", line={"color": BLUE, "width": 2},
            text=known["text"], hovertemplate="%{text}: %{y:+.2f}<extra></extra>",
        )  # fmt: skip
    else:
        figure.add_bar(
            x=known["text"].map(escape), y=known["contribution"],
            marker_color=np.where(known["contribution"] > 0, RAISES, LOWERS),
            hovertemplate="%{x}: %{y:+.2f}<extra></extra>",
        )  # fmt: skip
    figure.add_hline(y=0, line={"color": SLATE, "width": 1})
    figure.update_layout(LAYOUT, height=280, showlegend=False)
    figure.update_xaxes(title=escape(axis), tickformat=",")
    figure.update_yaxes(title="↑ raises the risk (log-odds)")
    return figure


def pair_heatmap(table: pd.DataFrame, first: str, second: str) -> go.Figure:
    """What two columns together add to the log-odds beyond what each adds.

    `table`: a row for each range or level of `first`, a column for each of `second`, by their texts.
    """
    weights = table.to_numpy(dtype=float)
    most = max(float(np.abs(weights).max(initial=0)), 0.01)
    names = [[escape(str(one)) for one in axis] for axis in (table.index, table.columns)]
    cells = [[f"{escape(first)}: {one}<br>{escape(second)}: {other}" for other in names[1]] for one in names[0]]
    figure = go.Figure(
        go.Heatmap(
            z=weights, customdata=cells, zmin=-most, zmax=most, xgap=1, ygap=1,
            colorscale=[[0, LOWERS], [0.5, clear(SLATE, 0.12)], [1, RAISES]],
            colorbar={"title": {"text": "log-odds"}, "thickness": 10, "outlinewidth": 0},
            hovertemplate="%{customdata}<br>%{z:+.2f}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(LAYOUT, height=max(240, min(460, AROUND + 24 * len(table))))
    for update, texts, title in ((figure.update_yaxes, names[0], first), (figure.update_xaxes, names[1], second)):
        # texts may be alike, places are not
        shown = list(range(0, len(texts), len(texts) // 9 + 1))
        update(
            title=escape(title), showgrid=False, automargin=True, tickvals=shown,
            ticktext=[texts[at] if len(texts[at]) <= 22 else f"{texts[at][:21]}…" for at in shown],
        )  # fmt: skip
    return figure
