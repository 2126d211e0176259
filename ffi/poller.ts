/**
 * Serves any number of sockets from one thread.
 *
 * @module
 */
import type { SrtAddress } from "./address.ts";
import type { SrtConnection } from "./connection.ts";
import { SRT_LIVE_MAX_PLSIZE } from "./constants.ts";
import { Epoll } from "./epoll.ts";
import { SrtError } from "./errors.ts";
import type { SrtLibrary } from "./library.ts";
import type { SrtListener } from "./listener.ts";
import { SrtMessageControl } from "./message_control.ts";
import type { SrtSocket } from "./socket.ts";

/** What happens on a listener. */
export interface SrtListenerHandler {
  /** The connection is the handler's: to be added to a poller, or closed. */
  onConnection(connection: SrtConnection): void;
  /** A connection could not be taken; the listener goes on. */
  onError(error: SrtError): void;
  /** The handshake of a caller that `onRequest` let in failed, as with another passphrase. */
  onHandshakeFailed?(peer: SrtAddress): void;
  /** The listener has ended, and nobody closed it here. The poller has closed it. */
  onEnd?(error: SrtError): void;
}

/** What happens on a connection. */
export interface SrtConnectionHandler {
  /** A message. `message` and `control` are valid during the call only. */
  onMessage(message: Uint8Array<ArrayBuffer>, control: SrtMessageControl): void;
  /** Once when the connection is up, and once after each {@linkcode SrtPoller.awaitWritable}. */
  onWritable?(): void;
  /**
   * The peer is gone, and what it sent last was handed over; or it was never reached. The poller has
   * closed the connection.
   */
  onClose(error: SrtError): void;
}

/** Options of {@linkcode SrtPoller}. */
export interface SrtPollerOptions {
  /** Milliseconds between two looks at the sockets while there are connections; default 10. */
  intervalMs?: number;
}

/**
 * Watches any number of sockets and calls their handlers, all on the thread that made it.
 *
 * It looks at the sockets every few milliseconds, without waiting, and reads what has come since,
 * instead of waiting for each message on a thread of its own: a hundred publishers have a message
 * every half millisecond, and to be woken for each costs more than to read it. libsrt holds messages
 * back for its latency anyway. So no FFI call is ever pending, and the process may end at any time.
 *
 * Level-triggered: a socket that has more is reported again. So each round takes one message of every
 * ready socket, and one connection of every listener: a sender that floods delays nobody but itself,
 * and nothing is read or accepted in vain (libsrt throws and logs where nothing is there).
 */
export class SrtPoller {
  readonly #srt: SrtLibrary;
  readonly #intervalMs: number;
  readonly #epoll: Epoll;
  readonly #entries = new Map<number, Entry>();
  /** Connections that are over but for what is held of them, and until when that is waited for. */
  readonly #leaving = new Map<ConnectionEntry, number>();
  readonly #buffer = new Uint8Array(SRT_LIVE_MAX_PLSIZE);
  readonly #control = new SrtMessageControl();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #connections = 0;
  #nextSweep = 0;

  constructor(srt: SrtLibrary, options: SrtPollerOptions = {}) {
    this.#srt = srt;
    this.#intervalMs = options.intervalMs ?? 10;
    this.#epoll = new Epoll(srt);
    this.#schedule(this.#intervalMs);
  }

  /** The listener's connections are accepted from now on. */
  addListener(listener: SrtListener, handler: SrtListenerHandler): void {
    this.#add({ kind: "listener", socket: listener, handler });
  }

  /** A connection that has gone meanwhile is told of like any other, within a second. */
  addConnection(connection: SrtConnection, handler: SrtConnectionHandler): void {
    const established = connection.accepted;
    this.#add({ kind: "connection", socket: connection, handler, established, suspect: false });
  }

  /** Asks for one `onWritable`, when there is room in the send buffer again. */
  awaitWritable(connection: SrtConnection): void {
    this.#epoll.update(connection, "read and write");
  }

  /** Forgets a socket without closing it. */
  remove(socket: SrtSocket): void {
    const entry = this.#entries.get(socket.id);
    if (entry === undefined) return;
    this.#entries.delete(socket.id);
    if (entry.kind === "connection") {
      this.#connections--;
      this.#leaving.delete(entry);
    }
    this.#epoll.remove(socket);
  }

