#!/bin/sh
# Install what the browser and network tests need beside Python: Chromium, coturn, ip and nft.
# As root on Debian or Ubuntu only; elsewhere it says what is missing and the tests that need it skip themselves.
# With CI=true a missing program is a failure, because there a skipped test would look like a passed one.
set -eu
stop() { printf 'webside: %s\n' "$1" >&2; [ "${CI:-}" = true ] && exit 1; exit 0; }
have() { command -v "$1" >/dev/null 2>&1; }
PATH=$PATH:/usr/sbin:/sbin

packages=
have chromium || have chromium-browser || have google-chrome || packages="$packages chromium"
have turnserver || packages="$packages coturn"
have ip || packages="$packages iproute2"
have nft || packages="$packages nftables"
[ -n "$packages" ] || exit 0

have apt-get || stop "these programs are missing and there is no apt-get to install them:$packages"
[ "$(id -u)" = 0 ] || stop "these packages are missing, and only root installs them: apt-get install$packages"

echo "webside: installing$packages"
# The tests start coturn themselves; the package must not open a TURN server on this machine.
policy=/usr/sbin/policy-rc.d
ours=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    ours=$policy
fi
log=$(mktemp)
trap 'rm -f "$log" $ours' EXIT INT TERM
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
if ! { apt-get update -q && apt-get install -q -y --no-install-recommends $packages; } > "$log" 2>&1; then
    tail -n 5 "$log" >&2
    stop "the packages couldn't be installed:$packages (no network to the mirror, or not in this release)"
fi
case "$packages" in *coturn*) have systemctl && systemctl disable coturn >/dev/null 2>&1 || true ;; esac
