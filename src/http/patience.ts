/**
 * How long a connection waits for its client.
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";

/** What a connection waits for. */
export type Awaited = "head" | "body" | "next request" | "answer" | "reader" | "farewell";

/** How many milliseconds at most, and up to a second more. */
const LONGEST_MS: Readonly<Record<Awaited, number>> = {
  head: 10_000,
  body: 10_000,
  "next request": 75_000,
  // A route may take its time.
  answer: Infinity,
  // From the last bytes that the system took; longer where many of those may still be with it.
  reader: 20_000,
  farewell: 2000,
};

/** An answer up to this has no more patience: the system takes all of it, or nearly. */
const SMALL_BYTES = 1_048_576;
/** What a slow reader is expected to read of the rest: 64 kbit/s. */
const SLOW_BYTES_PER_MS = 8;
/** However much of an answer the system has taken. */
const LONGEST_READER_MS = 300_000;

/**
 * Knows what a connection waits for, and since when. That time is not read at each change, of which
 * a request brings several, but when somebody first looks: it is enough to look once a second.
 */
export class Patience {
  readonly #clock: Pick<Clock, "awake" | "waited">;
  #awaited: Awaited = "head";
  /** On `Clock.awake`; `undefined` until somebody looks. */
  #since: number | undefined;
  /** Bytes of the answer under way that the system has taken, which may be still with it. */
  #taken = 0;
  #isBitByBit = false;

  constructor(clock: Pick<Clock, "awake" | "waited">) {
    this.#clock = clock;
  }

  get awaited(): Awaited {
    return this.#awaited;
  }

  /**
   * Something else is waited for from now on, or the same anew. A farewell is the last of all.
   * @param since where the wait began before, on `Clock.awake`
   */
  begin(awaited: Awaited, since?: number): void {
    if (this.#awaited === "farewell") return;
    this.#awaited = awaited;
    this.#since = since;
  }

  /** An answer begins. */
  beginAnswer(): void {
    this.begin("answer");
    this.#taken = 0;
    this.#isBitByBit = false;
  }

  /** The answer is made while it goes out, in small parts: the system holds few of them. */
  comesBitByBit(): void {
    this.#isBitByBit = true;
  }

  /** The system has taken so many bytes more for the client. */
  took(bytes: number): void {
    this.#taken += bytes;
    this.#since = undefined;
  }

  /** Whether the wait has taken too long; to be asked now and then. */
  isOver(): boolean {
    if (this.#since === undefined) {
      this.#since = this.#clock.awake();
      return false;
    }
    return this.#clock.waited(this.#since) >= this.#longestMs;
  }

  /**
   * The system takes megabytes of a long answer ahead of its reader, and then nothing until a good
   * part of them has been read. Until then nobody here can tell a slow reader from one that reads
   * nothing, so it has the time that a slow one takes.
   */
  get #longestMs(): number {
    const longestMs = LONGEST_MS[this.#awaited];
    if (this.#awaited !== "reader" || this.#isBitByBit) return longestMs;
    const heldBytes = Math.max(0, this.#taken - SMALL_BYTES);
    return Math.min(longestMs + heldBytes / SLOW_BYTES_PER_MS, LONGEST_READER_MS);
  }
}
