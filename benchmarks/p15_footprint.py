"""P15: what the whole running clinic takes of memory when idle, PostgreSQL included. Limit: 350 MB PSS.

The demo is started as `make demo` does; a minute later the proportional set size of the supervisor
and of everything it started is added up, three times; the median counts.
"""

from __future__ import annotations

import statistics
import sys
import time

import psutil

from tests.e2e.conftest import running_demo

LIMIT_MB = 350
SETTLE_SECONDS = 60


def pss_mb(root: psutil.Process, postmaster: int) -> dict[str, float]:
    """Return the PSS in MB of a process tree and of PostgreSQL, by the program's name."""
    seen: dict[int, psutil.Process] = {}
    for process in (root, psutil.Process(postmaster)):
        for each in (process, *process.children(recursive=True)):
            seen[each.pid] = each
    total: dict[str, float] = {}
    for process in seen.values():
        try:
            name = "postgres" if process.name().startswith("postgres") else " ".join(process.cmdline()[1:4])
            total[name] = total.get(name, 0.0) + process.memory_full_info().pss / 1e6
        except psutil.NoSuchProcess:
            continue
    return total


def main() -> int:
    """Measure and print; return 1 if over the limit."""
    with running_demo() as demo:
        time.sleep(SETTLE_SECONDS)
        postmaster = int((demo.var / "run" / "postgres.pid").read_text().split()[0])
        rounds = []
        for _ in range(3):
            rounds.append(pss_mb(psutil.Process(demo.process.pid), postmaster))
            time.sleep(2)
    totals = sorted(sum(each.values()) for each in rounds)
    for name, size in sorted(rounds[-1].items(), key=lambda item: -item[1]):
        print(f"  {size:7.1f} MB  {name}")
    median = statistics.median(totals)
    print(f"P15 footprint: median {median:.0f} MB PSS of {totals[0]:.0f}–{totals[-1]:.0f}; limit {LIMIT_MB} MB")
    return int(median > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
