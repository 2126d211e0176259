#!/usr/bin/env bash
# Builds the sample SRT clients. First it installs what the build needs and this machine lacks.
set -euo pipefail

client=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/echo-client
build=$client/build

have() { command -v "$1" >/dev/null; }

debian=() homebrew=()
have cmake || { debian+=(cmake) homebrew+=(cmake); }
have cc || debian+=(gcc libc6-dev)
have make || debian+=(make)
have pkg-config || { debian+=(pkg-config) homebrew+=(pkg-config); }
pkg-config --exists srt 2>/dev/null || { debian+=(libsrt-openssl-dev) homebrew+=(srt); }

if ((${#debian[@]} > 0)); then
  if have apt-get; then
    as_root=(env DEBIAN_FRONTEND=noninteractive)
    ((EUID == 0)) || as_root=(sudo "${as_root[@]}")
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${debian[@]}"
  elif have brew && ((${#homebrew[@]} > 0)); then
    brew install "${homebrew[@]}"
  else
    echo "Please install a C compiler, make, cmake, pkg-config and libsrt's development files" \
      "(Debian: ${debian[*]})" >&2
    exit 1
  fi
fi

cmake -S "$client/echo-srt" -B "$build"
cmake --build "$build"
printf '\nBuilt:\n  %s\n  %s\n' "$build/echo-srt-send" "$build/echo-srt-recv"
