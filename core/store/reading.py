"""Rows of the store as frames, and values as the store can hold them."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from sqlalchemy import Table

from core.store.database import Session


def frame_of(db: Session, wanted: Any, table: Table) -> pd.DataFrame:
    """The rows of a query as a frame with the columns of a table."""
    rows = db.connection.execute(wanted).all()
    return pd.DataFrame([tuple(row) for row in rows], columns=[column.name for column in table.columns])


def plain(value: Any) -> Any:
    """JSON knows neither NaN nor infinity: they become null."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
