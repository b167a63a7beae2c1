"""What is left of others' rows when a batch is withdrawn, and what its own are worth when it is reinstated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import event, given, settings
from hypothesis import strategies as st

from core.dataset import retell

#: (client, month of the row or 0 where only the client is known) -> what it says
Rows = dict[tuple[str, int], int]

WITHDRAW, REINSTATE = "withdraw", "reinstate"


def instant(batch: int) -> pd.Timestamp:
    return pd.Timestamp("2026-03-01", tz="UTC") + pd.Timedelta(days=batch)


def taken_in(deeds: list[Any], *, dated: bool) -> tuple[list[dict], list[dict], set[int], set[int]]:
    """Accepted and seen rows, batches that are withdrawn in the end, and those that were reinstated.

    A deed is a batch, told apart as ingestion does: against the newest accepted row of the key in batches that count
    just then. Or it withdraws or reinstates the batch of that number.
    """
    accepted: list[dict] = []
    seen: list[dict] = []
    withdrawn: set[int] = set()
    back: set[int] = set()
    batch = 0
    for deed in deeds:
        if isinstance(deed, tuple):
            kind, number = deed
            if kind == WITHDRAW and number < batch:
                withdrawn.add(number)
            elif kind == REINSTATE and number in withdrawn:
                withdrawn.discard(number)
                back.add(number)
            continue
        for (client, month), value in deed.items():
            key = (client, month if dated else 0)
            known = [row for row in accepted if row["key"] == key and row["_batch"] not in withdrawn]
            as_of = pd.Timestamp(f"2026-01-{month:02}", tz="UTC") if dated and month else instant(batch)
            row = {
                "key": key, "_client": client, "_as_of": as_of, "_content": f"{key} {value}".encode(), "x": value,
                "_batch": batch, "_known_at": instant(batch),
            }  # fmt: skip
            (seen if known and known[-1]["x"] == value else accepted).append(row)
        batch += 1
    return accepted, seen, withdrawn, back


def frame(rows: list[dict]) -> pd.DataFrame:
    columns = ["_client", "_as_of", "_content", "x", "_batch", "_known_at"]
    made = pd.DataFrame([[row[name] for name in columns] for row in rows], columns=columns)
    utc = "datetime64[us, UTC]"
    kinds = {"_client": pd.StringDtype(na_value=np.nan), "_as_of": utc, "_content": object, "x": "float64",
             "_batch": "int64", "_known_at": utc}  # fmt: skip
    return made.astype(kinds)


def retold(deeds: list[Any], *, dated: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    accepted, seen, withdrawn, back = taken_in(deeds, dated=dated)
    counting = [row for row in accepted if row["_batch"] not in withdrawn]
    again = [row for row in seen if row["_batch"] not in withdrawn]
    gone = [row for row in accepted if row["_batch"] in withdrawn]
    return retell(frame(counting), frame(again).drop(columns="x"), frame(gone), back - withdrawn, dated=dated)


def fresh(deeds: list[Any], *, dated: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As `retold`, where the withdrawn batches never came, and the others always counted."""
    *_, withdrawn, _ = taken_in(deeds, dated=dated)
    batches = [deed for deed in deeds if not isinstance(deed, tuple)]
    left = [{} if number in withdrawn else batch for number, batch in enumerate(batches)]
    accepted, seen, *_ = taken_in(left, dated=dated)
    return frame(accepted), frame(seen)


def as_sets(rows: pd.DataFrame, seen: pd.DataFrame) -> tuple[set, set]:
    told = ["_client", "_as_of", "_content", "x", "_batch", "_known_at"]
    again = ["_client", "_content", "_batch"]
    return set(rows[told].itertuples(index=False, name=None)), set(seen[again].itertuples(index=False, name=None))


