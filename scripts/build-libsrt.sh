#!/usr/bin/env bash
# Links libsrt, with OpenSSL's libcrypto and libstdc++, into one shared library. It needs only
# glibc, and no newer one than Deno needs.
#
#   scripts/build-libsrt.sh [--arch amd64|arm64] [FOLDER]
#
# It writes into FOLDER (by default dist/build): libsrt.so, libsrt.json, which says what it is made
# of, and libsrt.copyright with the licences. It links Debian's static libraries; for another
# architecture, those that dpkg has installed for it.
set -euo pipefail

# The glibc that Deno needs (objdump -T). Each function is bound to its newest version up to this.
glibc=2.27

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
arch=$(dpkg --print-architecture 2>/dev/null) || arch=none

die() {
  printf 'build-libsrt: %s\n' "$*" >&2
  exit 1
}

# ---- What to link, and with what ----

folder=
while (($# > 0)); do
  case $1 in
    --arch) arch=${2:-} && shift ;;
    -*) die "Cannot parse the arguments: expected --arch or a folder, got $1" ;;
    *) folder=$1 ;;
  esac
  shift
done
folder=${folder:-$here/../dist/build}

case $arch in
  amd64) triple=x86_64-linux-gnu loader=ld-linux-x86-64.so.2 ;;
  arm64) triple=aarch64-linux-gnu loader=ld-linux-aarch64.so.1 ;;
  none) die "this needs Debian or Ubuntu, for their static libraries" ;;
  *) die "Cannot build for $arch: expected amd64 or arm64" ;;
esac
libraries=/usr/lib/$triple

missing=()
command -v "$triple-g++" >/dev/null || missing+=("g++-${triple/x86_64/x86-64}")
[[ -e $libraries/libsrt.a ]] || missing+=("libsrt-openssl-dev:$arch")
[[ -e $libraries/libcrypto.a ]] || missing+=("libssl-dev:$arch")
if ((${#missing[@]} > 0)); then
  foreign=
  if [[ $arch != "$(dpkg --print-architecture)" ]]; then
    foreign="dpkg --add-architecture $arch && apt-get update && "
  fi
  die "something is missing; get it with: ${foreign}apt-get install ${missing[*]}"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ---- The link ----

echo '{ global: srt_*; local: *; };' >"$work/exports"
"$triple-gcc" -c -O2 -fPIC -fvisibility=hidden -o "$work/glibc.o" "$here/libsrt/glibc.c"

# link OUTPUT LIBRARY…: links it with these libraries of the system.
link() {
  "$triple-g++" -shared -s -nodefaultlibs -o "$1" "$work/glibc.o" \
    -Wl,--whole-archive "$libraries/libsrt.a" -Wl,--no-whole-archive "$libraries/libcrypto.a" \
    -l:libstdc++.a -lgcc_eh -lgcc "${@:2}" \
    -Wl,--version-script="$work/exports" -Wl,--gc-sections \
    -Wl,-soname,libsrt.so -Wl,-z,defs,-z,relro,-z,now
}

# The undefined dynamic symbols of $1: lines with name and version.
needs() { "$triple-objdump" -T "$1" | sed -nE 's/.*\*UND\*.*\((GLIBC_[0-9.]+)\) +(.*)/\2 \1/p'; }

# First link with this machine's glibc, to learn which functions are needed. The loader's own
# symbols are old enough in any case.
link "$work/first.so" -lm -lc
needs "$work/first.so" | grep -vE '^(__tls_get_addr|__stack_chk_guard) ' >"$work/needed"

# Then link with a stand-in that has the same functions at the versions of an older glibc. A glibc
# keeps old versions of functions; the newest up to $glibc is taken. The result is as if it were
# linked on an older system.
for library in libc.so.6 libm.so.6; do
  "$triple-objdump" -T "$("$triple-gcc" -print-file-name=$library)"
done | sed -nE 's/.* i?D([FO ]) +[^ *].*\(?(GLIBC_[0-9.]+)\)? +([^ ]+)$/\3 \2 \1/p' | tr -d ')' |
  awk -v limit="$glibc" '
    function number(version, parts) {
      sub("GLIBC_", "", version)
      split(version, parts, ".")
      return parts[1] * 1000000 + parts[2] * 1000 + parts[3]
    }
    NR == FNR { needed[$1] = 1; next }
    ($1 in needed) && number($2) <= number(limit) && number($2) >= number(version[$1]) {
      version[$1] = $2
      type[$1] = $3 == "O" ? "object" : "function"
    }
    END {
      for (name in needed) {
        if (name in version) print name, version[name], type[name]
        else { print "glibc " limit " has no " name > "/dev/stderr"; failed = 1 }
      }
      exit failed
    }' "$work/needed" - | sort -k2,2V -k1,1 >"$work/bound"

awk '{ print ".globl " $1 "\n.type " $1 ", %" $3 "\n" $1 ":" }' "$work/bound" >"$work/libc.s"
awk '$2 != last { if (last) print "};"; print $2 " {"; last = $2 } { print "  " $1 ";" }
  END { print "};" }' "$work/bound" >"$work/versions"
"$triple-gcc" -shared -nostdlib -o "$work/libc.so" "$work/libc.s" \
  -Wl,-soname,libc.so.6 -Wl,--version-script="$work/versions"
# Older glibcs have threads, loader and mathematics in these libraries.
for library in libm.so.6 libpthread.so.0 libdl.so.2; do
  "$triple-gcc" -shared -nostdlib -o "$work/$library" -Wl,-soname,$library -x c /dev/null
done

mkdir -p "$folder"
link "$folder/libsrt.so" -l:libc_nonshared.a "$work/libc.so" -Wl,--no-as-needed \
  "$work"/lib{m.so.6,pthread.so.0,dl.so.2} "$("$triple-gcc" -print-file-name="$loader")"

# ---- What it is ----

newest=$(needs "$folder/libsrt.so" | sed 's/.*GLIBC_//' | sort -V | tail -n 1)
[[ $(printf '%s\n' "$newest" "$glibc" | sort -V | tail -n 1) == "$glibc" ]] ||
  die "the library needs glibc $newest, which is newer than $glibc"

# source_version PACKAGE: the version of the Debian source that it was built from.
source_version() { dpkg-query -W -f '${source:Version}' "$1"; }

compiler=libstdc++-$("$triple-g++" -dumpversion)-dev
if [[ $arch == "$(dpkg --print-architecture)" ]]; then
  compiler_package=$compiler:$arch
else
  compiler_package=$compiler-$arch-cross
fi
srt=$(source_version "libsrt-openssl-dev:$arch")
openssl=$(source_version "libssl-dev:$arch")
gcc=$(dpkg-query -W -f '${Version}' "$compiler_package")
cat >"$folder/libsrt.json" <<END
{
  "version": "${srt%%-*}",
  "arch": "$arch",
  "glibc": "$newest",
  "sources": { "srt": "$srt", "openssl": "$openssl", "gcc": "$gcc" }
}
END

docs=/usr/share/doc
for file in "$docs"/{libsrt-openssl-dev,libssl-dev,"${compiler_package%:*}"}/copyright \
  /usr/share/common-licenses/{MPL-2.0,Apache-2.0,GPL-3}; do
  printf '\n---- %s ----\n\n' "${file#/usr/share/}"
  cat "$file"
done >"$folder/libsrt.copyright"

printf 'libsrt %s with OpenSSL %s for %s needs glibc %s, %d bytes\n' \
  "${srt%%-*}" "${openssl%%-*}" "$arch" "$newest" "$(wc -c <"$folder/libsrt.so")"
