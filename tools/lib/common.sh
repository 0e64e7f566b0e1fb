# shellcheck shell=bash
# What every script of this folder shares: messages, timing, running a noisy command with its output in a log.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# "75" -> "1 min 15 s"
duration() {
  local seconds=$1
  if ((seconds < 60)); then
    printf '%d s' "$seconds"
  else
    printf '%d min %02d s' $((seconds / 60)) $((seconds % 60))
  fi
}

# Jobs for compiling: one a core, but no more than memory allows (a file with Eigen or protobuf takes about 1 GB).
build_jobs() {
  local cores memory_kib
  cores=$(nproc)
  memory_kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  local by_memory=$((memory_kib / 1000000))
  ((by_memory >= 1)) || by_memory=1
  printf '%d' $((cores < by_memory ? cores : by_memory))
}

# quietly LOG COMMAND...: runs the command with its output in LOG; on failure shows the log's end and fails.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  local status=0
  "$@" >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    tail -n 40 "$log" >&2
    printf 'error: "%s" failed with status %d; the whole log is %s\n' "$*" "$status" "$log" >&2
  fi
  return "$status"
}

# build_preset PRESET [TARGET...]: configures when needed and builds; everything when no target is given.
build_preset() {
  local preset=$1
  shift
  local folder=$root/build/$preset
  local log=$folder/build.log
  # A build folder remembers where its sources were; one that was moved or copied here cannot be used.
  if [[ -f $folder/CMakeCache.txt ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt"; then
    say "  $folder was made for another place; starting it again"
    rm -rf "$folder"
  fi
  local launcher=()
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_C_COMPILER_LAUNCHER=ccache)
  fi
  # Presets are looked up in the current folder, so that this works from anywhere.
  (cd "$root" && quietly "$folder/configure.log" cmake --preset "$preset" "${launcher[@]}") || return 1
  local target=()
  if (($# > 0)); then target=(--target "$@"); fi
  # An interrupted build leaves files newer than their sources only when they are whole, so building again is enough.
  (cd "$root" && quietly "$log" cmake --build --preset "$preset" --parallel "$(build_jobs)" "${target[@]}")
}
