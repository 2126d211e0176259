/**
 * Listens to one broadcast at every box at once, and notes whatever a listener of any of them, or one
 * who changes from one to another, would stumble over.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { PlaylistError } from "../hls_validator/media_playlist.ts";
import { until } from "../until.ts";
import { pauseUnless } from "./pause_unless.ts";
import {
  type PlaylistForm,
  readWatched,
  type WatchedPlaylist,
  type WatchedSegment,
} from "./watched_playlist.ts";

const POLL_MS = 250;
/** A box that is stopped does not answer. */
const GIVE_UP_MS = 2000;
/** So often a segment is asked for that does not come, with {@link POLL_MS} between. */
const ATTEMPTS = 8;
const MAX_BREACHES = 20;
/** Only ends what hangs. */
const GO_ON_MS = 60_000;
/** What a segment lasts at most. */
const SEGMENT_MS = 2000;

/** What is true of a segment wherever it is seen. */
interface KnownSegment {
  readonly listed: WatchedSegment;
  /** Of its bytes; empty until a box has given them. */
  hash: string;
  bytes: number;
}

/** A listener of one broadcast at each box. Its disposal fails where something was wrong. */
export class NameWatch implements AsyncDisposable {
  readonly #name: string;
  readonly #boxes: ReadonlyMap<string, BoxWatch>;
  readonly #breaches: string[] = [];
  /** By URI. */
  readonly #segments = new Map<string, KnownSegment>();

