"""Risks that rest on data which look faulty carry a warning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from core.wording import listed


def doubts(as_of: pd.Series, faults: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is to be said of each snapshot (dates of them, (n,)): "" where its chunk has no fault that stands.

    A fault stands until a person says that the world is like that, or until it is gone. Chunks are months ("2026-01")
    or batches ("2026-01-05 #3").
    """
    by_chunk: dict[str, list[str]] = {}
    for one in faults:
        if one["answer"] in ("", "fault"):
            by_chunk.setdefault(one["chunk"], []).append(one["column"] or "the rows as a whole")
    if not by_chunk:
        return [""] * len(as_of)
    months = {chunk: names for chunk, names in by_chunk.items() if " #" not in chunk}
    days = {chunk.split(" #")[0]: names for chunk, names in by_chunk.items() if " #" in chunk}
    found = [
        months.get(month) or days.get(day)
        for month, day in zip(as_of.dt.strftime("%Y-%m"), as_of.dt.strftime("%Y-%m-%d"), strict=True)
    ]
    return [_sentence(names) if names else "" for names in found]


def _sentence(names: list[str]) -> str:
    told = list(dict.fromkeys(reversed(names)))
    verb = "looks" if len(told) == 1 and told[0] != "the rows as a whole" else "look"
    return f"{listed(told)} of this client's file {verb} faulty."
