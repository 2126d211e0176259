/**
 * End-to-end tests whose parts check something when they are disposed of.
 *
 * @module
 */

/**
 * A test whose parts check something at their disposal too: where several fail, all of it is shown.
 * @param options `ignore`: it is left out, as what only a task of its own runs
 */
export function scenario(
  name: string,
  body: (t: Deno.TestContext) => Promise<void>,
  { ignore = false }: { readonly ignore?: boolean } = {},
): void {
  Deno.test({ name, ignore, fn: (t) => unfolded(() => body(t)) });
}

/** A {@link scenario} whose parts mostly wait: each is a step, and all run at once. */
export function atOnce(
  name: string,
  parts: Readonly<Record<string, () => Promise<void>>>,
): void {
  scenario(name, async (t) => {
    await together(Object.entries(parts), async ([name, body]) => {
      await t.step({
        name,
        fn: () => unfolded(body),
        // Deno runs no two steps at once that it watches; it still watches the test.
        sanitizeExit: false,
      });
    });
  });
}

/** The same with a step for each number of threads that may serve listeners. */
export function withAnyThreads(
  name: string,
  body: (env: Readonly<Record<string, string>>) => Promise<void>,
): void {
  const parts = ["0", "1", "2"].map((threads) => {
    return [`${threads} threads`, () => body({ HLS_WEB_THREADS: threads })] as const;
  });
  atOnce(name, Object.fromEntries(parts));
}

/** @throws all that failed in `body`, and at disposals */
async function unfolded(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    const errors = unfold(error);
    throw errors.length === 1 ? errors[0] : new AggregateError(errors);
  }
}

/** What a failed body and failed disposals threw, in that order. */
function unfold(error: unknown): unknown[] {
  if (error instanceof AggregateError) return error.errors.flatMap(unfold);
  if (!(error instanceof SuppressedError)) return [error];
  return [...unfold(error.suppressed), ...unfold(error.error)];
}

/** Runs one thing for each item at once, and waits for all of them even where one fails. */
export async function together<T, R>(
  items: Iterable<T>,
  run: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = await Promise.allSettled([...items].map(run));
  const failures = results.flatMap((result) => {
    return result.status === "rejected" ? unfold(result.reason) : [];
  });
  if (failures.length > 0) throw new AggregateError(failures);
  return results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
}
