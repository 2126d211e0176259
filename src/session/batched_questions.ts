/**
 * Questions to somebody who must not be kept from other work: many in one message, and few
 * messages, however many questions there are.
 *
 * @module
 */
import type { Clock, Timer } from "./clock.ts";

export interface BatchedQuestionsOptions<Question> {
  readonly clock: Pick<Clock, "after">;
  /** Asks them; {@link BatchedQuestions.take} gets the answers. */
  readonly ask: (questions: readonly Question[]) => void;
  /** Questions that are asked at a time. */
  readonly maxAsked: number;
  /** Questions that may wait. */
  readonly maxWaiting: number;
}

/** Asks what has come meanwhile, once the last answers are there, and not sooner than 50 ms later. */
export class BatchedQuestions<Question, Reply> {
  readonly #options: BatchedQuestionsOptions<Question>;
  /** Not asked yet, the oldest first. */
  #waiting: WaitingQuestion<Question, Reply>[] = [];
  /** In the order in which they are answered. */
  #asked: readonly WaitingQuestion<Question, Reply>[] = [];
  /** Runs while nothing may be asked. */
  #pause: Timer | undefined;

  constructor(options: BatchedQuestionsOptions<Question>) {
    this.#options = options;
  }

  /**
   * Asks a question.
   * @returns `undefined` where too many wait already; resolves to `undefined` where nobody answers
   *   any more
   */
  ask(question: Question): Promise<Reply | undefined> | undefined {
    if (this.#waiting.length >= this.#options.maxWaiting) return undefined;
    const { promise, resolve } = Promise.withResolvers<Reply | undefined>();
    this.#waiting.push({ question, resolve });
    this.#next();
    return promise;
  }

  /** Takes the answers to the questions that were asked last, in their order. */
  take(replies: readonly Reply[]): void {
    const asked = this.#asked;
    this.#asked = [];
    for (const [i, { resolve }] of asked.entries()) resolve(replies[i]);
    this.#next();
  }

  /** Answers nothing any more. */
  close(): void {
    this.#pause?.cancel();
    for (const { resolve } of [...this.#waiting, ...this.#asked]) resolve(undefined);
    this.#waiting = [];
    this.#asked = [];
  }

  #next(): void {
    if (this.#pause !== undefined || this.#asked.length > 0 || this.#waiting.length === 0) return;
    const { clock, ask, maxAsked } = this.#options;
    const next = this.#asked = this.#waiting.splice(0, maxAsked);
    this.#pause = clock.after(PAUSE_MS, () => {
      this.#pause = undefined;
      this.#next();
    });
    ask(next.map(({ question }) => question));
  }
}

interface WaitingQuestion<Question, Reply> {
  readonly question: Question;
  readonly resolve: (reply: Reply | undefined) => void;
}

/** Nothing is asked so long after the last time. */
const PAUSE_MS = 50;
