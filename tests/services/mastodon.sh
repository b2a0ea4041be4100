#!/usr/bin/env bash
# A server that speaks Mastodon's API and keeps what it is told, on this machine: mastodon_mock, which others wrote.
#
#   mastodon.sh install   fetch it (pip, into an environment of its own)
#   mastodon.sh run       start it, print one line of JSON when it is up, stop when standard input ends
#
# It lives in .services/mastodon and listens on the loopback address only.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
place="$here/../../.services/mastodon"
release="mastodon_mock==0.6.1"

install() {
  if [ "$(cat "$place/installed" 2>/dev/null)" != "$release" ]; then
    "${PYTHON:-python3}" -m venv "$place"
    "$place/bin/pip" install --quiet --disable-pip-version-check "$release" >&2
    echo "$release" >"$place/installed"
  fi
}

run() {
  install
  local dir port
  dir="$(mktemp -d)"
  port="$("$place/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  pids=()
  trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$dir"' EXIT
  trap 'exit 143' TERM INT
  {
    printf '[server]\nhost = "127.0.0.1"\nport = %s\n' "$port"
    for name in lumi lumi_help harin jonas; do
      printf '[[seed.accounts]]\nusername = "%s"\naccess_token = "%s-token"\n' "$name" "$name"
    done
  } >"$dir/mock.toml"

  exec 3<&0
  cat <&3 >/dev/null &
  pids+=($!)
  (cd "$dir" && exec "$place/bin/mastodon_mock" serve --config mock.toml --in-memory --log-level error >&2) &
  pids+=($!)
  for _ in $(seq 300); do
    kill -0 "${pids[1]}"
    if (exec 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "{\"port\": $port}"
      break
    fi
    sleep 0.2
  done
  wait -n "${pids[@]}"
}

case "${1:-}" in
  install | run) "$1" ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
