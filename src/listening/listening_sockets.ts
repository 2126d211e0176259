/** Keeps the sockets open on which the server listens. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../session/clock.ts";

const logger = getLogger(["echo", "listening"]);

/** A socket that listens on an address, and how it is opened. */
export interface SocketToKeep {
  /** Its kind in metrics, one of a few, such as `rtmp`. */
  readonly kind: string;
  /** What people call it, such as `HLS over HTTP`. */
  readonly what: string;
  /** As `HOST:PORT`. */
  readonly address: string;
  /** Whether the server is not restarted for it, such as where only one session needs it. */
  readonly noRestart?: boolean;
  /**
   * Opens it.
   * @param onEnd to be called once, when it has ended although nobody closed it
   * @throws where it cannot be opened
   */
  readonly open: (onEnd: (why: Error) => void) => void;
  /**
   * Closes connections that sockets before this one still serve, where nothing is under way on
   * them. Called when file descriptors are short, so that it could not be opened again for a
   * minute.
   */
  readonly letGo?: () => void;
}

/** All sockets that listen. One that ends although nobody closed it is opened again. */
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

  /** What does not listen, or has listened again for a short time only, as sentences. */
  get problems(): string[] {
    return [...this.#kept].flatMap(({ problem }) => problem === undefined ? [] : [problem]);
  }

  /**
   * Whether a socket could not be opened again for a minute, other than because file descriptors
   * are short: clients can cause that, and it passes.
   */
  get lost(): boolean {
    return [...this.#kept].some((kept) => kept.lost);
  }

  #count(kind: string, restarts: number): void {
    this.#restarts.set(kind, (this.#restarts.get(kind) ?? 0) + restarts);
  }
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
  /** When it ended first after it was well. */
  #troubleAt = 0;
  /** When it ended the last time. */
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

  /** What is wrong with it, as a sentence; `undefined` where nothing is. */
  get problem(): string | undefined {
    const { what, address } = this.#socket;
    if (this.#state === "ended") return `${what} does not listen on ${address}: ${this.#why}`;
    if (this.#state !== "opened again") return undefined;
    const seconds = STEADY_MS / 1000;
    return `${what} listens on ${address} again for less than ${seconds} s, after: ${this.#why}`;
  }

  /** Whether the server has to be restarted for it; see {@link ListeningSockets.lost}. */
  get lost(): boolean {
    return this.#lost && this.#socket.noRestart !== true;
  }

  /** Stops opening it again. The caller closes what `open` opened. */
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

interface Notices {
  readonly onRestart: () => void;
  readonly onClose: () => void;
}

/**
 * How long it takes until a socket that ended is opened again. Each further wait is twice as long.
 */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;
/** How long a socket that was opened again has to listen until it is well. */
const STEADY_MS = 10_000;
/** How long a socket may fail to open again before the server needs help. */
const LOST_MS = 60_000;

/**
 * Whether a message says that the process (EMFILE) or the machine (ENFILE) has no file descriptors
 * left: in the words of the system, or in those that errors of libsrt have.
 */
export function isShortage(message: string): boolean {
  return /too many open files|file table overflow/i.test(message);
}
