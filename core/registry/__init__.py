"""Versions: save, verify, load, promote, roll back. The champion is a pointer, never a copy."""

from core.registry.champions import champion, champions, find, promote, roll_back
from core.registry.packages import MODEL_PACKAGES, changed_packages, package_versions, said_of_packages
from core.registry.removing import is_retired, retire, sweep, without_client
from core.registry.storing import (
    CARD,
    CURVES,
    LEARNED,
    MANIFEST,
    MODEL,
    THRESHOLDS,
    load_learned,
    load_model,
    load_profile,
    load_reference,
    load_table,
    read_card,
    read_manifest,
    save_files,
    version_id,
)

__all__ = [
    "CARD",
    "CURVES",
    "LEARNED",
    "MANIFEST",
    "MODEL",
    "MODEL_PACKAGES",
    "THRESHOLDS",
    "champion",
    "champions",
    "changed_packages",
    "find",
    "is_retired",
    "load_learned",
    "load_model",
    "load_profile",
    "load_reference",
    "load_table",
    "package_versions",
    "promote",
    "read_card",
    "read_manifest",
    "retire",
    "roll_back",
    "said_of_packages",
    "save_files",
    "sweep",
    "version_id",
    "without_client",
]
