#!/usr/bin/env bash
# Slack's Web API on this machine, kept in memory by `emulate` (npm), which others wrote.
#
#   slack.sh install   fetch it, and a Node that is new enough where the system's is not (pip)
#   slack.sh start     start it on a free port, print what SLACK_API_URL takes
#   slack.sh stop      end the server that `start` has started, and no other
#
# SERVICES_HOME is where it is installed (.services beside the code, if not given), SLACK_RUN where log and pid live.
# It listens on the loopback address only. Tokens and channels stand in slack/seed.json.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
home="${SERVICES_HOME:-$here/../../.services}"
mkdir -p "$home"
home="$(cd "$home" && pwd)"
place="$home/slack"
run="${SLACK_RUN:-$place}"
. "$here/node.sh"

install() {
  use_node 22.15  # the emulator's least
  mkdir -p "$place"
  if ! cmp -s "$here/slack/package-lock.json" "$place/installed.json"; then
    cp "$here"/slack/package*.json "$place/"
    (cd "$place" && "${npm[@]}" ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
    cp "$here/slack/package-lock.json" "$place/installed.json"
  fi
  cp "$here/slack/server.js" "$here/slack/seed.json" "$place/"
}

# A pid alone may by now be somebody else's; only our server was given this folder.
running() {
  [ -s "$run/pid" ] && ps -ww -o args= -p "$(cat "$run/pid")" 2>/dev/null | grep -qxF -- "node $place/server.js $run"
}

start() {
  mkdir -p "$run"
  running && { echo "it is running already" >&2; exit 1; }
  install
  : >"$run/log"
  (cd "$run" && exec nohup node "$place/server.js" "$run" >"$run/log" 2>&1 </dev/null) &
  echo $! >"$run/pid"
  for _ in $(seq 300); do
    if grep -m1 '^http://127' "$run/log"; then return; fi
    kill -0 "$(cat "$run/pid")" 2>/dev/null || break
    sleep 0.2
  done
  cat "$run/log" >&2
  stop
  exit 1
}

stop() {
  if running; then
    kill "$(cat "$run/pid")"
    for _ in $(seq 50); do running || break; sleep 0.1; done
  fi
  rm -f "$run/pid"
}

case "${1:-}" in
  install | start | stop) "$1" ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
