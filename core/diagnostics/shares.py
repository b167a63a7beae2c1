"""Shares of cells that rose: missing, unreadable, out of bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.diagnostics.rules import BOUNDS, DEFAULT, EMPTY, MISSING, UNREADABLE, FaultRules
from core.records import Fault
from core.statistics.proportions import fisher_above, newcombe
from core.wording import percent, plural


class Counts(NamedTuple):
    """How many of `n` cells, or rows, are so."""

    hits: int
    n: int

    @property
    def share(self) -> float:
        """0-1; 0 of nothing."""
        return self.hits / self.n if self.n else 0.0


_CAUSES = {
    MISSING: "The source probably leaves the column out for a part of the clients. Look which rows lack it, and ask "
    "whoever fills the column.",
    UNREADABLE: "The values are probably written in another way than before, such as another decimal mark or date "
    "format. Look at the rejected cells, and set how they are to be read.",
    BOUNDS: "Probably another unit, a placeholder such as -1 or 9999, or bounds that are too narrow. Look at the "
    "values, and ask whoever fills the column.",
}
_SAID = {MISSING: "missing", UNREADABLE: "unreadable", BOUNDS: "out of bounds"}


def share_faults(
    cells: Mapping[tuple[str, str], tuple[Counts, Counts]], rules: FaultRules = DEFAULT
) -> list[Fault]:  # fmt: skip
    """Shares that surely rose by more than a point, by kind ("missing", "unreadable", "out of bounds") and column.

    `cells`: (kind, column) -> counts of the reference and of the current rows. A share rose when the lower end of
    Newcombe's interval of the difference exceeds `rules.share_rise`, and Fisher's exact test holds after
    Benjamini-Hochberg over all that is looked at here.
    """
    from scipy.stats import false_discovery_control

    tested = {
        which: (was, now) for which, (was, now) in cells.items() if was.n >= rules.min_rows and now.n >= rules.min_rows
    }
    if not tested:
        return []
    q_values = false_discovery_control([fisher_above(*now, *was) for was, now in tested.values()])
    found = []
    for ((kind, column), (was, now)), q in zip(tested.items(), q_values.tolist(), strict=True):
        rise = newcombe(*now, *was)
        if q >= rules.q or rise.low <= rules.share_rise:
            continue
        figures = {"n": now.n, "hits": now.hits, "share": now.share, "reference_share": was.share, "q": q}
        figures |= {"rise_low": rise.low, "rise_high": rise.high}
        if kind == MISSING and now.hits == now.n:
            found.append(_empty(column, was, now, figures))
            continue
        sentence = (
            f"{column}: {percent(now.share)} of {plural(now.n, 'cell')} are {_SAID[kind]}, {percent(was.share)} were "
            f"before ({100 * rise.low:.1f} to {100 * rise.high:.1f} points more)."
        )
        found.append(Fault(kind, column, sentence, _CAUSES[kind], figures))
    return found


def _empty(column: str, was: Counts, now: Counts, figures: dict[str, Any]) -> Fault:
    sentence = f"{column} is empty in all {plural(now.n, 'row')}; {percent(1 - was.share)} had a value before."
    cause = (
        "The column was probably renamed or is no longer delivered. Look at the header of the newest file, and ask "
        "whoever makes it."
    )
    return Fault(EMPTY, column, sentence, cause, figures)
