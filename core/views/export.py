"""Tables that leave as files."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from core import ingestion

#: a spreadsheet takes a text that begins like this for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV (UTF-8) that a spreadsheet does not run: texts that look like formulas begin with `'`."""
    made = frame.copy()
    for place, dtype in enumerate(made.dtypes):
        if not pd.api.types.is_numeric_dtype(dtype):
            made.isetitem(place, [_harmless(value) for value in made.iloc[:, place]])
    made.columns = pd.Index([_harmless(name) for name in made.columns])
    # with \r\n at the ends of lines a lone \r within a cell is quoted too, and begins no line of its own
    return made.to_csv(index=False, lineterminator="\r\n").encode()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def preview(scored: bytes, added: tuple[str, ...], *, rows: int, ranked: bool) -> pd.DataFrame:
    """The first rows of a scored file, the `added` columns (risk, band, reasons) after the first one.

    `ranked`: the order of the risks (1 is the highest in the whole file) stands in place of risk and band.
    """
    separator = ingestion.find_separator(scored.split(b"\n", 1)[0].decode())
    shown = pd.read_csv(io.BytesIO(scored), sep=separator, dtype=str, nrows=rows, keep_default_na=False)
    first, *rest = [name for name in shown.columns if name not in added]
    if ranked:
        risk = pd.read_csv(io.BytesIO(scored), sep=separator, usecols=["risk"])["risk"]
        shown["rank"] = risk.rank(method="min", ascending=False).astype(int)[: len(shown)]
        return shown[[first, "rank", *added[2:], *rest]]
    shown["risk"] = shown["risk"].astype(np.float64)
    return shown[[first, *added, *rest]]