  /** Ends the watching; the sockets stay open. May be called again. */
  close(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#entries.clear();
    this.#leaving.clear();
    if (!this.#srt.closed) this.#epoll.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #add(entry: Entry): void {
    // libsrt 1.5.1 reports a listener as writable for ever once it has had a connection. What it
    // does not report any more the sweep finds.
    this.#epoll.add(entry.socket, entry.kind === "listener" ? "read" : "read and write");
    this.#entries.set(entry.socket.id, entry);
    if (entry.kind === "connection") this.#connections++;
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => this.#turn(), ms);
  }

  #turn(): void {
    let rounds = 0;
    try {
      while (rounds < MAX_ROUNDS && this.#round()) rounds++;
      const now = monotonicMs();
      for (const [entry, deadline] of this.#leaving) this.#drain(entry, now >= deadline);
      if (now >= this.#nextSweep) {
        this.#nextSweep = now + SWEEP_MS;
        this.#sweep();
      }
    } finally {
      // A handler may have closed the poller. One that throws ends nobody else's connection.
      if (this.#timer !== undefined && !this.#srt.closed) {
        if (rounds === MAX_ROUNDS) this.#schedule(0);
        else this.#schedule(this.#connections > 0 ? this.#intervalMs : IDLE_INTERVAL_MS);
      }
    }
  }

  /** Serves every ready socket once. Returns whether there was any. */
  #round(): boolean {
    if (this.#timer === undefined) return false;
    const ready = this.#epoll.look(this.#entries.size);
    for (let i = 0; i < ready; i++) {
      const entry = this.#entries.get(this.#epoll.socketAt(i));
      if (entry === undefined) continue;
      if (entry.socket.closed) this.remove(entry.socket);
      else if (entry.kind === "listener") this.#serveListener(entry);
      else this.#serveConnection(entry, i);
    }
    return ready > 0;
  }

  #serveListener(entry: ListenerEntry): void {
    const { socket, handler } = entry;
    let connection: SrtConnection | undefined;
    try {
      connection = socket.accept();
    } catch (error) {
      if (!(error instanceof SrtError)) throw error;
      if (socket.state !== "listening") return this.#endListener(entry, error);
      handler.onError(error);
    }
    if (connection !== undefined) handler.onConnection(connection);
  }

  #endListener({ socket, handler }: ListenerEntry, error: SrtError): void {
    this.remove(socket);
    socket.close();
    handler.onEnd?.(error);
  }

  /** @param index of the connection among those that are ready */
  #serveConnection(entry: ConnectionEntry, index: number): void {
    const { socket, handler } = entry;
    if (this.#epoll.hasFailed(index)) return this.#leave(entry);
    if (this.#epoll.isWritable(index)) {
      // Being writable is reported on and on, so it is asked for once at a time.
      this.#epoll.update(socket, "read");
      entry.established = true;
      handler.onWritable?.();
      return;
    }
    const received = this.#receive(socket);
    if (received instanceof SrtError) this.#leave(entry);
    else if (received > 0) this.#deliver(entry, received);
  }

  /** Length of the next message, 0 if there is none, or why there will be no more. */
  #receive(connection: SrtConnection): number | SrtError {
    try {
      return connection.receive(this.#buffer, this.#control);
    } catch (error) {
      if (error instanceof SrtError) return error;
      throw error;
    }
  }

  #deliver({ handler }: ConnectionEntry, length: number): void {
    handler.onMessage(this.#buffer.subarray(0, length), this.#control);
  }

  /**
   * The peer is gone. What it sent last is still held for the latency, and libsrt gives it out when
   * its time comes, without reporting it.
   */
  #leave(entry: ConnectionEntry): void {
    if (!entry.established) return this.#end(entry, entry.socket.rejection());
    this.#epoll.remove(entry.socket);
    const heldMs = Math.min(entry.socket.latencyMs + LAST_MESSAGE_MARGIN_MS, MAX_LEAVING_MS);
    this.#leaving.set(entry, monotonicMs() + heldMs);
  }

  #drain(entry: ConnectionEntry, overdue: boolean): void {
    const { socket } = entry;
    for (let i = 0; i < MAX_ROUNDS && !socket.closed; i++) {
      const received = this.#receive(socket);
      if (received instanceof SrtError || received === 0) {
        if (overdue || socket.state !== "broken") this.#end(entry, socket.lost());
        return;
      }
      this.#deliver(entry, received);
    }
  }

  #end({ socket, handler }: ConnectionEntry, error: SrtError): void {
    this.remove(socket);
    socket.close();
    handler.onClose(error);
  }

  /**
   * Keeps the statistics of connections, which libsrt forgets at their end, and finds sockets that it
   * reports no more: one that broke before it was added, or that libsrt has done away with.
   */
  #sweep(): void {
    for (const entry of this.#entries.values()) {
      const { socket } = entry;
      if (socket.closed) this.remove(socket);
      else if (entry.kind === "listener") {
        if (socket.state !== "listening") this.#endListener(entry, entry.socket.lost());
        else for (const peer of entry.socket.takeFailed()) entry.handler.onHandshakeFailed?.(peer);
      } else if (!this.#leaving.has(entry)) {
        const { state } = socket;
        if (state === "connected") entry.socket.sampleStatistics();
        else if (state !== "connecting") {
          // While a handshake completes, libsrt may say `broken` for a moment.
          if (entry.established || entry.suspect) this.#leave(entry);
          entry.suspect = true;
        }
      }
    }
  }
}

interface ListenerEntry {
  readonly kind: "listener";
  readonly socket: SrtListener;
  readonly handler: SrtListenerHandler;
}

interface ConnectionEntry {
  readonly kind: "connection";
  readonly socket: SrtConnection;
  readonly handler: SrtConnectionHandler;
  /** The handshake is done: what ends the connection now is no rejection. */
  established: boolean;
  /** The last sweep found it broken before it was up. */
  suspect: boolean;
}

type Entry = ListenerEntry | ConnectionEntry;

/** Rounds without a pause, so that other work of the thread gets its turn while senders flood. */
const MAX_ROUNDS = 32;
const SWEEP_MS = 1000;
/** For the clock's grain, and a peer's clock that drifts. */
const LAST_MESSAGE_MARGIN_MS = 30;
/** A peer may have asked for any latency. */
const MAX_LEAVING_MS = 5000;
/** Where only listeners are watched: a caller waits this much longer to be accepted. */
const IDLE_INTERVAL_MS = 50;

/** The time that libsrt's own threads go by, in milliseconds since some start. */
function monotonicMs(): number {
  return performance.now();
}
