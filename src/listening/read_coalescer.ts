/**
 * Reads from many connections a few times a second each. Most of what reading costs is to be woken up
 * for each packet of each of them.
 *
 * @module
 */
import type { Clock, Timer } from "../session/clock.ts";
import type { StreamSocket } from "./stream_socket.ts";
import { type SystemSocket, SystemSockets } from "./system_socket.ts";

/** Each connection is read once in so long: what comes waits for half of it on average. */
const PERIOD_MS = 96;
/** They take turns within it, so that no turn of the event loop reads all of them. */
const SLOTS = 4;
/** Where there are fewer connections, none waits. */
const CROWD = 100;
/** The system wakes nobody before so much is there. With more, it would make its buffer larger. */
const LOW_WATER = 32_768;

export interface ReadCoalescerOptions {
  readonly clock: Clock;
  /** From how many connections on they wait for their turn. */
  readonly crowd?: number;
}

/**
 * Where many connections may wait, each of them is read when its turn comes. Nobody is woken meanwhile:
 * the system is told to keep what comes to itself (`SO_RCVLOWAT`), and what is there is taken without
 * a promise, or where it carries TLS, the system may wake its reader once. A connection that sends more in a turn than its reader takes at once is read as it comes.
 */
export class ReadCoalescer {
  readonly #clock: Clock;
  readonly #crowd: number;
  /** `undefined` where there are no such calls: all is read as it comes. */
  readonly #system = SystemSockets.load();
  /** The connections that may wait, by their turn. */
  readonly #slots = Array.from({ length: SLOTS }, () => new Set<CoalescedSocket>());
  #nextSlot = 0;
  #timer: Timer | undefined;
  #servedAt = 0;

  constructor({ clock, crowd = CROWD }: ReadCoalescerOptions) {
    this.#clock = clock;
    this.#crowd = crowd;
  }

  /** Whether the connections that may wait do so. */
  get isCoalescing(): boolean {
    return this.#timer !== undefined;
  }

  /** @returns what is to be used instead of `socket`, which can wait by its `setCoalesced` */
  wrap(socket: StreamSocket): StreamSocket {
    const system = this.#system?.of(socket) ?? this.#system?.beneath(socket);
    return system === undefined ? socket : new CoalescedSocket(socket, system, this);
  }

  /** All connections are closed. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#system?.close();
  }

  /** `socket` may wait from now on. @returns what takes it out again */
  add(socket: CoalescedSocket): () => void {
    const slot = this.#smallestSlot();
    slot.add(socket);
    this.#look();
    return () => {
      slot.delete(socket);
      this.#look();
    };
  }

