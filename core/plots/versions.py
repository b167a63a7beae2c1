"""Which version was champion when."""

from __future__ import annotations

import re
from html import escape

import pandas as pd
import plotly.graph_objects as go

from core.plots.look import AROUND, BLUE, LAYOUT, SLATE, wrapped

#: bars that are told apart; older moves stand in the table
_MOST = 24


def short_name(version: str) -> str:
    """A version's day and the end of its id, for where there is little room.

    >>> short_name("20260105T090000Z-3f9a1c2"), short_name("v1")
    ('2026-01-05 3f9a1c2', 'v1')
    """
    found = re.fullmatch(r"(\d{4})(\d\d)(\d\d)T\d{6}Z-(\w+)", version)
    return f"{found[1]}-{found[2]}-{found[3]} {found[4]}" if found else version


def champion_timeline(spans: pd.DataFrame) -> go.Figure:
    """A bar for each time that a version was champion, the present one on top and in blue.

    `spans`: version, begins, ends, sentence, oldest first.
    """
    shown = spans.tail(_MOST)
    versions = list(dict.fromkeys(shown["version"]))
    length = (shown["ends"] - shown["begins"]).dt.total_seconds() * 1000
    told = shown["begins"].dt.strftime("%-d %b %Y") + " to " + shown["ends"].dt.strftime("%-d %b %Y")
    colours = [SLATE] * (len(shown) - 1) + [BLUE] * (len(shown) > 0)
    figure = go.Figure(
        go.Bar(
            base=shown["begins"], x=length, y=shown["version"].map(escape), orientation="h", marker_color=colours,
            customdata=(told + "<br>" + shown["sentence"].map(wrapped)).to_numpy(dtype=object),
            hovertemplate="%{y}<br>%{customdata}<extra></extra>", width=0.5,
        )
    )  # fmt: skip
    figure.update_layout(LAYOUT, height=AROUND + 30 * max(len(versions), 1), showlegend=False)
    figure.update_xaxes(type="date", title=None, tickformat="%e %b<br>%Y", nticks=6, tickangle=0)
    figure.update_yaxes(
        type="category", title=None, showgrid=False, automargin=True, categoryorder="array",
        categoryarray=[escape(one) for one in versions], ticktext=[escape(short_name(one)) for one in versions],
        tickvals=[escape(one) for one in versions],
    )  # fmt: skip
    return figure
