/*
 * Functions that Debian's libsrt, OpenSSL and libstdc++ need, and that an older glibc lacks.
 * build-libsrt.sh links them into the library, hidden, so that it runs wherever Deno does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since glibc 2.36. */
uint32_t arc4random(void) {
  uint32_t value;
  while (getrandom(&value, sizeof value, 0) != sizeof value) {
    if (errno != EINTR) abort();
  }
  return value;
}

/* Since glibc 2.33. Before, these were inline functions of its headers. */
int fstat(int fd, struct stat *status) { return (int)syscall(SYS_fstat, fd, status); }

int fstat64(int fd, struct stat64 *status) { return (int)syscall(SYS_fstat, fd, status); }

int stat(const char *path, struct stat *status) {
  return (int)syscall(SYS_newfstatat, AT_FDCWD, path, status, 0);
}

/* Since glibc 2.32: whether there is only one thread, so that locks are not needed. There are more. */
char __libc_single_threaded = 0;

/* Since glibc 2.35: the unwinder finds by it the tables for the code at an address. */
struct dl_find_object;
struct found_object {
  uint64_t flags;
  void *map_start, *map_end, *link_map, *eh_frame;
  uint64_t reserved[7];
};

struct search {
  uintptr_t address;
  struct found_object *found;
};

static int look_at(struct dl_phdr_info *object, size_t size, void *data) {
  struct search *search = data;
  uintptr_t from = 0, to = 0, tables = 0;
  (void)size;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    uintptr_t start = object->dlpi_addr + part->p_vaddr;
    if (part->p_type == PT_GNU_EH_FRAME) tables = start;
    if (part->p_type == PT_LOAD && search->address - start < part->p_memsz) {
      from = start;
      to = start + part->p_memsz;
    }
  }
  if (from == 0 || tables == 0) return 0;
  *search->found = (struct found_object){
      .map_start = (void *)from, .map_end = (void *)to, .eh_frame = (void *)tables};
  return 1;
}

int _dl_find_object(void *address, struct dl_find_object *found) {
  struct search search = {(uintptr_t)address, (struct found_object *)found};
  return dl_iterate_phdr(look_at, &search) == 1 ? 0 : -1;
}
