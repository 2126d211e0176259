/** Waiting for what may take longer than players can wait. */
import type { Clock } from "../session/clock.ts";

/** What `work` gives; `undefined` where that takes longer than `ms`. */
export async function inTime<T>(
  clock: Pick<Clock, "after">,
  work: Promise<T>,
  ms: number,
): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = clock.after(ms, () => late.resolve(undefined));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.cancel();
  }
}
