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
import { type AnswerRequest, RequestHook } from "./requests.ts";
import { readAddress, SrtSocket } from "./socket.ts";

/** Options of {@linkcode listenSrt}. */
export interface SrtListenOptions extends SrtOptions {
  /** IPv4 or IPv6 address; `::` takes both families unless `ipv6Only`. */
  hostname: string;
  /** 0 takes any free port. */
  port: number;
  /** Handshakes that may be complete and not yet accepted; default 128. */
  backlog?: number;
  /** Decides about callers before their handshake is complete; without it all are let in. */
  onRequest?: AnswerRequest;
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
  let hook: RequestHook | undefined;
  try {
    // libsrt wants the choice made for `::`.
    setOptions(srt, id, { ipv6Only: false, ...options });
    srt.check(symbols.srt_bind(id, address, address.length), `bind ${where}`);
    const { onRequest } = options;
    hook = onRequest && new RequestHook(srt, id, onRequest);
    srt.check(symbols.srt_listen(id, options.backlog ?? 128), `listen on ${where}`);
    return new SrtListener(srt, id, hook);
  } catch (error) {
    if (hook === undefined) symbols.srt_close(id);
    else void hook.close();
    throw error;
  }
}

/** A listening socket; see {@linkcode listenSrt}. */
export class SrtListener extends SrtSocket {
  /** Where it listens, with the port that was taken for 0. */
  readonly address: SrtAddress;
  readonly #hook: RequestHook | undefined;

  /** Use {@linkcode listenSrt}. */
  constructor(srt: SrtLibrary, id: number, hook: RequestHook | undefined) {
    super(srt, id);
    this.#hook = hook;
    this.address = readAddress(this, "srt_getsockname");
  }

  /**
   * Takes a connection whose handshake is complete.
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
    const address = decodeSockaddr(peer);
    this.#hook?.accepted(address);
    return new SrtConnection(this.srt, id, address, true);
  }

  /**
   * Callers that `onRequest` let in and whose handshake failed after that, as with another
   * passphrase; a poller asks once a second.
   */
  takeFailed(): SrtAddress[] {
    return this.#hook?.takeFailed() ?? [];
  }

  /** Where requests are answered, it is closed a moment later: {@linkcode SrtLibrary.close} waits. */
  protected override release(): void {
    if (this.#hook === undefined) super.release();
    else void this.#hook.close();
  }

  /** That it listens no more. */
  lost(): SrtError {
    const operation = `listen on ${formatAddress(this.address)} any longer`;
    return new SrtError(operation, SRT_EINVSOCK, `libsrt's socket is ${this.state}`);
  }
}
