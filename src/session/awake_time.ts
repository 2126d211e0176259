/** What runs late by this was held up, as everything else was. */
const LATE_MS = 50;
/** So long it takes then to read what arrived meanwhile. */
const READ_MS = 50;
/** What runs late by this did so because the process stood still. */
const STANDSTILL_MS = 1000;
/** So long it takes then, for peers that come back as well: they say more than one thing. */
const CATCH_UP_MS = 1000;

/**
 * The time in which a process could watch its peers, for whoever judges their silence. It goes on
 * with the machine's monotonic time, but for that in which the process stood still: a standstill
 * (SIGSTOP, a snapshot of a virtual machine, swapping, an event loop that is blocked) shows by what
 * was due and runs late. After one it stands for a moment longer, until what arrived meanwhile can
 * have been read. All times are in milliseconds.
 */
export class AwakeTime {
  /** Monotonic time less awake time. */
  #lostMs = 0;
  /** Of the monotonic time until then it is known how much was lost. */
  #accountedTo = -Infinity;
  /** What arrived before will have been read then, on monotonic time. */
  #readAt = -Infinity;
  #awakeMs = 0;
  #judgedMs = 0;
  /** One that stands still again and again gets on nevertheless: so far before the next catch-up. */
  #nextCatchUpMs = 0;

  /**
   * Awake time at the last look, as far as silence may be judged: what arrived until then has been
   * read.
   */
  get judgedMs(): number {
    return this.#judgedMs;
  }

  /**
   * Looks at the monotonic time `nowMs`.
   * @param dueMs when something is or was due, on monotonic time, that has not run before now
   * @returns the awake time then, which never goes back
   */
  look(nowMs: number, dueMs: number): number {
    const lateMs = nowMs - Math.max(dueMs, this.#accountedTo);
    if (lateMs >= LATE_MS) this.#wake(nowMs, lateMs);
    this.#awakeMs = Math.max(this.#awakeMs, nowMs - this.#lostMs);
    if (nowMs >= this.#readAt) this.#judgedMs = this.#awakeMs;
    return this.#awakeMs;
  }

  /** How long it is from the monotonic time `nowMs` until the awake time `ms`; zero or less: now. */
  msUntil(ms: number, nowMs: number): number {
    return ms + this.#lostMs - nowMs;
  }

  /** How long it is from the monotonic time `nowMs` until what arrived will have been read. */
  msUntilRead(nowMs: number): number {
    return this.#readAt - nowMs;
  }

  #wake(nowMs: number, lateMs: number): void {
    // What was read before this delay counts.
    if (nowMs >= this.#readAt) this.#judgedMs = this.#awakeMs;
    this.#accountedTo = nowMs;
    this.#readAt = nowMs + READ_MS;
    if (lateMs < STANDSTILL_MS) return;
    this.#lostMs += lateMs;
    if (this.#awakeMs < this.#nextCatchUpMs) return;
    this.#lostMs += CATCH_UP_MS;
    this.#nextCatchUpMs = this.#awakeMs + CATCH_UP_MS;
  }
}
