/**
 * What a door needs of a connection that carries bytes in order, and of what accepts it. TCP and TLS
 * connections of Deno both have it.
 *
 * @module
 */

/** One connection. */
export interface StreamSocket {
  readonly remoteAddr: { readonly hostname: string; readonly port: number };
  /** The TCP connection of Deno's that carries it, while that is open, where it is not one itself. */
  readonly carrier?: object | undefined;
  /** The TCP connection of Deno's that it is, where it is one with something before it. */
  readonly plain?: object | undefined;
  /**
   * Reads what is there, and waits where nothing is.
   * @returns how many bytes `buffer` got; `null` at the end
   */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes what there is room for. @returns how many bytes that were */
  write(bytes: Uint8Array): Promise<number>;
  /** Tells the peer that nothing more is written. */
  closeWrite(): Promise<void>;
  close(): void;
  /** Sends what is written at once; a connection that has no such option does so anyway. */
  setNoDelay?(on: boolean): void;
  /** Has the system find out whether a silent peer is still there. */
  setKeepAlive?(on: boolean): void;
  /**
   * Has what comes be read a few times a second, where many connections are read so. One that has no
   * such option is read as it comes.
   */
  setCoalesced?(on: boolean): void;
}

/** What accepts connections. */
export interface StreamListener<Socket extends StreamSocket = StreamSocket> {
  readonly addr: Deno.NetAddr;
  accept(): Promise<Socket>;
  close(): void;
}

/** The peer's address, without port: an IPv4 one also where the listener takes both families. */
export function peerHostname({ remoteAddr }: StreamSocket): string {
  return remoteAddr.hostname.replace(/^::ffff:(?=\d+\.)/, "");
}
