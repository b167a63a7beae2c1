"""What a run found becomes a document."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from core import evaluation, files, registry, reporting
from core.pipeline.running import Step
from core.reporting import ReportContent
from core.store import history, ingested, models, monitoring
from core.workspace import Workspace


def report(workspace: Workspace, step: Step, sentence: str) -> Path:
    """Write the HTML report of a run; its path."""
    with workspace.store.reading() as db:
        champion = registry.champion(db)
        metrics, realised = monitoring.list_metrics(db, "out_of_fold"), monitoring.list_metrics(db, "realised")
        decisions, drift = history.list_decisions(db), monitoring.list_drift(db)
        steps = history.list_steps(db)
        risks = models.current_risks(db)
        content = ReportContent(
            title=f"Bellwether, {step.run.at:%Y-%m-%d %H:%M} UTC",
            sentence=sentence,
            champion=champion,
            confusion=None,
            clients=int(risks["risk"].notna().sum()),
            metrics=metrics[metrics["version"] == champion.version] if champion else metrics.head(0),
            realised=realised[realised["metric"].isin(["roc_auc", "average_precision", "brier"])],
            decisions=[decision for decision in decisions if decision["run_id"] == step.run.id],
            drift=drift[drift["chunk"] == drift["chunk"].iloc[0]] if len(drift) else drift,
            summaries=history.list_summaries(db),
            batches=pd.DataFrame([asdict(batch) for batch in ingested.list_batches(db)[:50]]),
            steps=steps[steps["run_id"] == step.run.id].iloc[::-1],
            packages=history.list_packages(db),
        )
    if champion is not None:
        learned = registry.load_learned(workspace.models_folder, champion).dropna(subset="risk")
        matrix = evaluation.confusion(learned["outcome"].to_numpy(), learned["risk"].to_numpy(), champion.threshold)
        content = ReportContent(**{**vars(content), "confusion": matrix})
    path = workspace.reports_folder / f"{step.run.at:%Y%m%dT%H%M%SZ}-run{step.run.id}.html"
    files.write_bytes(path, reporting.render_html(content).encode())
    return path
