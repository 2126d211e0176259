#!/usr/bin/env bash
# Tries dist/echo on a minimal Debian, as a user without rights. Its disk is read-only, except
# /var/lib/echo and /var/cache/echo. FFmpeg publishes and listens from outside. The script needs
# root and debootstrap, and takes a minute or two.
#
#   scripts/check-bare.sh [--suite SUITE] [--arch ARCH] [--root FOLDER] [PROGRAM]
#
# SUITE is Debian's suite (by default bookworm). ARCH is the processor of PROGRAM, by default this
# machine's; another one is emulated (qemu-user-static), which takes ten minutes. FOLDER is a system
# that debootstrap made, and it is kept; by default one is made and removed. PROGRAM is by default
# dist/echo.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
suite=bookworm arch=$(dpkg --print-architecture) root='' program=$here/../dist/echo
while (($# > 0)); do
  case $1 in
    --suite) suite=$2 && shift ;;
    --arch) arch=$2 && shift ;;
    --root) root=$2 && shift ;;
    *) program=$1 ;;
  esac
  shift
done

say() { printf 'check-bare: %s\n' "$*"; }

die() {
  say "$@" >&2
  if [[ -s $work/log ]]; then cat "$work/log" >&2; fi
  exit 1
}

# ---- The machine ----

work=$(mktemp -d)
# All that follows runs in a mount namespace of its own, so that nothing stays mounted.
if [[ ${CHECK_BARE:-} != inside ]]; then
  rm -rf "$work"
  ((EUID == 0)) || { echo "check-bare: it needs root" >&2 && exit 1; }
  made=
  trap '[[ -z $made ]] || rm -rf "$made"' EXIT
  if [[ -z $root ]]; then
    made=$(mktemp -d)
    chmod 755 "$made"
    root=$made
    say "making a minimal $suite for $arch"
    debootstrap --variant=minbase --arch "$arch" "$suite" "$root" >/dev/null
  fi
  CHECK_BARE=inside unshare --mount --pid --fork --kill-child \
    bash "${BASH_SOURCE[0]}" --suite "$suite" --root "$root" "$program"
  exit
fi

trap 'umount -R "$work/root" 2>/dev/null; rm -rf "$work"' EXIT
bare=$work/root
mkdir "$bare"
mount --bind "$root" "$bare"
mkdir -p "$bare"/{opt/echo,var/lib/echo,var/cache/echo}
touch "$bare/opt/echo/echo"
mount -t proc proc "$bare/proc"
mount -t tmpfs -o mode=755,size=1m tmpfs "$bare/dev"
for device in null zero random urandom; do
  touch "$bare/dev/$device"
  mount --bind "/dev/$device" "$bare/dev/$device"
done
for folder in var/lib/echo var/cache/echo; do
  mount -t tmpfs -o mode=755,uid=4242,gid=4242,size=400m tmpfs "$bare/$folder"
done
mount --bind "$program" "$bare/opt/echo/echo"
mount -o remount,bind,ro "$bare"

# ---- Echo ----

ports=(25021 25900 25935 25080 25088)
settings=(
  ECHO_AUTH=open "ECHO_ADDR=127.0.0.1:${ports[0]}" "ECHO_SRT_ADDR=127.0.0.1:${ports[1]}"
  "RTMP_ADDR=127.0.0.1:${ports[2]}" "HLS_WEB_ADDR=127.0.0.1:${ports[3]}"
  "STAT_WEB_ADDR=127.0.0.1:${ports[4]}" HLS_WEB_INDEX=1
)

# Runs the program with the settings as its whole environment, without even a HOME.
bare_echo() {
  exec chroot --userspec=4242:4242 "$bare" \
    /usr/bin/env -i "${settings[@]}" \
    /bin/sh -c 'cd /var/lib/echo && exec /opt/echo/echo "$@"' sh "$@"
}

milliseconds() { date +%s%3N; }

# Starts it; prints how long it took until it listened.
start() {
  local since
  : >"$work/log"
  since=$(milliseconds)
  bare_echo >>"$work/log" 2>&1 &
  server=$!
  until grep -q "listens on" "$work/log"; do
    kill -0 "$server" 2>/dev/null || die "it ended"
    sleep 0.01
  done
  say "$1: listens after $(($(milliseconds) - since)) ms"
  wait_for "it to be ready" curl -fs "http://127.0.0.1:${ports[4]}/health"
}

stop() {
  kill -TERM "$server"
  wait "$server" || die "it ended with $?"
}

# wait_for WHAT COMMAND…: until the command succeeds, a minute at most.
wait_for() {
  local what=$1 tries
  shift
  for ((tries = 0; tries < 300; tries++)); do
    if "$@" >"$work/answer" 2>&1; then return; fi
    sleep 0.2
  done
  die "waited in vain for $what: $(tail -n 3 "$work/answer")"
}

# ---- The check ----

get() { curl -fs --max-time 10 "http://127.0.0.1:$1$2"; }

# publish FORMAT URL: 20 s of a tone, in real time.
publish() {
  ffmpeg -nostdin -v error -re -f lavfi -i sine=sample_rate=48000 -t 20 -c:a aac -b:a 128k \
    -f "$1" "$2"
}

say "$(grep PRETTY_NAME "$bare/etc/os-release"), $(chroot "$bare" ldd --version | head -n 1)"
start "first start"
stop
(bare_echo -v) | head -n 2
start "second start"
process=$bare/proc/$server
say "resident: $(awk '/VmRSS/ { print $2, $3 }' "$process/status"), as $(cat "$process/comm")"

publish flv "rtmp://127.0.0.1:${ports[2]}/live/by-rtmp" &
rtmp=$!
publish mpegts "srt://127.0.0.1:${ports[1]}?streamid=publish:by-srt" &
srt=$!
for name in by-rtmp by-srt; do
  wait_for "$name on air" get "${ports[3]}" "/cast/$name/playlist.m3u8"
  ffmpeg -nostdin -v error -i "http://127.0.0.1:${ports[3]}/cast/$name/playlist.m3u8" -t 6 \
    -c copy -f adts -y "$work/$name.aac" || die "FFmpeg cannot play $name"
  (($(wc -c <"$work/$name.aac") > 40000)) || die "$name is too short"
  say "$name: heard over HLS"
done
shows() { grep -qi "$1" <<<"$(get "$2" "$3")" || die "$3 does not show $1"; }
shows '"srt":1,"rtmp":1' "${ports[4]}" /stat/1/sessions/count
shows '^echo_' "${ports[4]}" /metrics
shows '<html' "${ports[3]}" /
say "statistics, metrics and pages answer"
wait "$rtmp" "$srt"
stop
for name in by-rtmp by-srt; do
  length=$(ffprobe -v error -show_entries format=duration -of csv=p=0 \
    "$bare/var/lib/echo/output/record/$name.mp4")
  [[ ${length%.*} -ge 19 ]] || die "the recording of $name lasts $length s"
  say "$name: recorded, $length s"
done
if grep -E " (ERROR|FATAL) " "$work/log"; then die "it logged errors"; fi
say "all is well"
