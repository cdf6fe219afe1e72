#!/bin/sh
# System packages where possible, beside them the static checks, then every test: each runs even if one before it failed.
# Browser tests are part of the same run, so that pytest's closing line, the last one here, counts everything.
# A file's tests stay on one worker and in their order (`loadgroup` does nothing in pytest-xdist 3.8 with pytest 9.2);
# the order of the files is conftest.py's: long ones first.
set -u
cd "$(dirname "$0")/.."
failed=0
tools/system_packages.sh & packages=$!
.venv/bin/python tools/check.py || failed=1
wait "$packages" || failed=1
# The isolation matrix holds one long transaction for each of its files. While that is open nothing behind it can be
# sealed, so it runs by itself, before the tests that wait for the sealer.
.venv/bin/python -m pytest tests/isolation -m "not drill" -n "${1:-2}" --dist loadfile --no-loadscope-reorder || failed=1
.venv/bin/python -m pytest -m "not drill" --ignore=tests/isolation -n "${1:-2}" --dist loadfile --no-loadscope-reorder || exit 1
[ "$failed" = 0 ] || echo "webside: the last tests passed, and a check or the isolation tests before them failed: see above" >&2
exit "$failed"
