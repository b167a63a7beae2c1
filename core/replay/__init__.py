"""The pipeline on a workspace with a driven clock: the example company's history, and backtests of one's own."""

from core.replay.backtest import Backtest, Lived, backtest
from core.replay.company import build_example, example_config

__all__ = ["Backtest", "Lived", "backtest", "build_example", "example_config"]
