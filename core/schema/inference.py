"""The contract of the first batch, where config does not list the columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa

from core import values
from core.config import DataConfig
from core.errors import RefusedFile
from core.schema.contract import CATEGORICAL, DATE, NUMERIC, Column, Contract, Flagged, LeftOut
from core.schema.headers import SURELY, did_you_mean, in_short, nameless, nearest
from core.schema.kinds import Kind, find_kind

_NO_NAME = "it has no name in the header line"
_IGNORED = "config.toml says to ignore it"
_NOT_LISTED = "config.toml does not list it"
_NO_WORTH = "config.toml names it as value, but it does not hold numbers, so nothing is said about what is at stake"


def infer_contract(table: pa.Table, config: DataConfig, spelling: values.Spelling = values.PLAIN) -> Contract:
    """The contract of the first batch (texts under tidy names), whose numbers and dates are spelled so.

    Columns that config lists keep the kind given there. Of the others: numbers and dates are found by their
    values; other texts are categories, also of thousands of levels. Left out with the reason: what is constant,
    empty or without a name, row numbers, codes, names and free text. Flagged: what looks like an identifier.
    The outcome may be absent, because it may arrive later. Raises `RefusedFile` when the id is absent, or the
    outcome is and a column has nearly its name.
    """
    present = list(table.column_names)
    _require_named(present, config)
    used = {
        role: name if (name := getattr(config, role)) in present else ""
        for role in ("as_of", "value", "owner", "label")
    }
    reserved = {config.client_id, config.outcome, used["as_of"], used["owner"], used["label"]}
    listed = _listed(config)
    clients = values.trim(table[config.client_id], config.missing) if config.client_id else None
    found: dict[str, Kind] = {}
    for name in present:
        if name in reserved:
            continue
        if nameless(name):
            found[name] = Kind(left_out=_NO_NAME)
        elif name in config.ignore:
            found[name] = Kind(left_out=_IGNORED)
        elif name in listed:
            found[name] = Kind(listed[name])
        elif config.numeric or config.categorical:
            found[name] = Kind(left_out=_NOT_LISTED)
        else:
            found[name] = find_kind(name, values.trim(table[name], config.missing), spelling, clients)
    flags = [Flagged(name, kind.flag) for name, kind in found.items() if kind.flag]
    value = used["value"]
    if value and not _holds_numbers(table[value], config, spelling):
        flags.append(Flagged(value, _NO_WORTH))
        used["value"] = ""
    elif value and not found[value].left_out:
        found[value] = replace(found[value], kind=NUMERIC)
    columns = tuple(Column(name, kind.kind) for name, kind in found.items() if not kind.left_out)
    left_out = tuple(LeftOut(name, kind.left_out) for name, kind in found.items() if kind.left_out)
    if not columns:
        raise RefusedFile(_nothing_left(left_out))
    return Contract(
        client_id=config.client_id, outcome=config.outcome, columns=columns, left_out=left_out, flagged=tuple(flags),
        **used,
    )  # fmt: skip


def _listed(config: DataConfig) -> dict[str, str]:
    return {
        **dict.fromkeys(config.numeric, NUMERIC),
        **dict.fromkeys(config.categorical, CATEGORICAL),
        **dict.fromkeys(config.dates, DATE),
    }


def _require_named(present: list[str], config: DataConfig) -> None:
    """Raise `RefusedFile` when a column is absent that config names and that cannot come later."""
    for role, name in (("client_id", config.client_id), ("outcome", config.outcome)):
        may_come_later = role == "outcome" and not nearest(name, present, SURELY)
        if name and name not in present and not may_come_later:
            raise RefusedFile(
                f"The file has no column {name!r}, which config.toml names as {role}"
                f"{did_you_mean(nearest(name, present))}; its columns are {in_short(present)}."
            )
    for name in _listed(config):
        if name not in present:
            raise RefusedFile(
                f"The file has no column {name!r}, which config.toml lists{did_you_mean(nearest(name, present))}."
            )


def _holds_numbers(texts: pa.ChunkedArray, config: DataConfig, spelling: values.Spelling) -> bool:
    """Whether numbers are the most that known cells hold; so it is where none is known."""
    _, unreadable = values.numbers(values.trim(texts, config.missing).drop_null(), spelling.decimal)
    return not len(unreadable) or bool(unreadable.mean() <= config.max_bad_cells)


def _nothing_left(left_out: Iterable[LeftOut]) -> str:
    why = in_short([f"{left.name!r} ({left.reason})" for left in left_out])
    return f"No column is left to learn from beside the id, the outcome and the like{': ' if why else ''}{why}."
