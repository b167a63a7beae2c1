"""What commands say: sentences, tables, or one JSON document."""

from __future__ import annotations

import json
import math
import sys
from datetime import datetime
from typing import Any

from core.wording import number


class Bar:
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=100,
            file=sys.stderr,
            disable=not sys.stderr.isatty(),
            leave=False,
            bar_format="{l_bar}{bar}| {postfix}",
        )

    def __call__(self, share: float, doing: str) -> None:
        """Show how far it is (0-1), and what is being done."""
        self._bar.set_postfix_str(doing, refresh=False)
        self._bar.update(max(0.0, 100 * share - self._bar.n))

    def close(self) -> None:
        """Take it away."""
        self._bar.close()


def plain(value: Any) -> Any:
    """Frames as lists of rows, instants as ISO text, NaN and infinity as null."""
    if hasattr(value, "to_dict"):
        return [plain(row) for row in value.to_dict("records")]
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "isoformat"):
        return None if value != value else value.isoformat()  # noqa: PLR0124  NaT differs from itself
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def say(found: Any, *, as_json: bool = False) -> None:
    """Print it."""
    if as_json or (isinstance(found, dict) and "sentence" in found and len(found) == 1):
        print(json.dumps(found, indent=2, ensure_ascii=False))
    elif isinstance(found, str):
        print(found)
    elif hasattr(found, "to_string"):
        print(found.to_string(index=False, max_colwidth=60) if len(found) else "Nothing yet.")
    elif isinstance(found, list):
        print("\n".join(_line(one) for one in found) or "Nothing yet.")
    else:
        print("\n".join(_entry(key, value) for key, value in found.items()) if found else "Nothing yet.")


def _entry(name: str, value: Any) -> str:
    """A named value; what it consists of stands below its name, a line each."""
    if isinstance(value, dict):
        return "\n".join([f"{name}:", *(f"  {key}: {_words(inner)}" for key, inner in value.items())])
    if not isinstance(value, list | tuple):
        return f"{name}: {_words(value)}"
    rows = [list(map(_words, one.values())) if isinstance(one, dict) else [_words(one)] for one in value]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = ["".join(f"  {cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([f"{name}:" if lines else f"{name}: none", *lines])


def _words(value: Any) -> str:
    """One value as people read it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)


def _line(one: dict[str, Any]) -> str:
    if "sentence" in one:
        return f"{one['known_at']:%Y-%m-%d %H:%M}  {one['sentence']}"
    auc = one["metrics"].get("roc_auc", {}).get("value")
    mark = "*" if one["champion"] else " "
    figure = "roc_auc -" if auc is None else f"roc_auc {auc:.3f}"
    return f"{mark} {one['version']}  {one['family']:<9}{figure}  {one['rows']:,} rows"
