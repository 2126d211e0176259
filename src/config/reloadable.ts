/**
 * Types of what may change while the server runs. They derive from the table in config.ts, so that
 * a variable that is marked as reloadable does not compile without code that applies its new value.
 */
import type { VARIABLES } from "../config.ts";
import type { ValueOf } from "./variable.ts";

/**
 * The part of the configuration that may change while the server runs. `LOG4RS_FILE` is not in it:
 * the contents of the logging file may change (main.ts has it read again), but not its name.
 */
export type Reloadable<Table = typeof VARIABLES> = {
  readonly [S in keyof ReloadableIn<Table>]: {
    readonly [F in keyof ReloadableIn<Table>[S]]: ValueOf<ReloadableIn<Table>[S][F]>;
  };
};

/** A `T` for each reloadable variable, by section and field: none may be missing. */
export type ForEachReloadable<T, Table = typeof VARIABLES> = {
  readonly [S in keyof ReloadableIn<Table>]: {
    readonly [F in keyof ReloadableIn<Table>[S]]: T;
  };
};

/** The reloadable variables of a table, by section and field. */
type ReloadableIn<Table> = {
  readonly [S in keyof Table as [FieldsIn<Table[S]>] extends [never] ? never : S]: {
    readonly [F in FieldsIn<Table[S]>]: Table[S][F];
  };
};

type FieldsIn<Section> = {
  [F in keyof Section]: Section[F] extends { readonly reloadable: true } ? F : never;
}[keyof Section];
