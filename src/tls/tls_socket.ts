/**
 * A connection that carries TLS, read and written as those of Deno are.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { StreamSocket } from "../listening/stream_socket.ts";
import type { HandshakeTurns } from "./handshake_turns.ts";
import { type HandedOver, nodeSocket } from "./node_socket.ts";

/** What has come and nobody has read: beyond it, TCP makes the client wait. */
const MAX_UNREAD_BYTES = 16_384;
/** Written at a time, so that whoever waits for a slow client sees it take something. */
const MAX_WRITTEN_BYTES = 65_536;

/** What a connection needs of what has accepted it. */
export interface TlsSocketOptions {
  readonly turns: HandshakeTurns;
  /** Gives a connection TLS. @returns it with TLS; rejects where that is not agreed on */
  readonly begin: (socket: Socket) => Promise<TLSSocket>;
  /** See `TlsListenerOptions`. */
  readonly maxUnreadBytes: number;
}

/** A connection. TLS begins when it is first asked for, or read. */
export class TlsSocket implements StreamSocket {
  readonly remoteAddr: Deno.NetAddr;
  readonly localAddr: Deno.NetAddr;
  readonly #conn: Deno.TcpConn;
  readonly #options: TlsSocketOptions;
  #state: "accepted" | "open" | "closed" = "accepted";
  /** Has it wait no longer for its turn to begin TLS. */
  #leaveTurns = () => {};
  /** Without TLS; `undefined` as long as it is Deno's. */
  #handedOver: HandedOver | undefined;
  #isReading = true;
  #secured: Promise<TLSSocket> | undefined;
  /** With TLS; `undefined` until that is agreed on. */
  #open: TLSSocket | undefined;
  /** What comes over TLS; `undefined` before it is read for the first time. */
  #incoming: Incoming | undefined;

