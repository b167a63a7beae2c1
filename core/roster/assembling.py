"""Risks as they were told and snapshots become the roster."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa

from core.scoring import changes, sentence, unfamiliar

#: stands before the names of columns of the client table
FEATURE = "="
_UTC = pa.timestamp("us", "UTC")
#: what is known of every client, beside its columns
SCHEMA = pa.schema(
    [
        ("client", pa.string()), ("name", pa.string()), ("owner", pa.string()), ("value", pa.float64()),
        ("risk", pa.float64()),
        # change of the risk since last time, as a share; null: nothing before, or not told apart
        ("moved", pa.float64()),
        # the same in a sentence
        ("change", pa.string()),
        # the strongest reason that raises the risk; "": none does
        ("raised_by", pa.string()),
        ("reason_1", pa.string()), ("reason_2", pa.string()), ("reason_3", pa.string()),
        # what is like nothing that was learned from, a sentence
        ("unfamiliar", pa.string()),
        ("out_of_fold", pa.bool_()), ("as_of", _UTC), ("scored_at", _UTC),
    ]
)  # fmt: skip


def assemble(
    risks: Iterable[pd.DataFrame], snapshots: pd.DataFrame, features: pd.DataFrame, missing: int = 0
) -> pa.Table:
    """The roster: `SCHEMA`, `at_stake` (risk times value), `rank` by risk, `search`, and a column "=name" a feature.

    Clients with the most at stake come first; one whose value is not known counts with the median value. Where no
    value is known at all, the highest risk comes first.

    `risks`: frames of the newest row of each client on the list. `snapshots`: `_client` of the rows that `features`
    (m, columns) are of; a client without one has no value in any of them. `missing`: clients not seen for
    long, who are not listed.
    """
    told = pa.concat_tables([SCHEMA.empty_table(), *(_told(frame) for frame in risks)])
    risk, value = (told[name].to_numpy() for name in ("risk", "value"))
    known = value[~np.isnan(value)]
    at_stake = risk * np.where(np.isnan(value), np.median(known), value) if len(known) else risk
    client = told["client"].to_numpy(zero_copy_only=False)
    order = np.lexsort((client, -risk, -at_stake))
    rank = pd.Series(risk).rank(method="min", ascending=False).to_numpy(dtype="float64").astype("int32")
    made = told.append_column("at_stake", pa.array(risk * value, from_pandas=True))
    made = made.append_column("rank", pa.array(rank)).append_column("search", _search(told))
    place = pd.Index(snapshots["_client"]).get_indexer(pd.Index(client))
    for name in features.columns:
        made = made.append_column(f"{FEATURE}{name}", _feature(features[name], place))
    made = made.take(pa.array(order)).combine_chunks()
    at = made.column_names.index("owner")
    made = made.set_column(at, "owner", made["owner"].combine_chunks().dictionary_encode())
    return made.replace_schema_metadata({"missing": str(missing)})


def missing(roster: pa.Table) -> int:
    """How many clients are not on the list because they were not seen for long."""
    return int(roster.schema.metadata[b"missing"])


def _told(frame: pd.DataFrame) -> pa.Table:
    reasons = [[sentence(one) for one in own[:3]] for own in frame["reasons"]]
    columns = {
        "client": frame["client"], "name": frame["label"].where(frame["label"] != "", frame["client"]),
        "owner": frame["owner"], "value": frame["value"].astype("float64"), "risk": frame["risk"].astype("float64"),
        "moved": pd.Series([_moved(one) for one in frame["change"]], dtype="float64"),
        "change": [changes.sentence(one) if one else "" for one in frame["change"]],
        "raised_by": [_raising(own) for own in frame["reasons"]],
        **{f"reason_{n + 1}": [own[n] if n < len(own) else "" for own in reasons] for n in range(3)},
        "unfamiliar": [unfamiliar.sentence(said) if said else "" for said in frame["unfamiliar"]],
        "out_of_fold": frame["out_of_fold"], "as_of": frame["as_of"], "scored_at": frame["known_at"],
    }  # fmt: skip
    arrays = []
    for field in SCHEMA:
        array = pa.array(columns[field.name], type=field.type, from_pandas=True)
        arrays.append(array)
    return pa.table(arrays, schema=SCHEMA)


def _raising(reasons: list[dict]) -> str:
    return next((sentence(one) for one in reasons if one["contribution"] > 0), "")


def _moved(change: dict | None) -> float:
    return float(change["total"]) if change and "total" in change else float("nan")


def _search(told: pa.Table) -> pa.Array:
    """What a search looks into: id, name and client manager, without regard to case."""
    texts = [told[name].to_pandas().str.casefold() for name in ("client", "name", "owner")]
    return pa.array(texts[0].str.cat(texts[1:], sep="\n"), type=pa.string())


def _feature(values: pd.Series, place: np.ndarray) -> pa.Array:
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype="float64", na_value=np.nan)
        return pa.array(np.where(place >= 0, numbers[place] if len(numbers) else np.nan, np.nan), from_pandas=True)
    texts = np.array([*values.tolist(), None], dtype=object)  # -1 takes the last
    return pa.array(texts[place], type=pa.string(), from_pandas=True).dictionary_encode()
