/** A connection of an HTTP server that carries TLS: once that is agreed on, what is spoken on it. */
import { getLogger } from "@logtape/logtape";
import type { TlsListenerOptions } from "../tls/tls_listener.ts";
import type { TlsSocket } from "../tls/tls_socket.ts";
import { Http2Connection } from "./http2_connection.ts";
import { HttpConnection } from "./http_connection.ts";
import type { HttpSite, ServedConnection } from "./http_site.ts";
import { Patience } from "./patience.ts";

/**
 * How TLS is spoken: HTTP/2 before HTTP/1 (RFC 9113 3.2), which is spoken also with who names none.
 * Nobody has to send much before the answer to it comes.
 */
export const TLS_OPTIONS: Omit<TlsListenerOptions, "clock"> = {
  protocols: ["h2", "http/1.1"],
  maxUnreadBytes: 262_144,
};

/** One connection. TLS has to be agreed on as fast as the head of a request has to come. */
export class SecureConnection implements ServedConnection {
  readonly #socket: TlsSocket;
  readonly #site: HttpSite;
  readonly #patience: Patience;
  /** `undefined` until TLS is agreed on. */
  #spoken: ServedConnection | undefined;

  constructor(socket: TlsSocket, site: HttpSite) {
    this.#socket = socket;
    this.#site = site;
    this.#patience = new Patience(site.clock);
  }

  async run(): Promise<void> {
    try {
      this.#socket.setNoDelay(true);
      const protocol = await this.#socket.protocol();
      const Spoken = protocol === "h2" ? Http2Connection : HttpConnection;
      this.#spoken = new Spoken(this.#socket, this.#site);
    } catch (error) {
      getLogger([...this.#site.category]).debug("TLS with {address} is not agreed on: {error}", {
        address: this.#socket.remoteAddr.hostname,
        error: error instanceof Error ? error.message : error,
      });
      return this.abort();
    }
    await this.#spoken.run();
  }

  end(): void {
    if (this.#spoken === undefined) this.abort();
    else this.#spoken.end();
  }

  abort(): void {
    if (this.#spoken === undefined) this.#socket.close();
    else this.#spoken.abort();
  }

  check(): void {
    if (this.#spoken !== undefined) return this.#spoken.check();
    if (this.#socket.isClosed || !this.#patience.isOver()) return;
    this.#site.counts.refuse("late");
    this.abort();
  }
}
