/**
 * What can go wrong with libsrt.
 *
 * @module
 */
/** A call into libsrt that failed. */
export class SrtError extends Error {
  override readonly name = "SrtError";

  /**
   * @param operation what could not be done, as in `bind 0.0.0.0:9000`
   * @param code libsrt's error number (`SRT_ERRNO`), such as `SRT_ECONNLOST`
   * @param reason libsrt's own text, and the system's behind it where that gave one
   */
  constructor(readonly operation: string, readonly code: number, readonly reason: string) {
    super(`Cannot ${operation}: ${reason}`);
  }
}

/** A library that was tried, and why it was not taken. */
export interface TriedLibrary {
  readonly path: string;
  readonly reason: string;
}

/** No libsrt that could be used was found; the message says where it was looked for and what to install. */
export class SrtUnavailable extends Error {
  override readonly name = "SrtUnavailable";

  constructor(readonly tried: readonly TriedLibrary[]) {
    super([
      "Cannot load libsrt: expected version 1.4.4 to 1.5.x, tried",
      ...tried.map(({ path, reason }) => `  ${path}: ${reason}`),
      "Install it with",
      "  Debian, Ubuntu: apt install libsrt1.5-openssl (Ubuntu 22.04: libsrt1.4-openssl)",
      "  Fedora: dnf install srt-libs",
      "  macOS: brew install srt",
    ].join("\n"));
  }
}
