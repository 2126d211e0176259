/**
 * Watches whether a connection goes on sending audio.
 *
 * @module
 */
import type { Clock, Timer } from "./clock.ts";

export interface AudioWatchOptions {
  readonly clock: Pick<Clock, "after">;
  /** How long no audio may come, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether the server itself holds up what is sent. */
  readonly isHeldUp: () => boolean;
  /**
   * Called once, where no audio came for that long.
   * @param why fit to be continued by what came instead
   */
  readonly onSilent: (why: string) => void;
}

/**
 * Looks once in each stretch of `timeoutMs` whether audio came in it, so that a frame costs nothing: a
 * connection that has never sent any is found after one stretch, another one after two at most.
 */
export class AudioWatch {
  readonly #options: AudioWatchOptions;
  #timer: Timer;
  /** Whether audio came since it was looked last. */
  #heard = false;
  /** Whether audio ever came. */
  #everHeard = false;

  constructor(options: AudioWatchOptions) {
    this.#options = options;
    this.#timer = this.#wait();
  }

  /** Audio is there. */
  heard(): void {
    this.#heard = true;
  }

  /** A new stretch begins. */
  restart(): void {
    this.stop();
    this.#timer = this.#wait();
  }

  /** Watches no more. */
  stop(): void {
    this.#timer.cancel();
  }

  #wait(): Timer {
    const { clock, timeoutMs } = this.#options;
    return clock.after(timeoutMs, () => this.#look());
  }

  #look(): void {
    const { isHeldUp, onSilent, timeoutMs } = this.#options;
    if (!this.#heard && !isHeldUp()) {
      const seconds = timeoutMs / 1000;
      return onSilent(`no ${this.#everHeard ? "more audio for" : "audio within"} ${seconds} s`);
    }
    this.#everHeard ||= this.#heard;
    this.#heard = false;
    this.#timer = this.#wait();
  }
}
