/** Compares what was heard with what was sent. */
import assert from "node:assert/strict";

/** A silent access unit of two channels. */
export const SILENCE = "21000000001c";

/** Silence that a busy machine's encoder may cause by being late: about a second. */
const MAX_SILENT = 43;

/** Access units in hexadecimal, which can be compared and searched. */
export function toHex(units: readonly Uint8Array[]): string[] {
  return units.map((unit) => unit.toHex());
}

/**
 * Nothing is missing from what was heard, nothing is changed, and nothing is there besides but a
 * little silence where audio was late.
 * @param sent of which `heard` is the beginning
 */
export function assertSent(heard: readonly string[], sent: readonly string[], what: string): void {
  const audio = heard.filter((unit) => unit !== SILENCE);
  const other = audio.findIndex((unit, i) => unit !== sent[i]);
  assert.equal(other, -1, `${what}: access unit ${other} of ${audio.length} is ${audio[other]}`);
  const silent = heard.length - audio.length;
  assert.ok(silent <= MAX_SILENT, `${what}: ${silent} silent access units of ${heard.length}`);
}

/**
 * All that was sent was heard, in order and unchanged, and nothing besides but the silence that the
 * server says it put in where audio was late, and the silence that follows a goodbye.
 */
export function assertWhole(
  heard: readonly string[],
  sent: readonly string[],
  silent: number,
): void {
  let next = 0;
  let others: string[] = [];
  let end = 0;
  for (const [i, unit] of heard.entries()) {
    if (next === sent.length) break;
    if (unit === sent[next]) next++;
    else others.push(unit);
    end = i + 1;
  }
  assert.equal(next, sent.length, `access unit ${next} of ${sent.length} is missing`);
  assert.equal(others.length, silent, `${others.length} others, such as ${others[0]}`);
  others = [...new Set(heard.slice(end))];
  assert.ok(others.length <= 1, `more than silence follows: ${others.join(", ")}`);
}
