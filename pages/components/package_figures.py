"""Packages in few words."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.frame import figure

_OUTDATED, _CHANGED, _DIRECT = "Outdated", "Changed since training", "Asked for by Bellwether"


def figures(packages: pd.DataFrame) -> None:
    """How many are outdated, changed, unknown."""
    failed = int((packages["failure"] != "").sum())
    direct = int((packages["outdated"] & packages["direct"]).sum())
    with st.grid(3, min_column_width=150):
        figure(
            "Outdated packages", f"{int(packages['outdated'].sum()):,}",
            f"of {len(packages):,} installed, {direct:,} of them asked for by Bellwether",
        )  # fmt: skip
        figure("Changed since training", f"{int(packages['changed'].sum()):,}", "of those a model depends on")
        figure("Not known", f"{failed:,}", "could not be looked up" if failed else "all were looked up")


def wanted(packages: pd.DataFrame) -> pd.DataFrame:
    """Those of the kinds that are chosen; all where none is."""
    kinds = {_OUTDATED: "outdated", _CHANGED: "changed", _DIRECT: "direct"}
    chosen = st.pills("Only", list(kinds), selection_mode="multi", key="only", bind="query-params")
    kept = packages[[kinds[one] for one in chosen]].all(axis=1) if chosen else slice(None)
    return packages.loc[kept]
