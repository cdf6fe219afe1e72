#!/bin/sh
# Write requirements/base.txt, saml.txt and dev.txt from the .in files: every version pinned, every file hashed, no address.
# Pins that still fit are kept; `make lock UPGRADE=1` takes the newest. Needs uv (any recent one).
set -eu
cd "$(dirname "$0")/../requirements"
uv=../.venv/bin/uv
[ -x "$uv" ] || uv=$(command -v uv) || { echo "webside: the lock is made with uv: .venv/bin/python -m pip install uv" >&2; exit 1; }

compile() { # source, target, further options
    source=$1 target=$2
    shift 2
    [ -f "$target" ] || touch "$target"
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
        ${UPGRADE:+--upgrade} "$@" "$source" -o "$target" >/dev/null
    echo "requirements/$target: $(grep -c '^[a-z0-9]' "$target") packages"
}

compile base.in base.txt
compile saml.in saml.txt -c base.txt
compile test.in dev.txt -c base.txt -c saml.txt

if grep -nE '://|^ *--(index|extra-index|find-links|trusted)' base.txt saml.txt dev.txt; then
    echo "webside: a lock file holds an address" >&2
    exit 1
fi
