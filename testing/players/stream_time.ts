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

/** How a tone is to be made. */
export interface Sweep {
  /** Hz. */
  readonly rate: number;
  readonly seconds: number;
  /**
   * The right one of two has the tone of the left one, and fades to nothing and back in every period,
   * so that joint stereo has both ways to code. Default: 1.
   */
  readonly channels?: 1 | 2;
}

/**
 * The tone, as an input of FFmpeg, which makes one period and repeats it. There is a little noise in
 * it, which swells and fades, so that a variable bitrate varies.
 */
export function sweep({ rate, seconds, channels = 1 }: Sweep): string[] {
  const noise = `0.05*(random(0)-0.5)*(1-cos(8*PI*t/${PERIOD_S}))/2`;
  const tone = `(0.3*sin(2*PI*(${LOWEST_HZ}*t+${HZ_PER_SECOND / 2}*t*t))+${noise})`;
  const right = `${tone}*(1+cos(2*PI*t/${PERIOD_S}))/2`;
  const tones = channels === 1 ? `'${tone}'` : `'${tone}'|'${right}':c=stereo`;
  const period = `aevalsrc=${tones}:s=${rate}:d=${PERIOD_S}`;
  return [
    ...["-t", `${seconds}`, "-f", "lavfi"],
    ...["-i", `${period},aloop=loop=-1:size=${PERIOD_S * rate}`],
  ];
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
    `at most ${widestMs.toFixed(0)} ms from the median, ${heard.stalls.length} stalls, longest ` +
    `${Math.round(heard.longestStallMs)} ms, skipped ${heard.skipped.toFixed(2)} s, ` +
    `warnings: ${[...new Set(heard.warnings)].join(", ") || "none"}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
