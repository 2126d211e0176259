/** A listener that follows a broadcast in low latency, and checks every version and every file. */
import assert from "node:assert/strict";
import { concat } from "../bytes.ts";
import { readMessages } from "../mp4/event_messages.ts";
import { readByMediabunny } from "../mp4/readers.ts";
import {
  parseLowPlaylist,
  type SeenLowPlaylist,
  type SeenLowSegment,
} from "./low_playlist_reader.ts";
import { isLowPreroll, LowRules } from "./low_rules.ts";
import { PlaylistError } from "./media_playlist.ts";

const FIRST_POLL_MS = 200;
const MAX_BREACHES = 20;
/** How far a duration with five decimals, or a time in the media, may be off. */
const ROUNDING = 2e-5;
/** Tags and segments have wall times of their own. */
const TAG_TOLERANCE_MS = 30;
const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";

/**
 * Follows a playlist of low latency to its end by asking for the part that comes next. Its disposal
 * ends that, and fails where a rule was broken.
 */
export class LowFollower implements AsyncDisposable {
  /** Of the multivariant playlist. */
  readonly url: string;
  /** What was wrong so far. */
  readonly breaches: string[] = [];
  /** What media tell of titles and artists, and when that is heard, in milliseconds since the epoch. */
  readonly titles: { readonly atMs: number; readonly texts: readonly string[] }[] = [];
  readonly #messageIds = new Set<number>();
  readonly #rules = new LowRules((breach) => this.#report(breach));
  /** MD5 of each access unit, by number of the segment. */
  readonly #hashes = new Map<number, readonly string[]>();
  readonly #files = new Map<string, Promise<MediaFile>>();
  readonly #stopped = new AbortController();
  readonly #following: Promise<void>;
  #checking: Promise<void> = Promise.resolve();
  #playlist: SeenLowPlaylist | undefined;
  #text = "";
  #isDown = false;
  /** How often the server was killed. */
  #kills = 0;

  constructor(url: string) {
    this.url = url;
    this.#following = this.#follow();
  }

  /** The newest version; `undefined` before the first. */
  get playlist(): SeenLowPlaylist | undefined {
    return this.#playlist;
  }

  /** The server is about to be killed: until {@link serverIsBack} it need not answer. */
  serverIsDown(): void {
    this.#isDown = true;
    this.#kills++;
  }

  /** The server listens again. */
  serverIsBack(): void {
    this.#isDown = false;
    this.#rules.restarted();
    this.#playlist = undefined;
  }

  /** The text of the newest version; empty before the first. */
  get text(): string {
    return this.#text;
  }

  /** Resolves once all that has come so far is checked. */
  checked(): Promise<void> {
    return this.#checking;
  }

  /** Resolves once nothing follows, and all is checked. */
  async ended(): Promise<void> {
    await this.#following;
    await this.#checking;
  }

