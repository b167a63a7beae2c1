"""Frames and figures become one HTML document, and a model card in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from core.evaluation import Confusion
from core.records import Version
from core.wording import number, percent, plural


def model_card(manifest: dict[str, Any]) -> str:
    """What a version is, what it was made from and how good it is, for a person (Markdown)."""
    provisional = "\n**Provisional**: too few outcomes to trust a percentage.\n" if manifest["provisional"] else ""
    said_from = f'- "Would leave" is said from a risk of {percent(manifest["threshold"])}\n'
    threshold = "" if manifest["provisional"] else said_from
    packages = ", ".join(f"{name} {version}" for name, version in manifest["packages"].items())
    metrics = [
        (name, _figure(at["value"]), f"{_figure(at['low'])} to {_figure(at['high'])}", f"{at['n']:,}")
        for name, at in manifest["metrics"].items()
    ]
    families = [
        (
            name,
            f"{at['log_loss']:.4f}",
            f"{at['roc_auc']:.4f}",
            at["calibration"],
            f"{at['behind']:.4f} ± {at['error']:.4f}",
        )
        for name, at in manifest["families"].items()
    ]
    columns = [(column["name"], column["kind"]) for column in manifest["columns"]]
    return f"""# Model {manifest["version"]}
{provisional}
{manifest["sentence"]}

{manifest["grade"]["sentence"]}

- Family: {manifest["family"]}
- Learned from {_learned_from(manifest)}
- Old rows: {_recency(manifest["recency"])}
- Folds: {manifest["folds"]}; the gate judged this recipe out of fold, then it was fitted on all rows
- Calibration: {_calibration(manifest["calibration"])}
- Memory: {_memory(manifest["memory"])}
{threshold}- Packages: {packages}; Python {manifest["python"]}

## Out of fold

{_table(("metric", "value", "95 % interval", "n"), metrics)}

{manifest["segments"]["sentence"]}

{_list(one["sentence"] for one in manifest["baselines"])}

## The contest

The simplest family within one standard error of the lowest log loss wins.

{_table(("family", "log loss", "roc_auc", "calibration", "behind the best"), families)}

{yardstick_sentence(manifest["yardstick"])}

## Columns

{_table(("column", "kind"), columns)}
"""


def _list(sentences: Iterable[str]) -> str:
    """A list in Markdown."""
    return "\n".join(f"- {one}" for one in sentences)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _learned_from(manifest: dict[str, Any]) -> str:
    sampled, seconds = "", manifest["budget"]["seconds"]
    if manifest["rows_available"] > manifest["rows"]:
        budget = f"the training budget of {plural(seconds, 'second')}" if seconds else "the training budget"
        sampled = f", sampled from {manifest['rows_available']:,} by {budget}"
    made_from = f"dataset {manifest['fingerprint']}, seed {manifest['seed']}"
    return f"{plural(manifest['rows'], 'snapshot')}{sampled}, {made_from}"


def _behind(at: dict[str, Any]) -> str:
    return f"{at['behind']:.4f} ± {at['error']:.4f}" if at["behind"] else "the best"


def _recency(at: dict[str, Any]) -> str:
    asked, chosen = at["asked"], at["chosen"]
    if not any(asked.values()):
        return "count as much as new ones"
    told = [
        f"count half every {asked['half_life_days']:g} days" if asked["half_life_days"] else "",
        f"are left out beyond {asked['max_age_days']:g} days" if asked["max_age_days"] else "",
    ]
    gain = at["gain"]
    tried = (
        f"on the newest outcomes log loss differs by {gain['value']:+.4f} ({gain['low']:+.4f} to {gain['high']:+.4f})"
    )
    if chosen == asked:
        return f"{' and '.join(filter(None, told))}, as asked; {tried}"
    return f"count as much as new ones although config asks for less, because {tried}"


def _memory(at: dict[str, Any]) -> str:
    return (
        f"of the {plural(at['n'], 'row')} it was judged on, its own risks lie {100 * at['mean']:.1f} points from the "
        f"out-of-fold ones on average ({100 * at['ninetieth']:.1f} for one in ten); for rows that it learned from the "
        "out-of-fold risk is shown"
    )


def yardstick_sentence(at: dict[str, Any]) -> str:
    """What being explainable costs, in a sentence."""
    auc = at["roc_auc_difference"]
    cost = (
        f"costs {-auc['value']:.3f} of roc_auc ({-auc['high']:.3f} to {-auc['low']:.3f})"
        if auc["high"] < 0
        else f"costs no roc_auc ({auc['value']:+.3f}, {auc['low']:+.3f} to {auc['high']:+.3f})"
    )
    return (
        f"Gradient-boosted trees, which give no exact reasons, reach a log loss of {at['log_loss']:.4f} and a roc_auc "
        f"of {at['roc_auc']:.4f} on the same folds: being explainable {cost}."
    )


def _calibration(at: dict[str, Any]) -> str:
    """The calibration map in words."""
    if at["kind"] == "sigmoid":
        return f"a sigmoid of slope {at['slope']:.4g} and shift {at['shift']:.4g}"
    return f"isotonic, through {len(at['knots'])} points" if at["kind"] == "isotonic" else "none needed"


def _figure(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{round(value, 4) + 0.0:.4f}"


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
