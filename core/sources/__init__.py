"""Watched folders and tables: what lies there becomes arrivals, and rows that are new become files."""

from core.sources.folders import Arrival, Polled, natural, poll, sha256_of
from core.sources.slices import Fetched
from core.sources.tables import fetch
from core.sources.whole import still_changing

__all__ = ["Arrival", "Fetched", "Polled", "fetch", "natural", "poll", "sha256_of", "still_changing"]
