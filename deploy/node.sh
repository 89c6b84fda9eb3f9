#!/usr/bin/env bash
# Starts Ray on this machine, for `quantpress measure --ray`, until it is interrupted.
#   deploy/node.sh head         the first machine, where the others join at port 6379 (or at $PORT)
#   deploy/node.sh HOST:PORT    each of the others
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="${VENV:-$PWD/.venv}/bin:$PATH"
export RAY_USAGE_STATS_ENABLED=0
# Who can join a cluster can run programs on it: only those who have the token, ~/.ray/auth_token.
export RAY_AUTH_MODE="${RAY_AUTH_MODE:-token}"
# Ray would end a station when an engine fills the memory, and with it the record of that.
export RAY_memory_monitor_refresh_ms=0

options=(--block --disable-usage-stats --node-name "${SLURMD_NODENAME:-$(hostname)}" --object-store-memory 1000000000)
case ${1:-} in
  head)
    [ "$RAY_AUTH_MODE" != token ] || ray get-auth-token --generate >/dev/null
    exec ray start --head --port "${PORT:-6379}" --include-dashboard=false "${options[@]}"
    ;;
  *:*) exec ray start --address "$1" "${options[@]}" ;;
  *) echo "usage: deploy/node.sh head|HOST:PORT" >&2 && exit 2 ;;
esac
