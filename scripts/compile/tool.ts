/**
 * Runs other programs.
 *
 * @module
 */
/** The error where a program fails. */
export class ToolError extends Error {
  override readonly name = "ToolError";

  /** @param output what the program printed on stderr */
  constructor(command: string, readonly output: string) {
    super(`${command} failed:\n${output.trimEnd()}`);
  }
}

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether to pass on what the program prints on stderr. */
  readonly show?: boolean;
}

/** Runs a program. @returns what it printed on stdout @throws {ToolError} where it fails */
export async function runTool(
  command: string,
  args: readonly string[],
  { cwd, env = {}, show = false }: ToolOptions = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    ...(cwd === undefined ? {} : { cwd }),
  }).output();
  if (!success) throw new ToolError(command, new TextDecoder().decode(stderr));
  if (show) await Deno.stderr.write(stderr);
  return new TextDecoder().decode(stdout);
}
