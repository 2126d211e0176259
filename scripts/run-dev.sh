#!/usr/bin/env bash
# Runs Echo for development: everything is on, and anybody may publish. What it writes goes to
# scripts/output, which is removed at the end. Variables of the environment count more than the
# defaults here.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh" run

output=$root/scripts/output
pid_file=$output/pid
if [[ -e $pid_file ]] && kill -0 "$(<"$pid_file")" 2>/dev/null; then
  die "Echo is running already, as process $(<"$pid_file")"
fi

export ECHO_AUTH=${ECHO_AUTH:-open}
export HLS_ROOT_DIR=${HLS_ROOT_DIR:-$output/hls}
export HLS_TARGET_DURATION=${HLS_TARGET_DURATION:-1}
export HLS_WEB_INDEX=${HLS_WEB_INDEX:-1}
export RECORD_ROOT_DIR=${RECORD_ROOT_DIR:-$output/record}
export STAT_REPORT_DIR=${STAT_REPORT_DIR:-$output/reports}
for part in ECHO HLS HLS_WEB RTMP ICECAST RECORD STAT STAT_WEB; do
  declare -x "${part}_ENABLED=1"
done

server=
trap 'rm -rf "$output"' EXIT
trap '[[ -z $server ]] || kill -INT "$server" 2>/dev/null || true' INT
trap '[[ -z $server ]] || kill -TERM "$server" 2>/dev/null || true' TERM HUP

cd "$root"
mkdir -p "$output"
echo $$ >"$pid_file"

# shellcheck source=scripts/permissions.sh
source "$root/scripts/permissions.sh"
# The same options as the task "start" has. The task itself is not used, because it passes some
# signals on twice.
read -ra allowed <<<"$(permissions /dev/null)"
flags=(--no-prompt "${allowed[@]}" --v8-flags=--max-semi-space-size=4,--heap-growing-percent=30)

web_address=${HLS_WEB_ADDR:-0.0.0.0:8080}
echo "Listeners' page: http://127.0.0.1:${web_address##*:}/, or /${HLS_WEB_PATH:-cast}/NAME/"

# The server gets a process group of its own, so that Ctrl-C reaches it once, by the trap above.
set -m
"$DENO" run "${flags[@]}" main.ts --env-file /dev/null "$@" </dev/null &
server=$!
set +m

# A signal ends `wait` before the server has ended.
status=0
while kill -0 "$server" 2>/dev/null; do
  status=0
  wait "$server" || status=$?
done
exit "$status"
