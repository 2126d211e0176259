/**
 * What versions of a playlist of low latency may do over time: draft-pantos-hls-rfc8216bis 6.2, and
 * what Echo promises beyond.
 */
import { checkDateTimes } from "./date_time_rules.ts";
import type { SeenLowPlaylist, SeenLowSegment } from "./low_playlist_reader.ts";

const PART_TARGET = 0.384;
const TARGETS_WITH_PARTS = 3;
/** Of a duration with five decimals. */
const ROUNDING = 0.000_005 + 1e-9;
const MIN_WINDOW_SECONDS = 12;
const MIN_WINDOW_SEGMENTS = 4;

/** Watches the versions of one playlist, in order. */
export class LowRules {
  readonly #onBreach: (breach: string) => void;
  #before: SeenLowPlaylist | undefined;
  /** How often another server has gone on. */
  restarts = 0;
  #restartIsDue = false;
  #moveIsDue = false;
  /** Names of files of other segments, by number. */
  readonly #stems = new Map<string, number>();

  /** @param onBreach told what is wrong, in words */
  constructor(onBreach: (breach: string) => void) {
    this.#onBreach = onBreach;
  }

  /**
   * The server is about to be killed. The next one lists again what was shown, all of it whole, under
   * the same numbers and at the same times; its files have other names.
   */
  expectRestart(): void {
    this.#restartIsDue = true;
  }

  /** Another box is about to go on: the part that was hinted at may not come. */
  expectMove(): void {
    this.#moveIsDue = true;
  }

