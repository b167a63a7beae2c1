"""What drifted, how the delivered risks did, and what was decided."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core import registry
from core.drift import ALARM, TOO_FEW, WATCH
from core.schema import CATEGORICAL, DATE
from core.store import history
from core.wording import days_text, listed, number, plural
from core.workspace import Workspace

DRIFT_COLUMNS = [
    "chunk", "column", "kind", "psi", "verdict", "reference_usual", "current_usual", "reference_missing",
    "current_missing", "reference_n", "current_n", "known_at",
]  # fmt: skip
#: what stands for the usual value of a column without any
MISSING = "missing"
PERFORMANCE_COLUMNS = ["chunk", "kind", "metric", "value", "low", "high", "n", "version", "known_at"]


def drift(workspace: Workspace) -> pd.DataFrame:
    """The newest comparison of every chunk and column, newest chunk first, strongest first."""
    with workspace.store.reading() as db:
        return history.list_drift(db)[DRIFT_COLUMNS]


def performance(workspace: Workspace) -> pd.DataFrame:
    """Realised and backfilled performance by chunk; `kind` says which."""
    with workspace.store.reading() as db:
        found = [history.list_metrics(db, kind) for kind in ("realised", "backfilled")]
    return pd.concat([frame for frame in found if len(frame)] or found[:1])[PERFORMANCE_COLUMNS]


def decisions(workspace: Workspace) -> list[dict[str, Any]]:
    """Decisions with their evidence, newest first."""
    with workspace.store.reading() as db:
        found = history.list_decisions(db)
    return [{key: one[key] for key in ("known_at", "question", "answer", "sentence", "evidence")} for one in found]


def newest_chunk(found: pd.DataFrame) -> pd.DataFrame:
    """The rows of `drift` about the newest chunk, strongest first, usual values as people write them."""
    newest = found[found["chunk"] == found["chunk"].iloc[0]] if len(found) else found
    usual = {
        name: [_usual(text, kind) for text, kind in zip(newest[name], newest["kind"], strict=True)]
        for name in ("reference_usual", "current_usual")
    }
    return newest.assign(**usual)


def _usual(text: str, kind: str) -> str:
    """A median as people write it; a date is so many days from the snapshot."""
    if kind == CATEGORICAL or text == MISSING:
        return text
    return days_text(float(text)) if kind == DATE else number(float(text))


def drift_sentence(found: pd.DataFrame) -> str:
    """What the newest chunk of `drift` says, in a sentence."""
    newest = newest_chunk(found)
    if len(newest) == 0:
        return "Nothing to compare yet: drift is told from the first rows that the champion did not learn from."
    chunk, count = newest["chunk"].iloc[0], len(newest)
    named = {verdict: newest.loc[newest["verdict"] == verdict, "column"].tolist() for verdict in (ALARM, WATCH)}
    if (newest["verdict"] == TOO_FEW).all():
        rows = plural(int(newest["current_n"].max()), "row")
        return f"Chunk {chunk} is too small for a verdict: {rows} came in."
    if not named[ALARM] and not named[WATCH]:
        return f"The clients of {chunk} look like those the model learned from: none of {count} columns has drifted."
    parts = []
    if named[ALARM]:
        parts.append(f"{listed(named[ALARM])} clearly")
    if named[WATCH]:
        parts.append(f"{listed(named[WATCH])} somewhat")
    moved = len(named[ALARM]) + len(named[WATCH])
    return (
        f"The clients of {chunk} look different from those the model learned from in {moved} of {count} columns: "
        f"{'; '.join(parts)}."
    )


def performance_by_chunk(found: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The newest figure of `performance` for each chunk and kind, oldest chunk first."""
    own = found[(found["metric"] == metric) & found["value"].notna()].sort_values(["chunk", "known_at"])
    return own.drop_duplicates(["chunk", "kind"], keep="last")


def out_of_fold(workspace: Workspace, metric: str) -> float:
    """A metric of the champion out of fold; NaN where there is none."""
    with workspace.store.reading() as db:
        champion = registry.champion(db)
        found = history.list_metrics(db, "out_of_fold")
    own = found[(found["metric"] == metric) & (found["version"] == (champion.version if champion else ""))]
    return float(own["value"].iloc[-1]) if len(own) else float("nan")


def decision_table(found: list[dict[str, Any]]) -> pd.DataFrame:
    """`decisions` as a table: known_at, question, answer ("yes" or "no"), sentence."""
    rows = [
        (one["known_at"], f"{one['question']}?", "yes" if one["answer"] else "no", one["sentence"]) for one in found
    ]
    return pd.DataFrame(rows, columns=["known_at", "question", "answer", "sentence"])
