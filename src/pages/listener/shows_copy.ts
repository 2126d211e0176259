/** What listeners are told of each broadcast, where another thread knows it. */
import { BatchedQuestions } from "../../session/batched_questions.ts";
import type { Clock } from "../../session/clock.ts";
import { type EndedShow, LastShows } from "./last_shows.ts";
import { offAir, type ShowStatus } from "./shows.ts";

/** The name of a show, or null for all shows that are live. */
export type ShowsQuestion = string | null;

export interface ShowsCopyOptions {
  readonly clock: Pick<Clock, "now" | "monotonic" | "after">;
  /** Whether there is something of that name, as far as this thread knows. */
  readonly has: (name: string) => boolean;
  /** Asks the other thread; {@link ShowsCopy.take} gets the answers. */
  readonly ask: (questions: readonly ShowsQuestion[]) => void;
  /** As in `ShowsOptions`. */
  readonly artworkUrl?: string | undefined;
}

/** Asks for the status of each show once a second at most, and tells it to everybody. */
export class ShowsCopy {
  readonly #options: ShowsCopyOptions;
  readonly #questions: BatchedQuestions<ShowsQuestion, readonly ShowStatus[]>;
  readonly #known = new Map<ShowsQuestion, Known>();
  readonly #ended = new LastShows();

  constructor(options: ShowsCopyOptions) {
    const { clock, ask } = options;
    this.#options = options;
    this.#questions = new BatchedQuestions({ clock, ask, ...BATCHES });
  }

  /** What anybody is told of `name`, also while it is off air. */
  async status(name: string): Promise<ShowStatus> {
    const { clock, has, artworkUrl } = this.#options;
    const [status] = has(name) ? await this.#ask(name) : [];
    return status ?? offAir(name, { now: clock.now(), artworkUrl, ended: this.#ended });
  }

  /** The status of each live broadcast, without its titles, the oldest first. */
  get current(): Promise<readonly ShowStatus[]> {
    return this.#ask(null);
  }

  /** Takes the answers to the questions that were asked last. */
  take(replies: readonly (readonly ShowStatus[])[]): void {
    this.#questions.take(replies);
  }

  /** Takes which shows have ended. */
  takeEnded(shows: readonly EndedShow[]): void {
    for (const ended of shows) this.#ended.add(ended);
  }

  /** Knows nothing any more. */
  close(): void {
    this.#questions.close();
  }

  async #ask(question: ShowsQuestion): Promise<readonly ShowStatus[]> {
    const { clock } = this.#options;
    const now = clock.monotonic();
    let known = this.#known.get(question);
    if (known === undefined || now - known.askedAt >= FRESH_MS) {
      if (this.#known.size >= MAX_KNOWN) this.#forgetOld(now);
      known = { askedAt: now, reply: this.#questions.ask(question) };
      this.#known.set(question, known);
    }
    const statuses = await known.reply ?? [];
    const told = new Date(clock.now()).toISOString();
    return statuses.map((status) => ({ ...status, now: told }));
  }

  #forgetOld(now: number): void {
    for (const [question, { askedAt }] of this.#known) {
      if (now - askedAt >= FRESH_MS) this.#known.delete(question);
    }
  }
}

interface Known {
  /** On {@link Clock.monotonic}. */
  readonly askedAt: number;
  readonly reply: Promise<readonly ShowStatus[] | undefined> | undefined;
}

/** How long an answer is told to others. Caches may keep it as long again. */
const FRESH_MS = 1000;
/** Beyond it, old answers are forgotten. */
const MAX_KNOWN = 1000;
const BATCHES = { maxAsked: 1000, maxWaiting: 10_000 };
