"""Texts that a spreadsheet would take for a formula, and run."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SIGNED_NUMBER = r"[+-][0-9.,]+([eE][+-]?[0-9]+)?%?"
_IS_NUMBER = re.compile(_SIGNED_NUMBER)


def harmless(value: object) -> object:
    """A text that a spreadsheet shows as it is: one that looks like a formula begins with `'`.

    >>> harmless("=1+1"), harmless("north"), harmless(-3)
    ("'=1+1", 'north', -3)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def harmless_cell(text: str) -> str:
    """As `harmless`, but numbers with a sign stay what they are.

    >>> harmless_cell("-3,5"), harmless_cell("-3+cmd")
    ('-3,5', "'-3+cmd")
    """
    return text if _IS_NUMBER.fullmatch(text) else str(harmless(text))


def harmless_cells(texts: Any) -> Any:
    """`harmless_cell` of each of many texts (a pyarrow array, nulls stay)."""
    risky = pc.and_not(
        pc.match_substring_regex(texts, r"\A[=+\-@\t\r]"), pc.match_substring_regex(texts, rf"\A(?:{_SIGNED_NUMBER})\z")
    )
    if not pc.any(risky).as_py():
        return texts
    return pc.if_else(risky, pc.binary_join_element_wise(pa.scalar("'"), texts, pa.scalar("")), texts)
