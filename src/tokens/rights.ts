/** What the claim `echo` of a token lets its holder do. */

/** What a token may let somebody do. */
export const ACTIONS = ["publish", "listen", "control", "stat"] as const;

/** What a token may let somebody do. */
export type Action = typeof ACTIONS[number];

/** More rights in one token are refused: each use looks at them. */
export const MAX_RIGHTS = 100;

/** That somebody may do something with a broadcast. */
export interface Right {
  readonly action: Action;
  /** A name, or what names begin with and `*` behind it: `dj1`, `dj*`, `*`. */
  readonly name: string;
}

/**
 * Reads the claim. What in it is no right grants nothing.
 * @returns `undefined` where it is no list, or one that is too long
 */
export function readRights(claim: unknown): readonly Right[] | undefined {
  if (!Array.isArray(claim) || claim.length > MAX_RIGHTS) return undefined;
  return claim.flatMap((entry: unknown) => readRight(entry) ?? []);
}

/** Whether one of the rights is to do `action` with the broadcast `name`. */
export function allows(rights: readonly Right[], action: Action, name: string): boolean {
  return rights.some((right) => right.action === action && covers(right.name, name));
}

/** Whether one of the rights is to do `action`, with whatever broadcast. */
export function allowsSomewhere(rights: readonly Right[], action: Action): boolean {
  return rights.some((right) => right.action === action);
}

/** Whether one of the rights is to do `action` with every broadcast. */
export function allowsEverywhere(rights: readonly Right[], action: Action): boolean {
  return rights.some((right) => right.action === action && right.name === "*");
}

const NAMES = /^(?:[A-Za-z0-9_-]{1,128}\*?|\*)$/;

function readRight(entry: unknown): Right | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const { action: wish, name } = entry as Readonly<Record<string, unknown>>;
  const action = ACTIONS.find((known) => known === wish);
  if (action === undefined || typeof name !== "string" || !NAMES.test(name)) return undefined;
  return { action, name };
}

function covers(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
