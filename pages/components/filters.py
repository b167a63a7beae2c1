"""Filters of clients that stand in the address, by the name `key`: each page has its own."""

from __future__ import annotations

import streamlit as st

from core.views.clients import BANDS, ClientList

_IS = ": "


def band_filter(found: ClientList, key: str) -> tuple[str, ...]:
    """Choose bands; a provisional list has none."""
    if found.provisional:
        return ()
    names = [band.capitalize() for band in BANDS]
    chosen = st.pills("Band", names, selection_mode="multi", key=key, bind="query-params")
    return tuple(name.lower() for name in chosen)


def segment_filter(found: ClientList, key: str) -> tuple[tuple[str, str], ...]:
    """Choose levels of categories: (column, level)."""
    options = [f"{column}{_IS}{level}" for column, levels in found.segments.items() for level in levels]
    if not options:
        return ()
    chosen = st.multiselect("Segment", options, key=key, bind="query-params", placeholder="All", width=280)
    known = {f"{column}{_IS}{level}": (column, level) for column, levels in found.segments.items() for level in levels}
    return tuple(known[one] for one in chosen)
