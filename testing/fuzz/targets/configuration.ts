/** What reads what an operator writes, and texts that people type. */
import assert from "node:assert/strict";
import { parseArguments } from "../../../src/config/arguments.ts";
import { ConfigError } from "../../../src/config/config_error.ts";
import { parseEnvFile } from "../../../src/config/env_file.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { ROWS } from "../../../src/config.ts";
import { HtpasswdError, parseHtpasswd } from "../../../src/control/htpasswd.ts";
import { LoggingFileError, parseLoggingFile } from "../../../src/logging/logging_file.ts";
import { messageText } from "../../../src/logging/message.ts";
import { isValidName } from "../../../src/session/name.ts";
import { allReadings, shown, shownName, shownPath } from "../../../src/session/typed_text.ts";
import { Attempts } from "../../../src/web/attempts.ts";
import { FakeClock } from "../../fake_clock.ts";
import { about, bytesOf, type Target, textOf } from "../target.ts";

const ENV_FILE = `# a comment
export ECHO_AUTH="key"
ECHO_AUTH_ANY=1
HLS_TARGET_DURATION=2
export HLS_ROOT_DIR='/var/lib/echo/hls' # where
export ECHO_ADDR="[::1]:5021"
ECHO_PRIV_KEY="0123456789abcdef0123456789\\$bcdef"
`;
const HTPASSWD = "anna:$2y$05$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234\n";
const LOGGING_FILE = `refresh_rate: 30 seconds
appenders:
  stdout:
    kind: console
    encoder:
      pattern: "{d} {l} {m}{n}"
  file:
    kind: rolling_file
    path: log/echo.log
    policy:
      trigger:
        limit: 100mb
      roller:
        kind: fixed_window
        pattern: log/echo.{}.log
        count: 5
root:
  level: info
  appenders: [stdout]
loggers:
  echo_stat::session: &a
    level: trace
    appenders: [file]
    additive: false
`;
const VALUES = ["1", "true", "12.5", "0.0.0.0:5021", "[::1]:80", "/var/lib", "http://a/b", "open"];

export const CONFIGURATION_TARGETS: readonly Target[] = [
  {
    name: "env_file",
    errors: [ConfigError],
    maxBytes: 2048,
    tokens: [
      "export ",
      "=",
      '"',
      "'",
      "\\",
      "#",
      "\n",
      ...ROWS.map(({ variable }) => variable.name),
    ],
    seeds: () => [bytesOf(ENV_FILE)],
    run: (input) => about(Object.keys(parseEnvFile(textOf(input))).length),
  },
  {
    name: "config",
    errors: [ConfigError],
    maxBytes: 1024,
    tokens: [...VALUES, ...ROWS.map(({ variable }) => `\n${variable.name}=`)],
    seeds: () => [bytesOf(ENV_FILE)],
    run: (input) => about(loadConfig({}, textOf(input)).warnings.length),
  },
  {
    name: "arguments",
    errors: [ConfigError],
    maxBytes: 256,
    tokens: ["-h", "-v", "--env-file", "--env-file=", "--print-env", "\n", "="],
    seeds: () => ["-v", "--env-file\necho.env", "--print-env"].map(bytesOf),
    run: (input) => {
      const command = parseArguments(textOf(input).split("\n"));
      return `${command.kind} ${"envFile" in command && command.envFile === undefined}`;
    },
  },
  {
    name: "config_value",
    errors: [],
    maxBytes: 256,
    tokens: VALUES,
    seeds: () => VALUES.map(bytesOf),
    run: (input) => {
      const text = textOf(input);
      let taken = "";
      for (const { variable: { kind, name } } of ROWS) {
        const value = kind.parse(text);
        kind.nearest?.(text);
        if (value === undefined) continue;
        assert.deepEqual(kind.parse(kind.format(value)), value, name);
        taken += `${name} `;
      }
      return taken;
    },
  },
  {
    name: "htpasswd",
    errors: [HtpasswdError],
    maxBytes: 1024,
    tokens: [":", "$2y$", "$apr1$", "{SHA}", "\n", "#"],
    seeds: () => [bytesOf(HTPASSWD)],
    run: (input) => about(parseHtpasswd(textOf(input), "file").size),
  },
  {
    name: "logging_file",
    errors: [LoggingFileError],
    maxBytes: 2048,
    tokens: [
      "&a ",
      "*a",
      "- ",
      ": ",
      "\n",
      "  ",
      "[",
      "{",
      "!!",
      "<<: *a",
      "{d}",
      "100mb",
      "? ",
      "|",
    ],
    seeds: () => [bytesOf(LOGGING_FILE)],
    run: (input) => {
      const { appenders, loggers } = parseLoggingFile(textOf(input), "file");
      return `${Object.keys(appenders).length} ${Object.keys(loggers).length}`;
    },
  },
  {
    name: "typed_text",
    errors: [],
    maxBytes: 1024,
    tokens: ["%", "%41", "/", "?", "key=", "&", "\u202e", "\ud83c\udfb5", "\n", "\x1b[31m"],
    seeds: () =>
      ["demo", "live/demo?key=sesame", "%64emo", "0123456789abcdef0123456789abcdef"].map(bytesOf),
    run: (input) => {
      const text = textOf(input);
      for (const told of [shown(text), shownName(text), shownPath(text)]) {
        assert.doesNotMatch(told, /\p{Cc}/u);
      }
      const readings = allReadings([{ name: text, key: text }]);
      return `${isValidName(text)} ${readings.length}`;
    },
  },
  {
    name: "log_message",
    errors: [],
    maxBytes: 1024,
    tokens: ["\n", "\r", "\x1b[2J", "\u2028", "\u202e", "{", "}"],
    seeds: () => [bytesOf("demo began"), bytesOf('a "quoted" \\ line\n')],
    run: (input) => {
      const text = textOf(input);
      const line = messageText({
        ...{ category: ["echo"], level: "info", rawMessage: "{text}{key}", timestamp: 0 },
        message: ["", text, "", "hush", ""],
        properties: { text, key: "hush", name: text, id: 1, more: { token: "hush" } },
      });
      assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}]/u);
      return about(line.length);
    },
  },
  {
    name: "address",
    errors: [],
    maxBytes: 128,
    tokens: [":", "::", ".", "ffff", "%eth0", "127.0.0.1"],
    seeds: () => ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "::"].map(bytesOf),
    run: (input) => {
      const address = textOf(input);
      const attempts = new Attempts(new FakeClock());
      for (let i = 0; i < 11; i++) attempts.failed(address);
      assert.ok(attempts.exhausted(address));
      return 0;
    },
  },
];
