"""Header names: how they are compared, which are missing, new or renamed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches

from core.config import DataConfig
from core.errors import ContractError, RefusedFile
from core.schema.contract import Contract

#: a table with more columns is refused
MOST_COLUMNS = 5000
#: what the download of rejected rows adds; left aside when the mended rows come in again
LINE, REASON = "bellwether_line", "bellwether_reason"
#: how like two names are (0-1) of which one may be meant by the other, and of which one surely is
PERHAPS, SURELY = 0.6, 0.8

#: how the dataset calls its own columns
_INTERNAL = (
    "_client", "_as_of", "_known_at", "_batch", "_outcome", "_outcome_known_at", "_outcome_batch", "_content", "_chunk",
)  # fmt: skip
#: names in one sentence at most, and names that are compared by likeness at most
_TOLD = 20
#: byte order marks (also one that was decoded as Windows-1252), control characters, and blanks of no width
_INVISIBLE = re.compile("^ï»¿|[\x00-\x08\x0e-\x1b\x7f\xad\u200b\u200e\u200f\u2060\ufeff]")
_QUOTES = ('""', "''", "``", "“”", "„“", "”“", "‘’", "‚‘", "«»", "»«", "‹›")
#: what spreadsheets and data frames call a column whose header is empty
_EMPTY = re.compile(r"unnamed: ?[0-9]+(_level_[0-9]+)?")
_NAMELESS = re.compile(r"column [0-9]+ \(no name\)")


def tidy(header: str) -> str:
    """A header name without what cannot be seen: trimmed, blanks of any kind folded, surrounding quotes taken off.

    >>> tidy("\\ufeff 'Call\\xa0 Failure' ")
    'Call Failure'
    """
    name = re.sub(r"\s+", " ", _INVISIBLE.sub("", unicodedata.normalize("NFC", header))).strip()
    while len(name) > 1 and name[0] + name[-1] in _QUOTES:
        name = name[1:-1].strip()
    return name


def folded(name: str) -> str:
    """A header name as it is compared: `tidy`, and case ignored. Other marks count: "a_b" is not "a b".

    >>> folded("  Call  Failure ")
    'call failure'
    """
    return unicodedata.normalize("NFC", tidy(name).casefold())


def nameless(name: str) -> bool:
    """Whether `match_headers` gave this name to a column that has none."""
    return bool(_NAMELESS.fullmatch(name))


def match_headers(headers: Sequence[str], config: DataConfig, known: Sequence[str] = ()) -> list[str]:
    """Tidy names for the columns of a table, one a header; "" where the column is not to be read.

    `[data.rename]` is applied, and names that config or `known` (a contract's names) has are given in its own
    spelling, config's for its roles, `known`'s for the rest. A column without a name is called by its place,
    "column 5 (no name)". Not to be read are the columns that the download of rejected rows added.

    Raises `RefusedFile` when there are more than `MOST_COLUMNS`, two have the same name, or one has a name of the
    dataset's own.
    """
    if len(headers) > MOST_COLUMNS:
        raise RefusedFile(
            f"The table has {len(headers):,} columns, and at most {MOST_COLUMNS:,} are read; "
            "leave out those that say nothing about a client."
        )
    renames = {folded(old): new for old, new in config.rename.items()}
    others = [*config.numeric, *config.categorical, *config.dates, *config.ignore, *known]
    roles = [config.client_id, config.outcome, config.as_of, config.value, config.owner, config.label]
    spelling = {folded(name): name for name in [*others, *roles] if name}
    names: list[str] = []
    seen: dict[str, int] = {}
    for place, header in enumerate(headers, start=1):
        name = tidy(header)
        if name.casefold() in (LINE, REASON):
            names.append("")
            continue
        if _EMPTY.fullmatch(folded(name)) and folded(name) not in {*renames, *spelling}:
            name = ""
        name = renames.get(folded(name), name) if name else ""
        name = spelling.get(folded(name), name) or f"column {place} (no name)"
        if name in _INTERNAL:
            raise RefusedFile(
                f"Column {name!r} has a name that Bellwether uses itself; "
                "rename it, or map it to another name under [data.rename] in config.toml."
            )
        if folded(name) in seen:
            raise RefusedFile(
                f"Two columns are called {name!r} (columns {seen[folded(name)]} and {place}); rename one."
            )
        seen[folded(name)] = place
        names.append(name)
    return names


def holds_outcomes_only(headers: Sequence[str], config: DataConfig) -> bool:
    """Whether a table of these columns brings outcomes that arrived later: id (, date) and outcome alone."""
    names = {name for name in headers if name and not nameless(name)}
    needed = {config.client_id, config.outcome} - {""}
    return bool(config.client_id) and needed <= names and names <= needed | {config.as_of}


@dataclass(frozen=True)
class ColumnsFound:
    """How the columns of a table differ from what a contract asks for."""

    #: asked for, and absent
    missing: tuple[str, ...]
    #: present, and neither asked for nor left out by the contract
    new: tuple[str, ...]
    #: (missing, new) of which the second is probably the first under another name; both stand in the lists above too
    renamed: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """What a person should know of columns that are new; "" when none is."""
        if not self.new:
            return ""
        named = in_short([repr(name) for name in self.new])
        if len(self.new) == 1:
            return f"The column {named} is new: the contract does not know it, and it is not looked at."
        return f"The columns {named} are new: the contract does not know them, and they are not looked at."


def compare_columns(contract: Contract, headers: Sequence[str], *, scoring: bool = False) -> ColumnsFound:
    """What `headers` (tidy names) lack and add. The outcome may come later, so it is neither.

    For scoring a file only the features are needed; id, date, value, owner and label may be absent.
    """
    asked = [column.name for column in contract.columns]
    if not scoring:
        asked = [name for name in (contract.client_id, contract.as_of) if name] + list(contract.names)
    present = set(headers)
    missing = [name for name in dict.fromkeys(asked) if name not in present]
    known = {contract.client_id, contract.outcome, contract.as_of, *contract.names}
    known |= {left.name for left in contract.left_out}
    new = [name for name in dict.fromkeys(headers) if name and name not in known and not nameless(name)]
    return ColumnsFound(tuple(missing), tuple(new), tuple(_pair(missing, new).items()))


def require_columns(contract: Contract, headers: Sequence[str], *, scoring: bool = False) -> None:
    """Raise `ContractError`, naming every column the contract asks for that `headers` lack.

    For scoring a file only the features are needed; value, owner, label and the outcome may be absent.
    """
    found = compare_columns(contract, headers, scoring=scoring)
    if not found.missing:
        return
    renamed = dict(found.renamed)
    named = in_short([repr(name) + did_you_mean(renamed.get(name)) for name in found.missing])
    raise ContractError(
        f"The file lacks the column {named}; add it, or map another name to it under [data.rename] in config.toml."
        if len(found.missing) == 1
        else f"The file lacks the columns {named}; "
        "add them, or map other names to them under [data.rename] in config.toml."
    )


def did_you_mean(name: str | None) -> str:
    """A hint in brackets to stand after a name that is not there; "" for None."""
    return f" (did you mean {name!r}?)" if name else ""


def nearest(name: str, present: Iterable[str], likeness: float = PERHAPS) -> str | None:
    """The name that is most like another, None when none is so much like it; marks between words do not count.

    >>> nearest("call failure", ["Status", "call_failure"])
    'call_failure'
    """
    by_folded = {_squeezed(other): other for other in reversed(list(present))}
    near = get_close_matches(_squeezed(name), list(by_folded), n=1, cutoff=likeness)
    return by_folded[near[0]] if near else None


def in_short(names: Sequence[str]) -> str:
    """Names one after another; of many the first ones, and how many more there are."""
    more = f" and {len(names) - _TOLD:,} more" if len(names) > _TOLD else ""
    return ", ".join(names[:_TOLD]) + more


def _squeezed(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold()) or name


def _pair(missing: Sequence[str], new: Sequence[str]) -> dict[str, str]:
    """Which missing name probably goes by which new one: the likest first, each once."""
    spelled = {_squeezed(name): name for name in reversed(new)}
    found: list[tuple[float, int, str, str]] = []
    for place, name in enumerate(missing):
        squeezed = _squeezed(name)
        if squeezed in spelled:
            found.append((-1.0, place, name, spelled[squeezed]))
        elif place < _TOLD:  # comparing by likeness is slow
            for other in get_close_matches(squeezed, list(spelled), n=3, cutoff=PERHAPS):
                likeness = SequenceMatcher(a=other, b=squeezed).ratio()
                found.append((-likeness, place, name, spelled[other]))
    pairs: dict[str, str] = {}
    for _, _, name, other in sorted(found):
        if name not in pairs and other not in pairs.values():
            pairs[name] = other
    return {name: pairs[name] for name in missing if name in pairs}
