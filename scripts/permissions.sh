# shellcheck shell=sh
# What Deno allows Echo: no more than it uses. To be sourced; a self-extracting file has it inside.
#
# Files are read and written wherever the configuration says, and sockets opened. The environment is
# the configuration. libsrt, the service manager, and calls for sockets that Deno has not, are reached
# by FFI. Of the system, load, memory and free space are statistics, and the mode of new files is set.
# Echo starts no program, and imports no code while it runs.
#
# Below /dev, where /dev/shm is, Deno lets only those read and write who may do everything. Whoever may
# do less also has it follow links before each file, on the thread that reads from encoders: where a
# network's disk hangs, all would stand still. So Echo gets everything where a folder or a file is
# configured at such a place.

# Prints the permissions as options of `deno run`; $1 is the env file, if there is one.
permissions() {
  if wants_everything "$1"; then
    echo --allow-all
  else
    echo --allow-read --allow-write --allow-net --allow-env --allow-ffi --allow-sys
  fi
}

# Whether a folder or a file of Echo's is below /dev or on a disk of the network, by the environment,
# by the env file $1, or because one has a link in it that leads there.
wants_everything() {
  configured_paths "$1" | while read -r path; do
    target=$(target_of "$path")
    case $target/ in /dev/null/) continue ;; /dev/*) echo yes ;; esac
    case $(stat -f -c %T "$target" 2>/dev/null) in
      nfs* | cifs | smb* | fuse* | ceph | lustre | afs | coda | v9fs | gfs* | ocfs2 | gpfs) echo yes ;;
    esac
  done | grep -q yes
}

# The paths that Echo may use, a line each: those of its variables, those in the logging file that
# they name, and those that count where they are unset.
configured_paths() {
  set -- "$({ env; cat "$1" 2>/dev/null; } | sed -n \
    -e "s/^[[:space:]]*//" -e "s/^export[[:space:]]\{1,\}//" \
    -e "s/^\(\(HLS\|RECORD\|LOG4RS\|ECHO\|FALLBACK\|STAT\|TLS\)_[A-Z0-9_]*=\)[\"']\{0,1\}/\1/" \
    -e "s/^\([A-Z0-9_]*_\(DIR\|FILE\)=[^\"']*\).*/\1/p")"
  printf '%s\n' "$1" | sed -n 's/^\(HLS\|RECORD\|LOG4RS\|ECHO\|FALLBACK\|STAT\|TLS\)_[A-Z0-9_]*=//p'
  printf '%s\n' "$1" | sed -n 's/^LOG4RS_FILE=//p' | while read -r file; do
    sed -n "s/^.*path:[[:space:]]*[\"']\{0,1\}\([^\"' ]*\).*/\1/p" "$file" 2>/dev/null
  done
  printf '%s\n' ./output/hls ./output/record ./output/reports
}

# Where $1 is, as far as it exists.
target_of() {
  there=${1%% #*}
  while [ -n "$there" ] && [ ! -e "$there" ]; do
    case $there in */*) there=${there%/*} ;; *) there=. ;; esac
  done
  readlink -f "${there:-/}" || echo "$1"
}
