"""Numbers and reasons become sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: how Arrow tells what the system said
_WITHIN = re.compile(r"\[errno [0-9]+\] (.+?)\.?$", re.IGNORECASE)


def number(value: float) -> str:
    """A number as people write it.

    >>> number(1234.567), number(0.12345), number(3.0)
    ('1,235', '0.1235', '3')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def percent(share: float) -> str:
    """A share as a whole percentage, with a decimal below ten.

    >>> percent(0.4567), percent(0.0234)
    ('46 %', '2.3 %')
    """
    return f"{share:.0%}".replace("%", " %") if share >= 0.0995 else f"{share:.1%}".replace("%", " %")


def like_this(risk: float) -> str:
    """A risk as a natural frequency.

    >>> like_this(0.72), like_this(0.043), like_this(0.001)
    ('about 7 of 10 like this leave', 'about 4 of 100 like this leave', 'fewer than 1 of 100 like this leave')
    """
    if risk >= 0.95:
        return "nearly all like this leave"
    if risk >= 0.095:
        return f"about {round(risk * 10)} of 10 like this leave"
    hundred = round(risk * 100)
    return f"about {hundred} of 100 like this leave" if hundred else "fewer than 1 of 100 like this leave"


def value_text(value: object) -> str:
    """A client's own value as shown in a reason."""
    if value is None or value != value:  # noqa: PLR0124  NaN differs from itself
        return "unknown"
    return number(value) if isinstance(value, int | float) else str(value)


def days_text(days: float | None) -> str:
    """Days from a date to the snapshot, as people say it.

    >>> days_text(2100.0), days_text(-45.0), days_text(0.0), days_text(None)
    ('2,100 days ago', 'in 45 days', 'that day', 'unknown')
    """
    if days is None or days != days:  # noqa: PLR0124  NaN differs from itself
        return "unknown"
    count = round(abs(days))
    if count == 0:
        return "that day"
    return f"{plural(count, 'day')} ago" if days > 0 else f"in {plural(count, 'day')}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def plural(count: int, noun: str) -> str:
    """A count with its noun.

    >>> plural(1, "row"), plural(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def system_says(error: OSError) -> str:
    """What the system said, without what the library that met it put around.

    >>> system_says(OSError(28, "No space left")), system_says(OSError("Error writing. Detail: [errno 27] Too large."))
    ('No space left', 'Too large')
    """
    told = error.strerror or str(error).split("\n", 1)[0]
    found = _WITHIN.search(told)
    return found[1] if found else told.removesuffix(".")
