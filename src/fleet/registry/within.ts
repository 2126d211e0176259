/** Waits for an answer, and not for ever. */
import type { Clock } from "../../session/clock.ts";

/**
 * Waits for what `begin` begins, for so long at most.
 * @throws {Error} where it takes longer
 */
export async function within<T>(ms: number, clock: Clock, begin: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = clock.after(ms, () => late.reject(new Error(`No answer within ${ms / 1000} s`)));
  try {
    return await Promise.race([begin(), late.promise]);
  } finally {
    timer.cancel();
  }
}
