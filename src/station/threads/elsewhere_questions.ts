/**
 * How a thread that serves listeners gets what another box has: by the thread with the broadcasts,
 * which has it once for all threads.
 *
 * @module
 */
import { SegmentUnavailable } from "../../hls/origin.ts";
import type { Clock } from "../../session/clock.ts";
import type { ElsewhereAnswer, ElsewhereQuestion } from "./messages.ts";

/** What other boxes have. */
export interface FilesElsewhere {
  /**
   * A segment of the broadcast `name`; `undefined` where no box has it.
   * @throws {SegmentUnavailable}
   */
  readElsewhere(name: string, file: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** Answers a question. The answer is the thread's: nobody else has its memory. */
export async function answerElsewhere(
  elsewhere: FilesElsewhere | undefined,
  { id, name, file }: ElsewhereQuestion,
): Promise<ElsewhereAnswer> {
  try {
    const bytes = await elsewhere?.readElsewhere(name, file);
    return { id, bytes: bytes?.slice(), isLate: false };
  } catch (error) {
    if (!(error instanceof SegmentUnavailable)) throw error;
    return { id, bytes: undefined, isLate: true };
  }
}

/** The questions of one thread. */
export class ElsewhereQuestions implements FilesElsewhere {
  readonly #clock: Pick<Clock, "after">;
  readonly #ask: (question: ElsewhereQuestion) => void;
  readonly #asked = new Map<number, (answer: ElsewhereAnswer) => void>();
  #lastId = 0;

  /** @param ask has it answered, by {@link take} */
  constructor(clock: Pick<Clock, "after">, ask: (question: ElsewhereQuestion) => void) {
    this.#clock = clock;
    this.#ask = ask;
  }

  async readElsewhere(name: string, file: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#asked.size >= MAX_ASKED) {
      throw new SegmentUnavailable(`Cannot ask for ${file} now: too much is asked of other boxes`);
    }
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<ElsewhereAnswer>();
    const late = { id, bytes: undefined, isLate: true };
    const timer = this.#clock.after(LATE_MS, () => resolve(late));
    this.#asked.set(id, resolve);
    this.#ask({ id, name, file });
    const { bytes, isLate } = await promise;
    timer.cancel();
    this.#asked.delete(id);
    if (isLate) throw new SegmentUnavailable(`Cannot have ${file} now: its box does not answer`);
    return bytes;
  }

  take(answer: ElsewhereAnswer): void {
    this.#asked.get(answer.id)?.(answer);
  }

  /** Nothing is answered any more. */
  close(): void {
    for (const [id, resolve] of this.#asked) resolve({ id, bytes: undefined, isLate: true });
  }
}

/** Beyond that, clients are told to come again. */
const MAX_ASKED = 256;
/** Requests between boxes are given up before. */
const LATE_MS = 5000;
