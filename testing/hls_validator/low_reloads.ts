/**
 * Reloads of a playlist of low latency by delivery directives, and what their answers must be:
 * draft-pantos-hls-rfc8216bis 6.2.5.2.
 *
 * @module
 */
import type { SeenLowPlaylist } from "./low_playlist_reader.ts";

/** A request for the playlist. */
export interface LowReload {
  /** With its question mark; empty where it asks for whatever there is. */
  readonly query: string;
  /** The media sequence number that it asks for. */
  readonly sequence: number | undefined;
  /** The index of the part; `undefined` where it asks for all of the segment. */
  readonly part: number | undefined;
  /** It is the request before, once more: it may be answered with the same version. */
  readonly isAgain: boolean;
}

/** One in so many reloads asks for a whole segment, and one is the request before once more. */
const ALONE_EVERY = 8;
const AGAIN_EVERY = 7;
const HINT = /^(\d+)-.*\.(\d+)\.m4s$/;

/** Chooses what a player asks for. */
export class LowReloads {
  #count = 0;
  #last: LowReload | undefined;

  /** @param newest what was seen last; `undefined` before the first version */
  next(newest: SeenLowPlaylist | undefined): LowReload {
    const [, number, index] = HINT.exec(newest?.hint ?? "") ?? [];
    if (number === undefined) {
      return this.#last = { query: "", sequence: undefined, part: undefined, isAgain: false };
    }
    this.#count++;
    const last = this.#last;
    if (this.#count % AGAIN_EVERY === 0 && last?.sequence !== undefined && !last.isAgain) {
      return this.#last = { ...last, isAgain: true };
    }
    const [sequence, hinted] = [Number(number), Number(index)];
    // All of a segment that has not begun may take longer than the server waits.
    const isAlone = this.#count % ALONE_EVERY === 0 && hinted > 0;
    const part = isAlone ? undefined : hinted;
    const query = `?_HLS_msn=${sequence}${isAlone ? "" : `&_HLS_part=${part}`}`;
    return this.#last = { query, sequence, part, isAgain: false };
  }
}

/**
 * An answer has what was asked for: it was waited for, if need be.
 * @returns what is wrong, in words
 */
export function checkReload(reload: LowReload, { segments, hint }: SeenLowPlaylist): string[] {
  const { query, sequence, part } = reload;
  if (sequence === undefined || hint === undefined) return [];
  const asked = segments.find((segment) => segment.sequence === sequence);
  const isOlder = segments.every((segment) => segment.sequence <= sequence);
  const isThere = part === undefined
    ? asked?.whole !== undefined
    : (asked?.parts.length ?? 0) > part;
  return isOlder && !isThere ? [`the answer to ${query} is older than what it asks for`] : [];
}
