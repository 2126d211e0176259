/**
 * Whether what a session's source sends can be heard.
 *
 * @module
 */

/** What is known of the sound in what a source sends. */
export interface SoundWatch {
  /** Whether it has been silent for so long that something must be wrong. */
  readonly isDeadAir: boolean;
  /** For how long there has been sound without a break since the connection came, in ms of audio. */
  readonly soundMs: number;
  /** Another connection sends from now on. */
  restart(): void;
  /** A frame has arrived that lasts `frameMs`. */
  arrived(data: Uint8Array, frameMs: number): void;
}

/** Takes all that arrives for sound. */
export class AllSound implements SoundWatch {
  readonly isDeadAir = false;
  #soundMs = 0;

  get soundMs(): number {
    return this.#soundMs;
  }

  restart(): void {
    this.#soundMs = 0;
  }

  arrived(_data: Uint8Array, frameMs: number): void {
    this.#soundMs += frameMs;
  }
}