  #smallestSlot(): Set<CoalescedSocket> {
    return this.#slots.reduce((smallest, slot) => slot.size < smallest.size ? slot : smallest);
  }

  /** Begins when there is a crowd, and ends when it is gone. */
  #look(): void {
    const isCrowd = this.#slots.reduce((sum, { size }) => sum + size, 0) >= this.#crowd;
    if (isCrowd === this.isCoalescing) return;
    if (isCrowd) {
      this.#servedAt = this.#clock.monotonic();
      this.#timer = this.#clock.every(PERIOD_MS / SLOTS, () => this.#serveDue());
    } else {
      this.#timer?.cancel();
      this.#timer = undefined;
      for (const slot of this.#slots) {
        for (const socket of slot) socket.waitNoMore();
      }
    }
  }

  /** Serves the next slot, and those that were due as well where the event loop stood still. */
  #serveDue(): void {
    const now = this.#clock.monotonic();
    const turns = Math.round((now - this.#servedAt) * SLOTS / PERIOD_MS);
    this.#servedAt = now;
    for (let i = 0; i < Math.min(Math.max(1, turns), SLOTS); i++) {
      for (const socket of this.#slots[this.#nextSlot] ?? []) socket.serve();
      this.#nextSlot = (this.#nextSlot + 1) % SLOTS;
    }
  }
}

/** What the system does that this needs. */
type WakingSocket = Pick<SystemSocket, "receive" | "setLowWater">;

/** A connection that is read when its turn comes, where it may wait and there is a crowd. */
class CoalescedSocket implements StreamSocket {
  readonly #socket: StreamSocket;
  readonly #system: WakingSocket;
  readonly #coalescer: ReadCoalescer;
  /** Takes it out of its slot; `undefined` where it is in none. */
  #leave: (() => void) | undefined;
  /** A read that waits for its turn … */
  #pending: PromiseWithResolvers<number | null> | undefined;
  /** … and what it reads into. */
  #buffer: Uint8Array = EMPTY;
  /** It sends more in a turn than its reader takes at once. */
  #isFast = false;
  /** How much came in this turn, where it is read as it comes. */
  #bytes = 0;
  #isLowWaterSet = false;

  constructor(socket: StreamSocket, system: WakingSocket, coalescer: ReadCoalescer) {
    this.#socket = socket;
    this.#system = system;
    this.#coalescer = coalescer;
  }

  get remoteAddr(): StreamSocket["remoteAddr"] {
    return this.#socket.remoteAddr;
  }

  get carrier(): object | undefined {
    return this.#socket.carrier;
  }

  get plain(): object | undefined {
    return this.#socket.carrier === undefined ? this.#socket : undefined;
  }

  setCoalesced(on: boolean): void {
    if (on === (this.#leave !== undefined)) return;
    this.#leave?.();
    this.#leave = on ? this.#coalescer.add(this) : undefined;
    if (!on) this.waitNoMore();
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#leave === undefined || !this.#coalescer.isCoalescing) return this.#readNow(buffer);
    this.#buffer = buffer;
    if (this.#isFast) return this.#readCounted();
    this.#wakeFrom(LOW_WATER);
    this.#pending = Promise.withResolvers();
    return this.#pending.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#socket.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#socket.closeWrite();
  }

  close(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.setCoalesced(false);
    // From now on, its descriptor may be another one's.
    this.#isLowWaterSet = false;
    this.#socket.close();
    pending?.reject(new Deno.errors.Interrupted("operation canceled"));
  }

  setNoDelay(on: boolean): void {
    this.#socket.setNoDelay?.(on);
  }

  setKeepAlive(on: boolean): void {
    this.#socket.setKeepAlive?.(on);
  }

  /** Its turn has come: what is there is read. */
  serve(): void {
    const pending = this.#pending;
    if (pending === undefined) {
      this.#isFast &&= this.#bytes >= this.#buffer.length;
      this.#bytes = 0;
      return;
    }
    try {
      const count = this.#system.receive(this.#buffer);
      if (count === "nothing") return;
      if (count === "unknown") return this.#readPending();
      this.#pending = undefined;
      this.#isFast = count === this.#buffer.length;
      pending.resolve(count === 0 ? null : count);
    } catch (error) {
      this.#pending = undefined;
      pending.reject(error);
    }
  }

  /** What is there is read now, and what follows as it comes. */
  waitNoMore(): void {
    this.serve();
    this.#readPending();
  }

  /** Has Deno read what is awaited, as it comes. */
  #readPending(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    this.#readNow(this.#buffer).then(pending.resolve, pending.reject);
  }

  #readNow(buffer: Uint8Array): Promise<number | null> {
    this.#wakeFrom(1);
    return this.#socket.read(buffer);
  }

  async #readCounted(): Promise<number | null> {
    const count = await this.#readNow(this.#buffer);
    this.#bytes += count ?? 0;
    return count;
  }

  /** Sets the low water mark, which is the system's own at first. */
  #wakeFrom(bytes: number): void {
    const isLowWaterSet = bytes > 1;
    if (isLowWaterSet === this.#isLowWaterSet) return;
    this.#isLowWaterSet = isLowWaterSet;
    this.#system.setLowWater(bytes);
  }
}

const EMPTY = new Uint8Array(0);
