/**
 * Listeners, which accept connections.
 *
 * @module
 */
import {
  decodeSockaddr,
  encodeSockaddr,
  formatAddress,
  SOCKADDR_BYTES,
  type SrtAddress,
} from "./address.ts";
import { SrtConnection } from "./connection.ts";
import { SRT_EASYNCRCV, SRT_EINVSOCK, SRT_INVALID_SOCK } from "./constants.ts";
import { SrtError } from "./errors.ts";
import type { SrtLibrary } from "./library.ts";
import { setOptions, type SrtOptions } from "./options.ts";
import { readAddress, SrtSocket } from "./socket.ts";

/** Options of {@linkcode listenSrt}. */
export interface SrtListenOptions extends SrtOptions {
  /** IPv4 or IPv6 address; `::` takes both families unless `ipv6Only`. */
  hostname: string;
  /** 0 takes any free port. */
  port: number;
  /** Handshakes that may be complete and not yet accepted; default 128. */
  backlog?: number;
}

/**
 * Listens on a UDP port. Every listener costs a UDP socket and two threads.
 * @throws {SrtError} if the address cannot be had
 * @throws {RangeError} if an option is outside its limits
 */
export function listenSrt(srt: SrtLibrary, options: SrtListenOptions): SrtListener {
  const where = formatAddress(options);
  const address = encodeSockaddr(options);
  const { symbols } = srt;
  const id = srt.check(symbols.srt_create_socket(), `listen on ${where}`);
  try {
    // libsrt wants the choice made for `::`.
    setOptions(srt, id, { ipv6Only: false, ...options });
    srt.check(symbols.srt_bind(id, address, address.length), `bind ${where}`);
    srt.check(symbols.srt_listen(id, options.backlog ?? 128), `listen on ${where}`);
    return new SrtListener(srt, id);
  } catch (error) {
    symbols.srt_close(id);
    throw error;
  }
}

/** A listening socket; see {@linkcode listenSrt}. */
export class SrtListener extends SrtSocket {
  /** Where it listens, with the port that was taken for 0. */
  readonly address: SrtAddress;

  /** Use {@linkcode listenSrt}. */
  constructor(srt: SrtLibrary, id: number) {
    super(srt, id);
    this.address = readAddress(this, "srt_getsockname");
  }

  /**
   * Takes a connection whose handshake is complete. There is no veto before: a peer that is not
   * wanted is accepted and closed.
   *
   * @returns `undefined` if none is waiting
   * @throws {SrtError} if the listener is closed, or there are no resources for the connection
   */
  accept(): SrtConnection | undefined {
    const peer = new Uint8Array(SOCKADDR_BYTES);
    const size = Int32Array.of(peer.length);
    const id = this.srt.symbols.srt_accept(this.id, peer, size);
    if (id === SRT_INVALID_SOCK) {
      if (this.srt.symbols.srt_getlasterror(null) === SRT_EASYNCRCV) return undefined;
      throw this.srt.lastError(`accept on ${formatAddress(this.address)}`);
    }
    return new SrtConnection(this.srt, id, decodeSockaddr(peer), true);
  }

  /** That it listens no more. */
  lost(): SrtError {
    const operation = `listen on ${formatAddress(this.address)} any longer`;
    return new SrtError(operation, SRT_EINVSOCK, `libsrt's socket is ${this.state}`);
  }
}
