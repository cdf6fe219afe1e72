"""How long `decide` takes for a thousand lines, beyond its start. Limit: 2 s, for each rule.

The lines are the examples of the rule's page, over and over. The start is the same command without a line;
three alternating rounds, the medians count. The CPU time of the process is judged, since it computes and
waits for nothing; the time on the wall stands beside it, and on a busy machine says how busy it is.

    python -m benchmarks.decide [--lines 1000]

Exit status 1 when a rule is over the limit, or when it answers other than line by line.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path

import orjson

from webside.billing.tests import examples as billing
from webside.chart.tests import test_vitals_page as vitals
from webside.compliance.tests import examples as compliance
from webside.triage.tests import examples as triage

ROOT = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 2.0
ROUNDS = 3

#: The facts of each rule, a JSON object a line.
FACTS: dict[str, Callable[[], Iterable[bytes]]] = {
    "billing.codes": lambda: (example.raw.encode() for example in billing.EXAMPLES),
    "chart.vitals_plausible": lambda: (
        orjson.dumps({"on": str(vitals.ON), "readings": each["readings"]}) for each in vitals.EXAMPLES
    ),
    "compliance.may_treat": lambda: (orjson.dumps(example.facts) for example in compliance.page_examples()),
    "triage.choose_service": lambda: (orjson.dumps(example.facts) for example in triage.all_examples()),
}


def decide(*arguments: str, lines: list[bytes] | None = None) -> tuple[list[bytes], float, float]:
    """Run `decide`; return what it says, line by line, and the seconds of wall and CPU that it took."""
    before, began = os.times(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "manage.py", "decide", *arguments],
        input=b"\n".join(lines or []), cwd=ROOT, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    wall, after = time.monotonic() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return done.stdout.splitlines(), wall, cpu


def measure(rule: str, count: int) -> tuple[float, float]:
    """Return the seconds of wall and CPU that so many lines take a rule beyond its start."""
    lines = list(islice(cycle(list(FACTS[rule]())), count))
    rounds = []
    for _ in range(ROUNDS):
        _, start_wall, start_cpu = decide(rule)
        answers, wall, cpu = decide(rule, lines=lines)
        if len(answers) != count:
            raise SystemExit(f"{rule}: {count} lines in, {len(answers)} out")
        rounds.append((wall - start_wall, cpu - start_cpu))
    walls, cpus = zip(*rounds, strict=True)
    return statistics.median(walls), statistics.median(cpus)


def main() -> int:
    """Measure and print; return 1 if a rule is over its limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=1000)
    count = parser.parse_args().lines
    named = {line.split(b"\t")[0].decode() for line in decide("--list")[0]}
    if named != FACTS.keys():
        raise SystemExit(f"no facts, or no rule, for {', '.join(sorted(named ^ FACTS.keys()))}")
    over = False
    for rule in sorted(named):
        wall, cpu = measure(rule, count)
        over |= cpu > LIMIT_SECONDS
        print(
            f"decide {rule}: {count:,} lines in {cpu:.2f} s of CPU beyond the start (limit {LIMIT_SECONDS:g}),"
            f" {1000 * cpu / count:.2f} ms a line; {wall:.2f} s on the wall",
            flush=True,
        )
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
