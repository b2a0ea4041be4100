#!/usr/bin/env bash
# Everything that the tests in this folder need: packages of the system by apt, the rest into .services by the scripts
# beside this one. What is there already is left alone.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
missing=()

need() { command -v "$1" >/dev/null || missing+=("$2"); } # COMMAND PACKAGE

need ps procps
need cmp diffutils
need hugo hugo
need redis-server redis-server
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
[ -s /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
"${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
need make make  # some of npm's packages are compiled
need c++ g++

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "These are missing; on Debian or Ubuntu, as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

for script in "$here"/*.sh; do
  case "$script" in
    */install.sh | */node.sh) ;;
    *) "$script" install ;;
  esac
done
