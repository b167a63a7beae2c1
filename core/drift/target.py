"""Target drift: the share of leavers now against that of the reference."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.drift.verdicts import ALARM, STABLE, TOO_FEW, WATCH
from core.statistics import Interval, wilson
from core.wording import percent, plural

#: Cohen's h that is called small (Cohen 1988, p. 184): an alarm from here on, watched from half of it
THRESHOLD = 0.2


@dataclass(frozen=True)
class ShareDrift:
    """How far a share of now lies from that of the reference."""

    #: Cohen's h: the difference of the angles 2 asin(sqrt(share)), alike for rare and frequent things
    effect: float
    p: float
    reference: Interval
    current: Interval
    verdict: str
    sentence: str


def share_drift(
    reference_hits: int, reference_n: int, current_hits: int, current_n: int, *, min_rows: int, q: float
) -> ShareDrift:
    """Compare the share of leavers among the known outcomes of a chunk with that among the reference's.

    Alarm: Cohen's h reaches .2 and the two-proportion z test gives p below `q`; watch: half of that.
    """
    was, now = (wilson(hits, n) for hits, n in ((reference_hits, reference_n), (current_hits, current_n)))
    if min(reference_n, current_n) < min_rows:
        few = f"{plural(current_n, 'known outcome')} of the chunk are too few to compare the share of leavers."
        return ShareDrift(math.nan, math.nan, was, now, TOO_FEW, few)
    effect = abs(2 * math.asin(math.sqrt(now.value)) - 2 * math.asin(math.sqrt(was.value)))
    pooled = (reference_hits + current_hits) / (reference_n + current_n)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / reference_n + 1 / current_n))
    p = math.erfc(abs(now.value - was.value) / spread / math.sqrt(2)) if spread else 1.0
    sure = p < q
    verdict = ALARM if sure and effect >= THRESHOLD else WATCH if sure and effect >= THRESHOLD / 2 else STABLE
    change = "rose" if now.value > was.value else "fell"
    said = f"{change} from {percent(was.value)} to" if verdict in (ALARM, WATCH) else f"was {percent(was.value)} and is"
    sentence = (
        f"The share of leavers {said} {percent(now.value)} ({percent(now.low)} to {percent(now.high)}, "
        f"{plural(current_n, 'known outcome')})."
    )
    return ShareDrift(effect, p, was, now, verdict, sentence)