  /** @param urls of `playlist.m3u8` at each box */
  constructor(
    name: string,
    urls: ReadonlyMap<string, string>,
    form: PlaylistForm = "playlist.m3u8",
  ) {
    this.#name = name;
    this.#boxes = new Map([...urls].map(([id, url]) => {
      const report = (breach: string) => this.#report(`${id}: ${breach}`);
      const options = { form, report, compare: this.#compare.bind(this) };
      return [id, new BoxWatch(new URL(form, url).href, options)];
    }));
  }

  /** The newest version at a box; `undefined` before the first. */
  playlist(box: string): WatchedPlaylist | undefined {
    return this.#boxes.get(box)?.playlist;
  }

  /** The number of the newest segment that any box lists; −1 before the first. */
  get newest(): number {
    const numbers = [...this.#boxes.values()].map(({ playlist }) => lastSequence(playlist));
    return Math.max(-1, ...numbers);
  }

  /** How many bytes segments have that come after `sequence`, each counted once. */
  bytesAfter(sequence: number): number {
    return [...this.#segments.values()].filter(({ listed }) => listed.sequence > sequence)
      .reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Segments that boxes listed and did not give, as `BOX: URI`. */
  get missing(): string[] {
    return [...this.#boxes].flatMap(([id, { missing }]) => {
      return [...missing].map((uri) => `${id}: ${uri}`);
    });
  }

  /** For how long a box has shown nothing new, at most, in milliseconds, since {@link mark}. */
  longestStillMs(box: string): number {
    return this.#boxes.get(box)?.longestStillMs ?? NaN;
  }

  /** Measures {@link longestStillMs} from now on. */
  mark(): void {
    for (const box of this.#boxes.values()) box.mark();
  }

  /** Resolves once each box lists `count` segments more than any of them lists now. */
  async goesOn(count: number): Promise<void> {
    await until(`${this.#name} is on air`, () => this.newest >= 0);
    const due = this.newest + count;
    await until(`${this.#name} goes on at all boxes`, () => {
      return [...this.#boxes.values()].every(({ playlist }) => lastSequence(playlist) >= due);
    }, GO_ON_MS + count * SEGMENT_MS).catch((error) => {
      const seen = [...this.#boxes].map(([id, { playlist }]) => `${id} ${lastSequence(playlist)}`);
      throw new Error(`${due} is due, and there is ${seen.join(", ")}`, { cause: error });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#boxes.values()].map((box) => box[Symbol.asyncDispose]()));
    assert.deepEqual(this.#breaches, [], `${this.#name} is not one broadcast at all boxes`);
  }

  /** Holds a segment against what is known of it from other boxes. */
  #compare(listed: WatchedSegment, bytes: Uint8Array | undefined): string | undefined {
    const known = this.#segments.get(listed.uri) ?? { listed, hash: "", bytes: 0 };
    this.#segments.set(listed.uri, known);
    if (known.listed.text !== listed.text || known.listed.sequence !== listed.sequence) {
      return `${listed.sequence} is "${listed.text}", elsewhere ${known.listed.sequence} is ` +
        `"${known.listed.text}"`;
    }
    if (bytes === undefined) return undefined;
    const hash = createHash("sha256").update(bytes).digest("hex");
    if (known.hash === "") {
      known.hash = hash;
      known.bytes = bytes.length;
    }
    return known.hash === hash ? undefined : `${listed.uri} has other bytes than elsewhere`;
  }

  #report(breach: string): void {
    if (this.#breaches.length < MAX_BREACHES) this.#breaches.push(breach);
  }
}

interface BoxWatchOptions {
  readonly form: PlaylistForm;
  /** Told what is wrong, in words. */
  readonly report: (breach: string) => void;
  /** @returns how a segment differs from what other boxes have, if it does */
  readonly compare: (listed: WatchedSegment, bytes: Uint8Array | undefined) => string | undefined;
}

/** A listener of one box. */
class BoxWatch implements AsyncDisposable {
  playlist: WatchedPlaylist | undefined;
  longestStillMs = 0;
  /** URIs that were listed and did not come. */
  readonly missing = new Set<string>();
  readonly #url: string;
  readonly #options: BoxWatchOptions;
  readonly #taken = new Set<string>();
  readonly #stopped = new AbortController();
  readonly #polling: Promise<void>;
  #fetching: Promise<unknown> = Promise.resolve();
  /** When a version with a new segment was seen last. */
  #movedAt: number | undefined;

  constructor(url: string, options: BoxWatchOptions) {
    this.#url = url;
    this.#options = options;
    this.#polling = this.#poll();
  }

  mark(): void {
    this.longestStillMs = 0;
    if (this.#movedAt !== undefined) this.#movedAt = performance.now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#polling;
    await this.#fetching;
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const askedAt = performance.now();
      const text = await this.#ask(this.#url, (response) => response.text());
      if (text !== undefined) this.#take(text);
      if (this.#movedAt !== undefined && this.#movedAt < askedAt) {
        this.longestStillMs = Math.max(this.longestStillMs, askedAt - this.#movedAt);
      }
      await pauseUnless(signal, POLL_MS);
    }
  }

  #take(text: string): void {
    let playlist: WatchedPlaylist;
    try {
      playlist = readWatched(text, this.#options.form);
    } catch (error) {
      if (!(error instanceof PlaylistError)) throw error;
      return this.#options.report(error.message);
    }
    for (const breach of wentBack(this.playlist, playlist)) this.#options.report(breach);
    if (lastSequence(playlist) > lastSequence(this.playlist)) this.#movedAt = performance.now();
    this.playlist = playlist;
    for (const listed of playlist.segments) {
      if (this.#taken.has(listed.uri)) continue;
      this.#taken.add(listed.uri);
      this.#fetching = Promise.all([this.#fetching, this.#fetch(listed)]);
    }
  }

  async #fetch(listed: WatchedSegment): Promise<void> {
    const url = new URL(listed.uri, this.#url).href;
    let bytes: Uint8Array | undefined;
    for (let attempt = 0; attempt < ATTEMPTS && bytes === undefined; attempt++) {
      if (attempt > 0) await pauseUnless(this.#stopped.signal, POLL_MS);
      bytes = await this.#ask(url, (response) => response.bytes());
    }
    if (bytes === undefined && !this.#stopped.signal.aborted) this.missing.add(listed.uri);
    const difference = this.#options.compare(listed, bytes);
    if (difference !== undefined) this.#options.report(difference);
  }

  /** @returns `undefined` where there is no answer, or another one than 200 */
  async #ask<T>(url: string, read: (response: Response) => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#stopped;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error("it is not answered")), GIVE_UP_MS);
    try {
      const response = await fetch(url, { signal: AbortSignal.any([signal, late.signal]) });
      if (response.ok) return await read(response);
      await response.body?.cancel();
      return undefined;
    } catch (error) {
      // Gone, or late, or not wanted any more.
      if (error instanceof TypeError || signal.aborted || late.signal.aborted) return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What no version of a playlist may do after another one of the same box. */
function wentBack(before: WatchedPlaylist | undefined, after: WatchedPlaylist): string[] {
  const breaches: string[] = [];
  if (after.ended) breaches.push("EXT-X-ENDLIST in a broadcast that nobody ended");
  const times = after.segments.flatMap(({ programDateTime }) => programDateTime ?? []);
  if (times.some((time, i) => time < (times[i - 1] ?? time))) {
    breaches.push(`EXT-X-PROGRAM-DATE-TIME goes back within a version: ${times.join(", ")}`);
  }
  if (before === undefined) return breaches;
  if (after.mediaSequence < before.mediaSequence) {
    breaches.push(
      `EXT-X-MEDIA-SEQUENCE goes back from ${before.mediaSequence} to ${after.mediaSequence}`,
    );
  }
  if (lastSequence(after) < lastSequence(before)) {
    breaches.push(`the last segment was ${lastSequence(before)} and is ${lastSequence(after)}`);
  }
  if (after.discontinuitySequence < before.discontinuitySequence) {
    breaches.push(
      `EXT-X-DISCONTINUITY-SEQUENCE goes back from ${before.discontinuitySequence} to ` +
        `${after.discontinuitySequence}`,
    );
  }
  const back = newestTime(before) - newestTime(after);
  if (back > 0) breaches.push(`EXT-X-PROGRAM-DATE-TIME goes back by ${back} ms`);
  return breaches;
}

/** The latest EXT-X-PROGRAM-DATE-TIME. */
function newestTime({ segments }: WatchedPlaylist): number {
  const times = segments.flatMap(({ programDateTime }) => programDateTime ?? []);
  return Math.max(-Infinity, ...times);
}

function lastSequence(playlist: WatchedPlaylist | undefined): number {
  return playlist === undefined ? -1 : playlist.mediaSequence + playlist.segments.length - 1;
}
