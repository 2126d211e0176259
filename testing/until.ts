const POLL_MS = 5;
/** A guard against hanging, far beyond what any condition takes. */
const GIVE_UP_MS = 30_000;

/** Waits until `condition` holds. @throws where it never does */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  while (!await condition()) {
    if (performance.now() > giveUpAt) throw new Error(`Cannot wait any longer until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
