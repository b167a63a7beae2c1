"""What a list is expected to catch, and what earlier ones caught."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.wording import plural


def expected_sentence(risk: np.ndarray) -> str:
    """How many of the clients on a list (risks, (n,)) are expected to leave.

    >>> expected_sentence(np.array([0.5, 0.4, 0.3])), expected_sentence(np.array([0.01]))
    ('Of these 3 clients about 1 is expected to leave.', 'Of this client about 0.01 is expected to leave.')
    >>> expected_sentence(np.full(15, 0.4))
    'Of these 15 clients about 6 are expected to leave.'
    """
    if len(risk) == 0:
        return ""
    whole = float(risk.sum())
    count = f"{whole:.0f}" if whole >= 0.95 else f"{whole:.1g}"
    whom = "this client" if len(risk) == 1 else f"these {plural(len(risk), 'client')}"
    return f"Of {whom} about {count} {'is' if round(whole) <= 1 else 'are'} expected to leave."


def catches(lists: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """What became of lists, by week and client manager: listed, expected, known, expected_of_known, left.

    `lists`: week, owner, client, as_of, risk, known_at. `outcomes`: client, as_of, outcome (0 or 1) and `ripe_at`, when
    it was known and its horizon over; one that was so before the list was made was not caught by it. `expected`: the
    sum of the risks; `expected_of_known`: that of the clients whose outcome is known.
    """
    told = lists.merge(outcomes, on=["client", "as_of"], how="left")
    known = told["outcome"].notna() & (told["ripe_at"] > told["known_at"])
    told = told.assign(known=known, known_risk=told["risk"].where(known, 0.0), left=told["outcome"].where(known, 0.0))
    grouped = told.groupby(["week", "owner"], sort=True, as_index=False)
    found = grouped.agg(
        listed=("client", "size"), expected=("risk", "sum"), known=("known", "sum"),
        expected_of_known=("known_risk", "sum"), left=("left", "sum"),
    )  # fmt: skip
    return found.astype({"known": "int64", "left": "int64"})


def catch_sentence(found: pd.DataFrame) -> str:
    """What earlier lists caught: `catches` of one or more client managers; "" where no outcome is known.

    >>> catch_sentence(pd.DataFrame({"week": ["2026-W01", "2026-W02"], "known": [10, 0], "left": [4, 0],
    ...                              "expected_of_known": [4.6, 0.0]}))
    'Of 10 clients on the lists of 1 earlier week whose outcome is known by now, 5 were expected to leave and 4 left.'
    """
    told = found[found["known"] > 0]
    if len(told) == 0:
        return ""
    weeks, known, left = told["week"].nunique(), int(told["known"].sum()), int(told["left"].sum())
    return (
        f"Of {plural(known, 'client')} on the lists of {plural(weeks, 'earlier week')} whose outcome is known by now, "
        f"{told['expected_of_known'].sum():.0f} were expected to leave and {left:,} left."
    )
