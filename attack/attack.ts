/** What an attack is, and what comes of it. */
import type { Target } from "./target.ts";

/** What an attacker does to a server while honest clients use it. */
export interface Attack {
  /** What it does, for the table. */
  readonly name: string;
  readonly run: (target: Target) => Promise<Outcome>;
}

/** What came of one attack. */
export interface Outcome {
  /** Whether the server did all that it should. */
  readonly held: boolean;
  /** Counts, such as connections made, refused and answered, in words. */
  readonly counts: string;
}

/** Attacks that run at the same time. */
export interface Phase {
  readonly attacks: readonly Attack[];
  /** Why segments may be late meanwhile, where they may; frames never get lost. */
  readonly excuse?: string;
}

/** Resolves after `ms`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Calls `task` for 0 to `count` - 1, at most `atATime` at once. */
export async function times<T>(
  count: number,
  atATime: number,
  task: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(atATime, count) }, async () => {
    for (let index = next++; index < count; index = next++) results[index] = await task(index);
  }));
  return results;
}

/** How often each of `values` occurs, as `200 ×12, 503 ×3`. */
export function tally(values: readonly (string | number)[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(`${value}`, (counts.get(`${value}`) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => a < b ? -1 : 1);
  return sorted.map(([value, count]) => `${value} ×${count}`).join(", ");
}
