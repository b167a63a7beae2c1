"""Files that would not fit into memory are read, or refused with a sentence, in little of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: megabytes above what the program takes before, whatever the size of the file
LIMIT = 400
TOO_LONG = "{} is longer than 4 MB: a quote may be open, or it is no table of clients."

REFUSED = {
    "a first line of 2 GB": TOO_LONG.format("Line 1"),
    "a later line of 2 GB": TOO_LONG.format("Line 3"),
    "a quoted line of 2 GB": TOO_LONG.format("Line 3"),
    "2 GB after a quote": (
        'A quote (") that opens on line 3 is never closed, so the rows after it cannot be told apart; close it, or '
        "write it twice where it belongs to the text."
    ),
    "1 GB of one line in 1 MB": (
        "The file unpacks to more than 200 times its size, which no table of clients does; unpack it and look at it."
    ),
    # 900,000 rows fit, and 120 times 20,000 do not; the header is line 1
    "3 million rows of another width": (
        "73% of the rows have another number of cells than the header, such as line 900,002 with 2 cells where the "
        "header has 5; at most 50% may be (data.max_bad_cells)."
    ),
    "two million empty rows of Excel": (
        "The workbook is damaged (row 1048577 follows row 1048576); open it in Excel and save it again."
    ),
    "a row of two million empty cells": (
        "The workbook holds 4 MB and more in a single row or text, which no table of clients does; export the sheet "
        "as CSV and look at it."
    ),
}
READ = {
    "300 MB of rows": 250 * 60_000,
    "one text of 3 MB in 5,000 rows": 5000,
    "2,000 columns of Parquet": 20_000,
    "2,000 columns of Excel": 300,
}


def measured(case: str) -> dict[str, Any]:
    script = ROOT / "tests" / "measuring.py"
    done = subprocess.run([sys.executable, str(script), case], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize(("case", "sentence"), REFUSED.items(), ids=REFUSED.keys())
def test_a_file_that_is_no_table_is_refused_in_little_memory(case: str, sentence: str) -> None:
    found = measured(case)
    assert found["told"] == sentence
    assert found["megabytes"] < LIMIT


@pytest.mark.parametrize(("case", "rows"), READ.items(), ids=READ.keys())
def test_a_large_file_is_read_in_little_memory(case: str, rows: int) -> None:
    found = measured(case)
    assert (found["told"], found["rows"]) == ("", rows)
    assert found["megabytes"] < LIMIT
