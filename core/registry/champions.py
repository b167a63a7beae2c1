"""Which version scores the clients: a pointer that moves, all of its history kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from core.errors import BellwetherError, NotFound
from core.records import Version
from core.registry.storing import load_model
from core.store import models
from core.store.database import Session


def champions(db: Session) -> list[str]:
    """Champions that can be gone back to, the present one last."""
    stack: list[str] = []
    for move in reversed(models.list_promotions(db)):
        if move["kind"] == "promote":
            stack.append(move["version"])
        else:
            stack.pop()
    return stack


def champion(db: Session) -> Version | None:
    """The version that scores clients now; None before the first promotion."""
    moves = models.list_promotions(db)
    return find(db, moves[0]["version"]) if moves else None


def find(db: Session, name: str) -> Version:
    """A version by its id, or by an unmistakable beginning of it."""
    found = [version for version in models.list_versions(db) if version.version.startswith(name)]
    if len(found) != 1:
        raise NotFound(
            f"There is no version {name!r}; `python -m core versions` lists them."
            if not found
            else f"{name!r} begins {len(found)} versions; give more of the id."
        )
    return found[0]


def promote(db: Session, models_folder: Path, name: str, at: datetime, sentence: str) -> Version:
    """Make a stored version the champion, once its files have proved whole."""
    version = find(db, name)
    current = champion(db)
    if current is not None and current.version == version.version:
        raise BellwetherError(f"{version.version} is the champion already.")
    load_model(models_folder, version)
    models.insert_promotion(db, version.version, at, "promote", sentence)
    return version


def roll_back(db: Session, models_folder: Path, at: datetime, sentence: Callable[[Version, Version], str]) -> Version:
    """Make the champion before the present one champion again."""
    stack = champions(db)
    if len(stack) < 2:
        raise BellwetherError("There is no earlier champion to roll back to.")
    now, before = find(db, stack[-1]), find(db, stack[-2])
    load_model(models_folder, before)
    models.insert_promotion(db, before.version, at, "rollback", sentence(now, before))
    return before
