"""Frames become plotly figures. What a figure is titled stands beside it on the page, so that it stays small."""

from __future__ import annotations

from html import escape
from textwrap import wrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.wording import percent

# --- the look, all of it. Every colour has a contrast of at least 3 to the light and to the dark background.
RED, AMBER, TEAL, BLUE, VIOLET, PINK, SLATE = (
    "#dc2626", "#d97706", "#0d9488", "#3b82f6", "#8b5cf6", "#db2777", "#64748b",
)  # fmt: skip
RAISES, LOWERS = RED, TEAL
#: white text on these has a contrast of at least 4.5
DEEP_BLUE, DEEP_AMBER, DEEP_SLATE, WHITE = "#1d4ed8", "#b45309", "#475569", "#ffffff"
STEP_COLOURS = {
    "ingest": SLATE, "evaluate": VIOLET, "monitor": AMBER, "train": BLUE, "score": TEAL, "report": PINK,
}  # fmt: skip
LAYOUT = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"size": 13},
    "hoverlabel": {"font": {"size": 13}},
    "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "xanchor": "left", "title": {"text": ""}},
    "dragmode": False,
}
_ROW, _AROUND = 44, 64


def _clear(colour: str, opacity: float) -> str:
    """A colour seen through, so that it suits a light and a dark background."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _whiskers(found: pd.DataFrame, value: np.ndarray, colour: str) -> dict[str, object]:
    """Bars from `low` to `high` about each value (n,)."""
    return {
        "type": "data", "symmetric": False, "color": colour, "thickness": 1.5, "width": 4,
        "array": found["high"].to_numpy(dtype=float) - value,
        "arrayminus": value - found["low"].to_numpy(dtype=float),
    }  # fmt: skip


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
    figure.update_layout(LAYOUT, height=_AROUND + _ROW * max(len(shown), 1), showlegend=False, bargap=0.5)
    figure.update_xaxes(title="← lowers the risk · log-odds · raises it →", range=[low - room, high + room])
    figure.update_xaxes(zeroline=True, zerolinecolor=SLATE)
    figure.update_yaxes(title=None, automargin=True, ticklabelposition="outside")
    return figure


def risk_history(history: pd.DataFrame) -> go.Figure:
    """A client's risk (%) as it was told, by when; `history`: known_at, risk (NaN: none told), version."""
    told = history[history["risk"].notna()]
    figure = go.Figure(
        go.Scatter(
            x=told["known_at"], y=100 * told["risk"], mode="lines+markers", line={"shape": "hv", "color": BLUE},
            marker={"size": 8}, customdata=told["version"],
            hovertemplate="%{x|%e %b %Y}<br>%{y:.1f} %<br>by %{customdata}<extra></extra>",
        )
    )  # fmt: skip
    top = 100 * float(told["risk"].max()) if len(told) else 100.0
    figure.update_layout(LAYOUT, height=_AROUND + 3 * _ROW, showlegend=False)
    figure.update_yaxes(title="risk, %", range=[0, min(100.0, max(10.0, 1.2 * top))])
    figure.update_xaxes(title=None, type="date", tickformat="%e %b<br>%Y", nticks=5, tickangle=0)
    if len(told) == 1:
        figure.update_xaxes(tickvals=told["known_at"])
    return figure


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


