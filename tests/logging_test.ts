/** The log as it is without a logging file: form, bounds, secrets, and lines that nobody reads. */
import assert from "node:assert/strict";
import { getLogger, type LogRecord } from "@logtape/logtape";
import { formatRecord, startLogging, type Write } from "../src/logging.ts";

/** Runs `log` with logging to memory, and gives what was written. */
async function logged(log: () => void): Promise<string> {
  const { write, text } = memory();
  const logging = await startLogging("info", write);
  log();
  await logging[Symbol.asyncDispose]();
  return text();
}

/** Takes what is written in small pieces, as a pipe may. */
function memory(): { write: Write; text: () => string } {
  const chunks: number[] = [];
  return {
    write: (bytes) => {
      const taken = bytes.subarray(0, 7);
      chunks.push(...taken);
      return Promise.resolve(taken.length);
    },
    text: () => new TextDecoder().decode(Uint8Array.from(chunks)),
  };
}

function record(properties: Record<string, unknown>, ...message: unknown[]): LogRecord {
  return {
    category: ["rtmp"],
    level: "info",
    message,
    rawMessage: "",
    timestamp: Date.UTC(2026, 10, 23, 14, 12, 0, 123),
    properties,
  };
}

Deno.test("a line has time, level, category, session and message", () => {
  assert.equal(
    formatRecord(record({ name: "demo", id: 1763907120001 }, "connected from ", "192.0.2.1", "")),
    "2026-11-23T14:12:00.123Z INFO  rtmp demo#1763907120001 connected from 192.0.2.1",
  );
  assert.equal(
    formatRecord(record({}, "listening")),
    "2026-11-23T14:12:00.123Z INFO  rtmp listening",
  );
});

Deno.test("what a client sends cannot make a line of its own, colour it or reverse it", () => {
  const line = formatRecord(record({ name: "a\nb" }, "", "x\r\n\x1b[31m\u2028\u202e\u0085y", ""));
  assert.ok(line.endsWith(String.raw`a\nb x\u{d}\n\u{1b}[31m\u{2028}\u{202e}\u{85}y`), line);
});

Deno.test("secrets that were logged by mistake are masked", () => {
  const secrets = { key: "hush", token: "hush", password: "hush", passphrase: "hush", other: "ok" };
  for (const [name, value] of Object.entries(secrets)) {
    const line = formatRecord(record({ [name]: value }, "got ", value, ""));
    assert.ok(line.endsWith(value === "ok" ? "got ok" : "got ***"), line);
  }
  const nested = formatRecord(record({}, "", { a: [{ streamKey: "hush", n: 1 }] }, ""));
  assert.ok(nested.endsWith('{ a: [ { streamKey: "***", n: 1 } ] }'), nested);
});

Deno.test("values of every kind make one line of bounded length", () => {
  const circular: Record<string, unknown> = { n: 1 };
  circular.self = circular;
  for (const value of [circular, new Error("a\nb"), 12n, null, undefined, Symbol("s"), new Map()]) {
    assert.ok(!formatRecord(record({}, "", value, "")).includes("\n"));
  }
  assert.equal(formatRecord(record({}, "", "x".repeat(100_000), "")).length, 8000);
});

Deno.test("lines are written whole and in order until logging ends", async () => {
  const text = await logged(() => {
    for (let i = 0; i < 100; i++) getLogger("test").info("line {i}", { i });
  });
  const lines = text.split("\n");
  assert.equal(lines.pop(), "");
  assert.deepEqual(
    lines.map((line) => line.slice("2026-11-23T14:12:00.123Z ".length)),
    Array.from({ length: 100 }, (_, i) => `INFO  test line ${i}`),
  );
});

Deno.test("debug lines and HTTP access are off", async () => {
  const text = await logged(() => {
    getLogger("test").debug("debug");
    getLogger("echo-hls-web").info("access");
    getLogger("echo-stat-web").error("access");
  });
  assert.equal(text, "");
});

Deno.test("a log that nobody reads costs lines and no memory, and says how many", async () => {
  const { promise: readable, resolve: read } = Promise.withResolvers<void>();
  const { write, text } = memory();
  const logging = await startLogging("info", async (bytes) => {
    await readable;
    return await write(bytes);
  });
  const { promise: written, resolve } = Promise.withResolvers<void>();
  getLogger("test").info("first");
  queueMicrotask(() => queueMicrotask(resolve));
  await written;
  for (let i = 0; i < 10_100; i++) getLogger("test").info("x");
  read();
  await logging[Symbol.asyncDispose]();
  assert.match(text(), /first\n(.* x\n){10000}100 log lines were dropped\n$/);
});

Deno.test("a log that cannot be written hurts nobody", async () => {
  let attempts = 0;
  const logging = await startLogging("info", () => {
    attempts++;
    throw new Error("broken pipe");
  });
  getLogger("test").info("first");
  await logging[Symbol.asyncDispose]();
  assert.equal(attempts, 1);
});
