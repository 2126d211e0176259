/** Lines of the log by a pattern of log4rs, and as JSON. */
import assert from "node:assert/strict";
import type { LogRecord } from "@logtape/logtape";
import { encodeJson, patternEncoder } from "../../src/logging/encoder.ts";

const RECORD: LogRecord = {
  category: ["echo_stat", "session"],
  level: "warning",
  message: ["took ", 7, ' "s"\nand no more'],
  rawMessage: "",
  timestamp: Date.UTC(2026, 10, 23, 14, 12, 0, 123),
  properties: { name: "demo", id: 5 },
};

function encode(pattern: string): string | undefined {
  return patternEncoder(pattern)?.(RECORD);
}

Deno.test("a pattern has time, level, target and message, and each record ends its line", () => {
  const line = '2026-11-23T14:12:00.123Z WARN echo_stat::session - demo#5 took 7 "s"\\nand no more';
  assert.equal(encode("{d} {l} {t} - {m}{n}"), line);
  assert.equal(encode("{d} {l} {t} - {m}"), line);
  assert.equal(encode("{l}{n}{t}{n}{n}"), "WARN\necho_stat::session\n");
});

Deno.test("braces that are written twice stand for themselves", () => {
  assert.equal(encode("{{{l}}} }}{{"), "{WARN} }{");
  assert.equal(encode(""), "");
});

Deno.test("a pattern with anything else is refused", () => {
  for (const pattern of ["{x}", "{d(%Y)}", "{", "}", "{l", "{}", "{ l }", "{toString}"]) {
    assert.equal(encode(pattern), undefined, pattern);
  }
});

Deno.test("JSON lines have time, level, target and message", () => {
  assert.equal(
    encodeJson(RECORD),
    '{"time":"2026-11-23T14:12:00.123Z","level":"WARN","target":"echo_stat::session",' +
      '"message":"demo#5 took 7 \\"s\\"\\\\nand no more"}',
  );
});
