/** Compares two configurations, to find what a reload applies and what has to wait. */
import { type Config, ROWS } from "../config.ts";
import type { LoadedConfig } from "./load.ts";
import { checkConfig } from "./rules.ts";
import type { Variable } from "./variable.ts";

const RELOADABLE = new Set(
  ROWS.filter(({ variable }) => variable.reloadable).map(({ variable }) => variable.name),
);

/** What changes when a configuration is read while the server runs. */
export interface ConfigChanges {
  /** The one in force, with the new values of the variables that may change. */
  readonly loaded: LoadedConfig;
  /** Changes that take effect now: `ECHO_MAX_SESSIONS is 100 (was 2000)`. Secrets are masked. */
  readonly applied: readonly string[];
  /** Changes that take effect at the next start, in the same words. */
  readonly pending: readonly string[];
}

/**
 * Compares the configuration in force with the one that was just read.
 * @throws {ConfigError} where the new values are not allowed together with those that stay
 */
export function configChanges(before: LoadedConfig, after: LoadedConfig): ConfigChanges {
  const parts: Record<string, Record<string, unknown>> = {};
  const [applied, pending]: [string[], string[]] = [[], []];
  for (const { section, field, variable } of ROWS) {
    const old = valueOf(before.config, section, field);
    const fresh = valueOf(after.config, section, field);
    const mayChange = RELOADABLE.has(variable.name);
    const part = parts[section] ??= {};
    part[field] = mayChange ? fresh : old;
    // A variable that was unset and still is has not changed, even where its default is random.
    if (!before.isSet(variable.name) && !after.isSet(variable.name)) continue;
    const change = describeChange(variable, old, fresh);
    if (change !== undefined) (mayChange ? applied : pending).push(change);
  }
  // Sound: the rows are those of the table that the type derives from.
  const config = parts as unknown as Config;
  const isSet = (name: string) => (RELOADABLE.has(name) ? after : before).isSet(name);
  checkConfig(config, isSet);
  return { loaded: { config, isSet, warnings: after.warnings }, applied, pending };
}

function valueOf(config: Config, section: keyof Config, field: string): unknown {
  const part: Readonly<Record<string, unknown>> = config[section];
  return part[field];
}

/** @returns `undefined` where the two are the same */
function describeChange(
  { name, kind }: Variable<unknown>,
  old: unknown,
  fresh: unknown,
): string | undefined {
  const text = (value: unknown) =>
    value === undefined || value === null ? undefined : kind.format(value);
  const [was, is] = [text(old), text(fresh)];
  if (was === is) return undefined;
  const shown = (text: string | undefined) => text !== undefined && kind.secret ? "***" : text;
  return `${name} is ${shown(is) ?? "unset"} (was ${shown(was) ?? "unset"})`;
}
