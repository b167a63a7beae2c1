"""What is wrong with the rows of a chunk as a whole: how many, how many twice, how many clients absent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.diagnostics.rules import DEFAULT, DUPLICATES, STALE, VOLUME, FaultRules
from core.diagnostics.shares import Counts
from core.records import Fault
from core.statistics.proportions import newcombe
from core.wording import percent, plural

#: scale of the median absolute deviation of normal values
_NORMAL = 1.4826
#: least spread of the logarithm of a count of rows: a tenth more or less is never unusual
_LEAST_SPREAD = 0.1
_NONE = Counts(0, 0)


@dataclass(frozen=True, kw_only=True)
class RowCounts:
    """Counts of a chunk, and of the chunks before it (oldest first)."""

    rows: int
    earlier_rows: Sequence[int] = ()
    #: of the rows read
    duplicates: Counts = _NONE
    earlier_duplicates: Sequence[Counts] = ()
    #: of the clients known before: those this chunk does not tell of
    unseen: Counts = _NONE
    earlier_unseen: Sequence[Counts] = ()


def row_faults(counts: RowCounts, rules: FaultRules = DEFAULT) -> list[Fault]:
    """Faults of the rows as a whole; nothing is said before `rules.earlier_chunks` chunks tell what is usual."""
    return [
        *_volume(counts.rows, counts.earlier_rows, rules),
        *_risen(DUPLICATES, counts.duplicates, counts.earlier_duplicates, rules),
        *_risen(STALE, counts.unseen, counts.earlier_unseen, rules),
    ]


def _volume(rows: int, earlier: Sequence[int], rules: FaultRules) -> list[Fault]:
    """The logarithm of the count against median and median absolute deviation of those before.

    Few chunks tell little about how counts vary, so the limit is Student's for as many (a prediction interval).
    """
    from scipy.special import stdtrit

    known = [count for count in earlier if count > 0]
    if len(known) < rules.earlier_chunks:
        return []
    logs = np.log(known)
    usual = float(np.median(logs))
    few = len(known) / (len(known) - 0.8)  # the deviation of few is too small (Croux & Rousseeuw 1992)
    spread = max(_NORMAL * few * float(np.median(np.abs(logs - usual))), _LEAST_SPREAD)
    student = float(stdtrit(len(known) - 1, 1 - rules.volume_p / 2))
    limit = max(spread * student * math.sqrt(1 + 1 / len(known)), math.log(rules.volume_factor))
    off = math.log(rows) - usual if rows else -math.inf
    if abs(off) <= limit:
        return []
    low, high = math.exp(usual - limit), math.exp(usual + limit)
    sentence = (
        f"{plural(rows, 'row')} came, usual are {math.exp(usual):,.0f} ({low:,.0f} to {high:,.0f}, from "
        f"{plural(len(known), 'earlier chunk')})."
    )
    cause = "A file, or a part of one, is probably missing. Ask whoever delivers the data."
    if off > 0:
        cause = (
            "Rows were probably delivered twice, or the source takes in more clients than before. Look at the files."
        )
    figures = {"rows": rows, "usual": math.exp(usual), "low": low, "high": high}
    return [Fault(VOLUME, "", sentence, cause, figures)]


_SAID = {DUPLICATES: ("row", "are duplicates"), STALE: ("known client", "are not in this chunk")}
_CAUSES = {
    DUPLICATES: "An old file was probably delivered again, or rows are written twice. Look at the newest files.",
    STALE: "A part of the clients was probably left out, such as a region or a branch. Look which of them are absent, "
    "and ask whoever delivers the data.",
}


def _risen(kind: str, now: Counts, earlier: Sequence[Counts], rules: FaultRules) -> list[Fault]:
    """A share that is surely well above the highest one before."""
    known = [one for one in earlier if one.n >= rules.min_rows]
    if len(known) < rules.earlier_chunks or now.n < rules.min_rows:
        return []
    highest = max(known, key=lambda one: one.share)
    rise = newcombe(*now, *highest)
    if rise.low <= rules.rows_rise:
        return []
    noun, are = _SAID[kind]
    usual = float(np.median([one.share for one in known]))
    sentence = (
        f"{percent(now.share)} of {plural(now.n, noun)} {are}; usual are {percent(usual)}, and never more than "
        f"{percent(highest.share)} in {plural(len(known), 'earlier chunk')}."
    )
    figures = {"n": now.n, "share": now.share, "usual": usual, "highest": highest.share}
    return [Fault(kind, "", sentence, _CAUSES[kind], figures)]
