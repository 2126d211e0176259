/**
 * What a live playlist may do over time: RFC 8216 6.2.1 and 6.2.2, and what Echo promises beyond.
 */
import { checkDateTimes } from "./date_time_rules.ts";
import type { ListedSegment, MediaPlaylist } from "./media_playlist.ts";

/**
 * What a test knows to be going on, so that its effect is no breach: the server is away, the
 * broadcast's transport for longer than the hold, or its encoder has said goodbye.
 */
export type Exception = "serverDown" | "afterHold" | "deliberateEnd";

/** When a version was seen, in milliseconds on one monotonic clock. */
export interface Sighting {
  readonly askedAt: number;
  readonly answeredAt: number;
}

export interface PlaylistRulesOptions {
  readonly exceptions: ReadonlySet<Exception>;
  /** Milliseconds by which a version may be late besides, for a busy machine. Default 0. */
  readonly slackMs?: number;
  /** What is wrong, in words; called for each breach. */
  readonly onBreach: (breach: string) => void;
}

const PROTOCOL_VERSION = 3;
const MAX_CADENCE = 1.5;
const MIN_CADENCE = 0.5;
const MIN_WINDOW_SECONDS = 12;
const MIN_WINDOW_SEGMENTS = 4;
const MIN_WINDOW_TARGETS = 3;

/** Watches the versions of one playlist, in order. */
export class PlaylistRules {
  readonly #options: PlaylistRulesOptions;
  readonly #cadence: Cadence;
  #before: MediaPlaylist | undefined;

  constructor(options: PlaylistRulesOptions) {
    this.#options = options;
    this.#cadence = new Cadence(options);
  }

  /** A version was seen; the same one again where nothing has changed. */
  observe(playlist: MediaPlaylist, sighting: Sighting): void {
    const before = this.#before;
    this.#before = playlist;
    if (playlist !== before) this.#checkNew(before, playlist);
    this.#cadence.observe(playlist, sighting);
  }

  #checkNew(before: MediaPlaylist | undefined, playlist: MediaPlaylist): void {
    const { exceptions, onBreach } = this.#options;
    const breaches = checkVersion(playlist);
    const since = before === undefined ? 0 : nextSequence(before);
    for (const [i, segment] of playlist.segments.entries()) {
      if (segment.sequence < since) continue;
      breaches.push(...checkSegment(playlist.segments[i - 1], segment, playlist.targetDuration));
    }
    if (before !== undefined) breaches.push(...checkSuccession(before, playlist, exceptions));
    if (playlist.ended && before?.ended !== true && !exceptions.has("deliberateEnd")) {
      breaches.push("EXT-X-ENDLIST in a broadcast that nobody ended");
    }
    for (const breach of breaches) onBreach(breach);
  }
}

/** What one version must be. */
function checkVersion(playlist: MediaPlaylist): string[] {
  const { version, segments } = playlist;
  const breaches: string[] = [];
  if (version !== PROTOCOL_VERSION) breaches.push(`EXT-X-VERSION is ${version}`);
  if (segments.length === 0) breaches.push("a playlist without segments");
  if (new Set(segments.map((segment) => segment.uri)).size < segments.length) {
    breaches.push("a URI is listed twice");
  }
  return breaches;
}

/** What a segment that is new must be, after the one before it. */
function checkSegment(
  before: ListedSegment | undefined,
  segment: ListedSegment,
  targetDuration: number,
): string[] {
  const breaches: string[] = [];
  if (Math.round(segment.duration) > targetDuration) {
    breaches.push(`EXTINF ${segment.duration} over the target duration ${targetDuration}`);
  }
  if (segment.duration <= 0) breaches.push(`EXTINF ${segment.duration}`);
  if (isPreroll(segment)) return breaches;
  return [...breaches, ...checkName(segment), ...checkDateTime(before, segment, targetDuration)];
}

/** A preroll segment: its name and time are not the broadcast's. */
export function isPreroll(segment: ListedSegment): boolean {
  return segment.uri.includes("/");
}

function checkName({ sequence, uri }: ListedSegment): string[] {
  const [, number] = /^(\d+)-\d+(?:-[a-z0-9]{1,16}e\d+)?\.ts$/.exec(uri) ?? [];
  return number === String(sequence) ? [] : [`segment ${sequence} is named ${uri}`];
}

function checkDateTime(
  before: ListedSegment | undefined,
  segment: ListedSegment,
  targetDuration: number,
): string[] {
  const time = segment.programDateTime;
  if (time === undefined) return [`segment ${segment.sequence} has no EXT-X-PROGRAM-DATE-TIME`];
  if (before?.programDateTime === undefined) return [];
  const timed = { ...before, programDateTime: before.programDateTime };
  const next = { ...segment, programDateTime: time };
  return checkDateTimes(timed, before.duration, next, targetDuration);
}

