"""How numbers and dates are spelled in a file: found from its cells, or said by config; never guessed silently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core import values
from core.config import DataConfig
from core.errors import RefusedFile
from core.ingestion.tables import Chunk
from core.values import Evidence, Spelling

#: dates of the other order up to this share are slips, and listed as cells that cannot be read
_SLIPS = 0.05


@dataclass(frozen=True)
class Spelled:
    """The spelling of a file, and who says so: "config", "found" or "assumed"."""

    spelling: Spelling
    decimal_by: str


def gather(chunks: Iterable[Chunk], columns: Sequence[str], config: DataConfig) -> Evidence:
    """Evidence in these columns: of the first chunk, and of more only while something could be read both ways."""
    found = Evidence()
    for chunk in chunks:
        for name in columns:
            found = found + values.evidence(chunk.table[name], config.missing)
        if not _is_open(found, config):
            break
    return found


def _is_open(found: Evidence, config: DataConfig) -> bool:
    numbers = config.decimal == "auto" and found.either and not found.point and not found.comma
    dates = config.date_format == "auto" and found.either_order and not found.day_first and not found.month_first
    return bool(numbers or dates)


def choose(found: Evidence, config: DataConfig, prior: str) -> Spelled:
    """The spelling that the evidence speaks for. `prior`: decimal sign of the source's last file, "" if none.

    Raises `RefusedFile`, asking for data.date_format, when dates could be meant both ways, or are written in two.
    """
    decimal, by = values.choose_decimal(found, config.decimal, prior)
    if config.date_format != "auto":
        return Spelled(Spelling(decimal, config.date_format), by)
    orders = sorted((found.day_first, found.month_first))
    if orders[0] > _SLIPS * orders[1]:
        raise RefusedFile(
            f"Some dates can only be day-month-year and others only month-day-year, such as "
            f"{found.order_example!r}; write them all in one order, best as year-month-day."
        )
    if orders[1]:
        return Spelled(Spelling(decimal, "dmy" if found.day_first > found.month_first else "mdy"), by)
    if found.either_order:
        raise RefusedFile(
            f"Dates such as {found.order_example!r} could be day-month-year or month-day-year; "
            'say which in config.toml: data.date_format = "dmy" or "mdy".'
        )
    return Spelled(Spelling(decimal, "ymd"), by)
