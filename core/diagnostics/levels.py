"""What is wrong with one column of levels: a new one, and whether it is only a known one spelled differently."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

import numpy as np

from core.diagnostics.numbers import constant
from core.diagnostics.rules import DEFAULT, NEW_LEVEL, FaultRules
from core.records import Fault
from core.statistics import wilson
from core.wording import listed, percent, plural

#: shorter levels are codes, of which each differs from others by a letter
_LONG = 5
_TOLD = 3


def categorical_faults(
    column: str, reference: Mapping[str | None, int], current: Mapping[str | None, int], rules: FaultRules = DEFAULT
) -> list[Fault]:
    """Faults of a column of levels, from the rows of each level on both sides (None: missing).

    New levels are one fault; a column that varied and has one level now is another.
    """
    was, now = (
        {name: rows for name, rows in side.items() if name is not None and rows} for side in (reference, current)
    )
    n, m = sum(was.values()), sum(now.values())
    if min(n, m) < rules.min_rows:
        return []
    found = _new(column, was, now, rules)
    if not found and len(now) == 1:
        (level,) = now
        found = constant(column, f'"{level}"', was.get(level, 0), n, m, rules)
    return found


def _new(column: str, was: Mapping[str, int], now: Mapping[str, int], rules: FaultRules) -> list[Fault]:
    n, m = sum(was.values()), sum(now.values())
    new = [name for name in now if name not in was and wilson(now[name], m).low > rules.new_share]
    unlikely = [name for name in new if _by_chance(now[name], was, now, n, m) < rules.q]
    if not unlikely:
        return []
    told = sorted(unlikely, key=lambda name: (-now[name], name))
    variants = {name: known for name in told if (known := variant_of(name, was))}
    first = told[:_TOLD]
    shares = [f'"{name}" with {percent(now[name] / m)}' for name in first]
    if len(told) > _TOLD:
        shares.append(f"{len(told) - _TOLD} more")
    verb = "is new" if len(told) == 1 else "are new"
    sentence = f"{column}: {listed(shares)} of {plural(m, 'row')} {verb}; none of {n:,} were so before."
    share = sum(now[name] for name in told) / m
    figures = {"n": m, "share": share, "levels": {name: now[name] for name in told}, "spelling_of": variants}
    return [Fault(NEW_LEVEL, column, sentence, _cause(first, variants), figures)]


def _by_chance(rows: int, was: Mapping[str, int], now: Mapping[str, int], n: int, m: int) -> float:
    """How often chance puts all rows of some level that has so many among the current ones (at most, Bonferroni)."""
    chance = float(np.prod((m - np.arange(rows)) / (n + m - np.arange(rows))))
    return chance * sum(was.get(name, 0) + count >= rows for name, count in now.items())


def _cause(told: list[str], variants: Mapping[str, str]) -> str:
    spelled = [f'"{name}" is probably "{variants[name]}" spelled differently' for name in told if name in variants]
    others = [name for name in told if name not in variants]
    parts = [f"{listed(spelled)}. Have the source write it as before."] if spelled else []
    if others:
        names = listed([f'"{name}"' for name in others])
        parts.append(
            f"{names}: the world or the source has {'a new level' if len(others) == 1 else 'new levels'}, of which the "
            "model knows nothing. Ask whoever fills the column, and train again once outcomes are known."
        )
    return " ".join(parts)


def variant_of(level: str, known: Iterable[str]) -> str | None:
    """The known level of which this one is another spelling: case, spaces, accents, marks, or one letter.

    One letter added, left out, changed or swapped with the next counts from five letters on; a changed digit names
    something else.

    >>> known = ["north", "Logistics", "plan 1"]
    >>> variant_of("NORTH ", known), variant_of("Logistcs", known), variant_of("plan 2", known)
    ('north', 'Logistics', None)
    """
    folded = _folded(level)
    names = {name: _folded(name) for name in known}
    same = [name for name, own in names.items() if own == folded and own]
    if same:
        return min(same)
    near = [name for name, own in names.items() if min(len(own), len(folded)) >= _LONG and _one_letter(own, folded)]
    return min(near) if near else None


def _folded(text: str) -> str:
    """Letters and digits alone, without accents and case; where there are none, the text without spaces."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum()) or plain.strip()


def _one_letter(first: str, second: str) -> bool:
    if abs(len(first) - len(second)) > 1:
        return False
    shorter = min(len(first), len(second))
    start = next((at for at in range(shorter) if first[at] != second[at]), shorter)
    rest = [first[start:], second[start:]]
    while rest[0] and rest[1] and rest[0][-1] == rest[1][-1]:
        rest = [rest[0][:-1], rest[1][:-1]]
    if any(letter.isdigit() for letter in "".join(rest)):
        return False
    swapped = len(rest[0]) == len(rest[1]) == 2 and rest[0] == rest[1][::-1]
    return swapped or max(map(len, rest)) == 1
