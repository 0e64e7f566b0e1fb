# shellcheck shell=bash
# Installs what is missing from the distribution's packages; makes no call to apt when nothing is.
# Use: source common.sh and this file, then install_missing build|test|wasm|lint...

# Packages of each group. Tools that may come from elsewhere are in tool_ok() and not here.
packages_of() {
  case $1 in
    build) printf '%s\n' libeigen3-dev nlohmann-json3-dev libcli11-dev libstb-dev libonnx-dev libprotobuf-dev \
      protobuf-compiler libssl-dev libdnnl-dev catch2 librapidcheck-dev ;;
    test | browser | site) ;;
    wasm) printf '%s\n' emscripten libeigen3-dev nlohmann-json3-dev libstb-dev ;;
    lint) printf '%s\n' clang-format-14 clang-tidy-14 libomp-14-dev shellcheck ;;
    *) die "unknown group of packages: $1" ;;
  esac
}

# Command and the package that brings it, for each group; a command that is there and new enough is left alone.
tools_of() {
  case $1 in
    build) printf '%s\n' g++:g++ cmake:cmake ninja:ninja-build ;;
    test) printf '%s\n' node:nodejs npm:npm ;;
    wasm) printf '%s\n' cmake:cmake ninja:ninja-build ;;
    browser) printf '%s\n' chromium:chromium ;;
    site) printf '%s\n' node:nodejs npm:npm ;;
    lint) ;;
  esac
}

# version_at_least HAVE WANT, both dotted numbers
version_at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

tool_ok() {
  command -v "$1" >/dev/null || return 1
  case $1 in
    cmake) version_at_least "$(cmake --version | sed -n 's/^cmake version \([0-9.]*\).*/\1/p')" 3.22 ;;
    node) version_at_least "$(node --version | tr -d v)" 18 ;;
    *) return 0 ;;
  esac
}

# One line an architecture; "not-installed" and "config-files" do not count.
package_installed() { dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

# Prints the packages that the groups lack, one a line.
missing_packages() {
  local group entry package
  for group in "$@"; do
    while IFS=: read -r entry package; do
      [[ -z $entry ]] || tool_ok "$entry" || printf '%s\n' "$package"
    done < <(tools_of "$group")
    while read -r package; do
      [[ -z $package ]] || package_installed "$package" || printf '%s\n' "$package"
    done < <(packages_of "$group")
  done
}

# as_root COMMAND...: directly when we are root, through sudo otherwise.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "root rights are needed to install packages, and sudo is not there; run as root: $*"
  fi
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -q -o DPkg::Lock::Timeout=120 "$@"; }

install_missing() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    die "this script installs Debian packages, and apt-get is not here; install these by your system's means and build with CMake: \
$(for group in "$@"; do tools_of "$group" | cut -d: -f2; packages_of "$group"; done | tr '\n' ' ')"
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    say "  nothing to install"
    return 0
  fi
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    die "root rights are needed to install packages, and sudo is not there; run as root: apt-get install ${missing[*]}"
  fi
  local log
  log=$(mktemp "${TMPDIR:-/tmp}/dermdistill-install.XXXXXX.log")
  say "  installing ${missing[*]}"
  say "  fetching the package lists"
  if ! quietly "$log" apt_get update; then
    say "  that failed; trying once more"
    sleep 5
    quietly "$log" apt_get update || die "the package lists could not be fetched; is there a network?"
  fi
  say "  installing (the log is $log)"
  quietly "$log" apt_get install -y --no-install-recommends "${missing[@]}" || die "packages could not be installed"
  hash -r
  local still
  mapfile -t still < <(missing_packages "$@")
  if ((${#still[@]} > 0)); then
    # Too old a node is all that can be left: only the ONNX Runtime comparison needs it, and its test skips without.
    case " ${still[*]} " in
      *' cmake '* | *' g++ '* | *' ninja-build '*)
        die "still missing or too old after installing: ${still[*]} (needed: CMake 3.22; see the README for supported systems)" ;;
      *) warn "still missing or too old: ${still[*]}; tests that need it are skipped" ;;
    esac
  fi
  rm -f "$log"
}
