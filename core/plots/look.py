"""The look of all figures."""

from __future__ import annotations

from html import escape
from textwrap import wrap

import numpy as np
import pandas as pd

# --- the look, all of it. Every colour has a contrast of at least 3 to the light and to the dark background.
RED, AMBER, TEAL, BLUE, VIOLET, PINK, SLATE, CYAN = (
    "#dc2626", "#d97706", "#0d9488", "#3b82f6", "#8b5cf6", "#db2777", "#64748b", "#0891b2",
)  # fmt: skip
RAISES, LOWERS = RED, TEAL
#: white text on these has a contrast of at least 4.5
DEEP_BLUE, DEEP_AMBER, DEEP_SLATE, WHITE = "#1d4ed8", "#b45309", "#475569", "#ffffff"
STEP_COLOURS = {
    "ingest": SLATE, "evaluate": VIOLET, "monitor": AMBER, "estimate": CYAN, "train": BLUE, "score": TEAL,
    "report": PINK,
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
ROW, AROUND = 44, 64


def clear(colour: str, opacity: float) -> str:
    """A colour seen through, so that it suits a light and a dark background."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def whiskers(found: pd.DataFrame, value: np.ndarray, colour: str) -> dict[str, object]:
    """Bars from `low` to `high` about each value (n,)."""
    return {
        "type": "data", "symmetric": False, "color": colour, "thickness": 1.5, "width": 4,
        "array": found["high"].to_numpy(dtype=float) - value,
        "arrayminus": value - found["low"].to_numpy(dtype=float),
    }  # fmt: skip


def wrapped(sentence: str) -> str:
    """A sentence in lines that fit a hover box, with nothing a browser would take for markup."""
    return "<br>".join(escape(line) for line in wrap(sentence, 70))
