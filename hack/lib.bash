# Copyright The Herald Authors
# SPDX-License-Identifier: Apache-2.0
#
# Functions that the scripts in hack/ share. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# One cache for all builds: with and without cgo the standard library is compiled twice. The race detector needs it.
export CGO_ENABLED=${CGO_ENABLED:-0}
cache=${HERALD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/herald}

# say prints one line of progress. Standard output belongs to the result.
say() { printf '%s\n' "${0##*/}: $*" >&2; }

die() {
  say "$*"
  exit 1
}

# locked FILE COMMAND... runs COMMAND while it holds a lock on FILE, so that two callers never build the
# same thing twice. FILE is left behind, empty: removing it would let two holders in.
locked() {
  local file=$1
  shift
  mkdir -p "$(dirname "$file")"
  (
    if command -v flock >/dev/null; then
      if ! flock --nonblock 9; then
        say "waiting for another build in ${file%/*}"
        flock 9
      fi
    fi
    "$@" 9>&- # a child that outlives us must not keep the lock
  ) 9>"$file"
}

# with_progress WHAT COMMAND... runs COMMAND and prints the elapsed time every 15 seconds.
with_progress() {
  local what=$1 start=$SECONDS ticker status=0
  shift
  (
    trap 'kill "$nap" 2>/dev/null; exit 0' TERM
    while :; do
      sleep 15 &
      nap=$!
      wait "$nap"
      kill -0 "$$" 2>/dev/null || exit 0 # the script was interrupted
      say "$what: $((SECONDS - start)) s so far"
    done
  ) >/dev/null &
  ticker=$!
  "$@" || status=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  if ((status == 0)); then
    say "$what: done after $((SECONDS - start)) s"
  else
    say "$what: failed after $((SECONDS - start)) s"
  fi
  return "$status"
}

# module_version DIR MODULE prints the version at which DIR's go.mod requires MODULE.
module_version() {
  awk -v module="$2" '$1 == "require" { $1 = ""; $0 = $0 } $1 == module && $2 ~ /^v/ { print $2; exit }' "$1/go.mod"
}
