#!/usr/bin/env bash
# Publishes FILE in real time as the broadcast NAME at the Echo server IP, and ends it afterwards.
#
#   echo-publish.sh [-r] IP NAME FILE
#
# FILE is sent by SRT and has to be ADTS (.aac). scripts/test-build.sh builds the program that sends
# it. With -r it is sent by RTMP, and may be anything that FFmpeg can read. From the environment:
#
#   ECHO_TOKEN, or ECHO_USER and ECHO_PASSWORD    credentials, where the server asks for them
#   ECHO_PORT                                     the port of the control API, if not 5021
#
# A client does three things:
#
#   1. POST /echo/4/publish/NAME    asks for a session. The answer says where its audio goes, and
#                                   sets a cookie that stands for the session from then on.
#   2. SRT or RTMP                  sends the audio.
#   3. PUT /echo/4/teardown         ends the session, by the cookie. Without this call, Echo waits
#                                   for the DJ to connect again.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
srt_send=$here/build/echo-srt-send

die() {
  printf 'echo-publish: %s\n' "$*" >&2
  exit 1
}

usage() {
  echo "Usage: echo-publish.sh [-r] IP NAME FILE" >&2
  exit 2
}

# ---- What is to be published ----

protocol=srt format=aac
while getopts r option; do
  case $option in
    r) protocol=rtmp format=flv ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
(($# == 3)) || usage
ip=$1 name=$2 file=$3

needed=(curl jq)
[[ $protocol == srt ]] || needed+=(ffmpeg ffprobe)
for program in "${needed[@]}"; do
  command -v "$program" >/dev/null || die "please install $program"
done
[[ $protocol == rtmp || -x $srt_send ]] || die "please run scripts/test-build.sh first"
[[ -f $file && -r $file ]] || die "Cannot read $file"

# ---- The control API ----

# An IPv6 address stands in brackets in a URL.
[[ $ip != *:* || $ip == "["* ]] || ip="[$ip]"
control=http://$ip:${ECHO_PORT:-5021}/echo/4

# Files for the cookie and the credentials, which only this user can read. As arguments, credentials
# would be in the list of processes.
private=$(mktemp -d)
cookies=$private/cookies authorization=$private/authorization

if [[ -n ${ECHO_TOKEN:-} ]]; then
  printf 'Authorization: Bearer %s\n' "$ECHO_TOKEN"
elif [[ -n ${ECHO_USER:-} ]]; then
  credentials=$(printf '%s:%s' "$ECHO_USER" "${ECHO_PASSWORD:-}" | base64 | tr -d '\n')
  printf 'Authorization: Basic %s\n' "$credentials"
fi >"$authorization"

# call METHOD PATH BODY: prints the answer, or says what is wrong and fails.
call() {
  local answer status message
  answer=$(curl --silent --show-error --max-time 10 --request "$1" \
    --cookie "$cookies" --cookie-jar "$cookies" \
    --header "@$authorization" --header "Content-Type: application/json" \
    --data "$3" --write-out '\n%{http_code}' "$control/$2") || die "$1 $control/$2: no answer"
  status=${answer##*$'\n'} answer=${answer%$'\n'*}
  if [[ $status != 200 ]]; then
    message=$(jq --raw-output .message <<<"$answer" 2>/dev/null) || message=$answer
    [[ $status != 401 ]] || message+=" (see ECHO_TOKEN and ECHO_USER in $0)"
    die "$1 $control/$2: $status $message"
  fi
  printf '%s\n' "$answer"
}

# The server logs the reason with the event. The client chooses the code, except 30000, "teardown by
# server", and 50000, "unknown".
publish() {
  local body
  body=$(jq --null-input --arg protocol "$protocol" --arg format "$format" --arg os "$(uname -s)" '{
    media: {type: "audio", protocol: $protocol, format: $format},
    reason: {code: 0, message: "on air"},
    props: {os: $os, sdk_version: "echo-publish.sh"}
  }')
  call POST "publish/$(jq --null-input --raw-output --arg name "$name" '$name | @uri')" "$body"
}

# teardown MESSAGE
teardown() {
  call PUT teardown \
    "$(jq --null-input --arg message "$1" '{reason: {code: 0, message: $message}}')" >/dev/null
}

# ---- The end, whatever causes it ----

published="" sender="" reason="the sender failed"

finish() {
  local status=$?
  trap '' INT TERM HUP
  if [[ -n $sender ]]; then
    kill "$sender" 2>/dev/null || true
    wait "$sender" || true
  fi
  if [[ -n $published ]]; then
    if (teardown "$reason"); then echo "Torn down: $reason"; else status=1; fi
  fi
  rm -rf "$private"
  exit "$status"
}
trap finish EXIT
trap 'reason=interrupted; exit 130' INT
trap 'reason=interrupted; exit 143' TERM
trap 'reason=interrupted; exit 129' HUP

# ---- The broadcast ----

# Senders run in the background: bash runs traps only once a program in the foreground has ended.

send_by_srt() {
  local address port
  address=$(jq --raw-output '.publish.transports[0].address' <<<"$1")
  port=$(jq --raw-output '.publish.transports[0].port' <<<"$1")
  # A passphrase in the environment is for the shared port. The port of a session has none.
  ECHO_SRT_PASSPHRASE="" "$srt_send" "$file" "$address" "$port" &
}

# AAC is sent as it is, anything else is encoded.
send_by_rtmp() {
  local url key source codec=aac
  url=$(jq --raw-output .publish.rtmp.url <<<"$1")
  key=$(jq --raw-output .publish.rtmp.name <<<"$1")
  source=$(ffprobe -v error -select_streams a:0 -show_entries stream=codec_name -of csv=p=0 "$file")
  if [[ $source == aac ]]; then codec=copy; fi
  ffmpeg -nostdin -hide_banner -v error -re -i "$file" -vn -c:a "$codec" \
    -f flv -flvflags no_duration_filesize "$url/$key" &
}

answer=$(publish)
published=1
echo "Publishing $name by $protocol. By default it can be heard at"
echo "  http://$ip:8080/cast/$name/playlist.m3u8"
set -m # the sender gets a process group of its own: Ctrl-C reaches it once, from finish
if [[ $protocol == srt ]]; then send_by_srt "$answer"; else send_by_rtmp "$answer"; fi
sender=$!
set +m
wait "$sender"
reason="end of file"
