"""Frames and figures become one HTML document, and a model card in Markdown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from core.evaluation import Confusion
from core.records import Version
from core.wording import number, percent


def model_card(manifest: dict[str, Any]) -> str:
    """What a version is, what it was made from and how good it is, for a person (Markdown)."""
    metrics = "\n".join(
        f"| {name} | {_figure(at['value'])} | {_figure(at['low'])} to {_figure(at['high'])} | {at['n']:,} |"
        for name, at in manifest["metrics"].items()
    )
    families = "\n".join(
        f"| {name} | {at['log_loss']:.4f} | {at['roc_auc']:.4f} |" for name, at in manifest["families"].items()
    )
    columns = "\n".join(f"| {column['name']} | {column['kind']} |" for column in manifest["columns"])
    packages = ", ".join(f"{name} {version}" for name, version in manifest["packages"].items())
    sampled = (
        f", sampled from {manifest['rows_available']:,} by the training budget"
        if manifest["rows_available"] > manifest["rows"]
        else ""
    )
    provisional = "\n**Provisional**: too few outcomes to trust a percentage.\n" if manifest["provisional"] else ""
    said_from = f'- "Would leave" is said from a risk of {percent(manifest["threshold"])}\n'
    threshold = "" if manifest["provisional"] else said_from
    return f"""# Model {manifest["version"]}
{provisional}
{manifest["sentence"]}

- Family: {manifest["family"]}
- Learned from {manifest["rows"]:,} snapshots{sampled}, dataset {manifest["fingerprint"]}, seed {manifest["seed"]}
- Folds: {manifest["folds"]}; the gate judged this recipe out of fold, then it was fitted on all rows
- Calibration: {_calibration(manifest["calibration"])}
{threshold}- Packages: {packages}

## Out of fold

| metric | value | 95 % interval | n |
|---|---|---|---|
{metrics}

## The contest

| family | log loss | roc_auc |
|---|---|---|
{families}

## Columns

| column | kind |
|---|---|
{columns}
"""


def _calibration(at: dict[str, Any]) -> str:
    """The calibration map in words."""
    if at["kind"] == "sigmoid":
        return f"a sigmoid of slope {at['slope']:.4g} and shift {at['shift']:.4g}"
    return f"isotonic, through {len(at['knots'])} points" if at["kind"] == "isotonic" else "none needed"


def _figure(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:.4f}"


@dataclass(frozen=True, eq=False)
class ReportContent:
    """All that a report shows; empty frames where there is nothing yet."""

    title: str
    sentence: str
    champion: Version | None
    confusion: Confusion | None
    clients: int
    metrics: pd.DataFrame
    realised: pd.DataFrame
    decisions: list[dict[str, Any]] = field(default_factory=list)
    drift: pd.DataFrame = field(default_factory=pd.DataFrame)
    summaries: pd.DataFrame = field(default_factory=pd.DataFrame)
    batches: pd.DataFrame = field(default_factory=pd.DataFrame)
    steps: pd.DataFrame = field(default_factory=pd.DataFrame)
    packages: pd.DataFrame = field(default_factory=pd.DataFrame)


def render_html(content: ReportContent) -> str:
    """One self-contained HTML document: no script, nothing fetched, readable in print."""
    from jinja2 import Environment, PackageLoader, select_autoescape

    environment = Environment(
        loader=PackageLoader("core", "templates"), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": _cell, "percent": percent}
    return environment.get_template("report.html").render(content=content)


def _cell(value: object) -> str:
    """A table cell: numbers short, missing as a dash."""
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    return number(float(value)) if isinstance(value, int | float) else str(value)
