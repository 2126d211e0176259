/** Env files: reads them, and writes lines of them. */
import { ConfigError } from "./config_error.ts";

/** The env file that is read where none is named. It need not exist. */
export const DEFAULT_ENV_FILE = "./echo.env";

/**
 * `export NAME="value"`. `export`, the quotes and a comment at the end are optional. In double
 * quotes, `"`, `\`, `$` and a back quote need a backslash before them, as in a shell. Nothing is
 * expanded.
 */
const ASSIGNMENT =
  /^(?:export\s+)?([A-Za-z_]\w*)=(?:"((?:[^"\\$`]|\\.)*)"|'([^']*)'|([\w.,:/@%+=[\]-]*))(?:\s+#.*)?$/;

/**
 * The text of the file at `path`, or of ./echo.env where no path is given and that file exists.
 *
 * @throws {ConfigError} where it cannot be read
 */
export async function readEnvFile(path: string | undefined): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path ?? DEFAULT_ENV_FILE);
  } catch (error) {
    if (path === undefined && error instanceof Deno.errors.NotFound) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`Cannot read the env file ${path ?? DEFAULT_ENV_FILE}: ${reason}`);
  }
}

/**
 * The variables that `text` sets. Where two lines set the same one, the later line counts, as in a
 * shell.
 *
 * @throws {ConfigError} naming the first line that is not an assignment. The line itself is not
 *   shown, because it may hold a secret.
 */
export function parseEnvFile(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [index, line] of text.replace(/^\uFEFF/, "").split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const match = ASSIGNMENT.exec(trimmed);
    if (match === null) {
      throw new ConfigError(
        `Cannot parse line ${index + 1} of the env file: expected export NAME="value" ` +
          "without substitutions",
      );
    }
    const [, name = "", double, single, bare] = match;
    variables[name] = double?.replace(/\\(["\\$`])/g, "$1") ?? single ?? bare ?? "";
  }
  return variables;
}

/** The line that sets `name` to `value`, for a shell as well as for {@link parseEnvFile}. */
export function formatAssignment(name: string, value: string): string {
  return `export ${name}="${value.replace(/["\\$`]/g, "\\$&")}"`;
}
