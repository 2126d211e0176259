#!/bin/sh
# Echo in one file: this script, followed by Deno, the program and libsrt, each compressed. The
# first start unpacks them into a cache. Every start checks that they are intact, and runs them.
#
# The cache is $CACHE_DIRECTORY (which systemd sets) or $XDG_CACHE_HOME/echo. Where neither is set,
# it is the first that can be used of ~/.cache/echo, /var/cache/echo, /var/lib/echo/.cache/echo and
# $TMPDIR/echo-UID. It has a folder for each version. While the server runs, it holds a lock (flock)
# on its folder, so that nobody removes it; systemd-tmpfiles respects the lock too.
#
# scripts/compile.ts fills in the names between two @.

version=@VERSION@
size_mb=@SIZE_MB@
# The processor that it is for, as uname names it.
machine=@MACHINE@
# Name, first byte in this file, compressed size. The first is Deno.
members='@MEMBERS@'
# SHA-256, name.
runtime_sum='@RUNTIME_SUM@'
program_sums='@PROGRAM_SUMS@'

fail() {
  printf 'echo: %s\n' "$*" >&2
  exit 1
}

# ---- The cache ----

# Whether folder $1 belongs to this user or root, and nobody else can write to it.
is_private() {
  facts=$(stat -L -c '%u %a' "$1" 2>/dev/null) || return 1
  case $facts in "$uid "* | "0 "*) ;; *) return 1 ;; esac
  case $facts in *[2367] | *[2367]?) return 1 ;; esac
}

# Whether folder $1 can be the cache. Where it is missing, it is made.
is_usable() {
  [ -d "$1" ] || (umask 022 && mkdir -p "$1" 2>/dev/null) || return 1
  is_private "$1" && { [ -w "$1" ] || [ -d "$1/$version" ]; }
}

# Why folder $1 cannot be the cache.
why_unusable() {
  if [ -e "$1" ] && [ ! -d "$1" ]; then
    echo "it is not a folder"
  elif [ ! -e "$1" ]; then
    LC_ALL=C mkdir -p "$1" 2>&1 | sed 's/.*: //'
  elif ! is_private "$1"; then
    echo "it is not this user's alone to write to"
  elif [ ! -w "$1" ]; then
    echo "it cannot be written to"
  else
    echo "it is a link"
  fi
}

