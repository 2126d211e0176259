#!/usr/bin/env bash
# Runs Echo for production.
#
#   scripts/run.sh [ENV_FILE] [OPTION…]     OPTION is one of the server's, which -h shows
#
# ENV_FILE is the configuration. By default it is the echo.env beside this script or in the folder
# above. It is sourced by the shell, so it may compute values. The process environment counts more.
#
# The server is the program `echo` beside this script, in the folder above, or in its dist. Where
# there is none, Deno runs the sources. Relative paths in the configuration begin at the folder
# above, or at this folder where `echo` is beside this script. The server replaces this process, so
# it has the same PID and gets its signals.
set -euo pipefail

note() { printf 'run: %s\n' "$*" >&2; }

# The first of the files that exists, or nothing.
first_file() {
  local file
  for file in "$@"; do
    if [[ -f $file ]]; then
      printf '%s\n' "$file"
      return
    fi
  done
}

# ---- Configuration ----

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here
[[ -f $here/echo ]] || root=$(dirname "$here")

if (($# > 0)) && [[ $1 != -* ]]; then
  env_file=$1
  [[ $env_file == */* ]] || env_file=./$env_file
  shift
else
  env_file=$(first_file "$here/echo.env" "$root/echo.env")
fi

if [[ -n $env_file ]]; then
  environment=$(export -p)
  set -a
  # shellcheck source=/dev/null
  source "$env_file"
  set +a
  eval "$environment"
else
  note "there is no echo.env; echo.env.example is one to start from"
fi
# Anybody may publish only where the configuration says so.
export ECHO_AUTH=${ECHO_AUTH:-key}

# ---- Addresses ----

# Private addresses (RFC 1918, RFC 6598), and those that no box can be reached at.
private='^(10|192\.168|172\.(1[6-9]|2[0-9]|3[01])|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7]))\.'
unusable='^(0|127|169\.254|22[4-9]|2[3-5][0-9])\.|[^0-9.]'

# This box's IPv4 addresses, without those of bridges to its own containers and virtual machines.
interface_addresses() {
  if command -v ip >/dev/null; then
    # First the source address of packets to other hosts. This asks the kernel and sends nothing.
    ip -o -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p'
    ip -o -4 addr show up scope global | awk '{ sub("/.*", "", $4); print $2, $4 }'
  else
    ifconfig | awk '/^[^ \t]/ { name = $1 } $1 == "inet" { print name, $2 }'
  fi | awk '$1 !~ /^(docker|br-|bridge|veth|virbr|cni|flannel|lxc|lxd)/ { print $NF }' |
    grep -Ev "$unusable"
}

# The public addresses of this box's full name in the DNS.
dns_addresses() {
  local name
  name=$(bounded hostname -f 2>/dev/null) || return 0
  if command -v dig >/dev/null; then
    dig +short +time=2 +tries=1 "$name" A
  else
    bounded getent ahostsv4 "$name" | awk '{ print $1 }'
  fi | grep -Ev "$unusable|$private"
}

bounded() {
  if command -v timeout >/dev/null; then timeout 5 "$@"; else "$@"; fi
}

if [[ -z ${ECHO_SRT_PRIV_IP:-} ]]; then
  candidates=$(interface_addresses) || true
  ECHO_SRT_PRIV_IP=$(grep -E -m 1 "$private" <<<"$candidates" || head -n 1 <<<"$candidates")
  export ECHO_SRT_PRIV_IP
  note "ECHO_SRT_PRIV_IP is ${ECHO_SRT_PRIV_IP:-unset: no interface has an address}"
fi

if [[ -z ${ECHO_SRT_PUB_IP:-} ]]; then
  # A box that is not in the DNS may still have a public address.
  candidates=$(dns_addresses; interface_addresses) || true
  ECHO_SRT_PUB_IP=$(grep -Ev -m 1 "$private|^$" <<<"$candidates") || true
  export ECHO_SRT_PUB_IP
  note "ECHO_SRT_PUB_IP is ${ECHO_SRT_PUB_IP:-unset: the DNS has none; clients get the private one}"
fi

# ---- The server ----

cd "$root"
# The whole configuration is in the environment now, so the server reads no file.
arguments=(--env-file /dev/null "$@")

program=$(first_file "$here/echo" "$root/echo" "$root/dist/echo")
if [[ -n $program ]]; then
  note "$program"
  exec "$program" "${arguments[@]}"
fi

# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh" run
note "$DENO, $root/main.ts"
# shellcheck source=scripts/permissions.sh
source "$root/scripts/permissions.sh"
# The same options as `deno task start` has, which itself would stay as a process in between.
read -ra allowed <<<"$(permissions /dev/null)"
flags=(--no-prompt "${allowed[@]}" --v8-flags=--max-semi-space-size=4,--heap-growing-percent=30)
exec "$DENO" run "${flags[@]}" main.ts "${arguments[@]}"
