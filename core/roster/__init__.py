"""The current clients as one file, in the order in which they are to be looked at.

It holds nothing that the store and the dataset do not hold, and is made anew whenever risks changed; so a page
looks at a million clients without asking the store for them.
"""

from core.roster.assembling import FEATURE, SCHEMA, assemble, missing
from core.roster.comparing import PAST, Past, compare_with, past_clients
from core.roster.keeping import clear, keep, keep_past, kept, kept_past, name_of

__all__ = [
    "FEATURE",
    "PAST",
    "SCHEMA",
    "Past",
    "assemble",
    "clear",
    "compare_with",
    "keep",
    "keep_past",
    "kept",
    "kept_past",
    "missing",
    "name_of",
    "past_clients",
]
