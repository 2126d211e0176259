import { configure, dispose, type LogLevel, type LogRecord } from "@logtape/logtape";

/** Lines that wait for a reader of the log; what comes beyond that is dropped and counted. */
const MAX_WAITING_LINES = 10_000;

/** How long the end of the server waits for whoever reads the log. */
const FLUSH_TIMEOUT_MS = 1000;

const MAX_LINE_LENGTH = 8000;

/** Objects in a log line are shown this deep. */
const MAX_DEPTH = 4;

const SECRET_NAME = /key|token|secret|password|passphrase|authorization|cookie/i;

const LEVEL_NAMES: Readonly<Record<LogLevel, string>> = {
  trace: "TRACE",
  debug: "DEBUG",
  info: "INFO ",
  warning: "WARN ",
  error: "ERROR",
  fatal: "FATAL",
};

/** HTTP access logs, which are off unless a logging file asks for them. */
const ACCESS_LOGS = ["echo-hls-web", "echo-stat-web"];

/** Writes bytes, some of them at least, and tells how many. */
export type Write = (bytes: Uint8Array) => Promise<number>;

/**
 * Sends the log to stderr as readable lines from `level` on. What waits is written when the result
 * is disposed of.
 */
export async function startLogging(
  level: LogLevel = "info",
  write: Write = (bytes) => Deno.stderr.write(bytes),
): Promise<AsyncDisposable> {
  const writer = new LineWriter(write);
  const console = Object.assign((record: LogRecord) => writer.write(formatRecord(record)), {
    [Symbol.asyncDispose]: () => writer.flush(),
  });
  await configure({
    reset: true,
    sinks: { console },
    loggers: [
      { category: [], sinks: ["console"], lowestLevel: level },
      { category: ["logtape", "meta"], lowestLevel: "warning" },
      ...ACCESS_LOGS.map((category) => ({ category, lowestLevel: null })),
    ],
  });
  return { [Symbol.asyncDispose]: dispose };
}

/**
 * One line: `2026-11-23T14:12:00.123Z INFO  rtmp demo#1763907120001 what happened`. The session is
 * taken from the properties `name` and `id`. Control characters are escaped, so that nothing a
 * client sends makes a line of its own, and what is named like a secret is masked.
 */
export function formatRecord(record: LogRecord): string {
  const { category, level, message, properties, timestamp } = record;
  const secrets = Object.entries(properties).filter(([name]) => SECRET_NAME.test(name));
  const hidden = new Set(secrets.map(([, value]) => value));
  const text = message.map((part, index) => {
    if (index % 2 === 0) return part;
    return hidden.has(part) ? "***" : formatValue(part);
  });
  const session = [properties.name, properties.id].filter((part) => part !== undefined);
  const fields = [
    new Date(timestamp).toISOString(),
    LEVEL_NAMES[level],
    category.join("."),
    session.join("#"),
    text.join(""),
  ];
  return escapeControls(fields.filter((field) => field !== "").join(" ")).slice(0, MAX_LINE_LENGTH);
}

function formatValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.stack ?? String(value);
  const options = { colors: false, compact: true, breakLength: Infinity, depth: MAX_DEPTH };
  return Deno.inspect(maskSecrets(value, MAX_DEPTH), options);
}

function maskSecrets(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth === 0) return value;
  const prototype = Object.getPrototypeOf(value);
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, depth - 1));
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      SECRET_NAME.test(name) ? "***" : maskSecrets(item, depth - 1),
    ]),
  );
}

/** Also the characters that reverse or hide what follows them. */
function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === "\n") return "\\n";
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

/**
 * Writes lines one behind the other without holding up who logs them: a reader that stops reading
 * costs lines, not audio.
 */
class LineWriter {
  readonly #write: Write;
  readonly #encoder = new TextEncoder();
  #waiting: string[] = [];
  #dropped = 0;
  #writing: Promise<void> | undefined;

  constructor(write: Write) {
    this.#write = write;
  }

  write(line: string): void {
    if (this.#waiting.length >= MAX_WAITING_LINES) this.#dropped++;
    else this.#waiting.push(line);
    this.#writing ??= this.#writeAll();
  }

  /** Waits until all is written, but not for ever. */
  async flush(): Promise<void> {
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
    await Promise.race([this.#writing, timeout]);
    clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    // What one turn of the event loop logs goes out in one write.
    await undefined;
    try {
      while (this.#waiting.length > 0) {
        if (this.#dropped > 0) this.#waiting.push(`${this.#dropped} log lines were dropped`);
        const bytes = this.#encoder.encode(this.#waiting.join("\n") + "\n");
        this.#waiting = [];
        this.#dropped = 0;
        for (let at = 0; at < bytes.length;) at += await this.#write(bytes.subarray(at));
      }
    } catch {
      // Whoever read the log is gone, and there is no other place to say so.
      this.#waiting = [];
    } finally {
      this.#writing = undefined;
    }
  }
}
