#!/usr/bin/env bash
# Installs Echo as a service of systemd, or upgrades it. It has to be run as root.
#
#   scripts/install.sh [--no-start] PROGRAM   installs the file PROGRAM, such as dist/echo
#   scripts/install.sh --uninstall            configuration, recordings and the user stay
#
# Without arguments it prints this and changes nothing.
# The same command with a newer PROGRAM upgrades. The old program is kept as echo.previous, and is
# restored if the new one does not become ready. The configuration is written only once.
# With DESTDIR set, everything goes below that folder, and only files are made: no user, no owners.
# systemd is then told only where DESTDIR has /run/systemd/system.
set -euo pipefail
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${DESTDIR:-}
folder=/opt/echo
program=$folder/echo
config=/etc/echo/echo.env
state=/var/lib/echo
cache=/var/cache/echo
unit=/etc/systemd/system/echo.service
account="echo"

say() { printf 'install: %s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

# ---- What is there ----

runs_systemd() { [[ -d $root/run/systemd/system ]]; }

# Runs a program as the service would, but a self-extracting one unpacks itself into scratch.
try_program() { env -i PATH="$PATH" HOME="$scratch" CACHE_DIRECTORY="$scratch" "$@"; }

# ---- Installing ----

install_files() {
  local source=$1
  [[ -n $root ]] || id "$account" >/dev/null 2>&1 || add_user
  mkdir -p "$root${config%/*}" "$root${unit%/*}" "$root$state"
  [[ -n $root ]] || chown "$account:$account" "$state"
  install -m 755 "$source" "$scratch/new"
  try_program "$scratch/new" --print-env >"$scratch/echo.env" ||
    die "Cannot run $source: all is as it was"
  [[ -e $root$config ]] || write_config "$scratch/echo.env"
  check_config
  keep_previous
  mv -f "$scratch/new" "$root$program"
  install -m 644 "$here/echo.service" "$root$unit.new"
  mv -f "$root$unit.new" "$root$unit"
}

add_user() {
  useradd --system --user-group --home-dir "$state" --no-create-home \
    --shell /usr/sbin/nologin "$account"
}

# Keeps program and unit: in scratch, to go back to, and the program as .previous for the operator.
keep_previous() {
  [[ ! -e $root$unit ]] || cp -p "$root$unit" "$scratch/unit.before"
  [[ -e $root$program ]] || return 0
  ln "$root$program" "$scratch/before"
  cmp -s "$scratch/before" "$scratch/new" || ln -f "$scratch/before" "$root$program.previous"
}

random_hex() { od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'; }

# The source address of packets to other hosts. This asks the kernel and sends nothing.
private_address() {
  ip -o -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p' || true
}

# Writes the configuration: what the program suggests, with random secrets.
write_config() {
  local suggested=$1 address
  address=$(private_address)
  sed \
    -e "s|^# \(export ECHO_BEARER_TOKEN=\).*|\1\"$(random_hex 32)\"|" \
    -e "s|^# \(export ECHO_PRIV_KEY=\).*|\1\"$(random_hex 16)\"|" \
    -e "s|^# \(export STAT_TOKEN=\).*|\1\"$(random_hex 32)\"|" \
    -e "s|^# \(export HLS_ROOT_DIR=\).*|\1\"$state/hls\"|" \
    -e "s|^# \(export RECORD_ROOT_DIR=\).*|\1\"$state/record\"|" \
    -e "s|^# \(export STAT_REPORT_DIR=\).*|\1\"$state/reports\"|" \
    ${address:+-e "s|^# \(export ECHO_SRT_PRIV_IP=\).*|\1\"$address\"|"} \
    "$suggested" | install -m 640 /dev/stdin "$root$config.new"
  [[ -n $root ]] || chown "root:$account" "$root$config.new"
  mv -n "$root$config.new" "$root$config"
  say "$config is made, with a random ECHO_BEARER_TOKEN, ECHO_PRIV_KEY and STAT_TOKEN"
  say "clients are told ${address:-127.0.0.1}; where they know another one, set ECHO_SRT_PUB_IP"
}

# Checks the configuration now: a program that does not take it would not start.
check_config() {
  local message
  message=$(try_program "$scratch/new" --env-file "$root$config" --version 2>&1 >/dev/null) ||
    die "Cannot use $config: $message"
}

# ---- Starting ----

start() {
  warm_up
  systemctl daemon-reload
  systemctl enable --quiet echo.service
  systemctl reset-failed --quiet echo.service 2>/dev/null || true
  # This returns once the new program is ready. Before, the broadcasts of the old one have drained.
  if systemctl restart echo.service; then
    say "$(try_program "$root$program" --env-file "$root$config" --version | sed -n 1p) is running"
  else
    systemctl stop echo.service || true
    go_back
  fi
}

# Unpacks the new program while the old one still runs, so that the break is shorter.
warm_up() {
  [[ -z $root ]] || return 0
  install -d -o "$account" -g "$account" "$cache"
  (cd / && runuser -u "$account" -- env -i PATH="$PATH" CACHE_DIRECTORY="$cache" \
    "$program" --env-file /dev/null --version >/dev/null) || true
}

go_back() {
  [[ -e $scratch/before ]] || die "Echo does not become ready: journalctl -u echo tells why"
  say "the new program does not become ready: journalctl -u echo tells why"
  mv -f "$scratch/before" "$root$program"
  [[ ! -e $scratch/unit.before ]] || cp -p "$scratch/unit.before" "$root$unit"
  systemctl daemon-reload
  systemctl reset-failed --quiet echo.service 2>/dev/null || true
  systemctl start echo.service || die "nor does the one before, which is back in its place"
  die "the one before runs again"
}

# ---- Uninstalling ----

uninstall() {
  if runs_systemd && [[ -e $root$unit ]]; then
    systemctl disable --quiet --now echo.service
  fi
  rm -f "$root$unit"
  rm -f "$root$program" "$root$program.previous"
  rm -rf "$root$cache"
  rmdir "$root$folder" 2>/dev/null || true
  ! runs_systemd || systemctl daemon-reload
  say "Echo is uninstalled; ${config%/*}, $state, /var/log/echo and the user $account are still there"
}

# ---- What was asked for ----

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

action=install start=true source=
for argument in "$@"; do
  case $argument in
    --no-start) start=false ;;
    --uninstall) action=uninstall ;;
    -h | --help)
      usage
      exit
      ;;
    -*) die "Cannot parse the arguments: expected --no-start, --uninstall or a file, got $argument" ;;
    *)
      [[ -z $source ]] || die "Cannot parse the arguments: expected one file, got $source and $argument"
      source=$argument
      ;;
  esac
done

if [[ $action == install && -z $source ]]; then
  usage >&2
  exit 2
fi
[[ -n $root ]] || ((EUID == 0)) || die "Cannot install: expected to be run as root"

if [[ $action == uninstall ]]; then
  uninstall
  exit
fi

for file in "$source" "$here/echo.service"; do
  [[ -f $file ]] || die "Cannot install $file: there is no such file"
done
mkdir -p "$root$folder"
# On the same disk as the program: so programs can be run from it, and moved in one step.
scratch=$(mktemp -d "$root$folder/.install.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
install_files "$source"
if ! $start; then
  say "installed; systemctl enable --now echo starts it"
elif ! runs_systemd; then
  say "installed; systemd does not run here: $program --env-file $config starts it"
else
  start
fi
