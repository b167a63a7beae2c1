"""How numbers and dates are spelled, and the evidence for it in texts that can be read in one way only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.values.amounts import numbers_of_distinct, plain_floats
from core.values.dates import quick, written
from core.values.texts import spellings_of, trim


@dataclass(frozen=True)
class Spelling:
    """How a file writes its numbers and those of its dates that are not ISO."""

    #: "." or ","
    decimal: str = "."
    #: "ymd", "dmy" or "mdy"
    dates: str = "ymd"


PLAIN = Spelling()

#: short dates, which tell nothing unless they are padded: 1.2.10 may be a version
_TWO_DIGIT_YEAR = "^[0-9]{1,2}[. -][0-9]{1,2}[. -][0-9]{2}$"
_PADDED = "^[0-9]{2}[. -][0-9]{2}[. -][0-9]{2}$"


@dataclass(frozen=True)
class Evidence:
    """Cells that tell how numbers and dates are spelled; of chunks and columns it adds up.

    The examples are cells of that count, "" where there is none.
    """

    #: cells that are numbers only with a decimal point, only with a decimal comma
    point: int = 0
    comma: int = 0
    #: cells that are numbers either way, and not the same: 1,234 or 1.234
    either: int = 0
    #: dates that have the day first or are none; the month first or are none
    day_first: int = 0
    month_first: int = 0
    #: dates either way, and not the same: 03/04/2024 (but not 03/03/2024)
    either_order: int = 0
    either_example: str = ""
    day_first_example: str = ""
    month_first_example: str = ""
    either_order_example: str = ""

    def __add__(self, other: Evidence) -> Evidence:
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return Evidence(*(mine + theirs if isinstance(mine, int) else mine or theirs for mine, theirs in pairs))

    @property
    def order_example(self) -> str:
        """A date to show where the order is in doubt: one that is read both ways, else one of the rarer order."""
        rarer = min(
            (self.day_first, self.day_first_example),
            (self.month_first, self.month_first_example),
            key=lambda found: (not found[1], found[0]),
        )
        return self.either_order_example or rarer[1]


def evidence(texts: pa.ChunkedArray, missing: Sequence[str]) -> Evidence:
    """What the texts (n,) of a column tell about spelling.

    Only a column of which most known texts are numbers (either way) tells about numbers, and only one of which
    most are dates tells about dates: versions, telephone numbers and notes tell nothing. Numbers that any
    reading understands ("12", "1e3"), and dates with the year first or with a month's name, count among the
    texts that are of the kind, but for neither side.
    """
    texts = pc.if_else(pc.is_in(texts, spellings_of(missing)), None, texts)
    for decimal in ".,":
        if plain_floats(texts, decimal) is not None:
            return _of_plain(texts, decimal)
    counted = pc.value_counts(trim(texts, missing).drop_null())
    found, times = counted.field("values"), counted.field("counts").to_numpy()
    return _of_numbers(found, times) + _of_dates(found, times)


def _of_plain(texts: pa.ChunkedArray, decimal: str) -> Evidence:
    """Of a column that holds nothing but plain numbers with that decimal sign."""
    signed = pc.sum(pc.match_substring(texts, decimal)).as_py() or 0
    if signed == 0:
        return Evidence()
    grouped = texts.filter(pc.match_substring_regex(texts, rf"^[+-]?[1-9][0-9]{{0,2}}[{decimal}][0-9]{{3}}$"))
    either, example = len(grouped), grouped[0].as_py() if len(grouped) else ""
    if decimal == ".":
        return Evidence(point=signed - either, either=either, either_example=example)
    return Evidence(comma=signed - either, either=either, either_example=example)


def _of_numbers(texts: pa.Array, times: np.ndarray) -> Evidence:
    """Of distinct trimmed texts, each so many times there."""
    pointed, no_point = numbers_of_distinct(texts, ".")
    comma, no_comma = numbers_of_distinct(texts, ",")
    if not _most(~(no_point & no_comma), times):
        return Evidence()
    either = ~no_point & ~no_comma & (pointed != comma)
    return Evidence(
        point=int(times[~no_point & no_comma].sum()), comma=int(times[no_point & ~no_comma].sum()),
        either=int(times[either].sum()), either_example=_first(texts, either),
    )  # fmt: skip


def _of_dates(texts: pa.Array, times: np.ndarray) -> Evidence:
    if quick(texts) is not None:
        return Evidence()
    short = pc.and_not(pc.match_substring_regex(texts, _TWO_DIGIT_YEAR), pc.match_substring_regex(texts, _PADDED))
    dates = written(pc.if_else(short, None, texts))
    years, days, months = (dates.in_order(order) for order in ("ymd", "dmy", "mdy"))
    fixed, day_first, month_first = (at.is_valid().to_numpy(zero_copy_only=False) for at in (years, days, months))
    if not _most(fixed | day_first | month_first, times):
        return Evidence()
    other = pc.fill_null(pc.not_equal(days, months), False).to_numpy(zero_copy_only=False)
    only_day, only_month = day_first & ~month_first, month_first & ~day_first
    return Evidence(
        day_first=int(times[only_day].sum()), day_first_example=_first(texts, only_day),
        month_first=int(times[only_month].sum()), month_first_example=_first(texts, only_month),
        either_order=int(times[other].sum()), either_order_example=_first(texts, other),
    )  # fmt: skip


def _most(of_kind: np.ndarray, times: np.ndarray) -> bool:
    return bool(2 * times[of_kind].sum() > times.sum())


def _first(texts: pa.Array, which: np.ndarray) -> str:
    return texts[int(which.argmax())].as_py() if which.any() else ""


def choose_decimal(found: Evidence, forced: str, prior: str) -> tuple[str, str]:
    """The decimal sign, and who says so: "config", "found" (in the file) or "assumed".

    `forced`: what config says, "auto" or "" where it leaves it open. `prior`: the sign of the source's last
    file, "" if none; it decides where no cell does, and without it a point is assumed. Where both signs were
    found the more frequent one is taken; of as many, the point.
    """
    if forced in {".", ","}:
        return forced, "config"
    if found.point or found.comma:
        return "," if found.comma > found.point else ".", "found"
    return prior or ".", "assumed"
