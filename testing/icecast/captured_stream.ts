/** Endless streams, as receivers get them. */
import assert from "node:assert/strict";
import { concat } from "../bytes.ts";

/** A stream that is being received. */
export interface CapturedStream {
  /** Receives no more. @returns what came */
  readonly end: () => Promise<Uint8Array>;
}

/** Receives a stream that has no end. */
export function captureStream(url: string): CapturedStream {
  const enough = new AbortController();
  const parts: Uint8Array[] = [];
  const receiving = (async () => {
    const response = await fetch(url, { signal: enough.signal });
    assert.equal(response.status, 200, url);
    for await (const part of response.body ?? []) parts.push(part);
  })();
  const ended = receiving.catch((error) => {
    if (!enough.signal.aborted) throw error;
  });
  return {
    end: async () => {
      enough.abort();
      await ended;
      return concat(parts);
    },
  };
}

/** So much is more than a burst. */
const ENOUGH_FRAMES = 40;

/** One as it is put in, and one where a codec has another for more channels. */
const MAX_SILENT_KINDS = 2;

/**
 * What was received is a stretch of what was sent, but for silence where a source was late, and for the
 * last frame, which may be cut.
 */
export function assertReceived(received: readonly string[], sent: readonly string[]): void {
  const known = new Set(sent);
  const whole = received.slice(0, -1);
  const heard = whole.filter((unit) => known.has(unit));
  const from = sent.indexOf(heard[0] ?? "");
  assert.ok(from >= 0 && heard.length > ENOUGH_FRAMES, `${heard.length} frames, from ${from}`);
  assert.deepEqual(heard, sent.slice(from, from + heard.length));
  const others = new Set(whole).difference(known);
  assert.ok(others.size <= MAX_SILENT_KINDS, `${others.size} frames that nobody sent`);
}
