#!/usr/bin/env bash
# Plays the same broadcasts to two revisions of the server and says what comes out different:
# playlists, segments, recordings, events.
#
#   testing/replay/compare.sh BEFORE [AFTER]     AFTER is HEAD where it is not given
#
# Each revision is cloned, gets this one's `testing/`, and plays the same broadcasts.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
before=${1:?"usage: compare.sh BEFORE [AFTER]"}
after=${2:-HEAD}
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh" test

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

replay() {
  local side=$1 revision=$2
  git clone --quiet "$root" "$work/$side"
  git -C "$work/$side" checkout --quiet "$(git -C "$root" rev-parse "$revision")"
  rm -rf "$work/$side/testing"
  cp -r "$root/testing" "$work/$side/"
  (cd "$work/$side" && "$DENO" run --frozen --allow-all testing/replay/replay.ts) >"$work/$side.txt"
}

replay before "$before" & first=$!
replay after "$after"
wait "$first"
lines=$(wc -l <"$work/after.txt")
if diff -u "$work/before.txt" "$work/after.txt"; then
  echo "the same: $lines lines, $(grep -c ' segment ' "$work/after.txt") segments," \
    "$(grep -c ' playlist ' "$work/after.txt") versions of playlists"
else
  echo "different" >&2
  exit 1
fi
