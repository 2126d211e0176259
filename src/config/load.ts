/** Reads the configuration from the environment and the env file. */
import { type Config, type Row, ROWS } from "../config.ts";
import { ConfigError } from "./config_error.ts";
import { parseEnvFile } from "./env_file.ts";
import { checkConfig } from "./rules.ts";
import { findUnknown } from "./unknown_names.ts";

/** A configuration, and what the operator should be told about it. */
export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** Whether the variable of that name was given. */
  readonly isSet: (name: string) => boolean;
}

/**
 * Reads the configuration. A variable that is set to nothing counts as unset.
 *
 * @param env the process environment, which counts more than the file
 * @param fileText the text of the env file
 * @throws {ConfigError} at the first value that is not allowed
 */
export function loadConfig(
  env: Readonly<Record<string, string>>,
  fileText: string = "",
): LoadedConfig {
  const given = { ...parseEnvFile(fileText), ...env };
  const isSet = (name: string) => (given[name] ?? "") !== "";
  const warnings = findUnknown(Object.keys(given), ROWS.map((row) => row.variable.name));

  const parts: Record<string, Record<string, unknown>> = {};
  for (const row of ROWS) {
    const part = parts[row.section] ??= {};
    const text = effectiveText(row, given);
    part[row.field] = text === undefined ? undefined : parseValue(row, text, warnings);
  }
  // Sound: the rows are those of the table that the type derives from.
  const config = parts as unknown as Config;
  return { config, warnings: [...warnings, ...checkConfig(config, isSet)], isSet };
}

function effectiveText(row: Row, given: Readonly<Record<string, string>>): string | undefined {
  const { name, fallback } = row.variable;
  const text = given[name] ?? "";
  if (text !== "") return text;
  if (typeof fallback !== "object") return fallback;
  return fallback.make((other) => {
    const row = ROWS.find((row) => row.variable.name === other);
    return row === undefined ? "" : effectiveText(row, given) ?? "";
  });
}

function parseValue({ variable }: Row, text: string, warnings: string[]): unknown {
  const { name, kind } = variable;
  const value = kind.parse(text);
  if (value !== undefined) return value;

  const shown = kind.secret ? '"***"' : JSON.stringify(text);
  const nearest = kind.nearest?.(text);
  if (nearest === undefined) {
    throw new ConfigError(`Cannot parse ${name}: expected ${kind.allowed}, got ${shown}`);
  }
  warnings.push(
    `${name} is ${shown}, allowed are ${kind.allowed}: ${kind.format(nearest)} is used`,
  );
  return nearest;
}
