"""Versions of the packages that a model was made with, and those that are installed."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from core.wording import listed

#: packages whose version may change what a model gives
MODEL_PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "interpret-core", "joblib")


def package_versions() -> dict[str, str]:
    """Installed versions of the packages a model depends on."""
    return {name: metadata.version(name) for name in MODEL_PACKAGES}


def changed_packages(manifest: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Package, or "python" -> (version that the model was made with, version that is installed), where they differ.

    Installed "": it is not. An older manifest may tell of none; then nothing is known to have changed.
    """
    made_with = dict(manifest.get("packages", {}))
    here: dict[str, str] = {}
    for name in made_with:
        try:
            here[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            here[name] = ""
    if "python" in manifest:
        made_with["python"], here["python"] = manifest["python"], platform.python_version()
    return {name: (made_with[name], here[name]) for name in made_with if made_with[name] != here[name]}


def said_of_packages(changed: dict[str, tuple[str, str]]) -> str:
    """Changed packages in words; "" when none is.

    >>> said_of_packages({"numpy": ("2.3.1", "2.4.0"), "scipy": ("1.16.0", "")})
    'numpy went from 2.3.1 to 2.4.0 and scipy 1.16.0 is no longer installed'
    """
    return listed(
        [
            f"{name} went from {then} to {now}" if now else f"{name} {then} is no longer installed"
            for name, (then, now) in changed.items()
        ]
    )