keys = st.tuples(st.sampled_from("AB"), st.sampled_from([1, 2]))
batches = st.dictionaries(keys, st.integers(0, 2), min_size=1, max_size=3)
deeds = st.tuples(st.sampled_from([WITHDRAW, WITHDRAW, REINSTATE]), st.integers(0, 5))
histories = st.lists(batches | batches | deeds, min_size=2, max_size=12)


@given(histories, st.booleans())
@settings(max_examples=150)
def test_rows_are_as_if_withdrawn_batches_had_never_come_and_reinstated_ones_always_counted(
    history: list[Any], dated: bool
) -> None:
    if not dated:  # one row a client in a batch
        history = [
            deed if isinstance(deed, tuple) else {(client, 0): value for (client, _), value in deed.items()}
            for deed in history
        ]
    rows, seen = retold(history, dated=dated)
    event(f"{dated=}, nothing left: {len(rows) == 0}")
    assert as_sets(rows, seen) == as_sets(*fresh(history, dated=dated))
    assert rows["_known_at"].is_monotonic_increasing
    assert rows.dtypes.to_dict() == frame([]).dtypes.to_dict()


A = ("A", 1)


def test_what_another_batch_delivered_again_stays_when_the_first_one_is_withdrawn() -> None:
    rows, seen = retold([{A: 1}, {A: 1}, (WITHDRAW, 0)], dated=True)
    assert rows[["_client", "x", "_batch"]].to_numpy().tolist() == [["A", 1.0, 1]]
    assert len(seen) == 0


def test_a_value_that_came_back_counts_again_when_what_stood_between_is_withdrawn() -> None:
    history = [{A: 2}, {A: 1}, {A: 2}, {A: 2}, (WITHDRAW, 2)]
    rows, _ = retold(history, dated=True)
    assert rows[["x", "_batch"]].to_numpy().tolist() == [[2.0, 0], [1.0, 1], [2.0, 3]]


def test_without_dates_a_snapshot_is_as_old_as_the_first_batch_that_delivered_it_and_counts() -> None:
    undated = ("A", 0)
    rows, seen = retold([{undated: 1}, {undated: 2}, {undated: 1}, (WITHDRAW, 1)], dated=False)
    assert rows[["x", "_as_of"]].to_numpy().tolist() == [[1.0, instant(0)]]
    assert seen["_batch"].tolist() == [2]


def test_what_arrived_while_a_batch_was_withdrawn_counts_after_it_when_it_is_reinstated() -> None:
    history = [{A: 1}, {A: 2}, (WITHDRAW, 1), {A: 1}, (REINSTATE, 1)]
    rows, _ = retold(history, dated=True)
    assert rows[["x", "_batch"]].to_numpy().tolist() == [[1.0, 0], [2.0, 1], [1.0, 2]]


def test_outcomes_by_id_alone_are_about_the_instant_they_came() -> None:
    """The same outcome told at two instants is two facts; withdrawing one leaves the other."""
    arrivals = [instant(0), instant(1)]
    told = pd.DataFrame({
        "_client": pd.array(["A", "A"], pd.StringDtype(na_value=np.nan)),
        "_as_of": pd.Series([None, None], dtype="datetime64[us, UTC]"), "_content": [b"left", b"left"],
        "_outcome": [1.0, 1.0], "_batch": [0, 1], "_known_at": pd.Series(arrivals).astype("datetime64[us, UTC]"),
    })  # fmt: skip
    none = told.drop(columns="_outcome").head(0)
    rows, seen = retell(told[1:], none, told[:1], set(), dated=True)
    assert rows["_batch"].tolist() == [1]
    assert rows["_as_of"].isna().all()
    assert len(seen) == 0


def test_nothing_withdrawn_leaves_everything_as_it_is() -> None:
    accepted, seen, *_ = taken_in([{A: 1}, {A: 1}], dated=True)
    rows, again = frame(accepted), frame(seen)
    assert retell(rows, again, frame([]), set(), dated=True) == (rows, again)
