/**
 * Finds libsrt, loads it, and closes it again.
 *
 * @module
 */
import { getSystemErrorMap } from "node:util";
import { SRT_ERROR, SRT_REJC_PREDEFINED, SRT_SETUP_ERRORS_END } from "./constants.ts";
import { SrtError, SrtUnavailable, type TriedLibrary } from "./errors.ts";
import { SRT_SYMBOLS, type SrtSymbols } from "./symbols.ts";

/** Options of {@linkcode loadSrt}. */
export interface LoadSrtOptions {
  /** Path or name of the library; nothing else is tried then. */
  path?: string;
}

/**
 * Loads libsrt 1.4.4 to 1.5.x and starts it. It is looked for at `path` alone, if given; else as
 * `libsrt.so` (`libsrt.dylib`) beside this module or the bundle that it is in, where a program in
 * one file has it; else under the names that systems install it by.
 *
 * libsrt's own log is switched off: it goes to stderr, and what matters of it comes as errors. (A
 * log handler in JavaScript is no way out: it would be called while libsrt holds its log lock, and
 * wait for a thread that waits for that lock.)
 *
 * Needs `--allow-ffi`.
 *
 * @throws {SrtUnavailable} if there is no such library, or only other versions of it
 */
export function loadSrt(options: LoadSrtOptions = {}): SrtLibrary {
  const paths = options.path !== undefined ? [options.path] : candidatePaths();
  const tried: TriedLibrary[] = [];
  for (const path of paths) {
    try {
      const version = probeVersion(path);
      return new SrtLibrary(path, version, Deno.dlopen(path, SRT_SYMBOLS));
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
      tried.push({ path, reason: loaderReason(error, path) });
    }
  }
  throw new SrtUnavailable(tried);
}

/** What a thread of libsrt calls, and has to be closed before the library is. */
export interface SrtHook {
  /** Has libsrt not call it any more; a call that waits for its answer still does. */
  detach(): void;
  /** Resolves when no call waits for its answer any more, nor can come. */
  close(): Promise<void>;
}

/**
 * libsrt, loaded and started. Everything else of this package is made from it.
 *
 * It is closed with the program (at its `unload` event) if not before: to be unloaded while its
 * threads run would be a crash. A program that has listeners with `onRequest` and ends by `Deno.exit`
 * or by an error has to close them before: a caller who waits for an answer then gets none, and
 * libsrt waits for him.
 */
