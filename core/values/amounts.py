"""Texts become numbers: plain ones at once, those of people (signs, groups, currencies, percent) by their form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.values.texts import casts, plain_characters, spellings_of, trim, whole

#: no quantity is larger; beyond it squares and sums of a model would no longer be finite
LARGEST = 1e100
#: no number that is not plain is written with more characters
_LONGEST = 64

_PLAIN = {
    ".": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$",
    ",": r"^[+-]?([0-9]+,?[0-9]*|,[0-9]+)([eE][+-]?[0-9]+)?$",
}

#: ISO 4217, list one (active codes), and the kuna of recent files
_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF
    IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK
    MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR
    SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED
    VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
#: signs that are letters, as people of the country write them
_LETTERS = r"(?:US|CA?|AU?|NZ|HK|S|NT|MX|RD?)\$|kr\.?|zł|Kč|S?Fr\.?|Rs\.?|руб\.?|лв\.?|円|元|원"
#: a sign that a text may name a currency -> how currencies are named so
_CURRENCIES = {r"\pL": f"(?i:{'|'.join(_CODES.split())}|{_LETTERS})", r"\p{Sc}": r"\p{Sc}"}
#: stands for any of them
_MONEY = "¤"
#: around the amount or around all, and then without another sign
_BRACKETS = rf"^[{_MONEY}%‰ ]*\([^()+-]*\)[{_MONEY}%‰ ]*$"


def numbers(texts: pa.Array | pa.ChunkedArray, decimal: str = ".") -> tuple[np.ndarray, np.ndarray]:
    """Trimmed texts as float64 (n,) (null: NaN), and which texts (n,) are no number of that `decimal` sign.

    Read are, beside plain numbers and their exponents:
    signs before ("-5", "− 5"), SAP's minus behind ("123-"), accounting brackets ("(5)" is -5);
    groups of three digits with blanks, apostrophes or the sign of "." and "," that is not `decimal`
    ("1.234.567"), or Indian ones ("12,34,567", decimal point only); a first group never begins with 0;
    a dash for no cents ("499,-"); currency signs and ISO 4217 codes before or behind, which say nothing here;
    percent and per mille ("12 %" is 0.12, as the same cell is in a workbook or a Parquet file);
    decimal digits of any script.
    Neither infinite nor beyond 1e100 either way. Anything else is bad: underscores, hexadecimal, two signs,
    groups of another size, words.

    >>> values, bad = numbers(pa.chunked_array([["1", "(1,234.50)", None, "12 %", "1,23,4", "1e999"]]))
    >>> values.tolist(), bad.tolist()
    ([1.0, -1234.5, nan, 0.12, nan, nan], [False, False, False, False, True, True])
    """
    return _read(whole(texts), decimal, distinct=False)


def numbers_of_distinct(texts: pa.Array, decimal: str) -> tuple[np.ndarray, np.ndarray]:
    """As `numbers` of texts of which no two are the same; only quicker."""
    return _read(texts, decimal, distinct=True)


def _read(texts: pa.Array, decimal: str, *, distinct: bool) -> tuple[np.ndarray, np.ndarray]:
    known = texts.is_valid().to_numpy(zero_copy_only=False)
    plain = pc.fill_null(pc.match_substring_regex(texts, _PLAIN[decimal]), False)
    values = _floats(texts if pc.all(plain).as_py() else pc.if_else(plain, texts, None), decimal)
    odd = known & ~plain.to_numpy(zero_copy_only=False)
    if odd.any() and distinct:
        values[odd] = _written(texts.filter(pa.array(odd)), decimal)
    elif odd.any():
        encoded = texts.filter(pa.array(odd)).dictionary_encode()
        values[odd] = _written(encoded.dictionary, decimal)[encoded.indices.to_numpy()]
    values[~(np.abs(values) <= LARGEST)] = np.nan
    return values, np.isnan(values) & known


def read_numbers(
    texts: pa.ChunkedArray, missing: Sequence[str], decimal: str = "."
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """As `numbers` of `trim`, in one quick pass where every text is plain or missing.

    A spelling of "missing" that is a number stands for its value: where "-999" is missing, so is "-999.0".
    """
    found = _quick(texts, decimal)
    if found is None:
        # cheaper than `trim`, and mostly enough
        found = _quick(pc.if_else(pc.is_in(texts, spellings_of(missing)), None, texts), decimal)
    values, bad = found or numbers(trim(texts, missing), decimal)
    for number in _missing_numbers(tuple(missing), decimal):
        values[values == number] = np.nan
    return values, bad


@lru_cache
def _missing_numbers(missing: tuple[str, ...], decimal: str) -> tuple[float, ...]:
    found, bad = numbers(spellings_of(missing), decimal)
    return tuple(np.unique(found[~bad]).tolist())


def _quick(texts: pa.ChunkedArray, decimal: str) -> tuple[np.ndarray, np.ndarray] | None:
    """The numbers, where each text is a plain one or null; else None."""
    read = plain_floats(texts, decimal)
    if read is None:
        return None
    values = _writeable(read)
    known = values if texts.null_count == 0 else values[~np.isnan(values)]
    if len(known) + texts.null_count != len(values):
        return None
    if len(known) and not -LARGEST <= known.min() <= known.max() <= LARGEST:
        return None
    return values, np.zeros(len(values), bool)


def plain_floats(texts: pa.ChunkedArray, decimal: str) -> pa.ChunkedArray | None:
    """Plain numbers, "nan" and "inf" as float64; None where a text is anything else."""
    if decimal == "," and pc.any(pc.match_substring(texts, ".")).as_py():
        return None
    return casts(_pointed(texts, decimal), pa.float64())


def _pointed(plain: pa.Array | pa.ChunkedArray, decimal: str) -> pa.Array | pa.ChunkedArray:
    return plain if decimal == "." else pc.replace_substring(plain, decimal, ".")


def _writeable(floats: pa.Array | pa.ChunkedArray) -> np.ndarray:
    values: np.ndarray = floats.to_numpy(zero_copy_only=False)
    return values if values.flags.writeable else values.copy()


def _floats(plain: pa.Array, decimal: str) -> np.ndarray:
    return _writeable(_pointed(plain, decimal).cast(pa.float64()))


def _written(texts: pa.Array, decimal: str) -> np.ndarray:
    """Distinct texts as people write numbers, as float64; NaN: no number."""
    values = np.full(len(texts), np.nan)
    may_be = pc.and_(pc.match_substring_regex(texts, r"\p{Nd}"), pc.less_equal(pc.utf8_length(texts), _LONGEST))
    places = np.flatnonzero(may_be.to_numpy(zero_copy_only=False))
    tidy = pc.replace_substring(plain_characters(texts.take(pa.array(places))), "\u066b", decimal)
    for sign, currency in _CURRENCIES.items():
        if pc.any(pc.match_substring_regex(tidy, sign)).as_py():
            tidy = pc.replace_substring_regex(tidy, currency, _MONEY)
    brackets = pc.match_substring_regex(tidy, _BRACKETS)
    tidy = pc.if_else(brackets, pc.replace_substring_regex(tidy, "[()]", ""), tidy)
    fine = pc.fill_null(pc.match_substring_regex(tidy, _form(decimal)), False)
    places, tidy, brackets = places[fine.to_numpy(zero_copy_only=False)], tidy.filter(fine), brackets.filter(fine)
    if not len(places):
        return values
    minus = pc.or_(brackets, pc.match_substring_regex(tidy, "^[^0-9]*-|[0-9]-"))
    bare = pc.replace_substring_regex(tidy, f"[^0-9{decimal}]+", "")
    if pc.any(pc.match_substring_regex(tidy, "[%‰]")).as_py():
        bare = pc.binary_join_element_wise(bare, _shift(tidy), "")
    power = pc.match_substring_regex(tidy, "[eE]")
    if pc.any(power).as_py():
        signed = pc.replace_substring_regex(tidy, f"^[^0-9{decimal}]+|[^0-9{decimal}]+$", "")
        bare = pc.if_else(power, signed, bare)
    read = _floats(bare, decimal)
    values[places] = np.where(minus.to_numpy(zero_copy_only=False), -read, read)
    return values


def _shift(texts: pa.Array) -> pa.Array:
    """The exponent that percent and per mille stand for: as text, so that 0.7 % is .007 to the last bit."""
    return pc.if_else(
        pc.match_substring(texts, "%"), "e-2", pc.if_else(pc.match_substring(texts, "‰"), "e-3", "")
    )  # fmt: skip


@cache
def _form(decimal: str) -> str:
    """The pattern of a number as people write it, currencies replaced by their sign and brackets taken off."""
    sign, other = re.escape(decimal), "," if decimal == "." else r"\."
    groups = [f"[1-9][0-9]{{0,2}}(?:{between}[0-9]{{3}})+" for between in (other, " ", "'")]
    if decimal == ".":
        groups.append("[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}")
    counted = rf"(?:{'|'.join(groups)}|[0-9]+)"
    number = rf"(?:{counted}(?:{sign}[0-9]*)?|{sign}[0-9]+)"
    whole_money = rf"{counted}{sign}(?:--?|—)"
    powered = rf"(?:[0-9]+(?:{sign}[0-9]*)?|{sign}[0-9]+)[eE][+-]?[0-9]+"
    amount = f"(?:{number}|{whole_money}|{powered})"
    before = "(?:[+-] *)?"
    forms = (
        f"{before}(?:{_MONEY} *)?{amount}", f"{before}{amount} *{_MONEY}", f"{_MONEY} *[+-] *{amount}",
        f"{number}-(?: *{_MONEY})?", f"{_MONEY} *{number}-", f"{before}{number} *[%‰]", f"{before}[%‰] *{number}",
    )  # fmt: skip
    return f"^ *(?:{'|'.join(forms)}) *$"
