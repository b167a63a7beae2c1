"""A stored history becomes what arrived, stage by stage, as files that can be taken in again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from core.config import DataConfig
from core.dataset import Dataset
from core.schema import Contract

_KEY = ["_client", "_as_of"]
#: what can be replayed: as rows arrived here, or as they were dated
ARRIVAL, DATE = "arrival", "date"
#: with fewer days of arrival, the dates of the rows tell more about how they came to be
_FEW_DAYS = 4


@dataclass(frozen=True, eq=False)
class Stage:
    """What had arrived by an instant, and not by the one before."""

    at: datetime
    #: rows of clients; with their outcome where that was told in the row
    clients: pd.DataFrame
    #: outcomes that came apart
    outcomes: pd.DataFrame


def way(dataset: Dataset, contract: Contract) -> str:
    """Whether a history is replayed by arrival or by the dates of its rows."""
    days = dataset.deliveries["_known_at"].dt.normalize().nunique()
    return DATE if contract.dated and days < _FEW_DAYS else ARRIVAL


def stages(dataset: Dataset, contract: Contract, data: DataConfig, by: str, now: datetime) -> list[Stage]:
    """What arrived at each instant, oldest first; nothing knows what came later.

    By arrival: rows and outcomes at the instants they came, those of one day together. By date: each row on its date,
    those of a month together, and its outcome once its horizon has passed. Outcomes come with the next rows, the last
    ones at the end.
    """
    told = dataset.rows[[*_KEY, "_outcome", "_outcome_known_at"]]
    delivered = dataset.deliveries.merge(dataset.rows.drop(columns=["_batch", "_known_at"]), on=_KEY)
    horizon = timedelta(days=data.horizon_days)
    if by == DATE:
        delivered = delivered.drop_duplicates(_KEY).assign(_known_at=lambda rows: rows["_as_of"])
        told = told.assign(_outcome_known_at=told["_as_of"] + horizon)
        delivered = delivered.assign(_outcome_known_at=delivered["_as_of"] + horizon)
        label = delivered["_known_at"].dt.strftime("%Y-%m")
    else:
        label = delivered["_known_at"].dt.strftime("%Y-%m-%d")
    told = told[told["_outcome"].notna() & (told["_outcome_known_at"] <= now)]
    made: list[Stage] = []
    before = pd.Timestamp.min.tz_localize("UTC")
    for _, rows in delivered.groupby(label, sort=True):
        at = rows["_known_at"].max()
        here = rows.assign(_outcome=rows["_outcome"].where(rows["_outcome_known_at"] <= rows["_known_at"]))
        apart = told[(told["_outcome_known_at"] > before) & (told["_outcome_known_at"] <= at)]
        own = pd.MultiIndex.from_frame(here.loc[here["_outcome"].notna(), _KEY])
        apart = apart[~pd.MultiIndex.from_frame(apart[_KEY]).isin(own)]
        made.append(Stage(at.to_pydatetime(), _clients(here, contract, data), _outcomes(apart, contract, data)))
        before = at
    rest = told[told["_outcome_known_at"] > before]
    if len(rest):
        at = rest["_outcome_known_at"].max().to_pydatetime()
        nothing = _clients(delivered.head(0), contract, data)
        made.append(Stage(at, nothing, _outcomes(rest, contract, data)))
    return made


def _clients(rows: pd.DataFrame, contract: Contract, data: DataConfig) -> pd.DataFrame:
    """Rows as a file of clients holds them."""
    made = {contract.client_id: rows["_client"]} if contract.client_id else {}
    if contract.dated:
        made[contract.as_of] = rows["_as_of"].dt.tz_localize(None)
    for name in contract.names:
        found = rows[name]
        made[name] = found.dt.tz_localize(None) if isinstance(found.dtype, pd.DatetimeTZDtype) else found
    frame = pd.DataFrame(made)
    told = rows["_outcome"]
    return frame.assign(**{contract.outcome: _spelt(told, data)}) if told.notna().any() else frame


def _outcomes(told: pd.DataFrame, contract: Contract, data: DataConfig) -> pd.DataFrame:
    """Outcomes as a file of their own holds them."""
    made = {contract.client_id: told["_client"]}
    if contract.dated:
        made[contract.as_of] = told["_as_of"].dt.tz_localize(None)
    return pd.DataFrame({**made, contract.outcome: _spelt(told["_outcome"], data)})


def _spelt(outcome: pd.Series, data: DataConfig) -> pd.Series:
    return outcome.map({1.0: data.positive[0], 0.0: data.negative[0]}).astype("str")
