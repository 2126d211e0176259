/**
 * Follows a live playlist over HTTP as a strict player does, and fails at whatever breaks a rule.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  type ListedSegment,
  type MediaPlaylist,
  parseMediaPlaylist,
  PlaylistError,
} from "./media_playlist.ts";
import { type Exception, isPreroll, PlaylistRules, type Sighting } from "./playlist_rules.ts";
import { SegmentRules } from "./segment_rules.ts";
import type { AudioFrame, TsTitle } from "./transport_stream.ts";

export interface FollowerOptions {
  /** What is going on from the start; see {@link PlaylistFollower.allow}. */
  readonly exceptions?: readonly Exception[];
  /** Milliseconds by which a version may be late for a busy machine. Default 250. */
  readonly slackMs?: number;
}

/** A segment that was seen. */
export interface SeenSegment {
  readonly listed: ListedSegment;
  /** In order; empty for preroll and for what cannot be read. */
  readonly frames: readonly AudioFrame[];
  /** What it tells as ID3; nothing where there is no stream of tags. */
  readonly titles: readonly TsTitle[];
}

/** Polls this many times a target duration. */
const POLLS = 5;
const FIRST_POLL_MS = 100;
/** A segment may be had for this long after it left the playlist. */
const KEEP_MS = 38_000;
/** It is seen to have left later than it did, and a busy machine takes its time to look. */
const KEEP_SLACK_MS = 5000;
const MAX_BREACHES = 20;

/**
 * Follows a live playlist as a listener would, and holds it and its segments to the rules. To be
 * disposed of, which fails where a rule was broken:
 *
 * ```ts
 * await using follower = new PlaylistFollower(url);
 * ```
 */
export class PlaylistFollower implements AsyncDisposable {
  readonly url: string;
  /** What was wrong so far. */
  readonly breaches: string[] = [];
  /** All segments so far, by media sequence number. */
  readonly segments = new Map<number, SeenSegment>();
  readonly #exceptions: Set<Exception>;
  readonly #rules: PlaylistRules;
  readonly #segmentRules = new SegmentRules((breach) => this.#report(breach));
  readonly #hashes = new Map<string, string>();
  readonly #left: { readonly uri: string; readonly at: number }[] = [];
  readonly #stopped = new AbortController();
  readonly #polling: Promise<void>;
  #fetching: Promise<void> = Promise.resolve();
  #playlist: MediaPlaylist | undefined;
  #etag = "";

