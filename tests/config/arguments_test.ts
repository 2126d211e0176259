/** The arguments of the command line: what each asks for, and how others are refused. */
import assert from "node:assert/strict";
import { type Invocation, parseArguments } from "../../src/config/arguments.ts";
import { ConfigError } from "../../src/config/config_error.ts";

Deno.test("arguments say what to do", () => {
  const commands: [string[], Invocation][] = [
    [[], { kind: "run", envFile: undefined }],
    [["-h"], { kind: "help" }],
    [["-v", "--help"], { kind: "help" }],
    [["--print-env"], { kind: "print-env" }],
    [["-v"], { kind: "version", envFile: undefined }],
    [["--version", "--env-file", "a"], { kind: "version", envFile: "a" }],
    [["check"], { kind: "check", envFile: undefined }],
    [["--env-file", "a", "check"], { kind: "check", envFile: "a" }],
    [["--env-file=a"], { kind: "run", envFile: "a" }],
    [["dj", "list"], { kind: "dj", words: ["list"], envFile: undefined }],
    [["dj", "add", "dj", "a,b", "--env-file", "a"], {
      kind: "dj",
      words: ["add", "dj", "a,b"],
      envFile: "a",
    }],
  ];
  for (const [args, command] of commands) assert.deepEqual(parseArguments(args), command);
});

Deno.test("arguments that are not known are refused in one line", () => {
  for (
    const args of [
      ["--verbose"],
      ["-x"],
      ["check", "check"],
      ["dj", "-x"],
      ["list", "dj"],
      ["run\n"],
      ["--env-file"],
      [
        "--env-file=",
      ],
    ]
  ) {
    assert.throws(() => parseArguments(args), (error) => {
      return error instanceof ConfigError &&
        /^Cannot parse [^\n]+, got [^\n]+$/.test(error.message);
    });
  }
});
