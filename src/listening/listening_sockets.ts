import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../session/clock.ts";

/** The first wait before a socket that ended is opened again; each further one is twice as long … */
const FIRST_WAIT_MS = 100;
/** … up to this. */
const LONGEST_WAIT_MS = 5000;
/** A socket that was opened again is well when it has listened for this long. */
const STEADY_MS = 10_000;
/** What cannot be opened again for this long needs help. */
const LOST_MS = 60_000;

const logger = getLogger(["echo", "listening"]);

/** What takes connections at an address. */
export interface SocketToKeep {
  /** One of a few, for metrics: `rtmp`. */
  readonly kind: string;
  /** What people call it: `HLS over HTTP`. */
  readonly what: string;
  /** As `HOST:PORT`. */
  readonly address: string;
  /** Only one session needs it, so the server is not started anew for it. */
  readonly forOneSession?: boolean;
  /**
   * Opens it.
   * @param onEnd to be called once, when it has ended and nobody closed it
   * @throws where it cannot be had
   */
  readonly open: (onEnd: (why: Error) => void) => void;
  /**
   * Closes what ended ones still serve, as far as nothing is under way. Called while another cannot
   * be opened for more than a minute because file descriptors are short.
   */
  readonly letGo?: () => void;
}

/** All sockets that listen. One that ends though nobody closed it is opened again. */
export class ListeningSockets {
  readonly #clock: Clock;
  readonly #kept = new Set<KeptSocket>();
  readonly #restarts = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Opens a socket and keeps it open until it is closed.
   * @throws what `open` throws
   */
  keep(socket: SocketToKeep): KeptSocket {
    this.#count(socket.kind, 0);
    const kept: KeptSocket = new KeptSocket(socket, this.#clock, {
      onRestart: () => this.#count(socket.kind, 1),
      onClose: () => this.#kept.delete(kept),
    });
    this.#kept.add(kept);
    return kept;
  }

  /** How often each kind of socket was opened again. */
  get restarts(): ReadonlyMap<string, number> {
    return this.#restarts;
  }

  /** What does not listen, or does so only since a moment, as sentences. */
  get problems(): string[] {
    return [...this.#kept].flatMap(({ problem }) => problem === undefined ? [] : [problem]);
  }

  /**
   * Whether a socket could not be opened again for a minute, and not only because file descriptors
   * are short: clients can bring that about, and it passes.
   */
  get lost(): boolean {
    return [...this.#kept].some((kept) => kept.lost);
  }

  #count(kind: string, restarts: number): void {
    this.#restarts.set(kind, (this.#restarts.get(kind) ?? 0) + restarts);
  }
}

interface Notices {
  readonly onRestart: () => void;
  readonly onClose: () => void;
}

/** One of {@link ListeningSockets}. */
export class KeptSocket {
  readonly #socket: SocketToKeep;
  readonly #clock: Clock;
  readonly #notices: Notices;
  #state: "listening" | "ended" | "opened again" | "closed" = "listening";
  /** Why it ended, or could not be opened again. */
  #why = "";
  #lost = false;
  /** When it ended first, since it was well. */
  #troubleAt = 0;
  /** When it ended last. */
  #endedAt = 0;
  #waitMs = FIRST_WAIT_MS;
  #timer: Timer | undefined;

  /** Use {@link ListeningSockets.keep}. */
  constructor(socket: SocketToKeep, clock: Clock, notices: Notices) {
    this.#socket = socket;
    this.#clock = clock;
    this.#notices = notices;
    this.#open();
  }

  /** What is wrong with it, as a sentence. */
  get problem(): string | undefined {
    const { what, address } = this.#socket;
    if (this.#state === "ended") return `${what} does not listen on ${address}: ${this.#why}`;
    if (this.#state !== "opened again") return undefined;
    const seconds = STEADY_MS / 1000;
    return `${what} listens on ${address} again for less than ${seconds} s, after: ${this.#why}`;
  }

  /** Whether it needs help; see {@link ListeningSockets.lost}. */
  get lost(): boolean {
    return this.#lost && this.#socket.forOneSession !== true;
  }

  /** It is not opened again any more; it is the caller who closes it. */
  close(): void {
    this.#state = "closed";
    this.#lost = false;
    this.#timer?.cancel();
    this.#notices.onClose();
  }

  #open(): void {
    let ended = false;
    this.#socket.open((why) => {
      if (!ended && this.#state !== "closed") this.#end(why);
      ended = true;
    });
  }

  #end(why: Error): void {
    this.#why = why.message;
    this.#endedAt = this.#clock.monotonic();
    if (this.#state === "listening") {
      this.#troubleAt = this.#endedAt;
      const { what, address } = this.#socket;
      logger.error("{what} no longer listens on {address}, and is opened again: {why}", {
        ...{ what, address, why: this.#why },
      });
    }
    this.#state = "ended";
    this.#retryLater();
  }

  #retryLater(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(this.#waitMs, () => this.#retry());
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
  }

  #retry(): void {
    try {
      this.#open();
    } catch (error) {
      this.#why = error instanceof Error ? error.message : String(error);
      if (this.#clock.monotonic() - this.#endedAt >= LOST_MS) this.#giveAlarm();
      return this.#retryLater();
    }
    this.#state = "opened again";
    this.#lost = false;
    this.#notices.onRestart();
    this.#timer = this.#clock.after(STEADY_MS, () => this.#isWell());
  }

  #giveAlarm(): void {
    if (isShortage(this.#why)) {
      this.#lost = false;
      return this.#socket.letGo?.();
    }
    const { what, address } = this.#socket;
    if (!this.#lost) {
      logger.error("Cannot open {what} on {address} again for {seconds} s: {why}", {
        ...{ what, address, seconds: LOST_MS / 1000, why: this.#why },
      });
    }
    this.#lost = true;
  }

  #isWell(): void {
    this.#state = "listening";
    this.#waitMs = FIRST_WAIT_MS;
    const { what, address } = this.#socket;
    const seconds = Math.round((this.#clock.monotonic() - this.#troubleAt - STEADY_MS) / 1000);
    logger.info("{what} listens on {address} again, after {seconds} s", {
      ...{ what, address, seconds },
    });
  }
}

/**
 * Whether a message says that the process (EMFILE) or the machine (ENFILE) has no file descriptors
 * left: in the words of the system, or in those that errors of libsrt have.
 */
function isShortage(message: string): boolean {
  return /too many open files|file table overflow/i.test(message);
}