  /** A version was seen. */
  observe(playlist: SeenLowPlaylist): void {
    const breaches = [...checkVersion(playlist), ...this.#checkNames(playlist)];
    const before = this.#before;
    this.#before = playlist;
    if (before !== undefined && isMadeAnew(before, playlist)) {
      if (!this.#restartIsDue) breaches.push(`it is made anew as ${makingOf(playlist)}`);
      this.#restartIsDue = false;
      this.restarts++;
      breaches.push(...checkRestart(before, playlist));
    } else if (before !== undefined) {
      breaches.push(...checkSuccession(before, playlist));
      const hinted = checkHinted(before, playlist);
      if (this.#moveIsDue && hinted.length > 0) this.#moveIsDue = false;
      else breaches.push(...hinted);
    }
    for (const breach of breaches) this.#onBreach(breach);
  }

  /** No two segments have the same name. */
  #checkNames({ segments }: SeenLowPlaylist): string[] {
    return segments.filter((segment) => !isLowPreroll(segment)).flatMap((segment) => {
      const stem = stemOf(segment);
      const known = this.#stems.get(stem) ?? segment.sequence;
      this.#stems.set(stem, known);
      return known === segment.sequence ? [] : [`${stem} is the name of ${known} too`];
    });
  }
}

/** What one version must be. */
function checkVersion(playlist: SeenLowPlaylist): string[] {
  const { segments, hint } = playlist;
  const breaches = segments.flatMap((segment) => checkSegment(segment, playlist.targetDuration));
  const open = openOf(playlist);
  if (hint === undefined && open !== undefined) breaches.push("it ends with an open segment");
  if (hint !== undefined) {
    const [stem, part] = splitName(hint);
    const isOfNext = open === undefined
      ? Number(stem.split("-")[0]) === nextSequence(playlist)
      : stem === stemOf(open);
    const isNext = isOfNext && part === (open?.parts.length ?? 0);
    if (!isNext) breaches.push(`the hint at ${hint} is not the part that comes next`);
  }
  return [...breaches, ...checkWithParts(playlist), ...checkTimes(playlist)];
}

function checkSegment(segment: SeenLowSegment, targetDuration: number): string[] {
  const { sequence, whole, parts, programDateTime } = segment;
  const breaches: string[] = [];
  if (isLowPreroll(segment)) {
    if (programDateTime !== "") breaches.push(`preroll has the time ${programDateTime}`);
  } else {
    if (programDateTime === "") breaches.push(`segment ${sequence} has no time`);
    if (Number(stemOf(segment).split("-")[0]) !== sequence) {
      breaches.push(`segment ${sequence} is named ${stemOf(segment)}`);
    }
  }
  if (whole !== undefined && Math.round(whole.duration) > targetDuration) {
    breaches.push(`segment ${sequence} is longer than the target duration`);
  }
  for (const [i, { uri, duration }] of parts.entries()) {
    if (duration > PART_TARGET || duration <= 0) breaches.push(`${uri} lasts ${duration} s`);
    if (uri !== `${stemOf(segment)}.${i}.m4s`) breaches.push(`${uri} is the name of part ${i}`);
  }
  const sum = parts.reduce((total, { duration }) => total + duration, 0);
  const differs = Math.abs(sum - (whole?.duration ?? sum)) > ROUNDING * (parts.length + 1);
  if (parts.length > 0 && differs) breaches.push(`parts of segment ${sequence} last ${sum} s`);
  return breaches;
}

/** What follows a segment is heard when that is over. Preroll has no time. */
function checkTimes({ segments, targetDuration }: SeenLowPlaylist): string[] {
  return segments.slice(1).flatMap((segment, i) => {
    const before = segments[i];
    if (before?.whole === undefined || before.programDateTime === "") return [];
    const [timed, next] = [before, segment].map((one) => {
      return { ...one, programDateTime: Date.parse(one.programDateTime) };
    });
    if (timed === undefined || next === undefined) return [];
    return checkDateTimes(timed, before.whole.duration, next, targetDuration);
  });
}

/** Those have parts, and no others, that begin within three target durations of the end. */
function checkWithParts({ segments, targetDuration }: SeenLowPlaylist): string[] {
  const breaches: string[] = [];
  let fromEnd = 0;
  for (const segment of segments.toReversed()) {
    const { whole, parts, sequence } = segment;
    fromEnd += whole?.duration ?? parts.reduce((total, { duration }) => total + duration, 0);
    const isDue = fromEnd <= TARGETS_WITH_PARTS * targetDuration + 1e-4;
    if (isDue !== parts.length > 0) {
      breaches.push(`segment ${sequence}, ${fromEnd} s before the end, has ${parts.length} parts`);
    }
  }
  return breaches;
}

/** What may change from one version to the next. */
function checkSuccession(before: SeenLowPlaylist, after: SeenLowPlaylist): string[] {
  const breaches: string[] = [];
  if (before.constants.join() !== after.constants.join()) breaches.push("what never changes did");
  if (before.hint === undefined) breaches.push("a version follows EXT-X-ENDLIST");
  const gone = after.mediaSequence - before.mediaSequence;
  const numbers = checkNumbers(before, after);
  if (numbers.length > 0) return [...breaches, ...numbers];
  for (const [i, segment] of before.segments.slice(gone).entries()) {
    breaches.push(...checkKept(segment, after.segments[i]));
  }
  breaches.push(...checkDateRanges(before, after));
  if (gone > 0) breaches.push(...checkWindow(after));
  return breaches;
}

/** What has left was whole, and its discontinuities are counted. */
function checkNumbers(before: SeenLowPlaylist, after: SeenLowPlaylist): string[] {
  const gone = after.mediaSequence - before.mediaSequence;
  const left = before.segments.slice(0, Math.max(0, gone));
  if (gone < 0 || gone > left.length || left.some(({ whole }) => whole === undefined)) {
    return [`the first number goes from ${before.mediaSequence} by ${gone}`];
  }
  const discontinuities = left.filter(({ discontinuity }) => discontinuity).length;
  const due = before.discontinuitySequence + discontinuities;
  const { discontinuitySequence: number } = after;
  return number === due ? [] : [`EXT-X-DISCONTINUITY-SEQUENCE is ${number}, ${due} is due`];
}

/** Numbers do not go back, and what was shown is there again, whole, and to the millisecond. */
function checkRestart(before: SeenLowPlaylist, after: SeenLowPlaylist): string[] {
  const breaches = checkNumbers(before, after);
  if (before.constants.join() !== after.constants.join()) breaches.push("what never changes did");
  for (const segment of before.segments) {
    const { sequence, whole } = segment;
    if (sequence < after.mediaSequence) continue;
    const kept = after.segments[sequence - after.mediaSequence];
    if (kept?.whole === undefined) {
      breaches.push(`segment ${sequence} is not whole behind a restart`);
      continue;
    }
    if (facts(segment) !== facts(kept)) {
      breaches.push(`segment ${sequence} was ${facts(segment)} and is ${facts(kept)}`);
    }
    const longer = kept.whole.duration - (whole?.duration ?? kept.whole.duration);
    if (Math.abs(longer) > 2 * ROUNDING) breaches.push(`segment ${sequence} is ${longer} s longer`);
  }
  return breaches;
}

/** What is said of a segment, whether it is whole or not. */
function facts({ sequence, discontinuity, map, programDateTime }: SeenLowSegment): string {
  return JSON.stringify({ sequence, discontinuity, map, programDateTime });
}

/** A segment stays what it is, but for parts that it gets and parts that are old. */
function checkKept(before: SeenLowSegment, after: SeenLowSegment | undefined): string[] {
  if (after === undefined) return [`segment ${before.sequence} is taken back`];
  const breaches = facts(before) === facts(after)
    ? []
    : [`segment ${before.sequence} changes from ${facts(before)} to ${facts(after)}`];
  if (before.whole !== undefined && JSON.stringify(before.whole) !== JSON.stringify(after.whole)) {
    breaches.push(`segment ${before.sequence} is another one`);
  }
  if (after.parts.length === 0) return breaches;
  const kept = after.parts.slice(0, before.parts.length);
  const isOther = JSON.stringify(kept) !== JSON.stringify(before.parts) ||
    before.whole !== undefined && after.parts.length !== before.parts.length;
  return isOther ? [...breaches, `parts of segment ${before.sequence} change`] : breaches;
}

/** What is heard is told once, and as long as some of it is listed. */
function checkDateRanges(before: SeenLowPlaylist, after: SeenLowPlaylist): string[] {
  const breaches: string[] = [];
  const starts = after.dateRanges.map(({ startMs }) => startMs);
  if (starts.some((start, i) => start <= (starts[i - 1] ?? 0))) {
    breaches.push("date ranges are not in order");
  }
  const timed = after.segments.find(({ programDateTime }) => programDateTime !== "");
  const windowMs = Date.parse(timed?.programDateTime ?? "");
  for (const [i, range] of before.dateRanges.entries()) {
    const kept = after.dateRanges.find(({ id }) => id === range.id);
    const isHeard = (before.dateRanges[i + 1]?.startMs ?? Infinity) > windowMs;
    if (kept === undefined && isHeard) breaches.push(`${range.id} is gone`);
    if (kept !== undefined && JSON.stringify(kept) !== JSON.stringify(range)) {
      breaches.push(`${range.id} has changed`);
    }
  }
  return breaches;
}

/** What was hinted at came next, if anything did. */
function checkHinted(before: SeenLowPlaylist, after: SeenLowPlaylist): string[] {
  const { hint } = before;
  if (hint === undefined || hint === after.hint) return [];
  const parts = after.segments.flatMap((segment) => segment.parts);
  const [stem, part] = splitName(hint);
  const isThere = parts.some(({ uri }) => uri === hint);
  // A segment that ended early has no such part; the next one goes on.
  const endedEarly = part > 0 &&
    after.segments.some((segment) =>
      segment.whole !== undefined && stemOf(segment) === stem && segment.parts.length === part
    );
  const isOver = after.hint === undefined;
  const isOld = Number(stem.split("-")[0]) < nextSequence(after) - TARGETS_WITH_PARTS;
  return isThere || endedEarly || isOver || isOld ? [] : [`${hint} was hinted at and never came`];
}

function checkWindow({ segments, targetDuration }: SeenLowPlaylist): string[] {
  const whole = segments.flatMap((segment) => segment.whole ?? []);
  const seconds = whole.reduce((sum, { duration }) => sum + duration, 0);
  const least = Math.max(MIN_WINDOW_SECONDS, 3 * targetDuration);
  if (seconds >= least - 1e-4 && whole.length >= MIN_WINDOW_SEGMENTS) return [];
  return [`segments are removed down to ${whole.length} of ${seconds} s`];
}

function openOf({ segments }: SeenLowPlaylist): SeenLowSegment | undefined {
  const last = segments.at(-1);
  return last?.whole === undefined ? last : undefined;
}

/** The number of the open segment, or of the one that comes next. */
function nextSequence(playlist: SeenLowPlaylist): number {
  const { mediaSequence, segments } = playlist;
  return mediaSequence + segments.length - (openOf(playlist) === undefined ? 0 : 1);
}

/** Whether it is preroll: it has no time, and its name is not the broadcast's. */
export function isLowPreroll(segment: SeenLowSegment): boolean {
  return stemOf(segment).includes("/");
}

/** The name without what tells the part and the format. */
function stemOf({ whole, parts }: SeenLowSegment): string {
  return splitName(whole?.uri ?? parts[0]?.uri ?? "")[0];
}

/** Whether another server has made it anew: no segment has the name that it had. */
function isMadeAnew(before: SeenLowPlaylist, after: SeenLowPlaylist): boolean {
  const names = new Map(before.segments.map((segment) => [segment.sequence, stemOf(segment)]));
  const common = after.segments.filter((segment) => {
    return names.has(segment.sequence) && !isLowPreroll(segment);
  });
  if (common.length === 0) return makingOf(before) !== makingOf(after);
  return common.every((segment) => names.get(segment.sequence) !== stemOf(segment));
}

/** What names of all files of one making of the broadcast have: another server makes it anew. */
function makingOf({ segments, hint = "" }: SeenLowPlaylist): string | undefined {
  const named = segments.find((segment) => !isLowPreroll(segment));
  return (named === undefined ? splitName(hint)[0] : stemOf(named)).split("-")[2];
}

/** Of a broadcast, or of the preroll. */
const MEDIA =
  /^(\d+-\d+-[a-z0-9]+(?:-[a-z0-9]+e\d+)?|(?:\/|\.\.\/~)prerole\/[\w.-]+-[0-9a-f]{16})(?:\.(\d+))?\.m4s$/;

/** @returns the stem, and the part's index; NaN for a whole segment */
function splitName(uri: string): [stem: string, part: number] {
  const [, stem = "", part] = MEDIA.exec(uri) ?? [];
  return [stem, part === undefined ? NaN : Number(part)];
}
