"""Parts become the dataset: one row per client and date, the later delivery counting, outcomes joined.

Internal columns begin with an underscore: `_client`, `_as_of` (UTC), `_known_at` (UTC), `_batch`,
`_outcome` (1.0 left, 0.0 stayed, NaN not known yet), `_outcome_known_at`, `_outcome_batch`, `_content` (16 bytes).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from core.schema import Contract

_KEY = ["_client", "_as_of"]
_SEEN = [*_KEY, "_content", "_batch", "_known_at"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """All that is known at one instant."""

    #: one row per snapshot: contract columns and the internal ones
    rows: pd.DataFrame
    #: every delivery of a snapshot: `_client`, `_as_of`, `_batch`, `_known_at`, duplicates included
    deliveries: pd.DataFrame
    #: clients of a source without ids are the rows of its newest batch
    one_book: bool

    @property
    def fingerprint(self) -> str:
        """Changes when a row or an outcome does; the order of batches is of no account."""
        rows = self.rows.sort_values(_KEY, kind="stable")
        digest = hashlib.blake2b(digest_size=8)
        digest.update(b"".join(rows["_content"]))
        digest.update(rows["_outcome"].fillna(-1).to_numpy(dtype=np.int8).tobytes())
        digest.update("\x1f".join(rows["_client"]).encode())
        digest.update(rows["_as_of"].to_numpy(dtype="datetime64[us]").tobytes())
        return digest.hexdigest()

    def trainable(self, at: datetime, horizon_days: int) -> pd.DataFrame:
        """Rows that may train at `at`: outcome known, and its horizon passed, stayers and leavers alike."""
        ripe = self.rows["_as_of"] + timedelta(days=horizon_days) <= at
        return self.rows[self.rows["_outcome"].notna() & ripe]

    def newest(self) -> pd.DataFrame:
        """The newest snapshot of each client."""
        return self.rows.sort_values(_KEY, kind="stable").drop_duplicates("_client", keep="last")

    def last_seen(self) -> pd.Series:
        """Client -> when a row about it last arrived, changed or not."""
        return self.deliveries.groupby("_client")["_known_at"].max()

    def _newest_batch(self) -> pd.DataFrame:
        ordered = self.deliveries.sort_values(["_known_at", "_batch"], kind="stable")
        return ordered[ordered["_batch"] == ordered["_batch"].iloc[-1]] if len(ordered) else ordered

    def current(self, at: datetime, stale_after: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Current clients (newest snapshots without a "left" of their own), and those that went missing.

        Missing: not seen for more than `stale_after` days (0: never), or no longer in a book without ids.
        """
        newest = self.newest()
        here = newest[newest["_outcome"] != 1.0]
        if self.one_book:
            lost = ~here["_client"].isin(self._newest_batch()["_client"])
        elif stale_after:
            lately = self.deliveries["_known_at"] >= pd.Timestamp(at) - timedelta(days=stale_after)
            lost = ~here["_client"].isin(self.deliveries.loc[lately, "_client"])
        else:
            lost = pd.Series(False, index=here.index)
        return here[~lost], here[lost]


def resolve(
    snapshots: pd.DataFrame, seen: pd.DataFrame, outcomes: pd.DataFrame, contract: Contract, *,
    at: datetime, horizon_days: int,
) -> Dataset:  # fmt: skip
    """The dataset from all deliveries known at `at`.

    `snapshots`: accepted rows in the order of arrival. `seen`: unchanged rows that arrived again (`_client`,
    `_content`, `_batch`, `_known_at`). `outcomes`: outcomes that came apart (`_client`, `_as_of` or NaT,
    `_outcome`, `_known_at`, `_batch`). Pure: the same deliveries give the same dataset.
    """
    deliveries = snapshots[[*_KEY, "_batch", "_known_at"]]
    rows = snapshots.drop_duplicates(_KEY, keep="last").reset_index(drop=True)
    again = seen[["_client", "_content", "_batch", "_known_at"]].merge(
        rows.drop_duplicates(["_client", "_content"], keep="last")[[*_KEY, "_content"]],
        on=["_client", "_content"],
    )
    deliveries = pd.concat([deliveries, again[deliveries.columns]], ignore_index=True)
    told = _told_outcomes(snapshots, outcomes, at=at, horizon=timedelta(days=horizon_days))
    rows = rows.drop(columns="_outcome").merge(told, on=_KEY, how="left")
    return Dataset(rows, deliveries, one_book=not contract.client_id)


