"""What the gate is shown: challenger and champion on the same rows that neither learned from."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from core import registry, schema, statistics, training
from core.dataset import ripe_since
from core.decisions import GateEvidence
from core.model import AdditiveModel
from core.records import Version
from core.schema import Contract
from core.training import Contest, TrainingSet
from core.workspace import Workspace


def gate_evidence(
    workspace: Workspace, known: TrainingSet, rows: pd.DataFrame, contest: Contest, contract: Contract,
    champion: Version | None, *, tired: bool,
) -> GateEvidence:  # fmt: skip
    """What is known of the contest's winner, and of the champion where there is one.

    `known`: the rows that may train, of the dataset's `rows`. Both sides are held against the rows that the champion
    could not know, the challenger by what it would have given had it been deployed then.
    """
    tested = np.isfinite(contest.risk)
    outcome, risk = known.outcome[tested], contest.risk[tested]
    rate = float(known.outcome.mean())
    loss = statistics.log_losses(outcome, risk)
    best = max(contest.single_columns, key=lambda name: (np.nan_to_num(contest.single_columns[name]), name))
    auc_difference = loss_difference = statistics.NOTHING
    gate_rows = gate_leavers = 0
    if champion is not None:
        theirs_unknown = _unknown_to(workspace, known, rows, champion)
        deployed = np.isfinite(contest.deployed)
        # with dates, both sides know the clients' earlier snapshots; without, or too early, folds by client judge
        ours_at_all = contest.deployed if (deployed & theirs_unknown).any() else contest.risk
        fresh = np.isfinite(ours_at_all) & theirs_unknown
        gate_rows, gate_leavers = int(fresh.sum()), int(known.outcome[fresh].sum())
        if gate_rows:
            theirs = _deployed_risk(workspace.model(champion), rows)[fresh]
            ours, seen = ours_at_all[fresh], known.outcome[fresh]
            auc_difference = statistics.roc_auc_difference(seen, ours, theirs)
            loss_difference = statistics.mean(statistics.log_losses(seen, ours) - statistics.log_losses(seen, theirs))
    return GateEvidence(
        family=contest.family, outcomes=known.n, leavers=int(known.outcome.sum()), tested=int(tested.sum()),
        roc_auc=statistics.roc_auc(outcome, risk),
        log_loss_against_base=statistics.mean(
            loss - statistics.log_losses(outcome, np.full(len(outcome), rate))
        ),
        best_column=best, best_column_roc_auc=contest.single_columns[best],
        has_champion=champion is not None, gate_rows=gate_rows, gate_leavers=gate_leavers,
        roc_auc_difference=auc_difference, log_loss_difference=loss_difference, champion_tired=tired,
    )  # fmt: skip


def _deployed_risk(model: AdditiveModel, rows: pd.DataFrame) -> np.ndarray:
    """The champion's risk of each training row (n,); a column that it uses and that there is no more is missing."""
    risk: np.ndarray = model.risk(schema.features(training.in_order(rows), model.columns).reset_index(drop=True))
    return risk


def _unknown_to(workspace: Workspace, known: TrainingSet, rows: pd.DataFrame, champion: Version) -> np.ndarray:
    """Which training rows tell something that the champion could not know when it was fitted (n,).

    Their outcome was not usable then, and with dates, their horizon began after the last one it learned from
    had passed: an exit falls into the horizons of several months' snapshots of a client, and a champion that
    saw it once would be judged by its memory. A snapshot it learned from is none of them, also when it was
    delivered again or its outcome corrected.
    """
    horizon = workspace.config.data.horizon_days
    learned = registry.load_learned(workspace.models_folder, champion)
    fresh = rows[ripe_since(rows, horizon) > champion.known_at]
    contract = workspace.contract()
    if contract is not None and contract.dated:
        fresh = fresh[fresh["_as_of"] >= learned["_as_of"].max() + timedelta(days=horizon)]
    asked = pd.MultiIndex.from_arrays([known.client, pd.to_datetime(known.as_of)])
    unknown: np.ndarray = asked.isin(_keys(fresh)) & ~asked.isin(_keys(learned))
    return unknown


def _keys(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([rows["_client"], rows["_as_of"].dt.tz_localize(None)])
