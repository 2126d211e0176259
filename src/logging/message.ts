/** What a record says, made harmless: bounded, on one line, without secrets. */
import type { LogLevel, LogRecord } from "@logtape/logtape";

/** The most characters of a line, and of a message. */
export const MAX_LENGTH = 8000;

/** What levels are called in a log. */
export const LEVEL_NAMES: Readonly<Record<LogLevel, string>> = {
  trace: "TRACE",
  debug: "DEBUG",
  info: "INFO",
  warning: "WARN",
  error: "ERROR",
  fatal: "FATAL",
};

/**
 * What a record says, in one line: `demo#1763907120001 what happened`. The session comes from the
 * properties `name` and `id`. Control characters are escaped, so that nothing that a client sends
 * makes a line of its own. Values of properties that are named like secrets are masked.
 */
export function messageText({ message, properties }: LogRecord): string {
  const secrets = Object.entries(properties).filter(([name]) => SECRET_NAME.test(name));
  const hidden = new Set(secrets.map(([, value]) => value));
  const text = message.map((part, index) => {
    if (index % 2 === 0) return part;
    return hidden.has(part) ? "***" : formatValue(part);
  });
  const session = [properties.name, properties.id].filter((part) => part !== undefined);
  const fields = [session.join("#"), text.join("")].filter((field) => field !== "");
  return escapeControls(fields.join(" ")).slice(0, MAX_LENGTH);
}

const SECRET_NAME = /key|token|secret|password|passphrase|authorization|cookie/i;

/** How deep objects in a message are shown. */
const MAX_DEPTH = 4;

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

/** Escapes control characters, and those that reverse or hide what follows them. */
function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === "\n") return "\\n";
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}
