"""Texts: what surrounds them, what is missing, characters that only look different, levels, ids and outcomes."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: every character of Unicode's White_Space, and the separators of ASCII, as `str.strip` knows them
_BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
#: characters without width: zero-width space, word joiner, byte order mark, marks and brackets of writing direction
_UNSEEN = "\u200b\u2060\ufeff\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_AROUND = _BLANKS + _UNSEEN
_TRIED = 256


def trim(texts: pa.ChunkedArray, missing: Sequence[str]) -> pa.ChunkedArray:
    """Texts without the blanks and unseen characters around them; a spelling of "missing" (in any case) becomes null.

    Blanks are those of Unicode: the no-break space and its narrow and wide kin too. Unseen are the zero-width
    space, the byte order mark and the marks of writing direction. Blanks inside a text stay as they are.
    """
    trimmed = pc.utf8_trim(texts, _AROUND)
    return pc.if_else(pc.is_in(pc.utf8_lower(trimmed), pc.utf8_lower(spellings_of(missing))), None, trimmed)


def spellings_of(missing: Sequence[str]) -> pa.Array:
    """The trimmed spellings of "missing" (k,); nothing at all is always one of them."""
    return pc.unique(pc.utf8_trim(pa.array([*missing, ""], pa.string()), _AROUND))


def whole(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array, whether or not it came in chunks."""
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def casts(texts: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray | None:
    """The texts as Arrow reads them, null for null; None where it cannot read one.

    A few are tried first, for Arrow writes a sentence about each text that it cannot read.
    """
    try:
        texts.slice(0, _TRIED).cast(kind)
        return texts.cast(kind)
    except pa.ArrowInvalid:
        return None


def read_levels(texts: pa.ChunkedArray, missing: Sequence[str]) -> pa.DictionaryArray:
    """As `trim`, dictionary-encoded: each distinct text is looked at once."""
    encoded = whole(texts).dictionary_encode()
    levels = whole(trim(encoded.dictionary, missing)).dictionary_encode()
    return pa.DictionaryArray.from_arrays(levels.indices.take(encoded.indices), levels.dictionary)


def identifiers(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Trimmed client ids; one that went through a spreadsheet as a float (17850.0) gets its digits back.

    Nothing else is touched. "1.785E+04" stays what it is: a spreadsheet that writes so has rounded, and two
    clients would become one.
    """
    return pc.replace_substring_regex(texts, r"^([0-9]+)\.0+$", r"\1")


def outcomes(texts: pa.ChunkedArray, positive: Sequence[str], negative: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Trimmed texts as 1.0 (has left), 0.0 (is still a client) or NaN (not known yet), and which are neither.

    Spellings match in any case, in any language, and however their accents are composed. One that is a whole
    number is known as a float too: "1.0" is "1", as a spreadsheet may write it. A blank spelling has no meaning
    here and is refused by config: a blank outcome is one that is not known yet.

    >>> values, bad = outcomes(pa.chunked_array([["Yes", "no", None, "maybe"]]), ["yes"], ["no"])
    >>> values.tolist(), bad.tolist()
    ([1.0, 0.0, nan, nan], [False, False, False, True])
    """
    spelled = _folded(texts)

    def among(spellings: Sequence[str]) -> np.ndarray:
        known = _folded(pc.utf8_trim(pa.array(spellings, pa.string()), _AROUND))
        found: np.ndarray = pc.fill_null(pc.is_in(spelled, known), False).to_numpy(zero_copy_only=False)
        return found

    left, stayed = among(positive), among(negative)
    values = np.where(left, 1.0, np.where(stayed, 0.0, np.nan))
    return values, np.isnan(values) & texts.is_valid().to_numpy(zero_copy_only=False)


def _folded(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    # up and then down again: "ẞ" and "ß", or the two small sigmas, meet only so
    return identifiers(pc.utf8_lower(pc.utf8_upper(pc.utf8_normalize(texts, form="NFC"))))


#: pattern -> what it is in ASCII. The long dash is no minus.
_COUNTERPARTS = {
    f"[{_UNSEEN}]+": "",
    f"[{''.join(blank for blank in _BLANKS if not blank.isascii())}]": " ",
    "[\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d]": "-",
    "\uff0b": "+",
    "[\u2018\u2019\u02bc\uff07\u066c]": "'",
    "\uff0e": ".",
    "\uff0c": ",",
    "\uff0f": "/",
    "\uff1a": ":",
    "[\uff05\u066a]": "%",
}


def plain_characters(texts: pa.Array) -> pa.Array:
    """Texts of numbers and dates in characters of ASCII, where they have a counterpart there.

    Decimal digits of any script, dashes that stand for a minus, apostrophes, blanks, and the wide and Arabic
    forms of separators and percent signs; unseen characters go. A text that mixes digits of ASCII with those
    of another script becomes null: nobody writes a number so.
    """
    odd = pc.match_substring_regex(texts, r"[^\x00-\x7f\p{Sc}]")
    if not pc.any(odd).as_py():
        return texts
    made = texts.filter(odd)
    for pattern, plain in _COUNTERPARTS.items():
        made = pc.replace_substring_regex(made, pattern, plain)
    other = pc.match_substring_regex(pc.replace_substring_regex(made, "[0-9]+", ""), r"\p{Nd}")
    if pc.any(other).as_py():
        made = pc.if_else(pc.and_(other, pc.match_substring_regex(made, "[0-9]")), None, made)
        for digit, pattern in _digits_of_other_scripts().items():
            made = pc.replace_substring_regex(made, pattern, digit)
    return pc.replace_with_mask(texts, odd, made)


@cache
def _digits_of_other_scripts() -> dict[str, str]:
    """ASCII digit -> pattern of its counterparts in other scripts."""
    same: dict[str, str] = {}
    for character in map(chr, range(0x80, sys.maxunicode + 1)):
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            same[str(digit)] = same.get(str(digit), "") + character
    return {digit: f"[{found}]" for digit, found in same.items()}
