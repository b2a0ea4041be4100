#!/usr/bin/env bash
# The reference servers of Bluesky on this machine.
#
#   bluesky.sh install   fetch what they need (npm; PostgreSQL and Redis by apt where they are missing)
#   bluesky.sh run       start them, print one line of JSON when they are up, stop when standard input ends
#
# They live in .services/bluesky and in a temporary folder, and listen on the loopback address only.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
place="$here/../../.services/bluesky"
. "$here/node.sh"

bindir() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1; }

install() {
  local missing=()
  [ -n "$(bindir)" ] || missing+=(postgresql)
  command -v redis-server >/dev/null || missing+=(redis-server)
  if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
  use_node 20.0
  mkdir -p "$place"
  if ! cmp -s "$here/bluesky/package-lock.json" "$place/installed.json"; then
    cp "$here"/bluesky/package*.json "$place/"
    (cd "$place" && "${npm[@]}" ci --no-audit --no-fund --loglevel=error) >&2
    cp "$here/bluesky/package-lock.json" "$place/installed.json"
  fi
  cp "$here/bluesky/network.js" "$place/"
}

free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'; }

# PostgreSQL refuses to run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

run() {
  install
  pg="$(bindir)"  # not local: the trap needs it when the function is over
  dir="$(mktemp -d)"
  chmod 755 "$dir"
  mkdir "$dir/pg" "$dir/redis"
  [ "$(id -u)" != 0 ] || chown postgres "$dir/pg"
  pids=()
  trap 'kill "${pids[@]}" 2>/dev/null || true
        as_postgres "$pg/pg_ctl" -D "$dir/pg/data" -m immediate stop >/dev/null 2>&1 || true
        rm -rf "$dir"' EXIT
  trap 'exit 143' TERM INT

  local pg_port redis_port
  pg_port="$(free_port)"
  as_postgres "$pg/initdb" -D "$dir/pg/data" -A trust -U postgres --no-sync >/dev/null
  as_postgres "$pg/pg_ctl" -D "$dir/pg/data" -l "$dir/pg/log" -w start \
    -o "-p $pg_port -k $dir/pg -c listen_addresses=127.0.0.1 -c fsync=off" >/dev/null
  redis_port="$(free_port)"
  redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --dir "$dir/redis" >/dev/null &
  pids+=($!)

  exec 3<&0
  cat <&3 >/dev/null &
  pids+=($!)
  (
    cd "$place"
    export DB_POSTGRES_URL="postgresql://postgres@127.0.0.1:$pg_port/postgres" REDIS_HOST="127.0.0.1:$redis_port"
    export LOG_ENABLED=false NODE_NO_WARNINGS=1 TMPDIR="$dir"
    exec node network.js
  ) &
  pids+=($!)
  wait -n "${pids[@]:1}"
}

case "${1:-}" in
  install | run) "$1" ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
