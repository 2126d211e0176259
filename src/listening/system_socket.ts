/**
 * What the system does with a socket that Deno itself has no call for.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { getSystemErrorMessage } from "node:util";
import type { StreamSocket } from "./stream_socket.ts";

const logger = getLogger(["echo", "listening"]);

/** A socket that is read and written without waiting, and may say late that there is something. */
export interface SystemSocket {
  /**
   * Reads what is there.
   * @returns how many bytes `buffer` got, 0 at the end of the stream; else that there is `nothing`, or
   *   that it is `unknown` why it failed: Deno's own read tells then
   * @throws where the connection is broken
   */
  receive(buffer: Uint8Array): number | "nothing" | "unknown";
  /**
   * Hands over what the system takes at once.
   * @param tail has the last bytes of `bytes` too: those need not be copied then
   * @returns how much of `bytes` that is; 0 also where the connection is broken: Deno's own write tells
   */
  send(bytes: Uint8Array, tail: MemoryFile | undefined): number;
  /**
   * With how many bytes to be read the system wakes who waits for them (`SO_RCVLOWAT`, socket(7)).
   * The end of the stream wakes him at once.
   */
  setLowWater(bytes: number): void;
  /**
   * How many bytes the system holds until the peer takes them (`SO_SNDBUF`, socket(7)): Linux takes
   * twice as much memory. By default it is as many as the system thinks fit.
   */
  setSendBuffer(bytes: number): void;
}

/** A file without a name, in memory, from which the system sends without copying. */
export interface MemoryFile {
  readonly descriptor: number;
  readonly size: number;
}

/** Gives {@link SystemSocket}s, where there is Linux and its C library. */
export class SystemSockets {
  readonly #libc: Libc;
  /** `errno` of this thread. */
  readonly #errno: Int32Array;
  /** The length of the last buffer, which is mostly that of the next one, as libc takes it. */
  #length = { number: 0, size: 0n };
  /** Where in a file to begin, which the system counts up. */
  readonly #offset = new BigInt64Array(1);
  readonly #memoryFiles = new Set<MemoryFile>();

  private constructor(libc: Libc) {
    this.#libc = libc;
    const at = libc.symbols.__errno_location();
    if (at === null) throw new Error("Cannot find errno");
    this.#errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(at, 4));
  }

  /** @returns `undefined` where the system has no such calls, or they are not allowed */
  static load(): SystemSockets | undefined {
    if (Deno.build.os !== "linux") return undefined;
    try {
      return new SystemSockets(Deno.dlopen(LIBC, SYMBOLS));
    } catch (error) {
      logger.debug("Cannot use the system's calls for sockets: {error}", { error });
      return undefined;
    }
  }

  /**
   * @param socket is not closed while the {@link SystemSocket} is used
   * @returns `undefined` where `socket` is no TCP connection of Deno's, or carries TLS
   */
  of(socket: object): SystemSocket | undefined {
    const descriptor = descriptorOf(socket);
    return descriptor === undefined ? undefined : this.at(descriptor);
  }

  /** @param descriptor that of a TCP connection, which is open while the {@link SystemSocket} is used */
  at(descriptor: number): SystemSocket {
    return {
      receive: (buffer) => this.#receive(descriptor, buffer),
      send: (bytes, tail) => this.#send(descriptor, bytes, tail),
      setLowWater: (bytes) => this.#set(descriptor, SO_RCVLOWAT, bytes),
      setSendBuffer: (bytes) => this.#set(descriptor, SO_SNDBUF, bytes),
    };
  }

  /**
   * What the system does with the TCP connection that carries `socket`, so that it is read late, or
   * little is held of what goes out: what comes is not to be taken past whoever reads `socket`.
   * @returns `undefined` where nothing is known of such a connection
   */
  beneath(socket: StreamSocket): Omit<SystemSocket, "send"> | undefined {
    const { carrier } = socket;
    const descriptor = carrier && descriptorOf(carrier);
    if (descriptor === undefined) return undefined;
    const set = (option: number, number: number) => {
      // Else the descriptor may be another connection's.
      if (socket.carrier !== undefined) this.#set(descriptor, option, number);
    };
    return {
      receive: () => "unknown",
      setLowWater: (bytes) => set(SO_RCVLOWAT, bytes),
      setSendBuffer: (bytes) => set(SO_SNDBUF, bytes),
    };
  }

