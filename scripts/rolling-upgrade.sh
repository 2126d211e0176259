#!/usr/bin/env bash
# Upgrades the boxes of a fleet one after the other, while shows go on.
#
#   scripts/rolling-upgrade.sh [-t SECONDS] -c COMMAND URL…
#
# Each URL is where one box serves its statistics, such as http://10.0.0.2:8088; name all of them.
# A box drains: its broadcasts go to the other boxes, and it serves what players still ask it for.
# Once nothing is left there, or after SECONDS (default: 600), COMMAND upgrades and restarts it. It is
# run by the shell, with BOX_ID, BOX_URL and BOX_HOST in its environment:
#
#   scripts/rolling-upgrade.sh \
#     -c 'scp dist/echo "root@$BOX_HOST:new" &&
#       ssh "root@$BOX_HOST" /opt/echo/scripts/install.sh new' \
#     http://10.0.0.2:8088 http://10.0.0.3:8088 http://10.0.0.4:8088
#
# The next box follows when this one is back, open, and known to the others. Where COMMAND fails or a
# box does not come back, nothing more is touched. STAT_TOKEN in the environment is the operators'
# token. It needs curl and jq.
set -euo pipefail

wait_seconds=600
# How long a box may take to come back behind COMMAND, and how often it is looked at.
back_seconds=${ROLLING_BACK_SECONDS:-120} look_seconds=${ROLLING_LOOK_SECONDS:-1}
# One answer that does not come says nothing of a box.
most_unanswered=5

say() { printf 'rolling-upgrade: %s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

usage() {
  sed -n '2,/^set /{ /^set /d; s/^# \{0,1\}//; p; }' "${BASH_SOURCE[0]}" >&2
  exit 2
}

# ---- What boxes are asked ----

# ask METHOD URL: prints the answer. The token is not on the command line, where others could see it.
ask() {
  curl --silent --show-error --fail-with-body --max-time 10 --request "$1" \
    --header @<(token_header) "$2"
}

token_header() {
  if [[ -n ${STAT_TOKEN:-} ]]; then printf 'Authorization: Bearer %s\n' "$STAT_TOKEN"; fi
}

# fleet URL FILTER: prints what a filter of jq finds in the report of the fleet; nothing where the
# box does not answer. The box that answers is $own in the filter.
fleet() {
  ask GET "$1/stat/1/fleet" 2>/dev/null |
    jq --raw-output ".box as \$id | (.boxes[] | select(.id == \$id)) as \$own | $2" 2>/dev/null
}

# ---- One box ----

upgrade() {
  local url=$1 id started before others
  id=$(fleet "$url" '$own.id') || die "Cannot ask $url: nothing is touched there"
  started=$(fleet "$url" '$own.started')
  before=$(fleet "$url" '.boxes | length')
  others=$(fleet "$url" '[.boxes[] | select(.id != $id and .state == "open")] | length')
  ((others > 0)) || die "Cannot drain box $id: no other box is open, so its shows would be cut off"
  say "box $id drains"
  ask PUT "$url/stat/1/fleet/$id/drain" >/dev/null || die "Cannot drain box $id"
  await_empty "$url" "$id"
  say "box $id is upgraded"
  if ! BOX_ID=$id BOX_URL=$url BOX_HOST=$(host_of "$url") \
    bash -c "$command" </dev/null; then
    die "The command failed for box $id, which drains still; the boxes behind it are as they were"
  fi
  await_return "$url" "$id" "$started" "$before"
}

await_empty() {
  local url=$1 id=$2 left='' unanswered=0 end=$((SECONDS + wait_seconds))
  until left=$(fleet "$url" '$own.left') && [[ $left == 0 ]]; do
    if [[ -n $left ]]; then unanswered=0; else unanswered=$((unanswered + 1)); fi
    ((unanswered < most_unanswered)) ||
      die "Box $id does not answer any more: it is not upgraded, and may drain still"
    if ((SECONDS >= end)); then
      say "box $id still has ${left:-some} broadcasts after $wait_seconds s"
      return
    fi
    sleep "$look_seconds"
  done
}

# It is back where it was started again, and knows as many boxes as it did.
await_return() {
  local url=$1 id=$2 started=$3 before=$4 now end=$((SECONDS + back_seconds))
  until now=$(fleet "$url" '[$own.started, $own.state, $own.version, (.boxes | length)] | @tsv') &&
    is_back "$now"; do
    ((SECONDS < end)) || die "Box $id is not back after $back_seconds s"
    sleep "$look_seconds"
  done
  say "box $id is back, with version $(cut -f 3 <<<"$now")"
}

# is_back ROW: with what the caller knows of before.
is_back() {
  local now_started state boxes
  IFS=$'\t' read -r now_started state _ boxes <<<"$1"
  [[ -n $now_started && $now_started != "$started" && $state == open ]] && ((boxes >= before))
}

host_of() {
  local host=${1#*://}
  host=${host%%/*}
  host=${host%:*}
  host=${host#[}
  printf '%s' "${host%]}"
}

# ---- All boxes ----

command=''
while getopts 't:c:' option; do
  case $option in
    t) wait_seconds=$OPTARG ;;
    c) command=$OPTARG ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
[[ -n $command && $wait_seconds =~ ^[0-9]+$ ]] && (($# > 0)) || usage
for program in curl jq; do
  command -v "$program" >/dev/null || die "$program is needed"
done
for url in "$@"; do
  fleet "${url%/}" '$own.id' >/dev/null ||
    die "Cannot ask $url: it is no box of a fleet, or STAT_TOKEN is wrong; nothing is touched"
done
for url in "$@"; do upgrade "${url%/}"; done
say "all boxes are upgraded"
