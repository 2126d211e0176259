/** The shows that may be rewound, where another thread records them. */
import { BatchedQuestions } from "../../session/batched_questions.ts";
import type { Clock } from "../../session/clock.ts";
import { ShowCopy } from "./show_copy.ts";
import type { ShowQuestion, ShowReply } from "./show_news.ts";

export interface ShowCopiesOptions {
  readonly clock: Pick<Clock, "monotonic" | "after">;
  /** How far behind its newest frame a show may be heard, in milliseconds; `Infinity`: all of it. */
  readonly boundMs: number;
  /** Whether there is something of that name, as far as this thread knows. */
  readonly has: (name: string) => boolean;
  /** Asks the other thread; {@link ShowCopies.take} gets the answers. */
  readonly ask: (questions: readonly ShowQuestion[]) => void;
}

/** Asks what is new of each show once a second at most, and only while somebody asks for it. */
export class ShowCopies {
  readonly #options: ShowCopiesOptions;
  readonly #questions: BatchedQuestions<ShowQuestion, ShowReply>;
  readonly #known = new Map<string, KnownCopy>();

  constructor(options: ShowCopiesOptions) {
    const { clock, ask } = options;
    this.#options = options;
    this.#questions = new BatchedQuestions({ clock, ask, ...BATCHES });
  }

  /**
   * The show of `name`, as it was a second ago or later; `undefined` where none may be rewound,
   * "unread" where what an earlier run of the server has recorded of it is still being read.
   */
  async find(name: string): Promise<FoundShow> {
    if (!this.#options.has(name)) {
      this.#known.delete(name);
      return undefined;
    }
    const now = this.#options.clock.monotonic();
    const known = this.#known.get(name);
    if (known !== undefined && now - known.askedAt < FRESH_MS) return await known.copy;
    this.#forgetOld(now);
    const copy = this.#ask(name, known?.copy);
    this.#known.set(name, { askedAt: now, copy });
    return await copy;
  }

  /** Takes the answers to the questions that were asked last. */
  take(replies: readonly ShowReply[]): void {
    this.#questions.take(replies);
  }

  /** Knows nothing any more. */
  close(): void {
    this.#questions.close();
    this.#known.clear();
  }

  async #ask(
    name: string,
    asked: Promise<FoundShow> | undefined,
  ): Promise<FoundShow> {
    const found = await asked;
    const known = found === "unread" ? undefined : found;
    const asking = this.#questions.ask({ name, known: known?.known });
    if (asking === undefined) return found;
    const news = await asking;
    if (news === undefined || news === "unread") return news;
    const isSame = known?.startMs === news.start;
    const copy = isSame ? known : new ShowCopy(news.start, this.#options.boundMs);
    copy.take(news);
    return copy;
  }

  #forgetOld(now: number): void {
    for (const [name, { askedAt }] of this.#known) {
      if (now - askedAt >= KEPT_MS) this.#known.delete(name);
    }
  }
}

type FoundShow = ShowCopy | "unread" | undefined;

interface KnownCopy {
  /** On {@link Clock.monotonic}. */
  readonly askedAt: number;
  readonly copy: Promise<FoundShow>;
}

/** How long what is known is told to others. */
const FRESH_MS = 1000;
/** How long it is kept while nobody asks. */
const KEPT_MS = 300_000;
const BATCHES = { maxAsked: 100, maxWaiting: 10_000 };
