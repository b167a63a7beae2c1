"""Leavers whose last risk was low."""

from __future__ import annotations

import numpy as np
import pandas as pd


def last_of_leavers(rows: pd.DataFrame) -> pd.DataFrame:
    """The last row with a risk of each client who left: of `rows` with `_client`, `_as_of`, `_outcome`.

    A client who stayed at its newest known row came back, and is none.
    """
    newest = rows.sort_values(["_client", "_as_of"], kind="stable").drop_duplicates("_client", keep="last")
    return newest[newest["_outcome"] == 1.0]


def missed(leavers: pd.DataFrame, medium: dict[str, float]) -> np.ndarray:
    """Which leavers (n,) were in the low band when their `risk` was told by `version`.

    `medium`: version -> risk from which its band was medium; those of other versions had no band, and are not asked.
    """
    cut = leavers["version"].map(medium).to_numpy(dtype=np.float64, na_value=np.nan)
    found: np.ndarray = leavers["risk"].to_numpy(dtype=np.float64) < cut  # NaN: no band
    return found