  /** MD5 of all access units so far, in order, without those of preroll. */
  get hashes(): string[] {
    return [...this.#hashes.keys()].sort((a, b) => a - b).flatMap((n) => this.#hashes.get(n) ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#following;
    await this.#checking;
    assert.deepEqual(this.breaches, [], `${this.url} breaks rules`);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted && (this.#playlist === undefined || this.#playlist.hint !== undefined)) {
      const query = this.#query();
      try {
        const response = await fetch(new URL(`low-media.m3u8${query}`, this.url), { signal });
        await this.#take(response, query);
      } catch (error) {
        if (!signal.aborted && !this.#isDown) throw error;
        await pause(FIRST_POLL_MS);
      }
      if (this.#playlist === undefined) await pause(FIRST_POLL_MS);
    }
  }

  /** Asks for the part that is hinted at. */
  #query(): string {
    const [, sequence, part] = /^(\d+)-.*\.(\d+)\.m4s$/.exec(this.#playlist?.hint ?? "") ?? [];
    return sequence === undefined ? "" : `?_HLS_msn=${sequence}&_HLS_part=${part}`;
  }

  async #take(response: Response, query: string): Promise<void> {
    const text = await response.text();
    if (response.status === 404 && this.#playlist === undefined) return;
    if (!response.ok) return this.#report(`status ${response.status} for ${query}: ${text}`);
    let playlist: SeenLowPlaylist;
    try {
      playlist = parseLowPlaylist(text);
    } catch (error) {
      if (!(error instanceof PlaylistError)) throw error;
      return this.#report(error.message);
    }
    const caching = query === "" ? "no-cache" : `max-age=${6 * playlist.targetDuration}`;
    this.#checkHeaders(response, PLAYLIST_TYPE, caching);
    if (text === this.#text) return this.#report(`the answer to ${query} is the version before`);
    this.#text = text;
    this.#playlist = playlist;
    this.#rules.observe(playlist);
    for (const segment of playlist.segments) this.#takeSegment(segment);
  }

  /** What is named is fetched at once, and looked at one after the other. */
  #takeSegment(segment: SeenLowSegment): void {
    const { map, parts, whole, sequence } = segment;
    const init = this.#fetch(map);
    const media = parts.map(({ uri }) => this.#fetch(uri));
    if (whole === undefined || this.#hashes.has(sequence)) return;
    this.#hashes.set(sequence, []);
    const all = this.#fetch(whole.uri);
    this.#checking = this.#checking.then(async () => {
      const [initBytes, bytes, ...partBytes] = await Promise.all([init, all, ...media]);
      const parts = partBytes.filter((part) => part !== undefined);
      const isGone = initBytes === undefined || bytes === undefined;
      if (isGone || parts.length < partBytes.length) return;
      await this.#checkSegment(segment, initBytes, bytes, parts);
    });
  }

  async #checkSegment(
    segment: SeenLowSegment,
    init: Uint8Array,
    bytes: Uint8Array,
    media: readonly Uint8Array[],
  ): Promise<void> {
    const { sequence, parts, whole } = segment;
    const { hashes, begins, ends } = await readByMediabunny(concat([init, bytes]));
    this.#hashes.set(sequence, isLowPreroll(segment) ? [] : hashes);
    if (Math.abs(ends - begins - (whole?.duration ?? NaN)) > ROUNDING) {
      this.#report(`segment ${sequence} of ${ends - begins} s is said to last ${whole?.duration}`);
    }
    this.#checkMessages(segment, bytes, begins);
    if (media.length > 0 && !equal(concat(media), bytes)) {
      this.#report(`segment ${sequence} is not its parts one after the other`);
    }
    let time = begins;
    for (const [i, part] of media.entries()) {
      const read = await readByMediabunny(concat([init, part]));
      const { uri = "", duration = NaN } = parts[i] ?? {};
      const isRight = Math.abs(read.begins - time) < ROUNDING &&
        Math.abs(read.ends - read.begins - duration) < ROUNDING;
      if (!isRight) this.#report(`${uri} is from ${read.begins} to ${read.ends}`);
      time = read.ends;
    }
  }

  /** Messages in the media tell what the playlist tells, at the same time. */
  #checkMessages(segment: SeenLowSegment, bytes: Uint8Array, begins: number): void {
    for (const { seconds, id, texts } of readMessages(bytes)) {
      const atMs = Date.parse(segment.programDateTime) + (seconds - begins) * 1000;
      const told = this.#playlist?.dateRanges.findLast(({ startMs }) =>
        startMs <= atMs + TAG_TOLERANCE_MS
      );
      const listed = [told?.title ?? "", told?.artist ?? ""];
      const said = texts.map((text) => text.replaceAll('"', "'"));
      if (said.join("\0") !== listed.join("\0")) {
        this.#report(`segment ${segment.sequence} tells ${said}, and the playlist ${listed}`);
      }
      if (this.#messageIds.has(id)) this.#report(`a message has the number ${id} again`);
      this.#messageIds.add(id);
      this.titles.push({ atMs, texts });
    }
  }

  #fetch(file: string): Promise<MediaFile> {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const fetching = this.#fetchFile(file);
    this.#files.set(file, fetching);
    return fetching;
  }

  async #fetchFile(file: string): Promise<MediaFile> {
    const kills = this.#kills;
    let response: Response;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      response = await fetch(new URL(file, this.url));
      bytes = await response.bytes();
    } catch (error) {
      if (!this.#isDown) throw error;
      return undefined;
    }
    if (kills !== this.#kills) return undefined;
    if (!response.ok) this.#report(`status ${response.status} for ${file}`);
    else this.#checkHeaders(response, "audio/mp4", cachingOf(file));
    return bytes;
  }

  #checkHeaders({ headers, url }: Response, type: string, caching: string): void {
    const due = {
      "content-type": type,
      "cache-control": caching,
      "access-control-allow-origin": "*",
    };
    for (const [name, value] of Object.entries(due)) {
      const got = headers.get(name);
      if (got !== value) this.#report(`${url} has ${name} ${got}, ${value} is due`);
    }
  }

  #report(breach: string): void {
    if (this.breaches.length < MAX_BREACHES) this.breaches.push(breach);
  }
}

/** `undefined` where the server was killed before it could be had. */
type MediaFile = Uint8Array<ArrayBuffer> | undefined;

/** How long what a playlist names may be cached: preroll is no broadcast's own. */
function cachingOf(file: string): string {
  return file.includes("/") ? "max-age=600" : "max-age=600, immutable";
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
