/**
 * What listeners and connections are both: sockets of libsrt.
 *
 * @module
 */
import { decodeSockaddr, SOCKADDR_BYTES, type SrtAddress } from "./address.ts";
import { SRT_SOCKSTATUS } from "./constants.ts";
import type { SrtLibrary } from "./library.ts";

/** `connecting` of a caller; `broken` and after once the peer is gone; `nonexist` after that or close. */
export type SrtSocketState = (typeof SRT_SOCKSTATUS)[number];

/** What listeners and connections have in common. */
export abstract class SrtSocket {
  readonly srt: SrtLibrary;
  /** libsrt's number of this socket (`SRTSOCKET`). */
  readonly id: number;
  #closed = false;

  constructor(srt: SrtLibrary, id: number) {
    this.srt = srt;
    this.id = id;
  }

  /** How far the socket is. */
  get state(): SrtSocketState {
    return SRT_SOCKSTATUS[this.srt.symbols.srt_getsockstate(this.id)] ?? "unknown";
  }

  /** The socket was closed here, by {@linkcode close} or by its poller. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Closes the socket without waiting for unsent data; may be called again. A socket that a poller
   * watches leaves it.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.srt.closed) this.release();
  }

  /** Has libsrt close it; called once. */
  protected release(): void {
    // The only failure is that libsrt has already done away with a broken socket.
    this.srt.symbols.srt_close(this.id);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Reads an address from `srt_getsockname` or `srt_getpeername`.
 * @throws {SrtError} if the socket has none
 */
export function readAddress(
  socket: SrtSocket,
  name: "srt_getsockname" | "srt_getpeername",
): SrtAddress {
  const address = new Uint8Array(SOCKADDR_BYTES);
  const size = Int32Array.of(address.length);
  socket.srt.check(socket.srt.symbols[name](socket.id, address, size), "read address");
  return decodeSockaddr(address);
}
