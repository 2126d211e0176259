/** Until when a client may be sent an answer that has no end of its own. */
import type { Context } from "hono";

/** Nothing is to be sent to this client after `at`, in milliseconds since the epoch. */
export function endAnswersAt(c: Context, at: number): void {
  c.set(END, at);
}

/** When answers to this client have to end, as {@link endAnswersAt}; `Infinity` where nobody said so. */
export function answerEnd(c: Context): number {
  const at: unknown = c.get(END);
  return typeof at === "number" ? at : Infinity;
}

const END = "answerEnd";