  /**
   * @returns a file with a copy of `bytes`, to be given to {@link removeFile}; `undefined` where the
   *   system has none, or there are {@link MAX_MEMORY_FILES}
   */
  memoryFile(bytes: Uint8Array): MemoryFile | undefined {
    if (this.#memoryFiles.size >= MAX_MEMORY_FILES) return undefined;
    const { memfd_create, write } = this.#libc.symbols;
    const descriptor = memfd_create(MEMORY_FILE_NAME, MFD_CLOEXEC);
    if (descriptor < 0) return undefined;
    const file = { descriptor, size: bytes.length };
    this.#memoryFiles.add(file);
    if (write(descriptor, bytes, this.#sizeOf(bytes.length)) === bytes.length) return file;
    this.removeFile(file);
    return undefined;
  }

  /** Nothing is sent from `file` any more. */
  removeFile(file: MemoryFile): void {
    if (this.#memoryFiles.delete(file)) this.#libc.symbols.close(file.descriptor);
  }

  /** No {@link SystemSocket} is used any more. */
  close(): void {
    for (const file of this.#memoryFiles) this.removeFile(file);
    this.#libc.close();
  }

  #receive(descriptor: number, buffer: Uint8Array): ReturnType<SystemSocket["receive"]> {
    const { recv } = this.#libc.symbols;
    const count = recv(descriptor, buffer, this.#sizeOf(buffer.length), MSG_DONTWAIT);
    if (count >= 0) return count;
    const error = this.#errno[0] ?? 0;
    if (error === EAGAIN || error === EINTR) return "nothing";
    if (BROKEN.has(error)) throw new Error(getSystemErrorMessage(-error));
    return "unknown";
  }

  #send(descriptor: number, bytes: Uint8Array, tail: MemoryFile | undefined): number {
    const { send, sendfile } = this.#libc.symbols;
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    if (tail === undefined) {
      return Math.max(0, send(descriptor, bytes, this.#sizeOf(bytes.length), flags));
    }
    const head = bytes.length - tail.size;
    const sent = Math.max(0, send(descriptor, bytes, BigInt(head), flags | MSG_MORE));
    if (sent < head) return sent;
    this.#offset[0] = 0n;
    const size = this.#sizeOf(tail.size);
    return sent + Math.max(0, sendfile(descriptor, tail.descriptor, this.#offset, size));
  }

  #sizeOf(length: number): bigint {
    if (this.#length.number !== length) this.#length = { number: length, size: BigInt(length) };
    return this.#length.size;
  }

  #set(descriptor: number, option: number, number: number): void {
    const value = Int32Array.of(number);
    const { setsockopt } = this.#libc.symbols;
    setsockopt(descriptor, SOL_SOCKET, option, value, value.byteLength);
  }
}

const LIBC = "libc.so.6";

const SYMBOLS = {
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  sendfile: { parameters: ["i32", "i32", "buffer", "usize"], result: "i32" },
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

/** Each takes a descriptor. */
const MAX_MEMORY_FILES = 64;
/** As the system shows it among the open files of the process. */
const MEMORY_FILE_NAME = new TextEncoder().encode("echo\0");

// recv(2), send(2), memfd_create(2), socket(7) and errno(3) on Linux.
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** More follows at once: so the head and the beginning of the body go out together. */
const MSG_MORE = 0x8000;
const MFD_CLOEXEC = 1;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVLOWAT = 18;
const EINTR = 4;
const EAGAIN = 11;
/**
 * ENETUNREACH, ECONNRESET and EHOSTUNREACH. What the JavaScript engine calls between `recv` and the
 * look at `errno` may change that to other errors, but not to these.
 */
const BROKEN: ReadonlySet<number> = new Set([101, 104, 113]);

/**
 * The descriptor of a TCP connection, which Deno keeps under a symbol.
 * @returns `undefined` where `socket` is none of Deno's, or carries TLS
 */
export function descriptorOf(socket: object): number | undefined {
  if ("handshake" in socket) return undefined;
  const symbol = Object.getOwnPropertySymbols(socket)
    .find(({ description }) => description === "Deno.internal.fd");
  const value: unknown = symbol && Reflect.get(socket, symbol);
  return typeof value === "number" ? value : undefined;
}
