#!/usr/bin/env bash
# The whole gate: checks format, lint and types, and runs unit tests and end-to-end tests. It ends
# with the counts of the tests. A check that fails counts as one failed test.
#
#   scripts/test.sh [all|unit|e2e]     with unit or e2e, only these tests are run
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tests=${1:-all}
case $tests in
  all | unit | e2e) ;;
  *)
    echo "Cannot parse the argument: expected all, unit or e2e, got $tests" >&2
    exit 2
    ;;
esac

# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh" test
cd "$root"
export NO_COLOR=1

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0

# A step that hangs is ended (macOS has no timeout).
limit=()
if have timeout; then limit=(timeout --kill-after=10 2400); fi

# Runs one task of deno.json, and counts it where it fails.
step() {
  ${limit[@]+"${limit[@]}"} "$DENO" task "$1" 2>&1 </dev/null | tee "$log" || {
    failed=$((failed + 1))
    printf '\n%s FAILED\n\n' "$1"
  }
}

# Runs a task that runs tests, and adds up its counts, as in
# "ok | 123 passed (4 steps) | 0 failed | 1 ignored (2s)".
test_step() {
  local failed_before=$failed summary
  step "$1"
  summary=$(grep -E '^(ok|FAILED) \| [0-9]+ passed' "$log" | tail -n 1) || true
  if [[ $summary =~ \|\ ([0-9]+)\ passed.*\|\ ([0-9]+)\ failed ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    # Where tests failed, the step itself is not counted.
    if ((BASH_REMATCH[2] > 0)); then failed=$((failed_before + BASH_REMATCH[2])); fi
  elif ((failed == failed_before)); then
    failed=$((failed + 1))
    printf '\n%s FAILED: it ran no test\n\n' "$1"
  fi
}

step check:format
step check:lint
step check:types
if [[ $tests != e2e ]]; then
  test_step test:unit
  # Each in a process of its own, because a process has one libsrt for all its threads.
  test_step test:ffi
  test_step test:srt
fi
if [[ $tests != unit ]]; then test_step test:e2e; fi

echo "$passed passed, $failed failed"
((failed == 0))
