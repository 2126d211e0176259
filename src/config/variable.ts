import type { Kind } from "./kinds.ts";

/** What stands in for a variable that is unset, where it is not the same every time. */
export interface Fallback {
  /** What the help says of it. */
  readonly says: string;
  /** Makes the text of the value; `textOf` gives another variable's, its own fallback included. */
  make(textOf: (name: string) => string): string;
}

/** One environment variable: a row of the table in config.ts. */
export interface Variable<T> {
  readonly name: string;
  readonly kind: Kind<NonNullable<T>>;
  /** The text that stands in where the variable is unset; `undefined`: it then has no value. */
  readonly fallback: string | Fallback | undefined;
  readonly help: string;
  /** Whether a new value counts while the server runs, once the env file is reread. */
  readonly reloadable?: boolean;
  /** Only there to carry the type of the value. */
  readonly value?: T;
}

/** A variable whose new value counts while the server runs; the type says so too. */
export interface ReloadableVariable<T> extends Variable<T> {
  readonly reloadable: true;
}

/** The type of a variable's value. */
export type ValueOf<V> = V extends Variable<infer T> ? T : never;

/** A variable that always has a value. */
export function variable<T>(
  name: string,
  kind: Kind<NonNullable<T>>,
  fallback: string | Fallback,
  help: string,
): Variable<T> {
  return { name, kind, fallback, help };
}

/** A variable that has no value unless it is set. */
export function optional<T>(
  name: string,
  kind: Kind<NonNullable<T>>,
  help: string,
): Variable<T | undefined> {
  return { name, kind, fallback: undefined, help };
}

/**
 * The same variable, whose value may change while the server runs. It does not compile until
 * station.ts has a function that applies the new value: see reloadable.ts.
 */
export function reloadable<T>(variable: Variable<T>): ReloadableVariable<T> {
  return { ...variable, reloadable: true };
}
