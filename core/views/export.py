"""Tables that leave as files."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

from core.schema import LINE, REASON
from core.values.formulas import harmless, harmless_cell


def safe_csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV (UTF-8) that a spreadsheet does not run: texts that look like formulas begin with `'`."""
    made = frame.copy()
    for place, dtype in enumerate(made.dtypes):
        if not pd.api.types.is_numeric_dtype(dtype):
            made.isetitem(place, [harmless(value) for value in made.iloc[:, place]])
    made.columns = pd.Index([harmless(name) for name in made.columns])
    # with \r\n at the ends of lines a lone \r within a cell is quoted too, and begins no line of its own
    return made.to_csv(index=False, lineterminator="\r\n").encode()


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
        texts = {name: harmless_cell(text or "") for name, text in _named(cells, names).items()}
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


#: rows that an Excel file is made of at most: more take minutes
MOST_EXCEL_ROWS = 50_000
#: numbers as programs write them; "0042" is none
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})([.][0-9]+)?")


def as_excel(scored: Path, separator: str) -> bytes:
    """A CSV file (UTF-8) as an Excel file: numbers as numbers, all else as texts, which a spreadsheet never runs."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Scored")
    with scored.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.reader(lines, delimiter=separator):
            sheet.append([_excel_cell(sheet, text) for text in row])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _excel_cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type = "s"
    return cell
