"""What tests share; builders.py makes it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from core.workspace import Workspace
from tests.builders import Clock, make_workspace

# The same examples on every machine, however slow it is; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile(
    "same", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("same"), derandomize=False, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture
def clock() -> Clock:
    """A clock at 2026-01-05 09:00 UTC that stands until the test moves it."""
    return Clock()


@pytest.fixture
def workspace(tmp_path: Path, clock: Clock) -> Workspace:
    """An empty workspace on that clock, with the source folder `incoming`."""
    return make_workspace(tmp_path, now=clock)
