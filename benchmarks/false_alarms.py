"""How often monitoring cries wolf, and how soon it sees what has really changed: a study over made worlds.

    python benchmarks/false_alarms.py [--worlds 200] [--jobs 2]

In each world (core.example.columns) a logistic champion learns from 2,000 to 10,000 rows; then twelve monthly batches
of 500 to 10,000 rows come, each with a report: data faults, drift of every column, of the risk, of all columns
together (reconstruction error; a domain classifier on up to 1,000 rows a side) and of the share of leavers, estimated
and realised performance. A report is alarmed when anything in it is.

Limits: at most 5 % of the reports are alarmed where nothing happens (upper end of Wilson's interval, clustered by
world). Where something does, in a random month, at least 95 % of the worlds find it in the first batch that can show
it, with the right cause named first. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]


def main() -> int:
    from benchmarks.alarm_study import kept, study, table
    from benchmarks.watched_worlds import Sizes

    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--worlds", type=int, default=200)
    asked.add_argument("--jobs", type=int, default=2)
    options = asked.parse_args()
    begun = time.perf_counter()
    outcomes = study(options.worlds, Sizes(), options.jobs)
    print("\n".join(table(outcomes)))
    print(f"\n{options.worlds} worlds in {time.perf_counter() - begun:.0f} s")
    why = Counter(name for one in outcomes for month in one.quiet for name in month)
    print("Quiet reports were alarmed by:", dict(why.most_common(12)))
    for kind in outcomes[0].seen:
        missed = [one.seen[kind] for one in outcomes if not (one.seen[kind].found and one.seen[kind].cause)]
        print(f"{kind}, missed or another cause first:", dict(Counter(seen.first for seen in missed)))
    return 0 if kept(outcomes) else 1


if __name__ == "__main__":
    sys.path.insert(0, str(HOME))
    sys.exit(main())
