"""An uploaded file becomes a scored one, in memory."""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from core.pipeline.score import ScoredFile, score_stream
from core.records import Version
from pages.components.frame import Shown
from pages.components.tables import height
from pages.components.texts import plain

_KEPT = "scored file"


def score_upload(shown: Shown, upload: Any, champion: Version) -> tuple[ScoredFile, bytes]:
    """Score an upload; done once per file and champion, and kept for the session only."""
    token = (upload.file_id, champion.version, shown.config)
    kept = st.session_state.get(_KEPT)
    if kept is None or kept[0] != token:
        written = io.BytesIO()
        upload.seek(0)
        with st.spinner(f"Scoring {plain(upload.name)} …"):
            done = score_stream(shown.workspace, upload, written, lambda _bytes: None)
        kept = (token, done, written.getvalue())
        st.session_state[_KEPT] = kept
    return kept[1], kept[2]


def scored_name(name: str) -> str:
    """What the scored file is called."""
    return f"{PurePath(name).stem}_scored.csv"


def scored_table(preview: pd.DataFrame) -> None:
    """The first rows of a scored file."""
    st.dataframe(
        preview.assign(risk=100 * preview["risk"]) if "risk" in preview else preview,
        hide_index=True,
        height=height(len(preview), 12),
        alt=f"The first {len(preview)} rows of the scored file with what was added",
        column_config={
            "risk": st.column_config.ProgressColumn("risk", min_value=0, max_value=100, format="%.1f %%", width=130),
            **{f"reason_{n}": st.column_config.TextColumn(f"reason_{n}", width=300) for n in (1, 2, 3)},
        },
    )
