"""Past clients whose outcome is known, to hold a client against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from core.model import AdditiveModel

#: how many past clients are kept to compare with
PAST = 5_000
_TERMS = "terms"


@dataclass(frozen=True, eq=False)
class Past:
    """Past clients: what the model made of them, and what became of them."""

    #: client, as_of, outcome, risk (out of fold), terms: what each term added to the log-odds
    table: pa.Table
    #: names of the terms, in order
    terms: tuple[str, ...]


def past_clients(
    model: AdditiveModel, learned: pd.DataFrame, features: pd.DataFrame, *, seed: int, most: int = PAST
) -> Past:
    """Of the rows that a model learned from the newest of each client, and of these a sample of `most`.

    `learned`: `_client`, `_as_of`, `outcome`, `risk` (n rows); `features` aligned, (n, columns).
    """
    newest = learned.assign(place=np.arange(len(learned))).sort_values(["_as_of", "_client"], kind="stable")
    newest = newest.drop_duplicates("_client", keep="last").sort_values("place")
    if len(newest) > most:
        chosen = np.random.default_rng(seed).choice(len(newest), most, replace=False)
        newest = newest.iloc[np.sort(chosen)]
    own = features.iloc[newest["place"].to_numpy()].reset_index(drop=True)
    terms = model.contributions(model.encode(own)).astype(np.float32)
    width = terms.shape[1]
    table = pa.table(
        {
            "client": pa.array(newest["_client"], type=pa.string()),
            "as_of": pa.array(newest["_as_of"], type=pa.timestamp("us", "UTC")),
            "outcome": pa.array(newest["outcome"].astype("float64")),
            "risk": pa.array(newest["risk"].astype("float64")),
            _TERMS: pa.FixedSizeListArray.from_arrays(pa.array(terms.ravel()), width),
        }
    )
    return Past(table, tuple(" and ".join(term.columns) for term in model.terms))


def compare_with(past: Past, contributions: np.ndarray, *, leave_out: str, count: int) -> pd.DataFrame:
    """The past clients of whom the model thinks most like this one, nearest first.

    client, as_of, outcome, risk, distance.

    `contributions`: what each term adds to the client's log-odds (terms,). The distance is Euclidean in log-odds,
    so that a column counts by what it does to the risk. `leave_out`: the client itself.
    """
    terms = past.table[_TERMS].combine_chunks().flatten().to_numpy().reshape(len(past.table), -1)
    distance = np.sqrt(((terms - contributions.astype(np.float32)) ** 2).sum(axis=1, dtype=np.float64))
    found = past.table.drop_columns([_TERMS]).to_pandas().assign(distance=distance)
    found = found[found["client"] != leave_out]
    return found.sort_values(["distance", "client"]).head(count).reset_index(drop=True)