export class SrtLibrary {
  /** Path or name that it was loaded by. */
  readonly path: string;
  /** As in `1.5.1`. */
  readonly version: string;
  /** What libsrt calls. */
  readonly hooks = new Set<SrtHook>();
  readonly #library: Deno.DynamicLibrary<typeof SRT_SYMBOLS>;
  /** The program has nothing more to do, but to let go of callers that wait for an answer. */
  readonly #onBeforeUnload = (event: Event) => {
    if (this.hooks.size === 0) return;
    event.preventDefault();
    void this.close();
  };
  readonly #onUnload = () => {
    for (const hook of this.hooks) hook.detach();
    this.#unload();
  };
  #closed = false;

  /** Use {@linkcode loadSrt}. */
  constructor(path: string, version: string, library: Deno.DynamicLibrary<typeof SRT_SYMBOLS>) {
    this.path = path;
    this.version = version;
    this.#library = library;
    this.symbols.srt_resetlogfa(null, 0n);
    this.check(this.symbols.srt_startup(), "start libsrt");
    globalThis.addEventListener("beforeunload", this.#onBeforeUnload);
    globalThis.addEventListener("unload", this.#onUnload);
  }

  /**
   * libsrt's functions.
   * @throws {Error} if the library was closed: there is no code to call any more
   */
  get symbols(): SrtSymbols {
    if (this.#closed) throw new Error("Cannot call libsrt: it was closed");
    return this.#library.symbols;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Passes a result of libsrt on.
   * @throws {SrtError} if `result` says that `operation` failed
   */
  check(result: number, operation: string): number {
    if (result === SRT_ERROR) throw this.lastError(operation);
    return result;
  }

  /** The error of the libsrt call before. */
  lastError(operation: string): SrtError {
    const systemError = new Int32Array(1);
    const code = this.symbols.srt_getlasterror(new Uint8Array(systemError.buffer));
    const reason = text(this.symbols.srt_getlasterror_str());
    // Beyond setting up, what it tells may be the error of an earlier call.
    const cause = code < SRT_SETUP_ERRORS_END
      ? getSystemErrorMap().get(-(systemError[0] ?? 0))?.[1]
      : undefined;
    return new SrtError(operation, code, cause === undefined ? reason : `${reason} (${cause})`);
  }

  /** libsrt's text for an error number. */
  errorText(code: number): string {
    return text(this.symbols.srt_strerror(code, 0));
  }

  /** libsrt's text for why a connection attempt of `socket` was rejected, and the listener's code. */
  rejectReason(socket: number): string {
    const code = this.symbols.srt_getrejectreason(socket);
    const reason = text(this.symbols.srt_rejectreason_str(code));
    return code < SRT_REJC_PREDEFINED ? reason : `${reason} (${code})`;
  }

  /**
   * Stops libsrt, with its threads, and unloads it; may be called again. Close pollers, listeners
   * and connections first: this call waits for libsrt to let go of its sockets, a few milliseconds
   * each. It is done when the call returns, unless a listener answers requests.
   */
  async close(): Promise<void> {
    while (this.hooks.size > 0) await Promise.all([...this.hooks].map((hook) => hook.close()));
    this.#unload();
  }

  #unload(): void {
    if (this.#closed) return;
    globalThis.removeEventListener("beforeunload", this.#onBeforeUnload);
    globalThis.removeEventListener("unload", this.#onUnload);
    this.symbols.srt_cleanup();
    this.#closed = true;
    this.#library.close();
  }
}

/**
 * A version as text, from libsrt's number of it.
 * @throws {Error} if it is not one that this package was made for
 */
export function checkedVersion(number: number): string {
  const version = `${number >> 16}.${(number >> 8) & 0xff}.${number & 0xff}`;
  if (number < OLDEST || number > NEWEST) throw new Error(`is version ${version}`);
  return version;
}

const OLDEST = 0x010404;
const NEWEST = 0x0105ff;

function candidatePaths(): string[] {
  const macos = Deno.build.os === "darwin";
  const beside = import.meta.dirname === undefined
    ? []
    : [`${import.meta.dirname}/${macos ? "libsrt.dylib" : "libsrt.so"}`];
  return [...beside, ...(macos ? MACOS_PATHS : LINUX_NAMES)];
}

/** Debian and Ubuntu have an OpenSSL and a GnuTLS flavour, of which one may be named like others' only one. */
const LINUX_NAMES = [
  "libsrt.so.1.5",
  "libsrt-openssl.so.1.5",
  "libsrt-gnutls.so.1.5",
  "libsrt.so.1.4",
  "libsrt-openssl.so.1.4",
  "libsrt-gnutls.so.1.4",
  "libsrt.so",
];

/** Homebrew on Apple silicon and Intel, MacPorts, the loader's own places. */
const MACOS_PATHS = [
  "/opt/homebrew/lib/libsrt.dylib",
  "/usr/local/lib/libsrt.dylib",
  "/opt/local/lib/libsrt.dylib",
  "libsrt.1.5.dylib",
  "libsrt.dylib",
];

/** Asks for the version alone first: another version may lack functions, which would be a worse message. */
function probeVersion(path: string): string {
  const probe = Deno.dlopen(path, { srt_getversion: SRT_SYMBOLS.srt_getversion });
  const number = probe.symbols.srt_getversion();
  probe.close();
  return checkedVersion(number);
}

/** What the loader said, without what Deno and the loader put before it. */
function loaderReason(error: Error, path: string): string {
  return error.message.replace(/^(Could not open library: )+/, "").replace(`${path}: `, "");
}

function text(pointer: Deno.PointerValue): string {
  return pointer === null ? "unknown error" : Deno.UnsafePointerView.getCString(pointer);
}
