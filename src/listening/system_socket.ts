/**
 * What the system does with a socket that Deno itself has no call for.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { getSystemErrorMessage } from "node:util";

const logger = getLogger(["echo", "listening"]);

/** A socket that can be read without waiting, and says later than others that there is something. */
export interface SystemSocket {
  /**
   * Reads what is there.
   * @returns how many bytes `buffer` got, 0 at the end of the stream; else that there is `nothing`, or
   *   that it is `unknown` why it failed: Deno's own read tells then
   * @throws where the connection is broken
   */
  receive(buffer: Uint8Array): number | "nothing" | "unknown";
  /**
   * With how many bytes to be read the system wakes who waits for them (`SO_RCVLOWAT`, socket(7)).
   * The end of the stream wakes him at once.
   */
  setLowWater(bytes: number): void;
}

/** Gives {@link SystemSocket}s, where there is Linux and its C library. */
export class SystemSockets {
  readonly #libc: Libc;
  /** `errno` of this thread. */
  readonly #errno: Int32Array;
  /** The length of the last buffer, which is mostly that of the next one, as libc takes it. */
  #length = { number: 0, size: 0n };

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
    if (descriptor === undefined) return undefined;
    return {
      receive: (buffer) => this.#receive(descriptor, buffer),
      setLowWater: (bytes) => this.#setLowWater(descriptor, bytes),
    };
  }

  /** No {@link SystemSocket} is used any more. */
  close(): void {
    this.#libc.close();
  }

  #receive(descriptor: number, buffer: Uint8Array): ReturnType<SystemSocket["receive"]> {
    const { recv } = this.#libc.symbols;
    if (this.#length.number !== buffer.length) {
      this.#length = { number: buffer.length, size: BigInt(buffer.length) };
    }
    const count = recv(descriptor, buffer, this.#length.size, MSG_DONTWAIT);
    if (count >= 0) return count;
    const error = this.#errno[0] ?? 0;
    if (error === EAGAIN || error === EINTR) return "nothing";
    if (BROKEN.has(error)) throw new Error(getSystemErrorMessage(-error));
    return "unknown";
  }

  #setLowWater(descriptor: number, bytes: number): void {
    const value = Int32Array.of(bytes);
    const { setsockopt } = this.#libc.symbols;
    setsockopt(descriptor, SOL_SOCKET, SO_RCVLOWAT, value, value.byteLength);
  }
}

const LIBC = "libc.so.6";

const SYMBOLS = {
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

// recv(2), socket(7) and errno(3) on Linux.
const MSG_DONTWAIT = 0x40;
const SOL_SOCKET = 1;
const SO_RCVLOWAT = 18;
const EINTR = 4;
const EAGAIN = 11;
/**
 * ENETUNREACH, ECONNRESET and EHOSTUNREACH. What the JavaScript engine calls between `recv` and the
 * look at `errno` may change that to other errors, but not to these.
 */
const BROKEN: ReadonlySet<number> = new Set([101, 104, 113]);

/** Deno keeps the descriptor of a TCP connection under a symbol. */
function descriptorOf(socket: object): number | undefined {
  if ("handshake" in socket) return undefined;
  const symbol = Object.getOwnPropertySymbols(socket)
    .find(({ description }) => description === "Deno.internal.fd");
  const value: unknown = symbol && Reflect.get(socket, symbol);
  return typeof value === "number" ? value : undefined;
}
