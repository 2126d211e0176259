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

logs=$(mktemp -d)
trap 'stop_tasks; rm -rf "$logs"' EXIT
passed=0 failed=0

# A task that hangs is ended (macOS has no timeout).
limit=()
if have timeout; then limit=(timeout --kill-after=10 2400); fi

run_task() { exec ${limit[@]+"${limit[@]}"} "$DENO" task "$1" 2>&1 </dev/null; }

stop_tasks() {
  local task
  for task in $(jobs -p); do kill "$task" 2>/dev/null || true; done
}

# Runs tasks of deno.json at the same time. What the first one prints is shown at once, what others
# print when they have ended.
together() {
  local others=("${@:2}") tasks=() i status=0
  for ((i = 0; i < ${#others[@]}; i++)); do
    run_task "${others[i]}" >"$logs/${others[i]}" &
    tasks+=($!)
  done
  (run_task "$1") | tee "$logs/$1" || status=$?
  count "$1" "$status"
  for ((i = 0; i < ${#others[@]}; i++)); do
    status=0
    wait "${tasks[i]}" || status=$?
    cat "$logs/${others[i]}"
    count "${others[i]}" "$status"
  done
}

# Adds up what a task came to: of tests what they end with, as in
# "ok | 123 passed (4 steps) | 0 failed | 1 ignored (2s)"; else one failed test where it failed.
count() {
  local task=$1 status=$2 failures=0 summary
  summary=$(grep -E '^(ok|FAILED) \| [0-9]+ passed' "$logs/$task" | tail -n 1) || true
  if [[ $summary =~ \|\ ([0-9]+)\ passed.*\|\ ([0-9]+)\ failed ]]; then
    passed=$((passed + BASH_REMATCH[1])) failures=${BASH_REMATCH[2]}
  elif [[ $task == test:* && $status == 0 ]]; then
    printf '\n%s ran no test\n' "$task"
    status=1
  fi
  ((status == 0)) || printf '\n%s FAILED\n\n' "$task"
  if ((status != 0 && failures == 0)); then failures=1; fi
  failed=$((failed + failures))
}

together check:types check:format check:lint
# FFI and SRT each in a process of its own, because a process has one libsrt for all its threads.
# They wait for most of their time.
if [[ $tests != e2e ]]; then together test:unit test:ffi test:srt; fi
if [[ $tests != unit ]]; then together test:e2e; fi

echo "$passed passed, $failed failed"
((failed == 0))
