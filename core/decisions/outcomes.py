"""How many outcomes are enough."""

from __future__ import annotations

from core.config import GateConfig
from core.wording import plural


def too_little_to_trust(outcomes: int, leavers: int, rules: GateConfig) -> bool:
    """Whether so few outcomes are known that a model can only be provisional."""
    return outcomes < rules.min_outcomes or min(leavers, outcomes - leavers) < rules.min_each


def one_kind(outcomes: int, leavers: int) -> bool:
    """Whether there is nothing to tell apart."""
    return min(leavers, outcomes - leavers) < 2


def needs_two(outcomes: int, leavers: int) -> str:
    """What is missing where `one_kind`."""
    return f"{plural(outcomes, 'outcome')} known, {leavers} of them 'left'; at least two of either kind are needed"
