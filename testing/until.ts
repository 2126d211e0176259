/**
 * Waiting for a condition: how tests wait, instead of for a time.
 *
 * @module
 */

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 50;
/** Only ends what hangs: far beyond what any condition takes. */
const GIVE_UP_MS = 60_000;

/**
 * Waits until `probe` gives something, and looks ever less often.
 * @param what is waited for, as a clause: "the broadcast is on air"
 * @returns what the probe gave, neither `undefined` nor `false`
 * @throws where it gives nothing in time
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs: number = GIVE_UP_MS,
): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    const result = await probe();
    if (result !== undefined && result !== false) return result;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > timeoutMs) throw new Error(`Waited in vain until ${what}`);
    const pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, waitedMs / 10), LONGEST_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
