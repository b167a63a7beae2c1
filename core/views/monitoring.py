"""What drifted, what is wrong with the data, how the risks did, and what was decided."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core import registry
from core.drift import ALARM, DOMAIN, METHODS, PREDICTION, RECONSTRUCTION, RISK, TARGET, TOO_FEW, WATCH, short
from core.store import history
from core.store import monitoring as stored
from core.wording import listed, percent, plural
from core.workspace import Workspace

DRIFT_COLUMNS = [
    "chunk", "version", "column", "kind", "verdict", "method", "effect", "threshold", "q", "psi", "importance",
    "sentence", "reference_usual", "current_usual", "reference_missing", "current_missing", "reference_n", "current_n",
    "low_power", "calendar", "where", "touched", "touched_on_list", "listed", "known_at",
]  # fmt: skip
PERFORMANCE_COLUMNS = ["chunk", "kind", "metric", "value", "low", "high", "n", "version", "known_at"]
VERDICT_COLUMNS = [
    "chunk", "kind", "metric", "verdict", "value", "low", "high", "reference", "tolerance", "n", "coverage",
    "late_days", "sentence", "version", "known_at",
]  # fmt: skip
FAULT_COLUMNS = ["id", "chunk", "column", "kind", "sentence", "cause", "answer", "answered_by", "note", "known_at"]
#: in place of a verdict: the data look faulty, or a person said that they are
FAULT = "fault"
#: what is compared beside the columns
_NAMES = {
    PREDICTION: "the risk", TARGET: "the share of leavers", RECONSTRUCTION: "how the columns go together",
    DOMAIN: "all columns at once",
}  # fmt: skip


def drift(workspace: Workspace) -> pd.DataFrame:
    """The newest comparison of every version, chunk and column: newest chunk first, loudest and weightiest first.

    `column` is what is compared: a column, "the risk", "the share of leavers", or all columns together. `place`: the
    chunk, with "(earlier)" where it was compared with what an earlier champion learned from.
    """
    with workspace.store.reading() as db:
        found, champion = stored.list_drift(db)[DRIFT_COLUMNS], registry.champion(db)
        standing = {(one["chunk"], one["column"]) for one in stored.list_faults(db) if one["answer"] in ("", "fault")}
    earlier = found["version"] != (champion.version if champion else "")
    faulty = pd.Series(
        [pair in standing for pair in zip(found["chunk"], found["column"], strict=True)], index=found.index, dtype=bool
    )
    return found.assign(
        column=found["column"].where(~found["kind"].isin(list(_NAMES)), found["kind"].map(_NAMES)),
        place=found["chunk"].where(~earlier, found["chunk"] + " (earlier)"),
        verdict=found["verdict"].where(~(faulty & found["verdict"].isin([ALARM, WATCH])), FAULT),
    )


def statistics(workspace: Workspace, column: str) -> pd.DataFrame:
    """Every distance of a column of `drift` in every chunk: version, chunk, statistic, value, threshold, verdict, n,
    known_at.
    """
    beside = {name: kind for kind, name in _NAMES.items() if kind != PREDICTION}
    with workspace.store.reading() as db:
        found = stored.list_statistics(db, raw_name(column))
    found = found[found["kind"] == beside[column]] if column in beside else found
    return found[["version", "chunk", "statistic", "value", "threshold", "verdict", "n", "known_at"]]


def raw_name(column: str) -> str:
    """A column of `drift` as the store names it; "": all columns together, or the outcome."""
    names = dict.fromkeys(_NAMES.values(), "") | {_NAMES[PREDICTION]: RISK}
    return names.get(column, column)


def performance(workspace: Workspace) -> pd.DataFrame:
    """Realised, backfilled and estimated performance by chunk; `kind` says which."""
    with workspace.store.reading() as db:
        found = [stored.list_metrics(db, kind) for kind in ("realised", "backfilled", "estimated", "weighted")]
    return pd.concat([frame for frame in found if len(frame)] or found[:1])[PERFORMANCE_COLUMNS]


def verdicts(workspace: Workspace) -> pd.DataFrame:
    """What each chunk's figures mean: realised, estimated, and whether outcomes left what was to be expected."""
    with workspace.store.reading() as db:
        return stored.list_performance(db)[VERDICT_COLUMNS]


def newest_first(told: pd.DataFrame) -> pd.DataFrame:
    """`verdicts` as a table; how many outcomes are known is left out of estimates, which need none."""
    return told.assign(coverage=told["coverage"].where(~told["kind"].isin(["estimated", "weighted"]))).iloc[::-1]


def faults(workspace: Workspace) -> pd.DataFrame:
    """What is wrong with the data, newest first, with what people said of it."""
    with workspace.store.reading() as db:
        found = stored.list_faults(db)
    return pd.DataFrame([{name: one[name] for name in FAULT_COLUMNS} for one in found], columns=FAULT_COLUMNS)


def open_faults(workspace: Workspace) -> pd.DataFrame:
    """Faults that wait for an answer."""
    found = faults(workspace)
    return found[found["answer"] == ""]


def decisions(workspace: Workspace) -> list[dict[str, Any]]:
    """Decisions with their evidence, newest first."""
    with workspace.store.reading() as db:
        found = history.list_decisions(db)
    return [{key: one[key] for key in ("known_at", "question", "answer", "sentence", "evidence")} for one in found]


def newest_chunk(found: pd.DataFrame) -> pd.DataFrame:
    """The rows of `drift` about the newest chunk against the newest reference."""
    newest = found[found["chunk"] == found["chunk"].iloc[0]] if len(found) else found
    return newest[newest["version"] == newest["version"].iloc[0]] if len(newest) else newest


