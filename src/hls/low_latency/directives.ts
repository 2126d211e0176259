/**
 * What players ask for by delivery directives (draft-pantos-hls-rfc8216bis 6.2.5): a version of the
 * playlist that has a certain segment or part, as soon as there is one.
 *
 * @module
 */
import { PART_TARGET_MS } from "../fmp4_packager.ts";

/** The segment or the part that the version asked for must have. */
export interface Directives {
  /** Media sequence number. */
  readonly sequence: number;
  /** Index of the part in that segment; `undefined` where all of the segment is wanted. */
  readonly part: number | undefined;
}

/** How far a version of the playlist goes. */
export interface PlaylistEdge {
  /** The number of the segment behind the last whole one. */
  readonly openSequence: number;
  /** How many parts that segment has. */
  readonly openParts: number;
  /** How many parts the last whole segment has. */
  readonly lastParts: number;
  /** Whether nothing follows. */
  readonly ended: boolean;
}

/**
 * - `now`: the version answers the request
 * - `wait`: a later version will
 * - `refuse`: it asks for what is too far away, or for nothing that can be
 */
export type ReloadAnswer = "now" | "wait" | "refuse";

/**
 * Reads the directives of a request.
 * @returns `undefined` where it has none, `"malformed"` where they ask for nothing that can be
 */
export function parseDirectives(query: URLSearchParams): Directives | "malformed" | undefined {
  const [sequences, parts] = [query.getAll("_HLS_msn"), query.getAll("_HLS_part")];
  if (sequences.length + parts.length === 0) return undefined;
  const [sequence, part] = [wholeNumber(sequences), wholeNumber(parts)];
  if (sequence === undefined || (part === undefined && parts.length > 0)) return "malformed";
  return { sequence, part };
}

/** What becomes of a request with these directives while a playlist goes up to `edge`. */
export function reload(
  directives: Directives | "malformed" | undefined,
  edge: PlaylistEdge,
): ReloadAnswer {
  if (directives === undefined || edge.ended) return "now";
  if (directives === "malformed" || isTooFar(directives, edge)) return "refuse";
  return isListed(directives, edge) ? "now" : "wait";
}

/**
 * Whether a playlist that goes up to `edge` may lack the segment or the part only because it is so
 * old: others may have been told of what has not come here yet.
 */
export function mayBeTold(wanted: Directives, edge: PlaylistEdge): boolean {
  return wanted.sequence >= edge.openSequence &&
    !isTooFar(wanted, edge, MAX_SEGMENTS_LATE, MAX_PARTS_LATE);
}

/** A part behind the last one of its segment is the first of the next segment. */
function isListed({ sequence, part }: Directives, edge: PlaylistEdge): boolean {
  const { openSequence, openParts, lastParts } = edge;
  if (sequence >= openSequence) {
    return sequence === openSequence && part !== undefined && part < openParts;
  }
  const isInLast = sequence === openSequence - 1;
  return part === undefined || !isInLast || part < lastParts || openParts > 0;
}

function isTooFar(
  { sequence, part = 0 }: Directives,
  { openSequence, openParts }: PlaylistEdge,
  segmentsAhead = MAX_SEGMENTS_AHEAD,
  partsAhead = MAX_PARTS_AHEAD,
): boolean {
  if (sequence < openSequence) return false;
  if (sequence >= openSequence + segmentsAhead) return true;
  const parts = sequence === openSequence ? openParts : 0;
  return part >= parts + partsAhead;
}

/** The one of the values of a parameter that may be given once. */
function wholeNumber(values: readonly string[]): number | undefined {
  const [value = "", ...others] = values;
  return others.length === 0 && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** Of the segments behind the last whole one; 6.2.5.2. */
const MAX_SEGMENTS_AHEAD = 2;
/** Three seconds of parts behind the last one: the Advance Part Limit of 6.2.5.2. */
const MAX_PARTS_AHEAD = Math.ceil(3000 / PART_TARGET_MS);
/** A thread that lags by more than this is ended and started again. */
const MAX_LAG_MS = 15_000;
/** As above, of a version that is so late; a segment has a second at least. */
const MAX_SEGMENTS_LATE = MAX_SEGMENTS_AHEAD + MAX_LAG_MS / 1000;
const MAX_PARTS_LATE = MAX_PARTS_AHEAD + Math.ceil(MAX_LAG_MS / PART_TARGET_MS);
