/**
 * How what sounds in a browser departs from the stream's own time: a tone rises over sixteen seconds
 * of the stream, so that its pitch tells which moment of the stream is heard.
 *
 * @module
 */
import type { Heard } from "./listener.ts";
import type { Player } from "./browser.ts";

/** How the pitch tells the time. `stream_ear.js` has the same. */
const PERIOD_S = 16;
const LOWEST_HZ = 400;
const HZ_PER_SECOND = 250;

/** The tone, as an input of FFmpeg. */
export function sweep({ rate, seconds }: { rate: number; seconds: number }): string[] {
  const t = `mod(t,${PERIOD_S})`;
  const turns = `${LOWEST_HZ}*${t}+${HZ_PER_SECOND / 2}*${t}*${t}`;
  return ["-t", `${seconds}`, "-f", "lavfi", "-i", `aevalsrc='0.3*sin(2*PI*(${turns}))':s=${rate}`];
}

/** How the sound stood to the element's clock over a while, in milliseconds. */
export interface Drift {
  /** How much further on in the stream it was at the end than at the beginning. */
  readonly driftMs: number;
  /** How far it was from its median at most, but for a hundredth of the times. */
  readonly widestMs: number;
  /** How often it was heard. */
  readonly times: number;
}

/** By how much a player's sound departs from its clock. */
export async function driftOf(player: Player): Promise<Drift> {
  const all = await player.soundAhead();
  const [first = 0] = all;
  const centred = all.map((ahead) => nearest(ahead - first));
  const part = Math.ceil(centred.length / 4);
  const middle = median(centred);
  const away = centred.map((s) => Math.abs(s - middle)).sort((a, b) => a - b);
  return {
    driftMs: 1000 * (median(centred.slice(-part)) - median(centred.slice(0, part))),
    widestMs: 1000 * (away[Math.floor(0.99 * (away.length - 1))] ?? NaN),
    times: all.length,
  };
}

/** How much further on than its clock a player sounds after it has gone to a place, in seconds. */
export async function aheadAt(player: Player, position: number): Promise<number> {
  return nearest(median(await player.seek(position)));
}

/** Whole periods cannot be told apart: that of all times which is nearest to 0. */
function nearest(seconds: number): number {
  return seconds - PERIOD_S * Math.round(seconds / PERIOD_S);
}

/** One line for people. */
export function driftText({ driftMs, widestMs, times }: Drift, heard: Heard): string {
  return `heard ${times} times over ${Math.round(heard.played)} s, drift ${
    driftMs.toFixed(1)
  } ms, ` +
    `at most ${widestMs.toFixed(0)} ms from the median, longest stall ` +
    `${Math.round(heard.longestStallMs)} ms, skipped ${heard.skipped.toFixed(2)} s, ` +
    `warnings: ${[...new Set(heard.warnings)].join(", ") || "none"}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
