/**
 * libsrt's epoll: tells which of many sockets have something to be done.
 *
 * @module
 */
import { SRT_EPOLL_ENABLE_EMPTY, SRT_EPOLL_ERR, SRT_EPOLL_IN, SRT_EPOLL_OUT } from "./constants.ts";
import type { SrtLibrary } from "./library.ts";
import type { SrtSocket } from "./socket.ts";

/** What a socket is watched for: something to read, or also room to write. Errors always are. */
export type Interest = "read" | "read and write";

/**
 * A set of sockets and one look at all of them. Level-triggered: a socket that has more is reported
 * again.
 */
export class Epoll {
  readonly #srt: SrtLibrary;
  readonly #id: number;
  /** Pairs of socket and events, as in C's `SRT_EPOLL_EVENT`. */
  #ready = new Int32Array(2 * 64);

  /** @throws {SrtError} if libsrt has no more of them */
  constructor(srt: SrtLibrary) {
    this.#srt = srt;
    this.#id = srt.check(srt.symbols.srt_epoll_create(), "create poller");
    srt.symbols.srt_epoll_set(this.#id, SRT_EPOLL_ENABLE_EMPTY);
  }

  /**
   * Watches a socket. Fails only where libsrt has already done away with a broken one, which then is
   * never reported.
   */
  add(socket: SrtSocket, interest: Interest): void {
    this.#srt.symbols.srt_epoll_add_usock(this.#id, socket.id, EVENTS[interest]);
  }

  /** Watches a socket for something else; fails as {@link add} does. */
  update(socket: SrtSocket, interest: Interest): void {
    this.#srt.symbols.srt_epoll_update_usock(this.#id, socket.id, EVENTS[interest]);
  }

  /** Watches a socket no more; libsrt may have done away with it already. */
  remove(socket: SrtSocket): void {
    this.#srt.symbols.srt_epoll_remove_usock(this.#id, socket.id);
  }

  /**
   * Looks once, without waiting.
   * @param sockets how many are watched
   * @returns how many are ready: each is told by {@link socketAt} until the next look
   */
  look(sockets: number): number {
    if (this.#ready.length < 2 * sockets) this.#ready = new Int32Array(4 * sockets);
    const room = this.#ready.length / 2;
    const { symbols } = this.#srt;
    const count = symbols.srt_epoll_uwait(this.#id, this.#ready, room, 0n);
    // It returns one more than there was room for when there are more.
    return Math.min(this.#srt.check(count, "poll"), room);
  }

  /** The id of the ready socket number `index`. */
  socketAt(index: number): number {
    return this.#ready[2 * index] ?? 0;
  }

  hasFailed(index: number): boolean {
    return (this.#eventsAt(index) & SRT_EPOLL_ERR) !== 0;
  }

  isWritable(index: number): boolean {
    return (this.#eventsAt(index) & SRT_EPOLL_OUT) !== 0;
  }

  /** Forgets all. The library must be open. */
  close(): void {
    this.#srt.symbols.srt_epoll_release(this.#id);
  }

  #eventsAt(index: number): number {
    return this.#ready[2 * index + 1] ?? 0;
  }
}

const EVENTS: Readonly<Record<Interest, Int32Array<ArrayBuffer>>> = {
  "read": Int32Array.of(SRT_EPOLL_IN | SRT_EPOLL_ERR),
  "read and write": Int32Array.of(SRT_EPOLL_IN | SRT_EPOLL_OUT | SRT_EPOLL_ERR),
};
