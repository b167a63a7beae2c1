"""The client contract: which columns there are, of what kind, and what they are used for.

Inferred from the first batch where config names no columns, then frozen: later batches are read by it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core import values
from core.config import DataConfig
from core.errors import ContractError, RefusedFile

NUMERIC, CATEGORICAL, DATE = "numeric", "categorical", "date"

#: A column is of a kind when at least this share of its known values reads as that kind; the rest is listed.
_SHARE_OF_KIND = 0.95
#: A text column with more distinct values than this share of its rows names things, it does not describe them.
_SHARE_OF_NAMES = 0.5
_FEW_LEVELS = 50
#: How like two names are (0-1) of which one may be meant by the other, and of which one surely is.
_PERHAPS, _SURELY = 0.6, 0.8
#: how the dataset calls its own columns
_INTERNAL = ("_client", "_as_of", "_known_at", "_batch", "_outcome", "_outcome_known_at", "_content", "_chunk")


@dataclass(frozen=True)
class Column:
    """A column the model may look at. `kind`: numeric, categorical or date (days to the snapshot)."""

    name: str
    kind: str


@dataclass(frozen=True)
class LeftOut:
    """A column that is not looked at, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Contract:
    """What a client table looks like. An empty name means: there is no such column.

    `columns` are the features in the order of the first batch; id, owner and label are never among them.
    """

    client_id: str
    outcome: str
    as_of: str
    value: str
    owner: str
    label: str
    columns: tuple[Column, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def dated(self) -> bool:
        """Whether rows carry the date they are about."""
        return bool(self.as_of)

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that is stored, each once: features first, then value, owner and label."""
        features = tuple(column.name for column in self.columns)
        extra = (name for name in (self.value, self.owner, self.label) if name and name not in features)
        return features + tuple(dict.fromkeys(extra))

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of every stored column by name."""
        kinds = {self.owner: CATEGORICAL, self.label: CATEGORICAL, self.value: NUMERIC}
        return {name: kinds.get(name, CATEGORICAL) for name in self.names} | {
            column.name: column.kind for column in self.columns
        }

    @property
    def fingerprint(self) -> str:
        """Changes whenever rows would be read in another way."""
        return hashlib.blake2b(self.to_json().encode(), digest_size=8).hexdigest()

    def to_json(self) -> str:
        """For the store."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Contract:
        """Back from the store."""
        fields = json.loads(text)
        fields["columns"] = tuple(Column(**column) for column in fields["columns"])
        fields["left_out"] = tuple(LeftOut(**left) for left in fields["left_out"])
        return Contract(**fields)


def folded(name: str) -> str:
    """A header name as it is compared: trimmed, blanks folded, case ignored.

    >>> folded("  Call  Failure ")
    'call failure'
    """
    return re.sub(r"\s+", " ", name).strip().casefold()


def match_headers(headers: list[str], config: DataConfig) -> list[str]:
    """Tidy names for the columns of a file: blanks folded, `[data.rename]` applied, config's own spelling used.

    Raises `RefusedFile` when two columns have the same name, or one has none or a name of the dataset's own.
    """
    renames = {folded(old): new for old, new in config.rename.items()}
    known = [
        config.client_id, config.outcome, config.as_of, config.value, config.owner, config.label,
        *config.numeric, *config.categorical, *config.dates, *config.ignore,
    ]  # fmt: skip
    spelling = {folded(name): name for name in known if name}
    tidy = [re.sub(r"\s+", " ", header).strip() for header in headers]
    tidy = [renames.get(folded(name), name) for name in tidy]
    tidy = [spelling.get(folded(name), name) for name in tidy]
    seen: dict[str, int] = {}
    for position, name in enumerate(tidy, start=1):
        if not name:
            raise RefusedFile(f"Column {position} has no name in the header line; give every column a name.")
        if name in _INTERNAL:
            raise RefusedFile(
                f"Column {name!r} has a name that Bellwether uses itself; "
                "rename it, or map it to another name under [data.rename] in config.toml."
            )
        if folded(name) in seen:
            first = seen[folded(name)]
            raise RefusedFile(f"Two columns are called {name!r} (columns {first} and {position}); rename one.")
        seen[folded(name)] = position
    return tidy


def holds_outcomes_only(headers: list[str], config: DataConfig) -> bool:
    """Whether a table of these columns brings outcomes that arrived later: id (, date) and outcome alone."""
    names = set(headers)
    needed = {config.client_id, config.outcome} - {""}
    return bool(config.client_id) and needed <= names and names <= needed | {config.as_of}


def infer_contract(table: pa.Table, config: DataConfig) -> Contract:
    """The contract of the first batch (texts under tidy names).

    Columns that config lists keep the kind given there. Of the others: numbers and ISO dates are found by
    their values; texts with few levels are categories; constant, empty, row-number-like and name-like
    columns are left out with the reason. The outcome may be absent, because it may arrive later. Raises
    `RefusedFile` when the id is absent, or the outcome is and a column has nearly its name.
    """
    present = list(table.column_names)
    for role, name in (("client_id", config.client_id), ("outcome", config.outcome)):
        may_come_later = role == "outcome" and not _hint(name, present, _SURELY)
        if name and name not in present and not may_come_later:
            raise RefusedFile(
                f"The file has no column {name!r}, which config.toml names as {role}{_hint(name, present)}; "
                f"its columns are {', '.join(present)}."
            )
    used = {
        role: name if (name := getattr(config, role)) in present else ""
        for role in ("as_of", "value", "owner", "label")
    }
    reserved = {config.client_id, config.outcome, used["as_of"], used["owner"], used["label"]}
    listed = {
        **dict.fromkeys(config.numeric, NUMERIC),
        **dict.fromkeys(config.categorical, CATEGORICAL),
        **dict.fromkeys(config.dates, DATE),
    }
    for name in listed:
        if name not in present:
            raise RefusedFile(f"The file has no column {name!r}, which config.toml lists{_hint(name, present)}.")
    columns: list[Column] = []
    left_out: list[LeftOut] = []
    for name in present:
        if name in reserved:
            continue
        if name in config.ignore:
            left_out.append(LeftOut(name, "config.toml says to ignore it"))
        elif name in listed:
            columns.append(Column(name, listed[name]))
        elif config.numeric or config.categorical:
            left_out.append(LeftOut(name, "config.toml does not list it"))
        else:
            kind, reason = _kind_of(values.trim(table[name], config.missing))
            if reason:
                left_out.append(LeftOut(name, reason))
            else:
                columns.append(Column(name, kind))
    if not columns:
        raise RefusedFile("No column is left to learn from: every column is an id, constant, empty or ignored.")
    return Contract(
        client_id=config.client_id, outcome=config.outcome, columns=tuple(columns), left_out=tuple(left_out),
        **used,
    )  # fmt: skip


def _kind_of(texts: pa.ChunkedArray) -> tuple[str, str]:
    """Kind of a column by its values, or the reason to leave it out."""
    known = texts.drop_null()
    if len(known) == 0:
        return "", "it is empty"
    distinct = pc.count_distinct(known).as_py()
    if distinct == 1 and known.length() == texts.length():
        return "", f"it has one value only ({known[0].as_py()})"
    numbers, unreadable = values.numbers(known)
    if unreadable.mean() <= 1 - _SHARE_OF_KIND:
        if len(known) >= _FEW_LEVELS and _counts_rows(numbers):
            return "", "it numbers the rows"
        return NUMERIC, ""
    _, unreadable = values.instants(known)
    if unreadable.mean() <= 1 - _SHARE_OF_KIND:
        return DATE, ""
    if distinct > _FEW_LEVELS and distinct > _SHARE_OF_NAMES * len(known):
        return "", f"it names the clients rather than describes them ({distinct} different texts)"
    return CATEGORICAL, ""


def _counts_rows(numbers: np.ndarray) -> bool:
    return bool(len(numbers) > 1 and np.all(np.diff(numbers) == 1))


def _hint(name: str, present: list[str], likeness: float = _PERHAPS) -> str:
    near = get_close_matches(folded(name), [folded(p) for p in present], n=1, cutoff=likeness)
    return f" (did you mean {next(p for p in present if folded(p) == near[0])!r}?)" if near else ""


def require_columns(contract: Contract, headers: list[str], *, scoring: bool = False) -> None:
    """Raise `ContractError`, naming every column the contract asks for that `headers` lack.

    For scoring a file only the features are needed; value, owner, label and the outcome may be absent.
    """
    needed = [column.name for column in contract.columns]
    if not scoring:
        needed = [name for name in (contract.client_id, contract.as_of) if name] + list(contract.names)
    absent = [name for name in needed if name not in headers]
    if absent:
        known = {contract.client_id, contract.outcome, contract.as_of, *contract.names}
        strange = [name for name in headers if name not in known]
        listed = ", ".join(f"{name!r}{_hint(name, strange)}" for name in absent)
        raise ContractError(
            f"The file lacks the column {listed}; add it, or map another name to it under [data.rename] in config.toml."
            if len(absent) == 1
            else f"The file lacks the columns {listed}; "
            "add them, or map other names to them under [data.rename] in config.toml."
        )


def features(rows: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """The columns the model looks at, in the contract's order: the same function for training and serving.

    Numeric columns as float64, dates as days from the date to the snapshot (`rows["_as_of"]`), categories as
    they are. Missing is NaN or None.
    """
    made = {}
    for column in contract.columns:
        series = rows[column.name]
        if column.kind == DATE:
            made[column.name] = (rows["_as_of"] - series).dt.total_seconds() / 86400
        else:
            made[column.name] = series
    return pd.DataFrame(made, index=rows.index)
