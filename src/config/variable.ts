/** A row of the table of variables, and the functions that make one. */
import type { Kind } from "./kinds.ts";

/** The default of a variable whose default is not a fixed text. */
export interface Fallback {
  /** What the help says instead of the default: `random`. */
  readonly says: string;
  /** Makes the default's text. `textOf` gives the text of another variable, or of its default. */
  make(textOf: (name: string) => string): string;
}

/** One environment variable: a row of the table in config.ts. */
export interface Variable<T> {
  readonly name: string;
  readonly kind: Kind<NonNullable<T>>;
  /** The default. `undefined`: the variable has no value unless it is set. */
  readonly fallback: string | Fallback | undefined;
  readonly help: string;
  /** Whether a new value takes effect while the server runs, once the env file is reread. */
  readonly reloadable?: boolean;
  /** Never set: it only carries the type of the value. */
  readonly value?: T;
}

/** A variable whose new value takes effect while the server runs. */
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
 * The same variable, whose value may change while the server runs. The server does not compile
 * until station.ts has a function that applies the new value: see reloadable.ts.
 */
export function reloadable<T>(variable: Variable<T>): ReloadableVariable<T> {
  return { ...variable, reloadable: true };
}