def drift_heatmap(drift: pd.DataFrame) -> go.Figure:
    """How far every column (rows, furthest on top) has moved in every chunk (oldest left), in shares of its threshold.

    `drift`: column, place, effect, threshold, verdict, sentence. The colours follow the verdict: a change that chance
    explains stays below what is watched.
    """
    most = drift["verdict"].map({"watch": 0.999, "alarm": np.inf, "fault": np.inf}).fillna(0.499).astype(float)
    shares = drift.assign(share=(drift["effect"] / drift["threshold"]).clip(upper=most))
    table = shares.pivot_table(index="column", columns="place", values="share", aggfunc="first")
    table = table.loc[table.max(axis=1).sort_values().index].sort_index(axis=1)
    told = drift.assign(told=drift["verdict"] + "<br>" + drift["sentence"].map(_wrapped))
    texts = told.pivot_table(index="column", columns="place", values="told", aggfunc="first")
    texts = texts.reindex(index=table.index, columns=table.columns)
    figure = go.Figure(
        go.Heatmap(
            x=[str(place) for place in table.columns], y=[escape(str(name)) for name in table.index],
            z=table.to_numpy(dtype=float),
            customdata=texts.to_numpy(dtype=object), zmin=0, zmax=2, xgap=2, ygap=2, hoverongaps=False,
            colorscale=[
                [0, _clear(TEAL, 0.15)], [0.25, _clear(TEAL, 0.5)], [0.25, _clear(AMBER, 0.45)],
                [0.5, _clear(AMBER, 0.8)], [0.5, _clear(RED, 0.65)], [1, _clear(RED, 0.95)],
            ],
            colorbar={
                "title": {"text": "of the<br>threshold"}, "thickness": 10, "tickvals": [0, 0.5, 1, 2],
                "ticktext": ["0", "watch", "alarm", "2 x"], "outlinewidth": 0,
            },
            hovertemplate="%{y}, %{x}: %{customdata}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(LAYOUT, height=max(220, _AROUND + 26 * len(table)))
    figure.update_xaxes(type="category", title=None, showgrid=False)
    figure.update_yaxes(type="category", title=None, showgrid=False, automargin=True)
    return figure


def _wrapped(sentence: str) -> str:
    """A sentence in lines that fit a hover box, with nothing a browser would take for markup."""
    return "<br>".join(escape(line) for line in wrap(sentence, 70))


def performance_by_chunk(found: pd.DataFrame, *, name: str, reference: float) -> go.Figure:
    """A metric by chunk with its 95 % interval: estimated before outcomes came, realised, and backfilled.

    `found`: chunk, kind, value, low, high, n. `reference`: the champion out of fold (NaN: no line).
    """
    figure = go.Figure()
    marks = (("estimated", SLATE, "square-open"), ("realised", BLUE, "circle"), ("backfilled", AMBER, "diamond-open"))
    for kind, colour, symbol in marks:
        own = found[found["kind"] == kind]
        if len(own) == 0:
            continue
        value = own["value"].to_numpy(dtype=float)
        figure.add_scatter(
            x=own["chunk"], y=value, name=kind, mode="markers", marker={"color": colour, "size": 10, "symbol": symbol},
            error_y=_whiskers(own, value, colour),
            customdata=own[["low", "high", "n"]].to_numpy(dtype=float),
            hovertemplate=(
                "%{x}<br>%{y:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})<br>n = %{customdata[2]:,}"
                f"<extra>{kind}</extra>"
            ),
        )  # fmt: skip
    if not np.isnan(reference):
        line = {"color": SLATE, "dash": "dash", "width": 1.5}
        figure.add_hline(y=reference, line=line)
        name_of_line = f"champion out of fold, {reference:.3f}"
        figure.add_scatter(x=[None], y=[None], mode="lines", line=line, name=name_of_line, hoverinfo="skip")
    figure.update_layout(LAYOUT, height=280, showlegend=True)
    figure.update_xaxes(
        type="category", title=None, categoryorder="array", categoryarray=sorted(found["chunk"].unique())
    )
    figure.update_yaxes(title=f"{name}, 95 % interval")
    return figure


def effect_curve(curve: pd.DataFrame) -> go.Figure:
    """What a column adds to the log-odds: a line over its numbers, or a bar for each level.

    `curve`: value, text, contribution; the row without a value is for clients of whom it is not known.
    """
    known = curve[curve["value"].notna()]
    figure = go.Figure()
    if pd.api.types.is_numeric_dtype(curve["value"]):
        figure.add_scatter(
            x=known["value"], y=known["contribution"], mode="lines", line={"color": BLUE, "width": 2},
            hovertemplate="%{x:,}: %{y:+.2f}<extra></extra>",
        )  # fmt: skip
    else:
        figure.add_bar(
            x=known["text"].map(escape), y=known["contribution"],
            marker_color=np.where(known["contribution"] > 0, RAISES, LOWERS),
            hovertemplate="%{x}: %{y:+.2f}<extra></extra>",
        )  # fmt: skip
    figure.add_hline(y=0, line={"color": SLATE, "width": 1})
    figure.update_layout(LAYOUT, height=280, showlegend=False)
    figure.update_xaxes(title=None)
    figure.update_yaxes(title="↑ raises the risk (log-odds)")
    return figure


def reliability_curve(found: pd.DataFrame) -> go.Figure:
    """Rate of leavers by risk, with 95 % intervals, beside the line on which risks come true.

    `found`: n, risk, rate, low, high.
    """
    rate, most = found["rate"].to_numpy(dtype=float), float(found[["risk", "high"]].to_numpy().max(initial=0.1))
    figure = go.Figure()
    line = {"color": SLATE, "dash": "dash", "width": 1.5}
    figure.add_scatter(x=[0, most], y=[0, most], mode="lines", name="as said", line=line, hoverinfo="skip")
    figure.add_scatter(
        x=found["risk"], y=rate, mode="markers", name="what happened", marker={"color": BLUE, "size": 9},
        error_y=_whiskers(found, rate, BLUE),
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

    `found`: share, caught, low, high.
    """
    figure = go.Figure()
    band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    figure.add_scatter(x=found["share"], y=found["high"], **band)
    figure.add_scatter(x=found["share"], y=found["low"], fill="tonexty", fillcolor=_clear(BLUE, 0.2), **band)
    figure.add_scatter(
        x=found["share"], y=found["caught"], mode="lines", name="by risk", line={"color": BLUE, "width": 2},
        hovertemplate="%{x:.0%} called, %{y:.0%} of the leavers caught<extra></extra>",
    )  # fmt: skip
    line = {"color": SLATE, "dash": "dash", "width": 1.5}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="by chance", line=line, hoverinfo="skip")
    figure.add_vline(x=share, line={"color": AMBER, "width": 1.5})
    week = {"color": AMBER, "width": 1.5}
    figure.add_scatter(x=[None], y=[None], mode="lines", name="the team's week", line=week, hoverinfo="skip")
    figure.update_layout(LAYOUT, height=300, showlegend=True)
    figure.update_xaxes(title="clients called, highest risk first", tickformat=".0%", range=[0, 1])
    figure.update_yaxes(title="leavers caught", tickformat=".0%", range=[0, 1.02])
    return figure


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
