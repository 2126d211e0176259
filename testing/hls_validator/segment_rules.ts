/** What a segment must hold, and how it continues the one before (RFC 8216 3.2, 4.3.2.3, 6.2.1). */
import { AdtsError } from "./adts.ts";
import { MpegAudioError } from "./mpeg_audio.ts";
import type { ListedSegment } from "./media_playlist.ts";
import {
  type AudioSegment,
  parseAudioSegment,
  playingTime90k,
  ptsDifference,
  TransportStreamError,
} from "./transport_stream.ts";

/** EXTINF is in whole microseconds. */
const EXTINF_ROUNDING = 1.5e-6;
/** Each PTS is rounded to a tick. */
const PTS_ROUNDING = 2;

/** Watches the segments of one playlist, in order. */
export class SegmentRules {
  readonly #onBreach: (breach: string) => void;
  #before: { readonly sequence: number; readonly content: AudioSegment } | undefined;

  /** @param onBreach called for each breach, with what is wrong in words */
  constructor(onBreach: (breach: string) => void) {
    this.#onBreach = onBreach;
  }

  /** @returns what is in it; `undefined` where it cannot be read, which is a breach */
  observe(listed: ListedSegment, bytes: Uint8Array): AudioSegment | undefined {
    const before = this.#before;
    this.#before = undefined;
    const content = this.#parse(listed, bytes);
    if (content === undefined) return undefined;
    this.#before = { sequence: listed.sequence, content };

    const duration = playingTime90k(content.frames) / 90_000;
    if (Math.abs(duration - listed.duration) > EXTINF_ROUNDING) {
      this.#onBreach(`${listed.uri} says EXTINF ${listed.duration} and holds ${duration} s`);
    }
    if (before?.sequence === listed.sequence - 1 && !listed.discontinuity) {
      for (const breach of checkContinuation(before.content, content)) {
        this.#onBreach(`${listed.uri} has ${breach}`);
      }
    }
    return content;
  }

  #parse(listed: ListedSegment, bytes: Uint8Array): AudioSegment | undefined {
    try {
      return parseAudioSegment(bytes);
    } catch (error) {
      const known = [TransportStreamError, AdtsError, MpegAudioError];
      if (!known.some((type) => error instanceof type) || !(error instanceof Error)) throw error;
      this.#onBreach(`${listed.uri}: ${error.message}`);
      return undefined;
    }
  }
}

/** Without EXT-X-DISCONTINUITY, timestamps, encoding and packets go on. */
function checkContinuation(before: AudioSegment, after: AudioSegment): string[] {
  const breaches: string[] = [];
  if (after.configuration !== before.configuration) {
    breaches.push(`${after.configuration} after ${before.configuration} without a discontinuity`);
  }
  const passed = ptsDifference(after.firstPts90k, before.firstPts90k);
  const due = playingTime90k(before.frames);
  if (Math.abs(passed - due) > PTS_ROUNDING) {
    breaches.push(`a PTS ${passed} ticks after the last segment's, ${due} are due`);
  }
  for (const [pid, { first }] of after.counters) {
    const last = before.counters.get(pid)?.last;
    if (last !== undefined && first !== (last + 1 & 15)) {
      breaches.push(`continuity counter ${first} after ${last} on PID ${pid}`);
    }
  }
  return breaches;
}