_TOLD = ["_client", "_told_for", "_dated"]


def retell(
    rows: pd.DataFrame, seen: pd.DataFrame, withdrawn: pd.DataFrame, reinstated: Collection[int], *, dated: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(rows, seen) as they would be, had the withdrawn batches never come, and the reinstated ones always counted.

    Rows are told apart, accepted or seen again, when they arrive. That is told anew for every key among the
    `withdrawn` rows: one that is kept once, with the batch that brought it first, may be all there is of what others
    delivered too. And for every key of `reinstated` batches (ids), which did not count when some of those that come
    after them arrived. `dated`: rows with a date are about that date, others about their arrival.
    """
    suspects = [part for part in (withdrawn, rows[rows["_batch"].isin(reinstated)]) if len(part)]
    if not suspects:
        return rows, seen
    keys = pd.MultiIndex.from_frame(pd.concat([_told_of(part, dated=dated) for part in suspects]))
    touched, touched_seen = (_places(part, keys, dated=dated) for part in (rows, seen))
    events = _stacked([_events(rows, touched, seen=False), _events(seen, touched_seen, seen=True)])
    events = events.sort_values(["_known_at", "_batch"], kind="stable", ignore_index=True)
    events = events.assign(**_told_of(events, dated=dated))
    news = events["_content"] != events.groupby(_TOLD, sort=False)["_content"].shift()
    # what a row says that was only seen is told by another one with the same content
    sayings = _stacked([withdrawn, rows.iloc[touched]])
    said = _told_of(sayings, dated=dated).assign(_content=sayings["_content"], _row=range(len(sayings)))
    said = said.drop_duplicates([*_TOLD, "_content"], keep="last")
    told = events[news & events["_seen"]].merge(said, on=[*_TOLD, "_content"])
    back = sayings.iloc[told["_row"].tolist()].assign(
        _as_of=told["_as_of" if dated else "_known_at"].array, _batch=told["_batch"].array,
        _known_at=told["_known_at"].array,
    )  # fmt: skip
    again = events.loc[~news & ~events["_seen"], "_place"].tolist()
    counting = rows.drop(index=rows.index[again])
    still = seen.drop(index=seen.index[told["_place"].tolist()])
    columns = list((rows if len(rows) else withdrawn).columns)
    whole = _stacked([part.reindex(columns=columns) for part in (counting, back)])
    whole = whole.sort_values(["_known_at", "_batch"], kind="stable", ignore_index=True)
    return whole, _stacked([still[_SEEN], rows.iloc[again][_SEEN]])


def _events(rows: pd.DataFrame, places: list[int], *, seen: bool) -> pd.DataFrame:
    return rows.iloc[places][_SEEN].assign(_place=places, _seen=seen)


def _told_of(rows: pd.DataFrame, *, dated: bool) -> pd.DataFrame:
    """What each row is about: the client, on a date or on the instant it arrived."""
    about = rows["_as_of"].notna() & dated
    told_for = rows["_as_of"].where(about, rows["_known_at"] if dated else pd.Timestamp(0, tz="UTC"))
    return pd.DataFrame({"_client": rows["_client"], "_told_for": told_for, "_dated": about})


def _places(rows: pd.DataFrame, keys: pd.MultiIndex, *, dated: bool) -> list[int]:
    """Places of the rows about these keys."""
    here = pd.MultiIndex.from_frame(_told_of(rows, dated=dated)).isin(keys)
    places: list[int] = np.flatnonzero(here).tolist()
    return places


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """One below the other; those without rows say nothing about types."""
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _told_outcomes(
    snapshots: pd.DataFrame, outcomes: pd.DataFrame, *, at: datetime, horizon: timedelta
) -> pd.DataFrame:  # fmt: skip
    """The outcome of each snapshot, told in its row or apart, and since when it is known.

    The last one that was told counts: a later row without an outcome takes nothing back, and one that is told
    again is no newer.
    """
    own = snapshots[snapshots["_outcome"].notna()]
    dated = outcomes[outcomes["_as_of"].notna()]
    by_id = _dates_for_ids(snapshots, outcomes[outcomes["_as_of"].isna()], horizon)
    columns = [*_KEY, "_outcome", "_known_at", "_batch"]
    facts = pd.concat([part[columns] for part in (own, dated, by_id) if len(part)] or [own[columns]])
    facts = facts[facts["_known_at"] <= at].sort_values("_known_at", kind="stable")
    before = facts.groupby(_KEY)["_outcome"].shift()
    facts = facts[facts["_outcome"] != before].drop_duplicates(_KEY, keep="last")
    return facts.rename(columns={"_known_at": "_outcome_known_at", "_batch": "_outcome_batch"})


def _dates_for_ids(rows: pd.DataFrame, outcomes: pd.DataFrame, horizon: timedelta) -> pd.DataFrame:
    """Outcomes by client id alone, each with the snapshot it belongs to.

    That is the newest snapshot at least `horizon` old when the outcome came; where there was none, the first
    that reaches that age afterwards, and the outcome counts from then on.
    """
    if len(outcomes) == 0 or len(rows) == 0:
        return outcomes[:0]
    dates = rows[_KEY].sort_values("_as_of", kind="stable").rename(columns={"_as_of": "_date"})
    asked = outcomes.drop(columns="_as_of").assign(_limit=outcomes["_known_at"] - horizon)
    asked = asked.sort_values("_limit", kind="stable")
    joined = pd.merge_asof(asked, dates, left_on="_limit", right_on="_date", by="_client")
    waited = pd.merge_asof(asked, dates, left_on="_limit", right_on="_date", by="_client", direction="forward")
    none_yet = joined["_date"].isna()
    joined["_as_of"] = joined["_date"].where(~none_yet, waited["_date"])
    joined["_known_at"] = joined["_known_at"].where(~none_yet, waited["_date"] + horizon)
    return joined[joined["_as_of"].notna()].drop(columns=["_limit", "_date"])


def chunked(dataset: Dataset, contract: Contract) -> pd.DataFrame:
    """Deliveries with their `_chunk`, chunks in order of time.

    With dates a chunk is a calendar month of snapshots. Without, a batch that brings at least half of the
    clients known by then, or else the month in which rows arrived: a feed of changed rows is no drift.
    """
    made = dataset.deliveries.sort_values(["_known_at", "_batch"], kind="stable").reset_index(drop=True)
    if contract.dated:
        return made.assign(_chunk=made["_as_of"].dt.strftime("%Y-%m")).sort_values("_chunk", kind="stable")
    first_of_client = ~made.duplicated("_client")
    book = first_of_client.groupby(made["_batch"], sort=False).sum().cumsum()
    size = made.groupby("_batch", sort=False)["_client"].nunique()
    whole = made["_batch"].map(2 * size >= book)
    month = made["_known_at"].dt.strftime("%Y-%m")
    batch = made["_known_at"].dt.strftime("%Y-%m-%d") + " #" + made["_batch"].astype(str)
    return made.assign(_chunk=batch.where(whole, month))


def rows_of(dataset: Dataset, keys: pd.DataFrame) -> pd.DataFrame:
    """The dataset's rows of these (`_client`, `_as_of`), the newest of each client."""
    rows = keys[_KEY].drop_duplicates().merge(dataset.rows, on=_KEY)
    return rows.sort_values(_KEY, kind="stable").drop_duplicates("_client", keep="last")


def ripe_since(rows: pd.DataFrame, horizon_days: int) -> pd.Series:
    """When each row's outcome could first train: known, and its horizon passed."""
    passed = rows["_as_of"] + timedelta(days=horizon_days)
    return rows["_outcome_known_at"].where(rows["_outcome_known_at"] > passed, passed)
