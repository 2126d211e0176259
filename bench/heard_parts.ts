/** When listeners of low latency had what each part brings. */
import { boxAt } from "../testing/mp4/plain_mp4.ts";
import { frameNumber } from "./access_units.ts";
import { Schedule } from "./schedule.ts";

/** A part, and what came of it to those who listen to its broadcast. */
export interface HeardPart {
  /** When its last frame left the encoder, in milliseconds since the epoch. */
  readonly lastFrameAtMs: number;
  /** The playlists in which it was new, and the bodies, that were answered. */
  readonly answers: number;
  /** When the last byte of the last of them had come, in milliseconds since the epoch. */
  readonly lastAnswerAtMs: number;
}

/** Takes what listeners are answered. */
export class HeardParts {
  readonly #parts = new Map<string, Part>();

  /** Somebody has the version of a playlist, or the body, that the part `uri` brings. */
  answered(stream: number, uri: string): void {
    const part = this.#partAt(stream, uri);
    part.answers++;
    part.lastAnswerAtMs = performance.timeOrigin + performance.now();
  }

  /** What the part `uri` consists of. It is looked at once. */
  holds(stream: number, uri: string, bytes: Uint8Array): void {
    const part = this.#partAt(stream, uri);
    part.lastFrame ??= lastFrameOf(bytes);
  }

  /**
   * All whose last frame is known.
   * @param startedAtMs when the schedule of all streams began, in milliseconds since the epoch
   */
  heard(streams: number, startedAtMs: number): HeardPart[] {
    const schedule = new Schedule(streams);
    return [...this.#parts.values()].flatMap(({ stream, lastFrame, answers, lastAnswerAtMs }) => {
      if (lastFrame === undefined) return [];
      const lastFrameAtMs = startedAtMs + schedule.timeMs(stream, lastFrame);
      return [{ lastFrameAtMs, answers, lastAnswerAtMs }];
    });
  }

  #partAt(stream: number, uri: string): Part {
    const key = `${stream}/${uri}`;
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    const part: Part = { stream, lastFrame: undefined, answers: 0, lastAnswerAtMs: 0 };
    this.#parts.set(key, part);
    return part;
  }
}

/** The number of the last frame in a part; `undefined` where that is silence. */
export function lastFrameOf(part: Uint8Array): number | undefined {
  const sizes = boxAt(part, "moof", "traf", "trun");
  const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
  const lastSize = view.getUint32(sizes.end - 4);
  return frameNumber(part.slice(part.length - lastSize));
}

interface Part {
  readonly stream: number;
  /** `undefined` before somebody has its body. */
  lastFrame: number | undefined;
  answers: number;
  lastAnswerAtMs: number;
}
