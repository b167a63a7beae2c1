"""What a page shows under Streamlit's own test driver."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
from streamlit.testing.v1 import AppTest

from tests.dashboard_fixtures import PAGES

TITLES = {name: name.capitalize() for name in PAGES} | {
    "clients": "All clients", "client": "One client", "score": "Score a file", "rejected": "Rejected rows",
    "runs": "Runs and timings",
}  # fmt: skip
#: percentages that are not about a client: the 95 % of an interval
INTERVAL = re.compile(r"95 %( interval)?")

Open = Callable[..., AppTest]


def words(app: AppTest) -> str:
    """Every text on the page and in the sidebar, Markdown's backslashes taken away."""
    kinds = "title header markdown caption info warning error success metric code"
    found = [element for kind in kinds.split() for element in app.get(kind)]
    shown = [f"{getattr(element, 'label', '')} {element.value}" for element in found]
    shown += [f"{button.label}" for button in app.button]
    shown += [frame.value.to_csv(index=False, header=False) for frame in app.dataframe]
    return re.sub(r"\\(.)", r"\1", "\n".join(shown))


def tables(app: AppTest) -> list[pd.DataFrame]:
    return [frame.value for frame in app.dataframe]


def button(app: AppTest, label: str) -> Any:
    return next(one for one in app.button if one.label == label)
