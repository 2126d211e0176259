/** What a player of a broadcast can tell: what it played, skipped, and where it stood still. */
import { until } from "../until.ts";

/** A standstill, in milliseconds since the epoch. */
export interface Stall {
  readonly since: number;
  readonly until: number;
}

/** What a listener would notice. */
export interface Heard {
  /** Where it is, in seconds of the media. */
  readonly position: number;
  /** Seconds that were played, without what was jumped over. */
  readonly played: number;
  /** Seconds that were jumped over, as far as that is known, since {@link Listener.mark}. */
  readonly skipped: number;
  /**
   * Milliseconds for which it stood still, from one second after its start and from
   * {@link Listener.mark} on.
   */
  readonly longestStallMs: number;
  /** When it stood still for half a second or more, and went on, since {@link Listener.mark}. */
  readonly stalls: readonly Stall[];
  /** Seconds behind the newest audio that is listed; `undefined` where the player cannot tell. */
  readonly latency?: number | undefined;
  /** It has played to the end. */
  readonly ended: boolean;
  /** What ended it otherwise. */
  readonly errors: readonly string[];
  /** What it got over. */
  readonly warnings: readonly string[];
}

/** Somebody who plays a broadcast. */
export abstract class Listener {
  /** By what it plays. */
  abstract readonly kind: string;

  /** What was heard until now. */
  abstract heard(): Promise<Heard>;

  /** Begins to measure stalls and jumps anew. */
  abstract mark(): Promise<void>;

  /** Waits until so many seconds were played. @throws where playing ends before */
  async played(seconds: number): Promise<Heard> {
    return await this.#until(`has played ${seconds} s`, (heard) => {
      if (heard.ended) throw new Error(`${this.kind} ended after ${heard.played} s`);
      return heard.played >= seconds;
    });
  }

  /** Waits until so many more seconds were played. @throws where playing ends before */
  async playedOn(seconds: number): Promise<Heard> {
    const { played } = await this.heard();
    return await this.played(played + seconds);
  }

  /** Waits until the broadcast is over for it. @throws where playing fails */
  async ended(): Promise<Heard> {
    return await this.#until("has played to the end", (heard) => heard.ended);
  }

  async #until(what: string, condition: (heard: Heard) => boolean): Promise<Heard> {
    return await until(`${this.kind} ${what}`, async () => {
      const heard = await this.heard();
      if (heard.errors.length > 0) throw new Error(`${this.kind} failed: ${heard.errors}`);
      return condition(heard) && heard;
    });
  }
}