/** What may change from one version to the next. */
function checkSuccession(
  before: MediaPlaylist,
  after: MediaPlaylist,
  exceptions: ReadonlySet<Exception>,
): string[] {
  const breaches: string[] = [];
  if (after.targetDuration !== before.targetDuration) {
    breaches.push(
      `EXT-X-TARGETDURATION changes from ${before.targetDuration} to ${after.targetDuration}`,
    );
  }
  if (after.mediaSequence < before.mediaSequence) {
    breaches.push(
      `EXT-X-MEDIA-SEQUENCE goes back from ${before.mediaSequence} to ${after.mediaSequence}`,
    );
    return breaches;
  }
  const anew = after.mediaSequence >= nextSequence(before);
  if (before.ended && !after.ended && !anew) {
    breaches.push("EXT-X-ENDLIST is gone, and the same presentation goes on");
  }
  if (before.ended && after.ended && nextSequence(after) > nextSequence(before) && !anew) {
    breaches.push("segments are added behind EXT-X-ENDLIST");
  }
  if (anew) breaches.push(...checkNewPresentation(before, after, exceptions));
  else breaches.push(...checkSlide(before, after));
  return breaches;
}

/** The window has moved by some segments, or stands. */
function checkSlide(before: MediaPlaylist, after: MediaPlaylist): string[] {
  const breaches: string[] = [];
  const gone = after.mediaSequence - before.mediaSequence;
  const kept = before.segments.slice(gone);
  if (nextSequence(after) < nextSequence(before)) {
    breaches.push("segments are removed at the end, or EXT-X-MEDIA-SEQUENCE counts too many");
  }
  for (const [i, segment] of after.segments.slice(0, kept.length).entries()) {
    const was = kept[i]?.text;
    if (segment.text !== was) {
      breaches.push(`segment ${segment.sequence} changes from "${was}" to "${segment.text}"`);
    }
  }
  const tags = before.segments.slice(0, gone).filter((segment) => segment.discontinuity).length;
  const discontinuitySequence = before.discontinuitySequence + tags;
  if (after.discontinuitySequence !== discontinuitySequence) {
    breaches.push(
      `EXT-X-DISCONTINUITY-SEQUENCE is ${after.discontinuitySequence}, ` +
        `${discontinuitySequence} is due`,
    );
  }
  if (gone > 0) breaches.push(...checkWindow(after));
  return breaches;
}

/** None of the old segments is left. */
function checkNewPresentation(
  before: MediaPlaylist,
  after: MediaPlaylist,
  exceptions: ReadonlySet<Exception>,
): string[] {
  const breaches: string[] = [];
  if (!before.ended && !exceptions.has("serverDown")) {
    breaches.push(
      `EXT-X-MEDIA-SEQUENCE jumps from ${before.mediaSequence} to ${after.mediaSequence}`,
    );
  }
  const tags = before.segments.filter((segment) => segment.discontinuity).length;
  const last = before.discontinuitySequence + tags;
  if (after.discontinuitySequence <= last && after.segments[0]?.discontinuity !== true) {
    breaches.push(
      `EXT-X-DISCONTINUITY-SEQUENCE is ${after.discontinuitySequence} after a presentation ` +
        `that ended with ${last}`,
    );
  }
  return breaches;
}

function checkWindow({ segments, targetDuration }: MediaPlaylist): string[] {
  const duration = segments.reduce((sum, segment) => sum + segment.duration, 0);
  const least = Math.max(MIN_WINDOW_SECONDS, MIN_WINDOW_TARGETS * targetDuration);
  // Sums of decimals are not exact.
  if (duration >= least - 1e-6 && segments.length >= MIN_WINDOW_SEGMENTS) return [];
  return [`segments are removed down to ${segments.length} of ${duration} s`];
}

function nextSequence(playlist: MediaPlaylist): number {
  return playlist.mediaSequence + playlist.segments.length;
}

/**
 * When versions with new segments appear. Seen from outside, a version appeared between the last
 * request that was answered by the one before and its own first answer; a breach is what cannot be
 * right for any time in between.
 */
class Cadence {
  readonly #options: PlaylistRulesOptions;
  #next = 0;
  /** When the newest version appeared, at the earliest and at the latest. */
  #appeared: { readonly earliest: number; readonly latest: number } | undefined;
  #askedAt = -Infinity;
  #excused = false;

  constructor(options: PlaylistRulesOptions) {
    this.#options = options;
  }

  observe(playlist: MediaPlaylist, { askedAt, answeredAt }: Sighting): void {
    const { exceptions, onBreach, slackMs = 0 } = this.#options;
    const targetMs = playlist.targetDuration * 1000;
    const isNew = nextSequence(playlist) > this.#next;
    const appeared = this.#appeared;
    // After the last request that still saw the old version, if this one sees another.
    const since = isNew ? this.#askedAt : askedAt;
    const excused = exceptions.has("serverDown") || exceptions.has("afterHold");
    if (excused || playlist.ended) this.#excused = true;
    if (appeared !== undefined && !this.#excused) {
      const waited = since - appeared.latest;
      if (waited > MAX_CADENCE * targetMs + slackMs) {
        onBreach(`no new segment for ${Math.round(waited)} ms`);
        this.#excused = true;
      }
      const apart = answeredAt - appeared.earliest;
      if (isNew && apart < MIN_CADENCE * targetMs) {
        onBreach(`two versions within ${Math.round(apart)} ms`);
      }
    }
    if (isNew) {
      this.#appeared = { earliest: this.#askedAt, latest: answeredAt };
      this.#next = nextSequence(playlist);
      this.#excused = excused;
    }
    this.#askedAt = askedAt;
  }
}
