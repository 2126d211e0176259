/** What `echo check` finds before the server starts. */

/** One line of what was found. */
export interface Finding {
  /** `error`: it would fail, wholly or in part. `warning`: it works, but is easily a mistake. */
  readonly level: "error" | "warning";
  readonly text: string;
}

export function error(text: string): Finding {
  return { level: "error", text };
}

export function warning(text: string): Finding {
  return { level: "warning", text };
}

/** What an error says, on one line. */
export function reason(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replace(/\s*\n\s*/g, "; ");
}

/**
 * Does what throws where something is wrong.
 * @returns what it threw, as an error; nothing where it did not
 */
export async function attempted(operation: () => unknown): Promise<Finding[]> {
  try {
    await operation();
    return [];
  } catch (thrown) {
    return [error(reason(thrown))];
  }
}
