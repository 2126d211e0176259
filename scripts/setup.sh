#!/usr/bin/env bash
# Installs what Echo needs and this machine lacks, and nothing else.
#
#   scripts/setup.sh run     to run it: Deno, and libsrt where it can be installed (the default)
#   scripts/setup.sh build   to build one file of it: also a compiler and libsrt's static library
#   scripts/setup.sh test    to test it: also FFmpeg, browsers, HTTP caches, jq, SRT's tools
#
# Other scripts source this one. It sets DENO to the path of the Deno to use.
set -euo pipefail

setup_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
deno_version=$(<"$setup_root/.deno-version")
# A Deno for this project alone goes here, where Deno cannot be installed for everybody.
deno_folder=$setup_root/.deno

say() { printf 'setup: %s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

have() { command -v "$1" >/dev/null; }

# ---- Packages of the system ----

missing=() debian_packages=() homebrew_packages=()

# need WHAT DEBIAN_PACKAGE HOMEBREW_PACKAGE
need() {
  missing+=("$1")
  debian_packages+=("$2")
  homebrew_packages+=("$3")
}

need_for_running() {
  have npm || find_deno || need npm npm node
  have_libsrt || need libsrt libsrt1.5-openssl srt
}

# What scripts/build-libsrt.sh links with. It works on Debian and Ubuntu only.
need_for_building() {
  have apt-get || return 0
  have g++ || need "a C++ compiler" g++ gcc
  compgen -G '/usr/lib/*/libsrt.a' >/dev/null || need "libsrt's static library" libsrt-openssl-dev srt
}

need_for_testing() {
  have ffmpeg || need FFmpeg ffmpeg ffmpeg
  have chromium || have chromium-browser || have google-chrome || need Chromium chromium chromium
  have curl || need curl curl curl
  have mpg123 || need mpg123 mpg123 mpg123
  have openssl || need openssl openssl openssl
  have jq || need jq jq jq
  # macOS has no systemd; there the tests of its unit are left out.
  [[ $OSTYPE == darwin* ]] || have systemd-analyze || need systemd-analyze systemd systemd
  have redis-server || need Redis redis-server redis
  # With Homebrew it is redis-server --sentinel.
  [[ $OSTYPE == darwin* ]] || have redis-sentinel || need "Redis Sentinel" redis-sentinel redis
  have promtool || need promtool prometheus prometheus
  have srt-live-transmit || need "SRT's tools" srt-tools srt
  have shout || need "libshout's tools" libshout-tools libshout
  have liquidsoap || need Liquidsoap liquidsoap liquidsoap
  have gst-launch-1.0 || need "GStreamer's tools" gstreamer1.0-tools gstreamer
  PATH=$PATH:/usr/sbin have varnishd || need Varnish varnish varnish
  PATH=$PATH:/usr/sbin have nginx || need nginx nginx nginx
  have caddy || need Caddy caddy caddy
  need_for_other_engines
}

# Browsers that play the listeners' page in tests, beside Chromium, and what they need where there is
# no screen and no sound card. Only Debian gets them: elsewhere these packages are not the same.
need_for_other_engines() {
  grep -qsx 'ID=debian' /etc/os-release || return 0
  have firefox-esr || need Firefox firefox-esr firefox
  have pulseaudio || need "a sound server" pulseaudio pulseaudio
  have WebKitWebDriver || need WebKitGTK webkit2gtk-driver webkitgtk
  have Xvfb || need "a screen in memory" xvfb xvfb
  have_gstreamer app || need "GStreamer's elements" gstreamer1.0-plugins-base gstreamer
  have_gstreamer isomp4 || need "GStreamer's demuxers" gstreamer1.0-plugins-good gstreamer
  have_gstreamer debugutilsbad || need "GStreamer's sinks" gstreamer1.0-plugins-bad gstreamer
  have_gstreamer libav || need "GStreamer's decoders" gstreamer1.0-libav gstreamer
}

# have_gstreamer PLUGIN
have_gstreamer() { compgen -G "/usr/lib/*/gstreamer-1.0/libgst$1.so" >/dev/null; }

have_libsrt() {
  local file
  [[ -z ${ECHO_LIBSRT:-} ]] || return 0
  for file in /opt/homebrew/lib/libsrt*.dylib /usr/local/lib/libsrt*; do
    [[ ! -e $file ]] || return 0
  done
  [[ $(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null) =~ libsrt[a-z-]*\.so\.1\.[45] ]]
}

install_missing() {
  if have apt-get; then
    say "installing with apt-get: ${debian_packages[*]}"
    apt_get update -qq && apt_get install -y -qq --no-install-recommends "${debian_packages[@]}"
  elif have brew; then
    say "installing with Homebrew: ${homebrew_packages[*]}"
    brew install --quiet "${homebrew_packages[@]}" >&2
  else
    return 1
  fi
}

apt_get() {
  local command=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@")
  if ((EUID == 0)); then
    "${command[@]}" </dev/null >&2
  elif [[ -t 0 ]]; then
    sudo "${command[@]}" >&2
  else
    # Nobody can type a password.
    sudo -n "${command[@]}" </dev/null >&2
  fi
}

# ---- Deno ----

# Sets DENO to an installed Deno of the right version, if there is one.
find_deno() {
  local candidate
  for candidate in "$deno_folder/node_modules/.bin/deno" "$(command -v deno)"; do
    if [[ -x $candidate ]]; then
      DENO=$(real_deno "$candidate")
      [[ $("$DENO" --version 2>/dev/null) != "deno $deno_version "* ]] || return 0
    fi
  done
  return 1
}

# The path of Deno's own binary. npm's launcher would keep a Node process running beside it.
real_deno() {
  local file package
  file=$(readlink -f "$1")
  if [[ $file == */bin.cjs ]]; then
    package=${file%/bin.cjs}
    for file in "$package"{,/node_modules/@deno/*,/../@deno/*}/deno; do
      [[ ! -x $file ]] || break
    done
  fi
  printf '%s\n' "$file"
}

install_deno() {
  have npm || die "please install npm, or Deno $deno_version"
  if ! have deno && [[ -w $(npm prefix --global)/lib ]]; then
    say "installing Deno $deno_version with npm for everybody"
    npm_install --global && hash -r && find_deno && return
  fi
  say "installing Deno $deno_version with npm into $deno_folder"
  mkdir -p "$deno_folder"
  printf '*\n' >"$deno_folder/.gitignore"
  npm_install --prefix "$deno_folder" --no-save && find_deno
}

npm_install() { npm install --no-fund --no-audit --loglevel=error "$@" "deno@$deno_version" >&2; }

# ---- What was asked for ----

setup() {
  case $1 in
    run) need_for_running ;;
    build) need_for_running && need_for_building ;;
    test) need_for_running && need_for_building && need_for_testing ;;
    *) die "Cannot parse the argument: expected run, build or test, got $1" ;;
  esac
  if ((${#missing[@]} > 0)) && ! install_missing; then
    say "please install: ${missing[*]} (Debian: apt-get install ${debian_packages[*]})"
    # Echo runs without libsrt. Where npm is missing, install_deno says so.
    [[ $1 == run ]] || exit 1
    have_libsrt || say "going on without libsrt, so without SRT"
  fi
  find_deno || install_deno || die "Deno $deno_version could not be installed"
}

setup "${1:-run}"
