/** The versions of a playlist on disk: the newest is there, and names only segments that are there. */
import type { Segment } from "./segment.ts";
import type { StreamOptions } from "./stream_options.ts";
import type { Numbering } from "./window.ts";

/** A version that is to be written. */
export interface WrittenVersion {
  readonly text: Uint8Array;
  /** What is new in it: it is written behind them. */
  readonly segments: readonly Pick<Segment, "written">[];
  /** Numbers that nothing in it has: those below are reserved before. */
  readonly next: Numbering;
}

/** Writes the versions of one playlist. */
export class VersionFiles {
  readonly #file: string;
  readonly #options: Pick<StreamOptions, "clock" | "files" | "reservation">;
  #written: Promise<void> = Promise.resolve();
  /** The text of the newest version that is to be written. */
  #newestText: Uint8Array | undefined;

  /** @param file what the playlist is called */
  constructor(file: string, options: Pick<StreamOptions, "clock" | "files" | "reservation">) {
    this.#file = file;
    this.#options = options;
  }

  /** Resolves once all versions so far are written, or cannot be. */
  get written(): Promise<void> {
    return this.#written;
  }

  /**
   * Writes a version. Resolves once it is written, or `latest` comes, on `Clock.awake`.
   */
  async write(version: WrittenVersion, latest: number): Promise<void> {
    this.#newestText = version.text;
    const written = this.#written = this.#write(version, this.#written);
    const { clock, reservation } = this.#options;
    const late = Promise.withResolvers<void>();
    const timer = clock.after(latest - clock.awake(), () => {
      reservation.tellWritten(false);
      late.resolve();
    });
    await Promise.race([written, late.promise]);
    timer.cancel();
  }

  /** Writes no version any more. */
  close(): void {
    this.#newestText = undefined;
  }

  /** One version at a time; one that a newer waits for need not be written any more. */
  async #write(
    { text, segments, next }: WrittenVersion,
    before: Promise<void>,
  ): Promise<void> {
    const { files, reservation } = this.#options;
    const reserved = reservation.cover(next);
    await Promise.all([before, reserved, ...segments.map((segment) => segment.written)]);
    if (text !== this.#newestText) return;
    const written = await files.replacePlaylist(this.#file, text);
    if (written && text === this.#newestText) await reservation.tellWritten(true);
  }
}
