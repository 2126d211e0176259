/** What the server can be told on its command line. */
import { ConfigError } from "./config_error.ts";

/** What the server is told to do on its command line. */
export type Invocation =
  | { readonly kind: "help" }
  | { readonly kind: "print-env" }
  /** `envFile` is `undefined` where none was named. */
  | { readonly kind: "run" | "check" | "version"; readonly envFile: string | undefined }
  /** `words` are those behind `dj`. */
  | {
    readonly kind: "dj";
    readonly words: readonly string[];
    readonly envFile: string | undefined;
  };

/** What the command line can be, by what one wants to do, as `-h` shows it. */
export const USES: readonly {
  readonly task: string;
  readonly lines: readonly { readonly line: string; readonly help: string }[];
}[] = [
  {
    task: "Set it up",
    lines: [
      { line: "echo --print-env", help: "print an annotated env file to start from" },
      { line: "echo check", help: "say what would fail, a line each; the exit code is 1 then" },
      { line: "echo -v, --version", help: "print the version and the effective configuration" },
    ],
  },
  {
    task: "Run it",
    lines: [
      { line: "echo", help: "run the server until SIGINT or SIGTERM; SIGHUP rereads the env file" },
      { line: "  --env-file FILE", help: "read this env file; else ./echo.env where it exists" },
    ],
  },
  {
    task: "Let DJs publish, each with a key of his own",
    lines: [
      {
        line: "echo dj add USER NAMES",
        help: "add a DJ; NAMES: a,b or evening* for all that begin so",
      },
      { line: "echo dj list", help: "print the DJs and their names" },
      { line: "echo dj rotate USER", help: "give a DJ another key; what is on air goes on" },
      { line: "echo dj remove USER", help: "remove a DJ; his broadcasts end" },
    ],
  },
  { task: "Look it up", lines: [{ line: "echo -h, --help", help: "print this" }] },
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
    else if (arg === "check" && kind === "run") kind = "check";
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
