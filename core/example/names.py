"""What the clients of the example company are called."""

from __future__ import annotations

import numpy as np

OWNERS = (
    "Anna Berger",
    "Marek Dvorak",
    "Ines Carvalho",
    "Jonas Lindqvist",
    "Claire Fontaine",
    "Pieter de Wit",
    "Sofia Marchetti",
    "Daniel Okafor",
)
REGIONS = ("DACH", "France and Benelux", "Nordics", "Southern Europe", "UK and Ireland")
REGION_SHARES = (0.34, 0.22, 0.14, 0.16, 0.14)
#: industry and the words its companies have in their names
INDUSTRIES = {
    "Manufacturing": ("Maschinenbau", "Components", "Precision", "Industries"),
    "Logistics": ("Freight", "Logistics", "Spedition", "Shipping"),
    "Retail": ("Stores", "Retail", "Markets", "Trading"),
    "Software": ("Software", "Systems", "Digital", "Data"),
    "Healthcare": ("Medical", "Pharma", "Diagnostics", "Care"),
    "Construction": ("Bau", "Construction", "Interiors", "Timber"),
    "Energy": ("Energy", "Solar", "Power", "Grid"),
    "Professional services": ("Consulting", "Partners", "Advisory", "Engineering"),
}
INDUSTRY_SHARES = (0.20, 0.12, 0.15, 0.13, 0.10, 0.11, 0.06, 0.13)
_SYLLABLES = (
    "Al An Ar Bel Ber Bran Bru Cal Car Cor Dal Del Dor El Em Fal Fen Gal Gor Hal Har Hel Il Jor "
    "Kal Kor Lam Lin Lor Mal Mar Mer Nor Or Pel Ran Ros Sal Sol Tal Tor Val Ver Wel; "
    "bach bera borg cano dane dara dino dona fina gard garo hagen heim holm kova land lano lena "
    "lind mann mara mark mont mora nau nesa nova rath reno rium sano sberg stad stein tano tena "
    "tera tora vald vanta vera vik vona zano"
)
_HEADS, _TAILS = (syllables.split() for syllables in _SYLLABLES.split(";"))
_FORMS = ("GmbH", "AG", "SA", "BV", "Ltd", "AB", "SpA")


def client_ids(numbers: np.ndarray) -> list[str]:
    """Names of clients for machines, such as "C0000123"."""
    return [f"C{number + 1:07d}" for number in numbers.tolist()]


def company_names(numbers: np.ndarray, industries: np.ndarray) -> list[str]:
    """Names of clients for people, unique by number, with a word from the industry."""
    words = list(INDUSTRIES.values())
    sizes = (len(_HEADS), len(_TAILS), len(words[0]), len(_FORMS))
    total = int(np.prod(sizes))
    # 7919 is prime to `total`: neighbours in number get names far apart, and none twice within `total`
    parts = np.unravel_index(numbers * 7919 % total, sizes)
    rows = zip(*(part.tolist() for part in (*parts, industries, numbers // total)), strict=True)
    return [
        f"{_HEADS[head]}{_TAILS[tail]} {words[industry][word]} {_FORMS[form]}" + (f" {lap + 1}" if lap else "")
        for head, tail, word, form, industry, lap in rows
    ]
