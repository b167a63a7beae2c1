"""What the gate is shown: challenger and champion on the same rows that neither learned from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import decisions, evaluation, registry, schema, scoring, statistics, training
from core.config import ModelConfig
from core.dataset import Dataset, ripe_since
from core.decisions import GateEvidence, ListChange
from core.model import AdditiveModel
from core.pipeline.running import Step
from core.records import Version
from core.schema import Contract
from core.statistics import NOTHING, Differences, Interval
from core.training import Contest, Rule, TrainingSet

_NO_LIST = ListChange(0, math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class Case:
    """What is known when a challenger stands before the gate."""

    dataset: Dataset
    contract: Contract
    #: as it is trained by: the budget turned into rows
    config: ModelConfig
    #: rows of the dataset that may train, and the same as training rows
    rows: pd.DataFrame
    known: TrainingSet
    contest: Contest
    #: the best single column; None where none is better than chance
    rule: Rule | None
    champion: Version | None
    #: the champion is over age or has a confirmed performance drop
    tired: bool

    @property
    def cluster(self) -> np.ndarray | None:
        """Whose each training row is (n,), where a client has several; None where all are independent."""
        return training.clusters(self.known)


def gate_evidence(step: Step, case: Case, challenger: AdditiveModel) -> GateEvidence:
    """What is known of the contest's winner, and of the champion where there is one.

    Both sides are held against the rows that the champion could not know, the challenger by what it would have given
    had it been deployed then; by paired draws, whole clients together.
    """
    known, contest, champion, cluster = case.known, case.contest, case.champion, case.cluster
    seed = step.run.workspace.config.model.seed
    tested = np.isfinite(contest.risk)
    outcome, risk = known.outcome[tested], contest.risk[tested]
    own = None if cluster is None else cluster[tested]
    loss = statistics.log_losses(outcome, risk)
    by_rate = statistics.log_losses(outcome, evaluation.base_rate(outcome))
    best = max(contest.single_columns, key=lambda name: (np.nan_to_num(contest.single_columns[name]), name))
    gate_rows = gate_leavers = 0
    found, changed = Differences(NOTHING, NOTHING), _NO_LIST
    newest_auc = newest_loss = NOTHING
    if champion is not None:
        theirs, fresh, ours = _on_fresh_rows(step, case, champion)
        gate_rows, gate_leavers = int(fresh.sum()), int(known.outcome[fresh].sum())
        found = statistics.differences(
            known.outcome[fresh], ours[fresh], theirs[fresh], seed=seed,
            cluster=None if cluster is None else cluster[fresh],
        )  # fmt: skip
        newest_auc, newest_loss = _on_newest(case, fresh, ours)
        changed = _list_change(step, case, champion, challenger)
    beside_rule = _beside_rule(case, tested, own)
    return GateEvidence(
        family=contest.family, outcomes=known.n, leavers=int(known.outcome.sum()), tested=int(tested.sum()),
        roc_auc=statistics.roc_auc(outcome, risk, cluster=own),
        log_loss_against_base=statistics.mean(loss - by_rate, cluster=own),
        newest_roc_auc=newest_auc, newest_log_loss_against_base=newest_loss,
        best_column=best, best_column_roc_auc=contest.single_columns[best],
        has_champion=champion is not None, gate_rows=gate_rows, gate_leavers=gate_leavers,
        roc_auc_difference=found.roc_auc, log_loss_difference=found.log_loss, champion_tired=case.tired,
        champion_makeshift=champion is not None and (champion.provisional or champion.family == "rule"),
        rule_column=case.rule.column if case.rule else "",
        roc_auc_against_rule=beside_rule.roc_auc, log_loss_against_rule=beside_rule.log_loss,
        mean_risk_gap=statistics.mean(risk - outcome, cluster=own),
        list_size=changed.size, list_changed=changed.changed,
    )  # fmt: skip


def _on_fresh_rows(step: Step, case: Case, champion: Version) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the training rows (n,): the champion's risks, which of them judge (mask), and the challenger's risks."""
    workspace, rows = step.run.workspace, training.in_order(case.rows)
    horizon = workspace.config.data.horizon_days
    learned = registry.load_learned(workspace.models_folder, champion)
    judging = decisions.rows_to_judge_on(
        rows, ripe_since(rows, horizon), learned, champion.known_at, horizon, dated=case.contract.dated
    )
    # with dates, both sides know the clients' earlier snapshots; without, or too early, folds by client judge
    features = training.looked_at(case.contract, case.config)
    deployed = training.as_deployed(case.known, features, case.config, horizon, case.contest, judging)
    ours = deployed if np.isfinite(deployed).any() else case.contest.risk
    model = workspace.model(champion)
    theirs: np.ndarray = model.risk(schema.features(rows, model.columns).reset_index(drop=True))
    return theirs, np.isfinite(ours) & judging, ours


def _on_newest(case: Case, fresh: np.ndarray, ours: np.ndarray) -> tuple[Interval, Interval]:
    """The challenger's roc_auc on the newest third of the fresh rows, and its log loss less that of their base rate.

    In a world that turned, folds over its whole time say of no model that it is any good; these do.
    """
    dates = np.sort(case.known.as_of[fresh])
    if not case.contract.dated or len(dates) == 0:
        return NOTHING, NOTHING
    newest = fresh & (case.known.as_of >= dates[-max(len(dates) // 3, 1)])
    cluster = None if case.cluster is None else case.cluster[newest]
    outcome, risk = case.known.outcome[newest], ours[newest]
    loss = statistics.log_losses(outcome, risk) - statistics.log_losses(outcome, evaluation.base_rate(outcome))
    return statistics.roc_auc(outcome, risk, cluster=cluster), statistics.mean(loss, cluster=cluster)


def _list_change(step: Step, case: Case, champion: Version, challenger: AdditiveModel) -> ListChange:
    """How the list of current clients would change, as managers see it."""
    workspace = step.run.workspace
    current, _ = case.dataset.current(step.run.at, workspace.config.data.stale_after)
    if len(current) == 0:
        return _NO_LIST
    current = current.sort_values("_client", kind="stable")
    learned = registry.load_learned(workspace.models_folder, champion)
    sides = (workspace.model(champion), learned), (challenger, training.as_learned(case.known, case.contest.risk))
    lists = []
    for model, own in sides:
        risk = model.risk(schema.features(current, model.columns).reset_index(drop=True))
        lists.append(scoring.delivered(risk, current, own)[0])
    return decisions.list_change(*lists)


def _beside_rule(case: Case, tested: np.ndarray, cluster: np.ndarray | None) -> Differences:
    """The winner less the best single column, on the tested rows (mask)."""
    if case.rule is None:
        return Differences(NOTHING, NOTHING)
    outcome, ours, theirs = case.known.outcome[tested], case.contest.risk[tested], case.rule.risk[tested]
    gap = statistics.log_losses(outcome, ours) - statistics.log_losses(outcome, theirs)
    return Differences(
        statistics.roc_auc_difference(outcome, ours, theirs, cluster=cluster), statistics.mean(gap, cluster=cluster)
    )