find_cache() {
  case ${XDG_CACHE_HOME:-} in /*) asked=$XDG_CACHE_HOME/echo ;; *) asked= ;; esac
  [ -z "${CACHE_DIRECTORY:-}" ] || asked=${CACHE_DIRECTORY%%:*}
  if [ -n "$asked" ]; then
    cache=$asked
    is_usable "$cache" || fail "Cannot unpack into $cache: $(why_unusable "$cache")"
    return
  fi
  # The HOME of a user without a home is a folder that does not exist.
  if [ -d "${HOME:-}" ]; then
    cache=$HOME/.cache/echo
    is_usable "$cache" && return
  fi
  for cache in /var/cache/echo /var/lib/echo/.cache/echo; do
    is_usable "$cache" && return
  done
  # Anybody may have put a link there. Nobody can replace a folder of this user.
  cache=${TMPDIR:-/tmp}/echo-$uid
  is_usable "$cache" && [ "$(LC_ALL=C stat -c '%u %F' "$cache")" = "$uid directory" ] && return
  fail "Cannot unpack: no folder can be used, the last tried was $cache:" \
    "$(why_unusable "$cache"). Set CACHE_DIRECTORY to one"
}

# ---- What is unpacked ----

# Locks the unpacked folder $1 for as long as this process runs, also after exec.
hold() {
  { command exec 9<"$1"; } 2>/dev/null || return 1
  # Without the lock everything works, except that old versions are not removed.
  flock -s 9 2>/dev/null || :
}

# What identifies the runtime's file. It is too large to be read at every start, so it counts as
# intact while inode, size and times are those of when it was checked.
stamp() { LC_ALL=C stat -c '%i %s %.9Y %.9Z' "$1/echo"; }

# Whether folder $1 has the files that were built, and nobody else may write to them.
is_intact() (
  cd "$1" 2>/dev/null || exit 1
  owner=$(stat -c %u .) || exit 1
  case $owner in "$uid" | 0) ;; *) exit 1 ;; esac
  # shellcheck disable=SC2086
  facts=$(LC_ALL=C stat -c '%u %a %F' . $names 2>/dev/null | uniq) || exit 1
  [ "$facts" = "$owner 755 directory
$owner 555 regular file
$owner 444 regular file" ] || exit 1
  if [ "$owner" != "$uid" ]; then
    # It is root's, as this file may be, and this user cannot have changed it: as in an image, where
    # inode and times are others than where it was made.
    check_sums "$program_sums"
  elif [ "$(cat stamp 2>/dev/null)" != "$(stamp .)" ]; then
    check_sums "$runtime_sum" "$program_sums" || exit 1
    # The bytes are the same but the file is another, as after a restored backup.
    facts=$(stamp .)
    { printf '%s\n' "$facts" >stamp; } 2>/dev/null || :
  else
    check_sums "$program_sums"
  fi
)

# Compares files of the current folder with those that were built.
check_sums() { printf '%s\n' "$@" | sha256sum -c >/dev/null 2>&1; }

# ---- Unpacking ----

give_up() {
  rm -rf "$new"
  fail "$@"
}

# Why a step failed, worked out from what it printed.
cause() {
  case $* in
    *"No space left"* | *"quota exceeded"*) echo "the disk is full; $size_mb MB are needed" ;;
    *"Read-only file system"*) echo "it is on a read-only file system" ;;
    *"ermission denied"*) echo "permission denied" ;;
    *"not in gzip"* | *"unexpected end"* | *" error"* | *"invalid compressed"*)
      echo "$0 is damaged, or only half of it" ;;
    *) printf '%s' "$*" | tr '\n' ' ' ;;
  esac
}

unpack() {
  # Only one start unpacks. Where the cache cannot be locked, several may, which does no harm.
  if { command exec 8<"$cache"; } 2>/dev/null && flock 8 2>/dev/null; then clean; fi
  if hold "$folder" && is_intact "$folder"; then return; fi
  exec 9<&-
  new=
  trap 'rm -rf "$new"; trap - HUP; kill -HUP $$' HUP
  trap 'rm -rf "$new"; trap - INT; kill -INT $$' INT
  trap 'rm -rf "$new"; trap - TERM; kill -TERM $$' TERM
  new=$(LC_ALL=C mktemp -d "$cache/.echo-unpack.XXXXXX" 2>&1) ||
    fail "Cannot unpack into $cache: $(cause "$new")"
  fill
  # If another start was faster, its folder is just as good, and already in use.
  if [ -e "$folder" ] && ! is_intact "$folder"; then
    printf 'echo: %s was changed; it is replaced\n' "$folder" >&2
    mv -T "$folder" "$new.changed" 2>/dev/null && rm -rf "$new.changed"
  fi
  hold "$new"
  if ! mv -T "$new" "$folder" 2>/dev/null; then
    rm -rf "$new"
    if ! hold "$folder" || ! is_intact "$folder"; then
      fail "Cannot unpack into $folder: it cannot be replaced"
    fi
  fi
  trap - HUP INT TERM
}

# Fills the folder $new.
fill() {
  umask_before=$(umask)
  umask 022
  [ -r "$0" ] || give_up "Cannot read $0: call it by its path"
  printf '%s\n' "$members" | while read -r name first bytes; do
    said=$({ LC_ALL=C tail -c "+$first" "$0" | head -c "$bytes" |
      LC_ALL=C gzip -dc >"$new/$name"; } 2>&1) ||
      give_up "Cannot unpack into $cache: $(cause "$said")"
  done || exit 1
  (cd "$new" && check_sums "$runtime_sum" "$program_sums") ||
    give_up "Cannot unpack: $0 is damaged, or the disk below $cache is"
  said=$(finish 2>&1) || give_up "Cannot unpack into $cache: $(cause "$said")"
  said=$(LC_ALL=C "$new/echo" --version 2>&1) || case $(uname -m),$said in
    *ermission*) give_up "$noexec" ;;
    $machine,*)
      said=$(printf '%s' "${said:-it crashed}" | tr '\n' ' ')
      give_up "Cannot run Deno on this system: $said"
      ;;
    # The shell took the program for a script.
    *) give_up "Cannot run on $(uname -m): $0 is for $machine" ;;
  esac
  sync "$new"/* 2>/dev/null
  umask "$umask_before"
}

# Gives the folder $new the rights and the stamp that is_intact checks.
finish() (
  export LC_ALL=C
  # shellcheck disable=SC2086
  cd "$new" && chmod 444 $names && chmod 555 echo && mkdir -m 700 deno &&
    facts=$(stamp .) && printf '%s\n' "$facts" >stamp &&
    # Where new folders inherit their group, chmod with a number does not remove that bit.
    chmod 755 . && chmod g-s .
)

# ---- Keeping house ----

# Removes what a killed unpacking left, and other versions that nobody runs. A version is renamed
# first, so that it is removed the next time if this is killed. Nobody else unpacks meanwhile.
clean() {
  for other in "$cache"/echo-[0-9]*; do
    if is_other "$other"; then
      (exec 7<"$other" && flock -n 7 && mv -T "$other" "$cache/.echo-unpack.old-${other##*/}") \
        2>/dev/null
    fi
  done
  rm -rf "$cache"/.echo-unpack.* 2>/dev/null
}

# Whether $1 is another version that was unpacked here.
is_other() { [ "$1" != "$folder" ] && [ -f "$1/stamp" ]; }

# Whether there may be something to remove.
is_untidy() {
  for other in "$cache"/.echo-unpack.* "$cache"/echo-[0-9]*; do
    case $other in
      *.echo-unpack.*) [ ! -e "$other" ] || return 0 ;;
      *) ! is_other "$other" || return 0 ;;
    esac
  done
  return 1
}

# ---- What it may do ----

@PERMISSIONS@

# The env file that the arguments name, or that is read without.
env_file() {
  named=./echo.env
  while [ $# -gt 0 ]; do
    case $1 in
      --env-file) [ $# -lt 2 ] || named=$2 ;;
      --env-file=*) named=${1#--env-file=} ;;
    esac
    shift
  done
  printf '%s\n' "$named"
}

# ---- Start ----

for tool in flock gzip head mktemp sha256sum stat tail; do
  command -v "$tool" >/dev/null || fail "Cannot unpack: this needs $tool"
done
uid=$(id -u)
names=$(printf '%s\n' "$members" | sed 's/ .*//')
find_cache
folder=$cache/$version
noexec="Cannot run programs in $cache: it is mounted noexec. Set CACHE_DIRECTORY to another folder"
if ! hold "$folder" || ! is_intact "$folder"; then
  unpack
elif is_untidy && { command exec 8<"$cache"; } 2>/dev/null && flock -n 8 2>/dev/null; then
  clean
fi
exec 8<&-
[ -x "$folder/echo" ] || fail "$noexec"

# Deno's own cache makes the next start faster.
export DENO_DIR="$folder/deno" DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
# shellcheck disable=SC2046
exec "$folder/echo" run @FLAGS@ $(permissions "$(env_file "$@")") "$folder/main.js" "$@"
