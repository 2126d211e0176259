/** Compares what was heard with what was sent. */
import assert from "node:assert/strict";

/** A silent access unit of two channels. */
export const SILENCE = "21000000001c";

/** Silence that a busy machine's encoder may cause by being late: about a second. */
const MAX_SILENT = 43;

/** One for mono and one for more channels, or one of HE-AAC. */
const MAX_SILENT_KINDS = 2;

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

/**
 * What was heard is the beginning of what each connection sent, one connection after the other,
 * unchanged and without a gap; besides there is only what nobody sent, which is silence.
 * @param sent by each connection; they may send the same
 * @param firstMuted whether silence may stand for a connection's first access unit, as in MP3
 * @returns how much was heard of each connection, and how many silent access units
 */
export function assertConnections(
  heard: readonly string[],
  sent: readonly (readonly string[])[],
  what: string,
  { firstMuted = false }: { readonly firstMuted?: boolean } = {},
): { counts: number[]; silent: number } {
  const known = new Set(sent.flat());
  const counts: number[] = [];
  const kinds = new Set<string>();
  let silent = 0;
  let next = 0;
  for (const [i, unit] of heard.entries()) {
    const last = counts.length - 1;
    const begun = sent[last + 1]?.slice(0, firstMuted ? 2 : 1).indexOf(unit) ?? -1;
    if (unit === sent[last]?.[next]) {
      counts[last] = (counts[last] ?? 0) + 1;
      next++;
    } else if (begun >= 0) {
      counts.push(1);
      next = begun + 1;
    } else if (known.has(unit)) {
      assert.fail(`${what}: access unit ${i} is not number ${next} of connection ${last}`);
    } else {
      kinds.add(unit);
      silent++;
    }
  }
  assert.equal(counts.length, sent.length, `${what}: other connections were heard`);
  assert.ok(kinds.size <= MAX_SILENT_KINDS, `${what}: ${kinds.size} access units that nobody sent`);
  return { counts, silent };
}

/**
 * What was heard of a show with a fallback: the DJ, the file, the DJ again, without the silence at the
 * end where it is known.
 */
export function partsOf(
  heard: readonly string[],
  { sent, looped, silence }: Readonly<Record<"sent" | "looped", readonly string[]>> & {
    readonly silence?: string;
  },
): [first: readonly string[], fallback: readonly string[], second: readonly string[]] {
  const [ofDj, ofFile] = [new Set(sent), new Set(looped)];
  const isOfFileAlone = (unit: string) => ofFile.has(unit) && !ofDj.has(unit);
  const begins = heard.findIndex(isOfFileAlone);
  const ends = heard.findLastIndex(isOfFileAlone) + 1;
  const last = heard.findLastIndex((unit) => unit !== silence) + 1;
  return [heard.slice(0, begins), heard.slice(begins, ends), heard.slice(ends, last)];
}
