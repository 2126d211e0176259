/** Reading a logging file: the forms of log4rs, and errors with place and field. */
import assert from "node:assert/strict";
import { LoggingFileError, parseLoggingFile } from "../../src/logging/logging_file.ts";

const FILE = `refresh_rate: 30 seconds
appenders:
  stdout:
    kind: console
  echo:
    kind: rolling_file
    path: "log/echo.log"
    encoder:
      kind: pattern
      pattern: "{d} {l} {t} - {m}{n}"
    policy:
      kind: compound
      trigger:
        kind: size
        limit: 100mb
      roller:
        kind: fixed_window
        base: 1
        count: 10
        pattern: "log/echo.{}.log"
root:
  level: info
  appenders:
    - echo
loggers:
  echo_stat::session:
    level: info
    appenders:
      - stdout
    additive: false
`;

Deno.test("a logging file of log4rs is understood, with what it leaves out filled in", () => {
  const pattern = "{d} {l} {t} - {m}{n}";
  assert.deepEqual(parseLoggingFile(FILE, "log4rs.yml"), {
    refresh_rate: 30_000,
    appenders: {
      stdout: { kind: "console", target: "stdout", encoder: { kind: "pattern", pattern } },
      echo: {
        kind: "rolling_file",
        path: "log/echo.log",
        append: true,
        encoder: { kind: "pattern", pattern },
        policy: {
          kind: "compound",
          trigger: { kind: "size", limit: 104_857_600 },
          roller: { kind: "fixed_window", base: 1, count: 10, pattern: "log/echo.{}.log" },
        },
      },
    },
    root: { level: "info", appenders: ["echo"] },
    loggers: { "echo_stat::session": { level: "info", appenders: ["stdout"], additive: false } },
  });
});

for (
  const [was, is, message] of [
    [
      "limit: 100mb",
      "limit: lots",
      'line 15: appenders.echo.policy.trigger.limit: expected a size such as 100mb, got "lots"',
    ],
    [
      "limit: 100mb",
      "limit: 0",
      "line 15: appenders.echo.policy.trigger.limit: expected a size such as 100mb, got 0",
    ],
    [
      "        limit: 100mb\n",
      "",
      "line 14: appenders.echo.policy.trigger.limit: expected a size such as 100mb, got nothing",
    ],
    [
      "count: 10",
      "count: -1",
      "line 19: appenders.echo.policy.roller.count: expected 0 or more, got -1",
    ],
    [
      "echo.{}.log",
      "echo.{}.gz",
      'line 20: appenders.echo.policy.roller.pattern: expected a path with {} in it that does not end in .gz, got "log/echo.{}.gz"',
    ],
    [
      "{d} {l}",
      "{X} {l}",
      'line 10: appenders.echo.encoder.pattern: expected text with {d}, {l}, {t}, {m} and {n}, got "{X} {l} {t} - {m}{n}"',
    ],
    [
      "kind: console",
      "kind: syslog",
      'line 4: appenders.stdout.kind: expected console or rolling_file, got "syslog"',
    ],
    [
      "    - echo",
      "    - ecko",
      'line 24: root.appenders.0: expected the name of an appender, got "ecko"',
    ],
    [
      "level: info",
      "level: loud",
      'line 22: root.level: expected off, error, warn, info, debug, trace, got "loud"',
    ],
    [
      "additive: false",
      "additive: no-one",
      'line 30: loggers.echo_stat::session.additive: expected true or false, got "no-one"',
    ],
    [
      "additive: false",
      "aditive: false",
      "line 30: loggers.echo_stat::session.aditive is not known here",
    ],
    [
      "30 seconds",
      "30 constructor",
      'line 1: refresh_rate: expected a time such as 30 seconds, got "30 constructor"',
    ],
    ["30 seconds", "soon", 'line 1: refresh_rate: expected a time such as 30 seconds, got "soon"'],
    ["kind: rolling_file", "kind: [rolling_file", "line 7: "],
    [FILE, "", "line 1: expected appenders, root and loggers, got nothing"],
  ] as const
) {
  Deno.test(`${JSON.stringify(is.slice(0, 30))} is refused with place and field`, () => {
    assert.throws(() => parseLoggingFile(FILE.replace(was, is), "log4rs.yml"), (error) => {
      assert.ok(error instanceof LoggingFileError);
      assert.ok(error.message.startsWith(`Cannot parse log4rs.yml, ${message}`), error.message);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  });
}

Deno.test("sizes and times are taken in every unit, and as bare numbers", () => {
  const limit = (text: string) => {
    const { appenders } = parseLoggingFile(FILE.replace("100mb", text), "");
    return appenders.echo?.kind === "rolling_file" && appenders.echo.policy.trigger.limit;
  };
  assert.deepEqual(["7", "7b", "7 KB", "7mb", "7gb"].map(limit), [7, 7, 7168, 7340032, 7516192768]);
  const refresh = (text: string) =>
    parseLoggingFile(FILE.replace("30 seconds", text), "").refresh_rate;
  assert.deepEqual(["30", "20ms", "5 s", "1 minute", "2h"].map(refresh), [
    30_000,
    20,
    5000,
    60_000,
    7_200_000,
  ]);
});

Deno.test("a name that cannot be one is refused in a line", () => {
  assert.throws(() => parseLoggingFile("{ [&a\x01 b]: c }", "x.yml"), LoggingFileError);
});

Deno.test("a key that is no text is refused by its line", () => {
  assert.throws(() => parseLoggingFile("root:\n  ? [a]\n  : b\n", "x.yml"), /x\.yml, line 2: /);
});

Deno.test("an alias that leads nowhere, or to far too much, is refused in a line", () => {
  const bomb = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"];
  for (const [more, less] of ["ba", "cb", "dc", "ed"]) {
    bomb.push(`${more}: &${more} [${Array(10).fill(`*${less}`).join(", ")}]`);
  }
  for (const text of ["root: *nowhere", bomb.join("\n")]) {
    assert.throws(() => parseLoggingFile(text, "x.yml"), (error) => {
      return error instanceof LoggingFileError &&
        /^Cannot parse x.yml: .*alias/.test(error.message);
    });
  }
});