  constructor(conn: Deno.TcpConn, options: TlsSocketOptions) {
    this.#conn = conn;
    this.#options = options;
    this.remoteAddr = conn.remoteAddr;
    this.localAddr = conn.localAddr;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  get carrier(): object | undefined {
    return this.isClosed ? undefined : this.#conn;
  }

  /**
   * The socket of Node that carries TLS, once that is agreed on.
   * @throws where it is not
   */
  secured(): Promise<TLSSocket> {
    return this.#secured ??= this.#secure();
  }

  /** The protocol that was agreed on with TLS (RFC 7301); `undefined` where the client names none. */
  async protocol(): Promise<string | undefined> {
    const { alpnProtocol } = await this.secured();
    return typeof alpnProtocol === "string" ? alpnProtocol : undefined;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    this.#incoming ??= new Incoming(await this.secured(), (bytes) => this.#hold(bytes));
    return await this.#incoming.read(buffer);
  }

  /** Resolves once the system has taken what was written. */
  async write(bytes: Uint8Array): Promise<number> {
    const socket = await this.secured();
    const part = bytes.subarray(0, MAX_WRITTEN_BYTES);
    await new Promise<void>((resolve, reject) => {
      socket.write(part, (error) => error ? reject(error) : resolve());
    });
    return part.length;
  }

  async closeWrite(): Promise<void> {
    const socket = await this.secured();
    await new Promise<void>((resolve, reject) => {
      socket.once("close", () => reject(interrupted()));
      socket.end(resolve);
    });
  }

  /**
   * Where something is being written, the client gets nothing more, not even what the system has of
   * it: a client that reads nothing would have megabytes of it kept.
   */
  close(): void {
    if (this.#state === "closed") return;
    const isDenos = this.#state === "accepted";
    this.#state = "closed";
    if (isDenos) this.#conn.close();
    this.#leaveTurns();
    this.#incoming?.fail(interrupted());
    const isWriting = this.#open !== undefined && this.#open.writableLength > 0;
    if (isWriting) this.#handedOver?.socket.resetAndDestroy();
    else this.#handedOver?.socket.destroy();
  }

  setNoDelay(on: boolean): void {
    if (this.#state === "accepted") this.#conn.setNoDelay(on);
  }

  setKeepAlive(on: boolean): void {
    if (this.#state === "accepted") this.#conn.setKeepAlive(on);
  }

  async #secure(): Promise<TLSSocket> {
    if (!this.isClosed) await this.#turn();
    if (this.isClosed) throw interrupted();
    this.#state = "open";
    this.#handedOver = nodeSocket(this.#conn);
    const { socket: carrier } = this.#handedOver;
    carrier.on("close", () => {
      this.close();
      this.#conn.close();
    });
    const socket = await this.#options.begin(carrier);
    // From now on a client that says nothing more can still be answered.
    carrier.allowHalfOpen = socket.allowHalfOpen = true;
    socket.on("error", () => this.close());
    socket.on("close", () => this.close());
    this.#open = socket;
    return socket;
  }

  /** Resolves once this connection may begin TLS, or is closed. */
  #turn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const leave = this.#options.turns.await(this.remoteAddr.hostname, resolve);
    this.#leaveTurns = () => {
      leave();
      resolve();
    };
    return promise;
  }

  /** So much has come and is not read. */
  #hold(unreadBytes: number): void {
    if (this.#state !== "open") return;
    if (unreadBytes > this.#options.maxUnreadBytes) return this.close();
    const isReading = unreadBytes <= MAX_UNREAD_BYTES;
    if (isReading !== this.#isReading) this.#handedOver?.setReading(isReading);
    this.#isReading = isReading;
  }
}

/** What comes on a socket, for one reader that asks for it. */
class Incoming {
  readonly #onChanged: (unreadBytes: number) => void;
  /** What nobody has read yet, in order. */
  readonly #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  /** A read that waits, and what it reads into. */
  #pending: PromiseWithResolvers<number | null> & { readonly buffer: Uint8Array } | undefined;
  /** What follows what is unread: nothing any more, or why it broke off. */
  #end: "over" | Error | undefined;

  constructor(socket: TLSSocket, onChanged: (unreadBytes: number) => void) {
    this.#onChanged = onChanged;
    socket.on("end", () => this.#finish("over"));
    socket.on("error", (error) => this.fail(error));
    socket.on("close", () => this.fail(interrupted()));
    socket.on("data", (chunk: Uint8Array) => this.#take(chunk));
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const count = this.#copy(buffer);
    if (count > 0) return Promise.resolve(count);
    if (this.#end === "over") return Promise.resolve(null);
    if (this.#end !== undefined) return Promise.reject(this.#end);
    this.#pending = { ...Promise.withResolvers<number | null>(), buffer };
    return this.#pending.promise;
  }

  /** Nothing comes any more. */
  fail(why: Error): void {
    this.#finish(why);
  }

  #take(chunk: Uint8Array): void {
    this.#unread.push(chunk);
    this.#unreadBytes += chunk.length;
    const pending = this.#pending;
    if (pending !== undefined) {
      this.#pending = undefined;
      pending.resolve(this.#copy(pending.buffer));
    }
    this.#onChanged(this.#unreadBytes);
  }

  /** Moves what fits of what is unread. @returns how much */
  #copy(buffer: Uint8Array): number {
    let count = 0;
    while (count < buffer.length) {
      const chunk = this.#unread[0];
      if (chunk === undefined) break;
      const part = chunk.subarray(0, buffer.length - count);
      buffer.set(part, count);
      count += part.length;
      if (part.length === chunk.length) this.#unread.shift();
      else this.#unread[0] = chunk.subarray(part.length);
    }
    this.#unreadBytes -= count;
    this.#onChanged(this.#unreadBytes);
    return count;
  }

  #finish(end: "over" | Error): void {
    this.#end ??= end;
    const pending = this.#pending;
    this.#pending = undefined;
    if (end === "over") pending?.resolve(null);
    else pending?.reject(end);
  }
}

function interrupted(): Error {
  return new Deno.errors.Interrupted("operation canceled");
}