  constructor(url: string, { exceptions = [], slackMs = 250 }: FollowerOptions = {}) {
    this.url = url;
    this.#exceptions = new Set(exceptions);
    this.#rules = new PlaylistRules({
      exceptions: this.#exceptions,
      slackMs,
      onBreach: (breach) => this.#report(breach),
    });
    this.#polling = this.#poll();
  }

  /** The newest version; `undefined` before the first. */
  get playlist(): MediaPlaylist | undefined {
    return this.#playlist;
  }

  /** All access units so far, in order. */
  get accessUnits(): Uint8Array[] {
    return [...this.segments.values()].flatMap(({ frames }) => frames.map((frame) => frame.data));
  }

  /** From now on, what follows from `exception` is no breach. */
  allow(exception: Exception): void {
    this.#exceptions.add(exception);
  }

  /** Ends {@link allow}. What was going on since the newest version stays excused. */
  forbid(exception: Exception): void {
    this.#exceptions.delete(exception);
  }

  /** Ends the following. @throws where a rule was broken */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#polling;
    await this.#fetching;
    if (!this.#exceptions.has("serverDown")) await this.#checkKept();
    assert.deepEqual(this.breaches, [], `${this.url} breaks rules`);
  }

  async #poll(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const askedAt = performance.now();
      const response = await this.#fetch(this.url, { "If-None-Match": this.#etag });
      if (response !== undefined) await this.#take(response, askedAt);
      const target = this.#playlist?.targetDuration;
      await this.#pause(target === undefined ? FIRST_POLL_MS : target * 1000 / POLLS);
    }
  }

  async #take(response: Response, askedAt: number): Promise<void> {
    const text = await response.text();
    const sighting = { askedAt, answeredAt: performance.now() };
    if (response.status === 304 && this.#playlist !== undefined) {
      this.#rules.observe(this.#playlist, sighting);
    } else if (response.ok) {
      this.#checkHeaders(response, "application/vnd.apple.mpegurl", "max-age=1");
      this.#etag = response.headers.get("ETag") ?? "";
      this.#takeVersion(text, sighting);
    } else if (response.status !== 404 || this.#playlist !== undefined) {
      if (!this.#exceptions.has("serverDown")) this.#report(`status ${response.status}: ${text}`);
    }
  }

  #takeVersion(text: string, sighting: Sighting): void {
    let playlist: MediaPlaylist;
    try {
      playlist = parseMediaPlaylist(text);
    } catch (error) {
      if (!(error instanceof PlaylistError)) throw error;
      return this.#report(error.message);
    }
    this.#rules.observe(playlist, sighting);
    const gone = (this.#playlist?.segments ?? []).filter((segment) =>
      segment.sequence < playlist.mediaSequence
    );
    this.#playlist = playlist;
    for (const { uri } of gone) {
      this.#left.push({ uri, at: sighting.askedAt });
      this.#queue(() => this.#checkSame(uri));
    }
    for (const listed of playlist.segments) {
      if (this.#hashes.has(listed.uri)) continue;
      this.#hashes.set(listed.uri, "");
      this.#queue(() => this.#takeSegment(listed));
    }
  }

  /** One after the other, without holding up the polling. */
  #queue(task: () => Promise<void>): void {
    this.#fetching = this.#fetching.then(task);
  }

  async #takeSegment(listed: ListedSegment): Promise<void> {
    const bytes = await this.#fetchSegment(listed.uri);
    if (bytes === undefined) {
      // The next server may have it.
      this.#hashes.delete(listed.uri);
      return;
    }
    this.#hashes.set(listed.uri, hash(bytes));
    const content = isPreroll(listed) ? undefined : this.#segmentRules.observe(listed, bytes);
    const { frames = [], titles = [] } = content ?? {};
    this.segments.set(listed.sequence, { listed, frames, titles });
  }

  async #checkSame(uri: string): Promise<void> {
    const bytes = await this.#fetchSegment(uri);
    const before = this.#hashes.get(uri);
    if (bytes !== undefined && before !== "" && hash(bytes) !== before) {
      this.#report(`${uri} has other bytes than before`);
    }
  }

  async #fetchSegment(uri: string): Promise<Uint8Array | undefined> {
    const response = await this.#fetch(new URL(uri, this.url).href, {});
    if (response === undefined) return undefined;
    const bytes = await response.bytes();
    if (!response.ok) {
      if (!this.#exceptions.has("serverDown")) this.#report(`status ${response.status} for ${uri}`);
      return undefined;
    }
    this.#checkHeaders(response, "video/mp2t", "max-age=600");
    return bytes;
  }

  /** All that left the playlist lately is still to be had, and the same. */
  async #checkKept(): Promise<void> {
    for (const { uri, at } of this.#left) {
      const leftForMs = performance.now() - at;
      if (leftForMs < KEEP_MS - KEEP_SLACK_MS) await this.#checkSame(uri);
    }
  }

  async #fetch(url: string, headers: Record<string, string>): Promise<Response | undefined> {
    try {
      return await fetch(url, { headers });
    } catch (error) {
      if (!this.#exceptions.has("serverDown")) this.#report(`no answer: ${error}`);
      return undefined;
    }
  }

  #checkHeaders({ headers, url }: Response, type: string, cacheControl: string): void {
    const due = {
      "content-type": type,
      "cache-control": cacheControl,
      "access-control-allow-origin": "*",
    };
    for (const [name, value] of Object.entries(due)) {
      const got = headers.get(name);
      if (got !== value) this.#report(`${url} has ${name} ${got}, ${value} is due`);
    }
  }

  /** Waits, unless it is to stop. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stopped;
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => resolve();
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    await promise;
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }

  #report(breach: string): void {
    if (this.breaches.length < MAX_BREACHES) this.breaches.push(breach);
  }
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
