/** What the server can be told on its command line. */
import { ConfigError } from "./config_error.ts";

/** What the server is told to do on its command line. */
export type Invocation =
  | { readonly kind: "help" }
  | { readonly kind: "print-env" }
  /** `envFile` is `undefined` where none was named. */
  | { readonly kind: "run" | "version"; readonly envFile: string | undefined }
  /** `words` are those behind `dj`. */
  | {
    readonly kind: "dj";
    readonly words: readonly string[];
    readonly envFile: string | undefined;
  };

/** The commands that do not start the server, as `-h` shows them. */
export const COMMANDS: readonly { readonly words: string; readonly help: string }[] = [
  { words: "dj add USER NAMES", help: "add a DJ; NAMES: a,b or evening* for all that begin so" },
  { words: "dj list", help: "print the DJs and their names" },
  { words: "dj rotate USER", help: "give a DJ another key; what is on air goes on" },
  { words: "dj remove USER", help: "remove a DJ; his broadcasts end" },
];

/** The options, as `-h` shows them. */
export const OPTIONS: readonly { readonly flags: string; readonly help: string }[] = [
  { flags: "-h, --help", help: "print this" },
  { flags: "-v, --version", help: "print the version and the effective configuration" },
  { flags: "--env-file FILE", help: "read this env file; else ./echo.env where it exists" },
  { flags: "--print-env", help: "print an annotated env file to start from" },
];

/** Reads the command line. @throws {ConfigError} where it has an argument that is not known */
export function parseArguments(args: readonly string[]): Invocation {
  let kind: Invocation["kind"] = "run";
  let envFile: string | undefined;
  let words: string[] | undefined;

  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "-h" || arg === "--help") return { kind: "help" };
    else if (arg === "--print-env") return { kind: "print-env" };
    else if (arg === "-v" || arg === "--version") kind = "version";
    else if (arg === "--env-file") envFile = fileName(rest.shift());
    else if (arg.startsWith("--env-file=")) envFile = fileName(arg.slice("--env-file=".length));
    else if (words !== undefined && !arg.startsWith("-")) words.push(arg);
    else if (arg === "dj") words = [];
    else {
      throw new ConfigError(
        `Cannot parse the arguments: expected one of those that -h shows, got ${
          JSON.stringify(arg)
        }`,
      );
    }
  }
  return words === undefined ? { kind, envFile } : { kind: "dj", words, envFile };
}

function fileName(value: string | undefined): string {
  if (value !== undefined && value !== "") return value;
  throw new ConfigError("Cannot parse --env-file: expected the name of a file, got nothing");
}
