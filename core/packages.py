"""Installed packages against the newest ones of the package index."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

INDEX = "https://pypi.org/simple"
_JSON = "application/vnd.pypi.simple.v1+json"
_TIMEOUT_SECONDS = 8
_AT_ONCE = 8


def index_url() -> str:
    """The package index that pip uses here."""
    return os.environ.get("PIP_INDEX_URL", INDEX).rstrip("/")


def direct_names(requirements: Path) -> set[str]:
    """Names that requirements.in asks for itself; the others came along. Empty when the file is absent."""
    if not requirements.is_file():
        return set()
    lines = (line.split("#")[0].strip() for line in requirements.read_text().splitlines())
    return {canonicalize_name(re.split(r"[\s\[<>=!~;]", line, maxsplit=1)[0]) for line in lines if line}


def installed() -> dict[str, str]:
    """Every installed package and its version."""
    found = {canonicalize_name(found.metadata["Name"]): found.version for found in metadata.distributions()}
    return dict(sorted(found.items()))


def newest(name: str, index: str) -> tuple[str, str]:
    """(newest stable version, "") of a package on the index, or ("", why it could not be found)."""
    try:
        request = Request(f"{index}/{name}/", headers={"Accept": _JSON})  # noqa: S310  the index pip itself uses
    except ValueError:
        return "", "could not be looked up: PIP_INDEX_URL is no address"
    try:
        with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            listed = json.load(answer)["versions"]
        stable = [version for version in map(_parsed, listed) if version and not version.is_prerelease]
    except HTTPException as error:  # its text may hold a part of the index's address
        return "", f"could not be looked up: {type(error).__name__}"
    except (URLError, OSError, ValueError, KeyError, TypeError) as error:
        return "", f"could not be looked up: {getattr(error, 'reason', error)}"
    return (str(max(stable)), "") if stable else ("", "the index lists no stable version")


def _parsed(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def look_up(requirements: Path, index: str) -> list[dict[str, Any]]:
    """Every installed package: name, direct, installed, newest, failure ("" when the look-up worked)."""
    here, direct = installed(), direct_names(requirements)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda name: newest(name, index), here))
    return [
        {"name": name, "direct": name in direct, "installed": version, "newest": latest, "failure": failure}
        for (name, version), (latest, failure) in zip(here.items(), found, strict=True)
    ]


def is_outdated(installed_version: str, newest_version: str) -> bool:
    """Whether a newer one is known.

    >>> is_outdated("2.9", "2.10"), is_outdated("2.10", "2.10"), is_outdated("2.10", "")
    (True, False, False)
    """
    ours, theirs = _parsed(installed_version), _parsed(newest_version)
    return ours is not None and theirs is not None and ours < theirs
