"""The kind of one column, found from its texts; or why it is left out, or what to look into first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core import values
from core.schema.contract import CATEGORICAL, DATE, NUMERIC
from core.wording import percent

#: A column is of a kind when at least this share of its known values reads as that kind; the rest is listed.
_SHARE_OF_KIND = 0.95
#: A text column with more distinct values than this share of its clients names things, it does not describe them.
_SHARE_OF_NAMES = 0.5
FEW_LEVELS = 50
#: So many clients a level let something be learned about each; codes with fewer are no levels.
_ROWS_A_LEVEL = 20
#: Numbers of which nearly every client has another are identifiers, by these signs.
_NEARLY_ALL, _LONG_NUMBER, _DENSE = 0.98, 5, 0.5
#: Texts of so many words or characters, on average, are sentences.
_WORDS, _CHARACTERS = 6, 60
#: Fewer texts than this have no form in common, but by accident.
_FEW_TEXTS = 5

_FORMS = {
    "e-mail addresses": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    "web addresses": r"^(?i:https?://|www\.)\S+$",
    "identifiers (UUIDs)": r"^\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?$",
    "telephone numbers": r"^(\+|\(|0)[0-9()/. -]{5,22}[0-9]$",
}
#: a telephone number that could be read as a number
_DIALLED = r"^(\+|00?)[0-9( /.-][0-9()/. -]{4,20}[0-9]$"
_LIKE_A_DATE = r"^([0-9]{4}[./-][0-9]{1,2}[./-][0-9]{1,2}|[0-9]{1,2}[./-][0-9]{1,2}[./-]([0-9]{4}|[0-9]{2}))($|[ T])"

_OTHER_DATES = (
    "its texts look like dates, but not in the order of year, month and day that is read here (data.date_format)"
)

_WORDS_OF_A_NAME = re.compile(r"[A-ZÄÖÜ]?[a-zäöüß]+|[A-ZÄÖÜ]+(?![a-z])|[0-9]+")
_NAMES_A_THING = {"id", "ids", "key", "uid", "uuid", "guid", "pk"}
_NUMBERS_A_THING = {"no", "nr", "num", "number", "nummer", "code", "kod", "kode"}


@dataclass(frozen=True)
class Kind:
    """What a column is. `left_out`: why it is not looked at. `flag`: what to look into although it is."""

    kind: str = ""
    left_out: str = ""
    flag: str = ""


def find_kind(name: str, texts: pa.ChunkedArray, spelling: values.Spelling, clients: pa.ChunkedArray | None) -> Kind:
    """Kind of a column by its values (trimmed texts, null where missing), of rows about `clients` (None: each row
    is about another one).
    """
    known = texts.drop_null()
    count = len(known)
    if count == 0:
        return Kind(left_out="it is empty")
    distinct: int = pc.count_distinct(known).as_py()
    if distinct == 1 and count == len(texts):
        return Kind(left_out=f"it has one value only ({known[0].as_py()})")
    about = count if clients is None else pc.count_distinct(clients.filter(texts.is_valid())).as_py()
    mostly_distinct = distinct > _SHARE_OF_NAMES * about
    if _begins_with_zeros(known):
        return _code(distinct, about)
    if mostly_distinct and _all(known, _DIALLED) and not _reads(values.instants(known, spelling.dates)[1]):
        return Kind(left_out="it holds telephone numbers")
    numbers, unreadable = values.numbers(known, spelling.decimal)
    if _reads(unreadable):
        if count >= FEW_LEVELS and counts_rows(numbers):
            return Kind(left_out="it numbers the rows")
        return Kind(NUMERIC, flag=looks_like_identifier(name, numbers[~unreadable], about))
    if _reads(values.instants(known, spelling.dates)[1]):
        return Kind(DATE)
    if _all(known, _LIKE_A_DATE):
        return Kind(left_out=_OTHER_DATES)
    half_numbers = _half_numbers(known, unreadable)
    if mostly_distinct:
        reason = _own_texts(known, distinct)
        if distinct > FEW_LEVELS:
            reason = half_numbers or reason or _code_form(known)
            reason = reason or f"it names the clients rather than describes them ({distinct:,} different texts)"
        if reason:
            return Kind(left_out=reason)
    return Kind(CATEGORICAL, flag=half_numbers or _hardly_repeats(distinct, about))


def _reads(unreadable: np.ndarray) -> bool:
    return bool(unreadable.mean() <= 1 - _SHARE_OF_KIND)


def _share(known: pa.ChunkedArray, pattern: str) -> float:
    return float(pc.mean(pc.match_substring_regex(known, pattern)).as_py())


def _all(known: pa.ChunkedArray, pattern: str) -> bool:
    return len(known) >= _FEW_TEXTS and _share(known, pattern) >= _SHARE_OF_KIND


def _commonest(things: pa.ChunkedArray) -> tuple[Any, int]:
    """The thing that is there most often (of several the least), and how often."""
    counted = pc.value_counts(things)
    most = pc.max(counted.field("counts"))
    often = counted.field("values").filter(pc.equal(counted.field("counts"), most))
    return pc.min(often).as_py(), most.as_py()


def _begins_with_zeros(known: pa.ChunkedArray) -> bool:
    """Whether whole numbers are written with zeros in front, as codes are: postal codes, keys of fixed width."""
    zeros = _share(known, "^0[0-9]+$")
    if zeros == 0 or _share(known, "^[0-9]+$") < _SHARE_OF_KIND:
        return False
    return zeros >= 0.5 or (zeros >= 0.01 and _commonest(pc.utf8_length(known))[1] >= _SHARE_OF_KIND * len(known))


def _code(distinct: int, about: int) -> Kind:
    if distinct <= FEW_LEVELS or distinct * _ROWS_A_LEVEL <= about:
        return Kind(CATEGORICAL, flag="its numbers begin with zeros, so they are taken for codes, not for quantities")
    return Kind(left_out=f"it holds codes (numbers that begin with zeros, {distinct:,} different ones)")


def counts_rows(numbers: np.ndarray) -> bool:
    """Whether each number is the one before and one more, or one less."""
    steps = np.diff(numbers)
    return bool(len(steps) and (np.all(steps == 1) or np.all(steps == -1)))


def looks_like_identifier(name: str, known: np.ndarray, about: int) -> str:
    """Why a column of numbers (n,) may be an identifier of the things that the rows are about (so many), or "".

    Whole numbers, another for nearly each of them, and: as many digits in each, or close together, or called a
    key or a number by the name.
    """
    if len(known) < FEW_LEVELS or not np.array_equal(known, np.floor(known)):
        return ""
    different = np.unique(known)
    count = len(different)
    one_each = count >= _NEARLY_ALL * about and _NEARLY_ALL * count <= about
    if not one_each and count < _NEARLY_ALL * len(known):
        return ""
    signs = []
    digits = np.bincount([len(f"{abs(number):.0f}") for number in different.tolist()])
    if digits.argmax() >= _LONG_NUMBER and digits.max() >= _SHARE_OF_KIND * count:
        signs.append(f"of {digits.argmax()} digits")
    if count >= _DENSE * (different[-1] - different[0] + 1):
        signs.append("close together")
    if _named_like_identifier(name):
        signs.append("as its name says")
    if not signs:
        return ""
    return f"it looks like an identifier: {count:,} different whole numbers, {', '.join(signs)}"


def _named_like_identifier(name: str) -> bool:
    words = [word.casefold() for word in _WORDS_OF_A_NAME.findall(name)]
    ends = bool(words) and (words[-1] in _NUMBERS_A_THING or words[-1].endswith(("nummer", "nr")))
    return ends or not _NAMES_A_THING.isdisjoint(words)


def _own_texts(known: pa.ChunkedArray, distinct: int) -> str:
    """What texts that each client has for itself are, where their form says it."""
    if distinct < _FEW_TEXTS:
        return ""
    for what, pattern in _FORMS.items():
        if _all(known, pattern) and (what != "telephone numbers" or _long_enough(known)):
            return f"it holds {what}"
    words = pc.mean(pc.add(pc.count_substring_regex(known, r"\s+"), 1)).as_py()
    if words >= _WORDS or pc.mean(pc.utf8_length(known)).as_py() >= _CHARACTERS:
        return f"it is free text ({words:.0f} words on average)"
    return ""


def _long_enough(known: pa.ChunkedArray) -> bool:
    digits = pc.utf8_length(pc.replace_substring_regex(known, "[^0-9]", ""))
    return bool(pc.mean(pc.greater_equal(digits, 7)).as_py() >= _SHARE_OF_KIND)


def _hardly_repeats(distinct: int, about: int) -> str:
    if distinct <= FEW_LEVELS or distinct * _ROWS_A_LEVEL <= about:
        return ""
    return f"it has {distinct:,} different texts for {about:,} clients, so it may name rather than describe them"


def _half_numbers(known: pa.ChunkedArray, unreadable: np.ndarray) -> str:
    """What to say of a column that is mostly numbers, and not so much so that it counts as one; else ""."""
    share = 1 - float(unreadable.mean())
    if share < 0.5 or pc.count_distinct(known.filter(pa.array(~unreadable))).as_py() <= 10:
        return ""
    text, times = _commonest(known.filter(pa.array(unreadable)))
    told = f"{percent(share)} of its values are numbers and the others are not"
    if times < max(2, 0.01 * len(known)):  # it may be a client's own, and is not to be told
        return told
    return f"{told}, {times:,} of them {text!r}; if that means missing, add it to data.missing"


def _code_form(known: pa.ChunkedArray) -> str:
    """What to say of texts that are codes of one form (AB-12345, 7590-VHVEG); else ""."""
    if _share(known, r"^\S*[0-9]\S*$") < _SHARE_OF_KIND:
        return ""
    most = _SHARE_OF_KIND * len(known)
    shapes = pc.replace_substring_regex(pc.replace_substring_regex(known, r"\pL+", "A"), "[0-9]+", "9")
    shape, times = _commonest(shapes)
    if times >= most:
        return f"it holds codes of the form {shape} (A: letters, 9: digits)"
    length, times = _commonest(pc.utf8_length(known))
    return f"it holds codes of {length} characters" if times >= most else ""
