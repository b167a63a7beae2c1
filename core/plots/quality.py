"""How good a model is."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.plots.look import (
    AMBER,
    BLUE,
    DEEP_AMBER,
    DEEP_BLUE,
    DEEP_SLATE,
    LAYOUT,
    SLATE,
    WHITE,
    clear,
    whiskers,
)
from core.wording import percent


def confusion_matrix(*, caught: int, missed: int, in_vain: int, left_alone: int) -> go.Figure:
    """The four ways a call can end, as counts and as shares of those who left or stayed."""
    left, stayed = max(caught + missed, 1), max(in_vain + left_alone, 1)
    words = (
        ("caught", caught, left, "leavers"), ("missed", missed, left, "leavers"),
        ("called in vain", in_vain, stayed, "stayers"), ("left alone", left_alone, stayed, "stayers"),
    )  # fmt: skip
    texts = {name: f"<b>{count:,}</b> {name}<br>{percent(count / of)} of {whom}" for name, count, of, whom in words}

    def tint(share: float) -> float:
        return 0.4 + 0.6 * share

    figure = go.Figure(
        go.Heatmap(
            x=["said to leave", "said to stay"], y=["stayed", "left"],
            # right answers above zero (blue), wrong ones below (amber), each by its share
            z=[[-tint(in_vain / stayed), tint(left_alone / stayed)], [tint(caught / left), -tint(missed / left)]],
            customdata=[[texts["called in vain"], texts["left alone"]], [texts["caught"], texts["missed"]]],
            zmin=-1, zmax=1, showscale=False, xgap=4, ygap=4, hovertemplate="%{customdata}<extra></extra>",
            colorscale=[[0, DEEP_AMBER], [0.5, DEEP_SLATE], [1, DEEP_BLUE]],
        )
    )  # fmt: skip
    places = {
        "caught": ("said to leave", "left"), "missed": ("said to stay", "left"),
        "called in vain": ("said to leave", "stayed"), "left alone": ("said to stay", "stayed"),
    }  # fmt: skip
    for name, (x, y) in places.items():
        figure.add_annotation(x=x, y=y, text=texts[name], showarrow=False, font={"color": WHITE, "size": 13})
    figure.update_layout(LAYOUT, height=240)
    figure.update_xaxes(side="top", showgrid=False, title=None)
    figure.update_yaxes(showgrid=False, title=None)
    return figure


def _banded(figure: go.Figure, found: pd.DataFrame, name: str, hover: str) -> None:
    """A line with its 95 % band; `found`: x, y, low, high."""
    band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    figure.add_scatter(x=found["x"], y=found["high"], **band)
    figure.add_scatter(x=found["x"], y=found["low"], fill="tonexty", fillcolor=clear(BLUE, 0.2), **band)
    figure.add_scatter(
        x=found["x"], y=found["y"], mode="lines", name=name, line={"color": BLUE, "width": 2},
        customdata=found[["low", "high"]].to_numpy(dtype=float), hovertemplate=hover + "<extra></extra>",
    )  # fmt: skip


_CHANCE = {"color": SLATE, "dash": "dash", "width": 1.5}


def roc_curve(found: pd.DataFrame) -> go.Figure:
    """Share of the leavers called by the share of the stayers called, with its 95 % band; `found`: x, y, low, high."""
    figure = go.Figure()
    hover = "%{x:.0%} of the stayers called:<br>%{y:.0%} of the leavers (%{customdata[0]:.0%} to %{customdata[1]:.0%})"
    _banded(figure, found, "by risk", hover)
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="by chance", line=_CHANCE, hoverinfo="skip")
    figure.update_layout(LAYOUT, height=300, showlegend=True)
    figure.update_xaxes(title="stayers called (in vain)", tickformat=".0%", range=[0, 1])
    figure.update_yaxes(title="leavers called", tickformat=".0%", range=[0, 1.02])
    return figure


def precision_recall_curve(found: pd.DataFrame, *, rate: float) -> go.Figure:
    """Share of the called who left by the share of the leavers caught, with its 95 % band, and their rate by chance.

    `found`: x, y, low, high.
    """
    figure = go.Figure()
    hover = "%{x:.0%} of the leavers caught:<br>%{y:.0%} of the called leave (%{customdata[0]:.0%} to "
    _banded(figure, found, "by risk", hover + "%{customdata[1]:.0%})")
    figure.add_scatter(x=[0, 1], y=[rate, rate], mode="lines", name="by chance", line=_CHANCE, hoverinfo="skip")
    figure.update_layout(LAYOUT, height=300, showlegend=True)
    figure.update_xaxes(title="leavers caught (recall)", tickformat=".0%", range=[0, 1])
    figure.update_yaxes(title="called who leave (precision)", tickformat=".0%", range=[0, 1.02])
    return figure


def reliability_curve(found: pd.DataFrame) -> go.Figure:
    """Rate of leavers by risk, with 95 % intervals, beside the line on which risks come true.

    `found`: n, x (risk), y (rate), low, high.
    """
    rate, most = found["y"].to_numpy(dtype=float), float(found[["x", "high"]].to_numpy(dtype=float).max(initial=0.1))
    figure = go.Figure()
    line = {"color": SLATE, "dash": "dash", "width": 1.5}
    figure.add_scatter(x=[0, most], y=[0, most], mode="lines", name="as said", line=line, hoverinfo="skip")
    figure.add_scatter(
        x=found["x"], y=rate, mode="markers", name="what happened", marker={"color": BLUE, "size": 9},
        error_y=whiskers(found, rate, BLUE),
        customdata=found[["low", "high", "n"]].to_numpy(dtype=float),
        hovertemplate=(
            "said %{x:.1%}, left %{y:.1%} (%{customdata[0]:.1%} to %{customdata[1]:.1%})<br>n = %{customdata[2]:,}"
            "<extra></extra>"
        ),
    )  # fmt: skip
    figure.update_layout(LAYOUT, height=300, showlegend=True)
    figure.update_xaxes(title="risk said", tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(title="share that left", tickformat=".0%", rangemode="tozero")
    return figure


def gain_curve(found: pd.DataFrame, *, share: float) -> go.Figure:
    """Share of the leavers caught by the share of clients called, with its 95 % band, and where the team's week ends.

    `found`: x (share called), y (share caught), low, high.
    """
    figure = go.Figure()
    _banded(figure, found, "by risk", "%{x:.0%} called, %{y:.0%} of the leavers caught")
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="by chance", line=_CHANCE, hoverinfo="skip")
    figure.add_vline(x=share, line={"color": AMBER, "width": 1.5})
    week = {"color": AMBER, "width": 1.5}
    figure.add_scatter(x=[None], y=[None], mode="lines", name="the team's week", line=week, hoverinfo="skip")
    figure.update_layout(LAYOUT, height=300, showlegend=True)
    figure.update_xaxes(title="clients called, highest risk first", tickformat=".0%", range=[0, 1])
    figure.update_yaxes(title="leavers caught", tickformat=".0%", range=[0, 1.02])
    return figure
