"""Tables that leave as files."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pandas as pd

from core import ingestion
from core.schema import LINE, REASON

#: a spreadsheet takes a text that begins like this for a formula
_SIGNED_NUMBER = re.compile(r"[+-][0-9.,]+([eE][+-]?[0-9]+)?%?")
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


def mendable(rejected: pd.DataFrame) -> bytes:
    """Rows that were set aside, and rows with unreadable cells, as they were, to be mended and dropped in again (CSV).

    `rejected`: line, reason and row (JSON) of each fault. Two columns are added: the line and all reasons of a row;
    they are passed over when the file comes in again. Texts that a spreadsheet would run are made harmless.
    """
    faults = rejected.assign(_told=rejected["column"].where(rejected["column"] == "", rejected["column"] + ": "))
    faults["_told"] += rejected["reason"]
    rows = []
    for (line, row), own in faults.groupby(["line", "row"], sort=False):
        cells = json.loads(str(row))
        rows.append((line, cells, "; ".join(own["_told"])))
    names = list(dict.fromkeys(name for _, cells, _ in rows if isinstance(cells, dict) for name in cells))
    made = []
    for line, cells, reasons in rows:
        texts = {name: _mendable(text) for name, text in _named(cells, names).items()}
        made.append({**texts, LINE: line, REASON: reasons})
    extra = [name for row in made for name in row if name not in names]
    columns = [*names, *dict.fromkeys(name for name in extra if name not in (LINE, REASON)), LINE, REASON]
    return pd.DataFrame(made, columns=columns).to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def _named(cells: dict[str, str] | list[str], names: list[str]) -> dict[str, str]:
    """Cells by column; those of a row that had more or fewer than the header, by their place."""
    if isinstance(cells, dict):
        return cells
    longer = [*names, *(f"cell {place}" for place in range(len(names) + 1, len(cells) + 1))]
    return dict(zip(longer, cells, strict=False))


def _mendable(text: str | None) -> str:
    """As `_harmless`, but numbers with a sign stay what they are."""
    if not text:
        return ""
    return text if _SIGNED_NUMBER.fullmatch(text) else str(_harmless(text))


def preview(scored: bytes, added: tuple[str, ...], *, rows: int, ranked: bool) -> pd.DataFrame:
    """The first rows of a scored file, the `added` columns (risk, band, reasons) after the first one.

    `ranked`: the order of the risks (1 is the highest in the whole file) stands in place of risk and band.
    """
    separator = ingestion.find_separator(scored[:65536].decode(errors="ignore"))
    shown = pd.read_csv(io.BytesIO(scored), sep=separator, dtype=str, nrows=rows, keep_default_na=False)
    first, *rest = [name for name in shown.columns if name not in added]
    if ranked:
        risk = pd.read_csv(io.BytesIO(scored), sep=separator, usecols=["risk"])["risk"]
        shown["rank"] = risk.rank(method="min", ascending=False).astype(int)[: len(shown)]
        return shown[[first, "rank", *added[2:], *rest]]
    shown["risk"] = shown["risk"].astype(np.float64)
    return shown[[first, *added, *rest]]
