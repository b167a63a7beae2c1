"""What the pages share."""

from pages.components.clients import (
    band_help,
    client_detail,
    client_table,
    counted,
    doubted,
    filters,
    missing_text,
    open_selected,
    selected_client,
    trust,
)
from pages.components.data import first_steps, last_batch
from pages.components.frame import Shown, client_list, empty, figure, freshness, link, page, tell_errors, worker_bar
from pages.components.ingestion import batch_deeds, contract_check, rows_to_mend, troubles
from pages.components.jobs import job_button
from pages.components.model import (
    card,
    effects,
    grade,
    judgement,
    metric_cards,
    model_figure,
    model_text,
    roll_back_button,
)
from pages.components.monitoring import faults
from pages.components.scoring import score_upload, scored_name, scored_table
from pages.components.tables import CHART, download, table
from pages.components.texts import ago, interval, money, plain, when
from pages.components.upkeep import last_run, outdated, performance_text, timings_text

__all__ = [
    "CHART",
    "Shown",
    "ago",
    "band_help",
    "batch_deeds",
    "card",
    "client_detail",
    "client_list",
    "client_table",
    "contract_check",
    "counted",
    "doubted",
    "download",
    "effects",
    "empty",
    "faults",
    "figure",
    "filters",
    "first_steps",
    "freshness",
    "grade",
    "interval",
    "job_button",
    "judgement",
    "last_batch",
    "last_run",
    "link",
    "metric_cards",
    "missing_text",
    "model_figure",
    "model_text",
    "money",
    "open_selected",
    "outdated",
    "page",
    "performance_text",
    "plain",
    "roll_back_button",
    "rows_to_mend",
    "score_upload",
    "scored_name",
    "scored_table",
    "selected_client",
    "table",
    "tell_errors",
    "timings_text",
    "troubles",
    "trust",
    "when",
    "worker_bar",
]
