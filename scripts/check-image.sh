#!/usr/bin/env bash
# Builds the image of the Dockerfile and tries it: with podman, as a user without rights and with a
# read-only root, and then with end-to-end tests, whose server is what is in the image. It needs
# root, buildah, podman, runc and FFmpeg, and takes some minutes.
#
#   scripts/check-image.sh [--base FOLDER] [TEST…]
#
# FOLDER is a Debian that debootstrap made; it stands for debian:bookworm-slim where no registry of
# images can be reached. Each TEST is a file of tests/e2e; by default all of them are run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
base='' tests=()
while (($# > 0)); do
  case $1 in
    --base) base=$2 && shift ;;
    *) tests+=("$1") ;;
  esac
  shift
done
((${#tests[@]} > 0)) || tests=("$root/tests/e2e")

say() { printf 'check-image: %s\n' "$*"; }

die() {
  say "$@" >&2
  exit 1
}

((EUID == 0)) || die "it needs root"
work=$(mktemp -d)
chmod 755 "$work"
# A store of its own, which leaves nothing behind, and works on every file system.
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/store"\nrunroot = "%s/run"\n' "$work" "$work" \
  >"$work/storage.conf"
export CONTAINERS_STORAGE_CONF=$work/storage.conf
container=
clean_up() {
  [[ -z $container ]] || podman rm --force --time 5 "$container" >/dev/null
  podman image umount --all >/dev/null
  rm -rf "$work"
}
trap clean_up EXIT

# ---- The image ----

if [[ -n $base ]]; then
  # With the authorities that this machine trusts, and only for the build.
  changes=(--change "ENV DENO_TLS_CA_STORE=system")
  tar -C "$base" --exclude=./proc/* --exclude=./sys/* --exclude=./dev/* -c . |
    podman import --quiet "${changes[@]}" - docker.io/library/debian:bookworm-slim >/dev/null
  say "the base is $base"
fi
# The format of Docker has the health check.
buildah bud --quiet --isolation chroot --network host --format docker --tag echo "$root" >/dev/null
say "the image has $(podman image inspect echo --format '{{.Size}}' | numfmt --to=si)B"

# ---- As a container ----

ports=(25021 25900 25935 25080 25088)
settings=(
  ECHO_AUTH=open "ECHO_ADDR=127.0.0.1:${ports[0]}" "ECHO_SRT_ADDR=127.0.0.1:${ports[1]}"
  "RTMP_ADDR=127.0.0.1:${ports[2]}" "HLS_WEB_ADDR=127.0.0.1:${ports[3]}"
  "STAT_WEB_ADDR=127.0.0.1:${ports[4]}"
)
container=$(podman run --detach --runtime runc --network host --read-only --read-only-tmpfs=false \
  --cap-drop all --security-opt no-new-privileges --ulimit "nofile=20000:20000" \
  --ulimit "nproc=10000:10000" "${settings[@]/#/--env=}" echo)

# wait_for WHAT COMMAND…: until the command succeeds, a minute at most.
wait_for() {
  local what=$1 tries
  shift
  for ((tries = 0; tries < 300; tries++)); do
    if "$@" >"$work/answer" 2>&1; then return; fi
    sleep 0.2
  done
  podman logs "$container" >&2
  die "waited in vain for $what: $(tail -n 3 "$work/answer")"
}

inside() { podman exec "$container" "$@"; }

wait_for "the health check" podman healthcheck run "$container"
[[ $(inside id -u) == 4242 ]] || die "it runs as $(inside id -un)"
! inside touch /file 2>/dev/null || die "its root can be written to"
inside sh -c 'grep -q "^CapEff:.*0000000000000000$" /proc/1/status' || die "it has capabilities"
say "it is healthy, as user 4242 without capabilities, and its root is read-only"
(cd / && ffmpeg -nostdin -v error -re -f lavfi -i sine=sample_rate=48000 -t 15 -c:a aac -b:a 128k \
  -f flv "rtmp://127.0.0.1:${ports[2]}/live/demo") &
publisher=$!
wait_for "a playlist" curl -fs "http://127.0.0.1:${ports[3]}/cast/demo/playlist.m3u8"
wait "$publisher"
podman stop --time 20 "$container" >/dev/null
code=$(podman inspect "$container" --format '{{.State.ExitCode}}')
[[ $code == 0 ]] || die "it ended with $code"
say "a broadcast was heard, and it stops with code 0"

# ---- End-to-end tests ----

# Tests start and stop it as a process of their own, also by SIGKILL, which podman does not pass on.
# So the root of the image is entered without podman: as read-only, by the same user.
mounted=$(podman image mount echo)
cat >"$work/echo" <<END
#!/bin/bash
# The folders that tests make for the server are root's alone.
{ pwd && env | sed -n 's/^[A-Z0-9_]*_\(FILE\|DIR\)=//p'; } | cut -d / -f 1-3 | grep '^/tmp/.' |
  sort -u | while IFS= read -r folder; do [[ ! -e \$folder ]] || chown -R 4242:4242 "\$folder"; done
exec unshare --mount bash -c '
  set -e
  mount --bind "$mounted" "$mounted"
  mount -o remount,bind,ro "$mounted"
  for folder in dev proc tmp; do mount --rbind /\$folder "$mounted/\$folder"; done
  exec chroot --userspec=4242:4242 --groups= "$mounted" /bin/sh -c "
    cd \"\\\$0\" && CACHE_DIRECTORY=/opt/echo/unpacked exec setpriv --no-new-privs /opt/echo/echo \"\\\$@\"
  " "\$PWD" "\$@"' echo "\$@"
END
chmod 755 "$work/echo"
cd "$root"
ECHO_BIN=$work/echo NO_COLOR=1 deno test --frozen --no-check --allow-all "${tests[@]}"
