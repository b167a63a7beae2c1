"""Which model scores the clients, how good it is, and which came before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core import evaluation, registry
from core.evaluation import Confusion
from core.records import Metric, Version
from core.store import models, monitoring
from core.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Quality:
    """The champion out of fold."""

    champion: Version
    #: metric, value, low, high, n
    metrics: pd.DataFrame
    confusion: Confusion
    #: how the families did: family, log_loss, roc_auc
    families: pd.DataFrame
    card: str
    sentence: str


def quality(workspace: Workspace) -> Quality | None:
    """Metrics and confusion matrix of the champion; None before the first promotion."""
    with workspace.store.reading() as db:
        champion = registry.champion(db)
        if champion is None:
            return None
        metrics = monitoring.list_metrics(db, "out_of_fold")
    manifest = registry.read_manifest(workspace.models_folder, champion)
    learned = registry.load_learned(workspace.models_folder, champion).dropna(subset="risk")
    outcome, risk = learned["outcome"].to_numpy(), learned["risk"].to_numpy()
    families = pd.DataFrame([{"family": name, **at} for name, at in manifest["families"].items()])
    card = registry.read_card(workspace.models_folder, champion)
    return Quality(
        champion=champion,
        metrics=metrics[metrics["version"] == champion.version][["metric", "value", "low", "high", "n"]],
        confusion=evaluation.confusion(outcome, risk, champion.threshold),
        families=families,
        card=card,
        sentence=manifest["sentence"],
    )


def versions(workspace: Workspace) -> list[dict[str, Any]]:
    """Versions, newest first: version, champion, family, provisional, known_at, rows, metrics."""
    with workspace.store.reading() as db:
        found = models.list_versions(db)
        champion = registry.champion(db)
        metrics = monitoring.list_metrics(db, "out_of_fold")
    made = []
    for version in found:
        own = metrics[metrics["version"] == version.version]
        made.append(
            {
                "version": version.version,
                "champion": champion is not None and champion.version == version.version,
                "family": version.family,
                "provisional": version.provisional,
                "known_at": version.known_at,
                "rows": version.trained_rows,
                "metrics": {
                    row["metric"]: {name: _plain(row[name]) for name in ("value", "low", "high", "n")}
                    for row in own.to_dict("records")
                },
            }
        )
    return made


def _plain(value: float) -> float | None:
    return None if value is None or np.isnan(value) else value


def promotions(workspace: Workspace) -> pd.DataFrame:
    """Moves of the champion's pointer, newest first: known_at, kind, version, sentence."""
    with workspace.store.reading() as db:
        moves = models.list_promotions(db)
    return pd.DataFrame(moves, columns=["known_at", "kind", "version", "sentence"])


def champion_spans(workspace: Workspace) -> pd.DataFrame:
    """Who was champion when, oldest first: version, family, begins, ends (the last one: now), kind, sentence."""
    with workspace.store.reading() as db:
        moves = models.list_promotions(db)[::-1]
        families = {one.version: one.family for one in models.list_versions(db)}
    ends = [*(move["known_at"] for move in moves[1:]), workspace.now()][: len(moves)]
    rows = [
        (move["version"], families.get(move["version"], ""), move["known_at"], end, move["kind"], move["sentence"])
        for move, end in zip(moves, ends, strict=True)
    ]
    return pd.DataFrame(rows, columns=["version", "family", "begins", "ends", "kind", "sentence"])


def grade(workspace: Workspace) -> str | None:
    """The letter that the champion was given when it was stored, "" where it was withheld; None without a champion."""
    champion = workspace.champion()
    if champion is None:
        return None
    given = registry.read_manifest(workspace.models_folder, champion).get("grade", {})
    return "" if champion.provisional else str(given.get("letter", ""))


def rows_known(workspace: Workspace) -> int | None:
    """How many snapshots had a known outcome when the champion was made, which learned from all or from a sample."""
    champion = workspace.champion()
    if champion is None:
        return None
    return int(registry.read_manifest(workspace.models_folder, champion).get("rows_available", champion.trained_rows))


@dataclass(frozen=True)
class Health:
    """How the champion is doing, in few figures."""

    champion: Version
    #: out of fold; NaN where it could not be measured
    roc_auc: Metric
    age_days: int


def health(workspace: Workspace) -> Health | None:
    """Age and out-of-fold roc_auc of the champion; None before the first promotion."""
    with workspace.store.reading() as db:
        champion = registry.champion(db)
        if champion is None:
            return None
        metrics = monitoring.list_metrics(db, "out_of_fold")
    own = metrics[(metrics["version"] == champion.version) & (metrics["metric"] == "roc_auc")]
    value, low, high = (float(own[name].iloc[-1]) if len(own) else np.nan for name in ("value", "low", "high"))
    roc_auc = Metric(metric="roc_auc", n=int(own["n"].sum()), value=value, low=low, high=high)
    return Health(champion, roc_auc, (workspace.now() - champion.known_at).days)


def earlier_champion(workspace: Workspace) -> str | None:
    """The version that a roll-back would make champion; None when there is none."""
    with workspace.store.reading() as db:
        stack = registry.champions(db)
    return stack[-2] if len(stack) > 1 else None


def version_table(found: list[dict[str, Any]]) -> pd.DataFrame:
    """`versions` as a table: version, champion, family, provisional, known_at, rows, roc_auc, low, high, n."""
    rows = [
        {**one, **{name: one["metrics"].get("roc_auc", {}).get(name) for name in ("value", "low", "high", "n")}}
        for one in found
    ]
    columns = ["version", "champion", "family", "provisional", "known_at", "rows", "value", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns).rename(columns={"value": "roc_auc"})
