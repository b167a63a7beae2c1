"""How long things take."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.plots.look import BLUE, LAYOUT, SLATE, STEP_COLOURS, clear


def step_seconds(steps: pd.DataFrame, *, runs: int = 40) -> go.Figure:
    """Seconds of each step, run by run, the newest `runs` of them; `steps`: run_id, name, known_at, seconds."""
    newest = steps[steps["run_id"].isin(sorted(steps["run_id"].unique())[-runs:])].sort_values("run_id")
    label = "run " + newest["run_id"].astype(str)
    figure = go.Figure()
    order = [*STEP_COLOURS, *sorted(set(newest["name"]) - set(STEP_COLOURS))]
    for name in order:
        own = newest["name"] == name
        if not own.any():
            continue
        figure.add_bar(
            x=label[own], y=newest.loc[own, "seconds"], name=name, marker_color=STEP_COLOURS.get(name, SLATE),
            customdata=pd.to_datetime(newest.loc[own, "known_at"], utc=True).dt.strftime("%Y-%m-%d %H:%M UTC"),
            hovertemplate="%{x}, %{customdata}<br>%{y:.1f} s<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.update_layout(LAYOUT, height=280, barmode="stack", bargap=0.25)
    figure.update_layout(legend_traceorder="normal")
    figure.update_xaxes(
        type="category", title=None, nticks=12, categoryorder="array", categoryarray=list(dict.fromkeys(label))
    )
    figure.update_yaxes(title="seconds")
    return figure


def step_range(own: pd.DataFrame, usual: pd.Series) -> go.Figure:
    """Seconds of one step, run by run, over the range that is usual.

    `own`: run_id, known_at, seconds, oldest first. `usual`: median, low, high (quartiles, seconds).
    """
    label = "run " + own["run_id"].astype(str)
    figure = go.Figure()
    for edge, fill in ((usual["high"], None), (usual["low"], "tonexty")):
        figure.add_scatter(
            x=label, y=[edge] * len(own), mode="lines", line={"width": 0}, hoverinfo="skip", fill=fill,
            fillcolor=clear(SLATE, 0.25), name="half of the runs", showlegend=fill is not None,
        )  # fmt: skip
    figure.add_scatter(
        x=label, y=[usual["median"]] * len(own), mode="lines", name="usual", hoverinfo="skip",
        line={"color": SLATE, "dash": "dot", "width": 1.5},
    )  # fmt: skip
    figure.add_scatter(
        x=label, y=own["seconds"], mode="lines+markers", name="seconds", line={"color": BLUE}, marker={"size": 6},
        customdata=pd.to_datetime(own["known_at"], utc=True).dt.strftime("%Y-%m-%d %H:%M UTC"),
        hovertemplate="%{x}, %{customdata}<br>%{y:.1f} s<extra></extra>",
    )  # fmt: skip
    figure.update_layout(LAYOUT, height=280)
    figure.update_xaxes(type="category", title=None, nticks=12)
    figure.update_yaxes(title="seconds", rangemode="tozero")
    return figure
