/** How new values of reloadable variables are put into force: all of them, or none. */
import type { ForEachReloadable, Reloadable } from "../config/reloadable.ts";

/**
 * Reads what the new values refer to, such as a file. Nothing changes yet.
 * @returns what puts the values into force
 * @throws where they cannot be used
 */
export type Reload = (values: Reloadable) => Apply | Promise<Apply>;

/** Puts values into force that are known to be usable. */
export type Apply = () => void;

/**
 * What applies each reloadable variable. Variables that only make sense together have the same
 * function.
 */
export type Reloads = ForEachReloadable<Reload>;

/** Applies the variables of a part that is not enabled. */
export function applyNothing(): Apply {
  return () => {};
}

/**
 * Calls each function of `reloads` once, also where several variables have the same one.
 * @returns what puts all values into force
 * @throws {AggregateError} of what they throw: each is tried
 */
export async function prepareAll(
  reloads: Readonly<Record<string, Readonly<Record<string, Reload>>>>,
  values: Reloadable,
): Promise<Apply> {
  const all = new Set(Object.values(reloads).flatMap((section) => Object.values(section)));
  const prepared: Apply[] = [];
  const errors: unknown[] = [];
  for (const reload of all) {
    try {
      prepared.push(await reload(values));
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, "Cannot use the new values");
  return () => prepared.forEach((apply) => apply());
}
