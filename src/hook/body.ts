/** The bodies of what is posted to the hook server. */
import type { Question } from "../session/authority.ts";
import type { SessionEvent } from "../session/events.ts";

/**
 * The body of an event: its type, its time, the session's facts and the event's own details.
 * @param dropped how many earlier events, of all sessions, the hook server will never get
 */
export function eventBody(event: SessionEvent, dropped: number): string {
  const { kind, at, id, name, protocol, props, ...details } = event;
  return JSON.stringify({
    type: kind,
    timestamp: timestamp(at),
    data: { name, id, protocol, props, ...snakeCase(details) },
    ...(dropped === 0 ? {} : { dropped }),
  });
}

/** The body of a question, asked at `at`. */
export function questionBody(question: Question, at: number): string {
  const { name, protocol, address, credentials } = question;
  return JSON.stringify({
    type: "authorize-request",
    timestamp: timestamp(at),
    data: { name, protocol, address, credentials },
  });
}

/** RFC 3339. */
function timestamp(at: number): string {
  return new Date(at).toISOString();
}

/** Renames `durationMs` to `duration_ms`, also in nested objects. */
function snakeCase(details: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      isPlainObject(value) ? snakeCase(value) : value,
    ]),
  );
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
