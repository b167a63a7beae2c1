"""Tables and their downloads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from core.views.export import safe_csv

#: above this a table is sent piece by piece as it is scrolled
LAZY_ROWS = 20_000
_ROW, _HEADER = 35, 36
#: figures stand still: no toolbar, no zoom
CHART = {"displayModeBar": False, "scrollZoom": False}


def height(rows: int, most: int) -> int:
    """Pixels of a table that shows up to `most` rows."""
    return _HEADER + _ROW * max(1, min(rows, most)) + 2


def table(
    frame: pd.DataFrame, alt: str, columns: dict[str, Any], *, zone: str = "UTC", most: int = 10,
    select: tuple[str, Callable[[str], None]] | None = None,
) -> None:  # fmt: skip
    """Show the `columns` of a frame, in that order.

    A column is described by its title, or by (title, kind): "instant", "day", "share" (0-1, shown in percent), "yes"
    (true or false), "wide" (a long text), a width in pixels, or a format of numbers such as "%.3f". `select`: a
    column, and what selecting a row does with what stands in it there.
    """
    described = {name: how if isinstance(how, tuple) else (how, "") for name, how in columns.items()}
    shown = frame[list(columns)].copy()
    for name, (_, kind) in described.items():
        if kind == "share":
            shown[name] = 100 * shown[name].astype("float64")
        elif kind == "yes":
            shown[name] = shown[name].map({True: "yes", False: ""})
        elif isinstance(kind, str) and (digits := kind.removeprefix("%.").removesuffix("f")).isdigit():
            shown[name] = shown[name].astype("float64").round(int(digits)) + 0.0  # no "-0.000"
    chosen: dict[str, Any] = {}
    if select is not None:
        name, deed = select
        values = [str(value) for value in frame[name]]
        # the selection is a position: another content is another table, so that it never names another row
        key = f"rows-{hashlib.blake2b(repr([alt, values]).encode(), digest_size=6).hexdigest()}"
        chosen = {"key": key, "selection_mode": "single-row", "on_select": _selected(key, values, deed)}
    st.dataframe(
        shown,
        column_config={name: _column(title, kind, zone) for name, (title, kind) in described.items()},
        hide_index=True,
        alt=alt,
        height=height(len(frame), most),
        lazy=True if len(frame) > LAZY_ROWS else None,
        placeholder="–",
        **chosen,
    )


def filled(frame: pd.DataFrame, columns: dict[str, Any]) -> dict[str, Any]:
    """Of the `columns` of a table those in which something stands."""
    return {name: how for name, how in columns.items() if (frame[name].notna() & (frame[name].astype(str) != "")).any()}


def _selected(key: str, values: list[str], deed: Callable[[str], None]) -> Callable[[], None]:
    def selected() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows:
            deed(values[rows[0]])

    return selected


def _column(title: str, kind: str | int, zone: str) -> Any:
    if isinstance(kind, int):
        return st.column_config.Column(title, width=kind)
    if kind == "day":
        return st.column_config.DatetimeColumn(title, format="D MMM YYYY", timezone="UTC")
    if kind == "instant":
        return st.column_config.DatetimeColumn(title, format="D MMM YYYY, HH:mm", timezone=zone)
    if kind == "share":
        return st.column_config.ProgressColumn(title, min_value=0, max_value=100, format="%.1f %%", width=130)
    if kind == "wide":
        return st.column_config.TextColumn(title, width="large")
    if "%" in kind:
        return st.column_config.NumberColumn(title, format=kind)
    return st.column_config.Column(title)


def download(label: str, frame: pd.DataFrame, name: str, *, key: str | None = None) -> None:
    """Offer a table as CSV; it is written when asked for."""
    st.download_button(
        label, lambda: safe_csv(frame), name, "text/csv", icon=":material/download:", on_click="ignore", key=key
    )
