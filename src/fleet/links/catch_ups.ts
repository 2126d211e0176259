/**
 * Asks other boxes whether they have told all: a player may have been told by its box, or by a third
 * one, of what has not come here yet.
 *
 * @module
 */
import type { Clock } from "../../session/clock.ts";
import type { FeedsIn } from "./feeds_in.ts";

export interface CatchUpsOptions {
  readonly clock: Pick<Clock, "after">;
  readonly feeds: Pick<FeedsIn, "ask">;
}

/** The questions that are under way. Feeds keep the order, so answers come in that of questions. */
export class CatchUps {
  readonly #options: CatchUpsOptions;
  /** By the id of the box, the oldest first. */
  readonly #asked = new Map<string, (() => void)[]>();

  constructor(options: CatchUpsOptions) {
    this.#options = options;
  }

  /** Asks boxes, and waits for a moment at most. @returns `undefined` where there are none */
  ask(boxes: ReadonlySet<string>): Promise<void> | undefined {
    if (boxes.size === 0) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(MAX_MS, resolve);
    void Promise.all([...boxes].map((id) => this.#askBox(id))).then(() => resolve());
    return promise.finally(() => timer.cancel());
  }

  /** That box has answered the oldest question. */
  take(id: string): void {
    this.#asked.get(id)?.shift()?.();
  }

  /** That box answers nothing of what it was asked. */
  giveUp(id: string): void {
    const asked = this.#asked.get(id) ?? [];
    this.#asked.delete(id);
    for (const resolve of asked) resolve();
  }

  #askBox(id: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked = this.#asked.get(id) ?? [];
    this.#asked.set(id, [...asked, resolve]);
    this.#options.feeds.ask(id, { kind: "origin", request: { kind: "catchUp" } });
    return promise;
  }
}

/** A box that is so late is not waited for. */
const MAX_MS = 1000;
