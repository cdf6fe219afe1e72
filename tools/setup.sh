#!/bin/sh
# Make .venv ready: `tools/setup.sh base` to run the clinic, `tools/setup.sh dev` to test it as well; `saml` adds to base
# what signing in by SAML 2.0 needs.
# Costs a few milliseconds when nothing changed. PYTHON=… chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-base}
stop() { printf 'webside: %s\n' "$1" >&2; exit "${2:-1}"; }

# What .venv was made from, and where: its scripts hold the path of this folder.
wanted() { printf '%s %s' "$(cksum < "requirements/$1.txt")" "$PWD"; }
if [ -x .venv/bin/python ] && [ "$(cat ".venv/.webside-$kind" 2>/dev/null)" = "$(wanted "$kind")" ]; then
    exit 0
fi

good() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
python=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    if command -v "$candidate" >/dev/null 2>&1 && good "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    found=$( (${PYTHON:-python3} --version) 2>&1 | head -n 1) || found="none"
    stop "Python 3.11 or newer is needed, found: $found. Install it (Debian 12, Ubuntu 24.04 and Fedora have it as
         python3), or name one: make setup PYTHON=/path/to/python3.12"
fi
if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
    stop "this Python can't make a virtual environment: the module venv or ensurepip is missing.
         Debian and Ubuntu: apt-get install python3-venv"
fi
command -v git >/dev/null 2>&1 || echo "webside: git isn't installed; only developing needs it" >&2

exec "$python" -I tools/setup.py "$kind" "$(wanted base)" "$(wanted "$kind")"
