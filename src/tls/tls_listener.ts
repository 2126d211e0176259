/**
 * Accepts connections that carry TLS.
 *
 * @module
 */
import type { Socket } from "node:net";
import { createServer, type SecureVersion, type Server, type TLSSocket } from "node:tls";
import type { StreamListener } from "../listening/stream_socket.ts";
import type { PemPair } from "./certificate.ts";
import type { CurrentCertificate } from "./current_certificate.ts";
import { TlsSocket } from "./tls_socket.ts";

export interface TlsListenerOptions {
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

/** What the connections of a TCP listener become with TLS. Each begins with the certificate of then. */
export class TlsListener implements StreamListener<TlsSocket> {
  readonly #listener: Deno.TcpListener;
  readonly #certificate: CurrentCertificate;
  /** Has no port of its own: it is given connections. */
  readonly #server: Server;
  #pair: PemPair;
  /** Those that begin TLS, by their other end. */
  readonly #beginning = new Map<string, (socket: TLSSocket) => void>();

  readonly #maxUnreadBytes: number;

  readonly #maxVersion: { readonly maxVersion?: SecureVersion };

  /** @param listener is this one's to close */
  constructor(
    listener: Deno.TcpListener,
    certificate: CurrentCertificate,
    { protocols = [], maxUnreadBytes = Infinity, maxVersion }: TlsListenerOptions = {},
  ) {
    this.#maxVersion = maxVersion === undefined ? {} : { maxVersion };
    this.#maxUnreadBytes = maxUnreadBytes;
    this.#listener = listener;
    this.#certificate = certificate;
    this.#pair = certificate.pair;
    this.#server = createServer({
      ...{ ...this.#pair, ...this.#maxVersion },
      ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
    });
    this.#server.on("secureConnection", (socket) => this.#beginning.get(endOf(socket))?.(socket));
    // The connection ends then, which is all that there is to know.
    this.#server.on("tlsClientError", (_, socket) => socket.destroy());
  }

  get addr(): Deno.NetAddr {
    return this.#listener.addr;
  }

  /** Resolves before TLS begins, so that the connection can still be refused cheaply. */
  async accept(): Promise<TlsSocket> {
    const conn = await this.#listener.accept();
    return new TlsSocket(conn, (socket) => this.#begin(socket), this.#maxUnreadBytes);
  }

  close(): void {
    this.#listener.close();
  }

  #begin(socket: Socket): Promise<TLSSocket> {
    const { pair } = this.#certificate;
    if (pair !== this.#pair) {
      this.#server.setSecureContext({ ...pair, ...this.#maxVersion });
      this.#pair = pair;
    }
    const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
    const end = endOf(socket);
    this.#beginning.set(end, resolve);
    socket.on("error", reject);
    socket.on("close", () => {
      if (this.#beginning.get(end) === resolve) this.#beginning.delete(end);
      reject(new Deno.errors.ConnectionAborted("TLS was not agreed on"));
    });
    this.#server.emit("connection", socket);
    return promise;
  }
}

/** No other connection of a listener has the same. */
function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
