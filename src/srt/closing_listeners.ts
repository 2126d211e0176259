/** Closes listeners of libsrt a few at a time. */
import type { SrtListener } from "../../ffi/srt.ts";
import type { Clock, Timer } from "../session/clock.ts";

/**
 * From one listener to the next. Some seconds after it was closed, libsrt ends its threads, which
 * takes 8 ms, and meanwhile every call of libsrt waits, those for broadcasts too. It does that once a
 * second for all that are due: so these are 20 at most.
 */
const STEP_MS = 50;
/** Each that waits has two threads and 90 kB of memory. */
const MAX_WAITING = 200;

/** Listeners that nobody needs any more, and that are closed in their order. */
export class ClosingListeners {
  readonly #clock: Pick<Clock, "every">;
  /** By port, the oldest first. */
  readonly #waiting = new Map<number, SrtListener>();
  #timer: Timer | undefined;

  constructor(clock: Pick<Clock, "every">) {
    this.#clock = clock;
  }

  /**
   * The port of the listener that has waited longest, where so many wait that their ports are to be
   * used again, before others: libsrt keeps the threads of a port that is opened again at once.
   */
  get portToReuse(): number | undefined {
    const [port] = this.#waiting.keys();
    return this.#waiting.size >= MAX_WAITING ? port : undefined;
  }

  /** Closes a listener: now, or when it is its turn. Until then it may get connections. */
  close(listener: SrtListener): void {
    this.#waiting.set(listener.address.port, listener);
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.every(STEP_MS, () => this.#closeNext());
    this.#closeNext();
  }

  /** Closes the listener on `port` now, if one waits: the port is needed. */
  free(port: number): void {
    this.#waiting.get(port)?.close();
    this.#waiting.delete(port);
  }

  /** Closes all now. */
  closeAll(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const port of this.#waiting.keys()) this.free(port);
  }

  #closeNext(): void {
    const [port] = this.#waiting.keys();
    if (port !== undefined) return this.free(port);
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
