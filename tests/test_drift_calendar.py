"""Columns that grow with the calendar are told from those that clients move."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core import drift
from core.schema import CATEGORICAL, DATE, NUMERIC

MONTHS, CLIENTS = 4, 60


def rows() -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """The same clients in four months, in no order."""
    random = np.random.default_rng(3)
    day = np.repeat(np.arange(MONTHS) * 30.0, CLIENTS)
    client = np.tile([f"C{number}" for number in range(CLIENTS)], MONTHS).astype(object)
    joined = np.tile(random.integers(1, 900, CLIENTS), MONTHS)
    count = MONTHS * CLIENTS
    frame = pd.DataFrame(
        {
            "tenure_days": joined + day,
            "tenure_months": np.floor((joined + day) / 30.4375),
            "days_to_end": 400 - joined - day,
            "with_gaps": np.where(random.random(count) < 0.2, np.nan, joined + day),
            "spend": random.normal(100, 40, count) + day,  # rises by as much, yet each client as it likes
            "fixed": joined.astype(float),
            "half": (joined + day) / 2,
            "level": random.choice(["a", "b"], count),
        }
    )
    order = random.permutation(count)
    as_of = np.datetime64("2025-01-01", "us") + (day * 86_400_000_000).astype("timedelta64[us]")
    return client[order], as_of[order], frame.iloc[order].reset_index(drop=True)


KINDS = {
    "tenure_days": NUMERIC, "tenure_months": NUMERIC, "days_to_end": DATE, "with_gaps": NUMERIC, "spend": NUMERIC,
    "fixed": NUMERIC, "half": NUMERIC, "level": CATEGORICAL,
}  # fmt: skip


def test_what_moves_by_the_time_between_grows_by_construction() -> None:
    found = drift.calendar_columns(*rows(), KINDS)
    assert found == {"tenure_days", "tenure_months", "days_to_end", "with_gaps"}


@pytest.mark.parametrize("months", [1, 2])
def test_clients_seen_once_or_too_few_of_them_say_nothing(months: int) -> None:
    client, as_of, frame = rows()
    early = as_of < np.datetime64("2025-01-01", "us") + np.timedelta64(30 * months, "D")
    found = drift.calendar_columns(client[early], as_of[early], frame[early].reset_index(drop=True), KINDS)
    assert found == set()
