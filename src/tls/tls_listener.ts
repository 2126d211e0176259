/**
 * Accepts connections that carry TLS.
 *
 * @module
 */
import type { Socket } from "node:net";
import { createServer, type SecureVersion, type Server, type TLSSocket } from "node:tls";
import type { StreamListener } from "../listening/stream_socket.ts";
import type { Clock } from "../session/clock.ts";
import { Shares } from "../session/shares.ts";
import type { PemPair } from "./certificate.ts";
import type { CurrentCertificate } from "./current_certificate.ts";
import { HandshakeTurns } from "./handshake_turns.ts";
import { TlsSocket } from "./tls_socket.ts";

export interface TlsListenerOptions {
  readonly clock: Pick<Clock, "monotonic" | "at">;
  /**
   * So many handshakes begin in a second at most, and as many may be under way. Default: 100, which
   * take a sixth of a core where the key is RSA, a twelfth where it is ECDSA.
   */
  readonly handshakesPerSecond?: number | undefined;
  /** The protocols to choose from with clients that name some (RFC 7301), best first; default: none. */
  readonly protocols?: readonly string[];
  /**
   * A client that sends more than this while nobody reads is cut off. Default: however much, which is
   * some 2 MB: the system is read so far before it can be told to wait.
   */
  readonly maxUnreadBytes?: number;
  /** The newest version of TLS that is spoken. Default: the newest that there is. */
  readonly maxVersion?: SecureVersion | undefined;
}

const HANDSHAKES_PER_SECOND = 100;

/** What the connections of a TCP listener become with TLS. Each begins with the certificate of then. */
export class TlsListener implements StreamListener<TlsSocket> {
  readonly #listener: Deno.TcpListener;
  readonly #certificate: CurrentCertificate;
  /** Has no port of its own: it is given connections. */
  readonly #server: Server;
  #pair: PemPair;
  /** Those that begin TLS, by their ends. */
  readonly #beginning = new Map<string, (socket: TLSSocket) => void>();
  readonly #turns: HandshakeTurns;
  /** Of those that begin TLS: who says nothing more gives way. */
  readonly #places: Shares;
  readonly #maxUnreadBytes: number;
  readonly #maxVersion: { readonly maxVersion?: SecureVersion };

  /** @param listener is this one's to close */
  constructor(
    listener: Deno.TcpListener,
    certificate: CurrentCertificate,
    options: TlsListenerOptions,
  ) {
    const { clock, handshakesPerSecond: perSecond = HANDSHAKES_PER_SECOND } = options;
    const { protocols = [], maxUnreadBytes = Infinity, maxVersion } = options;
    this.#turns = new HandshakeTurns({ clock, perSecond });
    this.#places = new Shares({ total: perSecond });
    this.#maxVersion = maxVersion === undefined ? {} : { maxVersion };
    this.#maxUnreadBytes = maxUnreadBytes;
    this.#listener = listener;
    this.#certificate = certificate;
    this.#pair = certificate.pair;
    this.#server = createServer({
      ...{ ...this.#pair, ...this.#maxVersion },
      ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
    });
    this.#server.on("secureConnection", (socket) => this.#settle(socket));
    // The connection ends then, which is all that there is to know.
    this.#server.on("tlsClientError", (_, socket) => socket.destroy());
  }

  get addr(): Deno.NetAddr {
    return this.#listener.addr;
  }

  /** Resolves before TLS begins, so that the connection can still be refused cheaply. */
  async accept(): Promise<TlsSocket> {
    const conn = await this.#listener.accept();
    return new TlsSocket(conn, {
      turns: this.#turns,
      begin: (socket) => this.#begin(socket),
      maxUnreadBytes: this.#maxUnreadBytes,
    });
  }

  close(): void {
    this.#listener.close();
  }

  #settle(socket: TLSSocket): void {
    const ends = endsOf(socket);
    if (ends !== undefined) this.#beginning.get(ends)?.(socket);
  }

  #begin(socket: Socket): Promise<TLSSocket> {
    const { pair } = this.#certificate;
    if (pair !== this.#pair) {
      this.#server.setSecureContext({ ...pair, ...this.#maxVersion });
      this.#pair = pair;
    }
    const ends = endsOf(socket);
    if (ends === undefined) {
      socket.destroy();
      return Promise.reject(notAgreed());
    }
    const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
    const address = socket.remoteAddress ?? "";
    const place = this.#places.take({ address, giveWay: () => socket.destroy() });
    this.#beginning.set(ends, resolve);
    socket.on("error", reject);
    socket.on("close", () => {
      if (this.#beginning.get(ends) === resolve) this.#beginning.delete(ends);
      reject(notAgreed());
    });
    this.#server.emit("connection", socket);
    return promise.finally(() => place?.release());
  }
}

/**
 * What no other connection has the same: one end may be that of several, with other ends here.
 * @returns `undefined` where the connection is gone
 */
function endsOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

function notAgreed(): Error {
  return new Deno.errors.ConnectionAborted("TLS was not agreed on");
}