def shown(found: pd.DataFrame) -> pd.DataFrame:
    """Rows of `drift` for a table: `effect` as text with its method, `whom`: who is touched."""
    effect = [
        "" if pd.isna(value) else f"{METHODS.get(method, method)} {short(max(value, 0.0))}"
        for method, value in zip(found["method"], found["effect"], strict=True)
    ]
    return found.assign(
        effect=effect, whom=[_whom(*row) for row in zip(found["touched"], found["touched_on_list"], found["listed"],
                                                        strict=True)]
    )  # fmt: skip


def _whom(touched: float | None, on_list: float | None, listed_: float | None) -> str:
    if touched is None or pd.isna(touched):
        return ""
    said = plural(int(touched), "client")
    return said if not listed_ or pd.isna(listed_) else f"{said}; {int(on_list or 0):,} of {int(listed_):,} on the list"


def drift_sentence(found: pd.DataFrame) -> str:
    """What the newest chunk of `drift` says, in a sentence."""
    newest = newest_chunk(found)
    if len(newest) == 0:
        return "Nothing to compare yet: drift is told from the first rows that the champion did not learn from."
    columns = newest[~newest["kind"].isin(list(_NAMES))]
    chunk, count = newest["chunk"].iloc[0], len(columns)
    told = columns["column"].where(~columns["calendar"].astype(bool), columns["column"] + " (by construction)")
    named = {verdict: told[columns["verdict"] == verdict].tolist() for verdict in (ALARM, WATCH)}
    risk = newest.loc[newest["kind"] == PREDICTION, "verdict"].isin([ALARM]).any()
    beside = " The risks as a whole have moved too." if risk else ""
    faulty = columns.loc[columns["verdict"] == FAULT, "column"].tolist()
    if faulty:
        beside = f" The data of {listed(faulty)} look faulty, which is told apart from drift."
    if (columns["verdict"] == TOO_FEW).all():
        rows = plural(int(newest["current_n"].max()), "row")
        return f"Chunk {chunk} is too small for a verdict: {rows} came in."
    if not named[ALARM] and not named[WATCH]:
        calm = f"The clients of {chunk} look like those the model learned from: none of {count} columns has drifted."
        return calm + beside
    parts = []
    if named[ALARM]:
        parts.append(f"{listed(named[ALARM])} clearly")
    if named[WATCH]:
        parts.append(f"{listed(named[WATCH])} somewhat")
    moved = len(named[ALARM]) + len(named[WATCH])
    return (
        f"The clients of {chunk} look different from those the model learned from in {moved} of {count} columns: "
        f"{'; '.join(parts)}.{beside}"
    )


def together_sentence(found: pd.DataFrame) -> str:
    """What the newest chunk of `drift` says of all columns together, "" where it was not looked at."""
    newest = newest_chunk(found)
    return " ".join(newest.loc[newest["kind"].isin([RECONSTRUCTION, DOMAIN]), "sentence"])


def performance_by_chunk(found: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The newest figure of `performance` for each chunk and kind, oldest chunk first."""
    own = found[(found["metric"] == metric) & found["value"].notna()].sort_values(["chunk", "known_at"])
    return own.drop_duplicates(["chunk", "kind"], keep="last")


#: from this share of known outcomes on a chunk counts as complete
COMPLETE = 0.95


def with_lateness(found: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """`performance_by_chunk` with how much of a realised chunk is known so far: `coverage`, `late_days`, `complete`.

    `told`: `verdicts`. Estimates need no outcome, so that they are complete.
    """
    realised = told[told["kind"] == "realised"].drop_duplicates("chunk", keep="last").set_index("chunk")
    own = found["kind"] == "realised"
    made = found.assign(**{
        name: found["chunk"].map(realised[name]).astype("float64").where(own) for name in ("coverage", "late_days")
    })  # fmt: skip
    return made.assign(complete=~(made["coverage"] < COMPLETE))


def lateness_sentence(found: pd.DataFrame) -> str:
    """Which chunks of `with_lateness` are not wholly known yet, and how late outcomes come; "" without any."""
    realised = found[found["coverage"].notna()]
    if realised.empty:
        return ""
    newest = realised.iloc[-1]
    days = round(newest["late_days"])
    late = "on time" if days == 0 else f"{plural(days, 'day')} late"
    said = f"Of {newest['chunk']}, {percent(newest['coverage'])} of the outcomes are known so far, half of them {late}"
    waiting = int((~realised["complete"]).sum())
    beside = (
        f"; {plural(waiting, 'chunk')} of {len(realised):,} are not complete and are drawn hollow" if waiting else ""
    )
    return f"{said}{beside}. The first outcomes to come are mostly of those who left."


def out_of_fold(workspace: Workspace, metric: str) -> float:
    """A metric of the champion out of fold; NaN where there is none."""
    with workspace.store.reading() as db:
        champion = registry.champion(db)
        found = stored.list_metrics(db, "out_of_fold")
    own = found[(found["metric"] == metric) & (found["version"] == (champion.version if champion else ""))]
    return float(own["value"].iloc[-1]) if len(own) else float("nan")


def decision_table(found: list[dict[str, Any]]) -> pd.DataFrame:
    """`decisions` as a table: known_at, question, answer ("yes" or "no"), sentence."""
    rows = [
        (one["known_at"], f"{one['question']}?", "yes" if one["answer"] else "no", one["sentence"]) for one in found
    ]
    return pd.DataFrame(rows, columns=["known_at", "question", "answer", "sentence"])
