/** A listener that follows a broadcast in low latency, and checks every version and every file. */
import assert from "node:assert/strict";
import { LowMediaRules, type SeenTitle } from "./low_media_rules.ts";
import {
  parseLowPlaylist,
  type SeenLowPlaylist,
  type SeenLowSegment,
} from "./low_playlist_reader.ts";
import { isLowPreroll, LowRules } from "./low_rules.ts";
import { PlaylistError } from "./media_playlist.ts";
import { complaintsOf } from "./other_readers.ts";

const FIRST_POLL_MS = 200;
const MAX_BREACHES = 20;
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
  /** Whole segments so far, by media sequence number: as each server showed it, the first one first. */
  readonly segments = new Map<number, SeenLowMedia[]>();
  /** How many versions it has seen. */
  versions = 0;
  readonly #rules = new LowRules((breach) => this.#report(breach));
  readonly #mediaRules = new LowMediaRules((breach) => this.#report(breach));
  readonly #files = new Map<string, Promise<MediaFile>>();
  /** Names of whole segments that were or are being fetched. */
  readonly #taken = new Set<string>();
  /** Parts that were hinted at, and that were not there in the end. */
  readonly #givenUp = new Set<string>();
  readonly #stopped = new AbortController();
  readonly #following: Promise<void>;
  #checking: Promise<void> = Promise.resolve();
  #playlist: SeenLowPlaylist | undefined;
  #text = "";
  #server: ServerState = "up";

  constructor(url: string) {
    this.url = url;
    this.#following = this.#follow();
  }

  /** The newest version; `undefined` before the first. */
  get playlist(): SeenLowPlaylist | undefined {
    return this.#playlist;
  }

  /** What media tell of titles and artists. */
  get titles(): readonly SeenTitle[] {
    return this.#mediaRules.titles;
  }

  /** The server is about to be killed: until {@link serverIsBack} it need not answer. */
  serverIsDown(): void {
    this.#server = "down";
    this.#rules.expectRestart();
  }

  /** The server listens again. */
  serverIsBack(): void {
    this.#server = "waits";
  }

  /** Resolves once nothing follows, and all is checked. */
  async ended(): Promise<void> {
    await this.#following;
    await this.#checking;
  }

  /** MD5 of all access units so far, in order, as they were heard first; without those of preroll. */
  get hashes(): string[] {
    const numbers = [...this.segments.keys()].sort((a, b) => a - b);
    return numbers.flatMap((number) => this.segments.get(number)?.[0]?.hashes ?? []);
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
      const { versions } = this;
      const query = this.#query();
      try {
        const response = await fetch(new URL(`low-media.m3u8${query}`, this.url), { signal });
        this.#take(response, await response.text(), query);
      } catch (error) {
        if (!signal.aborted && this.#server !== "down") this.#report(`${query}: ${error}`);
      }
      if (this.versions === versions) await pause(FIRST_POLL_MS);
    }
  }

  /** Asks for the part that is hinted at, of whatever server. */
  #query(): string {
    const [, sequence, part] = /^(\d+)-.*\.(\d+)\.m4s$/.exec(this.#playlist?.hint ?? "") ?? [];
    return sequence === undefined ? "" : `?_HLS_msn=${sequence}&_HLS_part=${part}`;
  }

  #take(response: Response, text: string, query: string): void {
    const { status } = response;
    if (!response.ok) {
      if (!this.#mayRefuse(status)) this.#report(`status ${status} for ${query}: ${text}`);
      return;
    }
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
    this.#takeVersion(text, playlist);
  }

  /** Nothing is there before the broadcast begins, nor while there is no server or no encoder. */
  #mayRefuse(status: number): boolean {
    if (this.#server === "down" || status === 404 && this.#playlist === undefined) return true;
    return status === 503 && this.#server === "waits";
  }

  #takeVersion(text: string, playlist: SeenLowPlaylist): void {
    const restarts = this.#rules.restarts;
    this.#rules.observe(playlist);
    const isOfNewServer = this.#rules.restarts > restarts;
    // The next version brings what the encoder sends to the new server.
    if (!isOfNewServer && this.#server === "waits") this.#server = "up";
    this.#text = text;
    this.#playlist = playlist;
    this.versions++;
    for (const complaint of complaintsOf(text, playlist)) this.#report(complaint);
    for (const segment of playlist.segments) this.#takeSegment(segment);
    const { hint } = playlist;
    if (hint === undefined) return;
    // The answer is waited for where the part is looked at, or at the end.
    const hinted = this.#fetch(hint);
    this.#checking = this.#checking.then(async () => void await hinted);
  }

  /** What is named is fetched at once, and looked at one after the other. */
  #takeSegment(segment: SeenLowSegment): void {
    const { map, parts, whole, sequence } = segment;
    const init = this.#fetch(map);
    const media = parts.map(({ uri }) => this.#fetch(uri));
    for (const { uri } of parts) {
      if (this.#givenUp.delete(uri)) this.#report(`${uri} was refused, and then it was there`);
    }
    if (whole === undefined || this.#taken.has(whole.uri)) return;
    this.#taken.add(whole.uri);
    const all = this.#fetch(whole.uri);
    this.#checking = this.#checking.then(async () => {
      const files = await Promise.all([init, all, ...media]);
      const [initBytes, bytes, ...partBytes] = files.filter((file) => file !== undefined);
      if (initBytes === undefined || bytes === undefined || partBytes.length < media.length) {
        this.#taken.delete(whole.uri);
        return;
      }
      const hashes = await this.#mediaRules.observe(
        segment,
        { init: initBytes, whole: bytes, parts: partBytes },
        this.#playlist?.dateRanges ?? [],
      );
      const earlier = this.segments.get(sequence) ?? [];
      const isPreroll = isLowPreroll(segment);
      this.segments.set(sequence, [
        ...earlier,
        { listed: segment, hashes: isPreroll ? [] : hashes },
      ]);
    });
  }

  #fetch(file: string): Promise<MediaFile> {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const fetching = this.#fetchFile(file);
    this.#files.set(file, fetching);
    return fetching;
  }

  async #fetchFile(file: string): Promise<MediaFile> {
    const bytes = await this.#askFor(file);
    // The next server may have it.
    if (bytes === undefined) this.#files.delete(file);
    return bytes;
  }

  async #askFor(file: string): Promise<MediaFile> {
    let response: Response;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      response = await fetch(new URL(file, this.url));
      bytes = await response.bytes();
    } catch (error) {
      if (this.#server !== "down") this.#report(`${file}: ${error}`);
      return undefined;
    }
    if (response.ok) {
      this.#checkHeaders(response, "audio/mp4", cachingOf(file));
      return bytes;
    }
    if (response.status === 404 && !this.#isListed(file)) this.#givenUp.add(file);
    else if (this.#server !== "down") this.#report(`status ${response.status} for ${file}`);
    return undefined;
  }

  #isListed(file: string): boolean {
    const { segments = [] } = this.#playlist ?? {};
    return segments.some(({ map, parts, whole }) => {
      return map === file || whole?.uri === file || parts.some(({ uri }) => uri === file);
    });
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

/** A whole segment that was seen. */
export interface SeenLowMedia {
  readonly listed: SeenLowSegment;
  /** MD5 of each access unit, in order; empty for preroll. */
  readonly hashes: readonly string[];
}

/** The server answers, may not, or does and waits for its encoders. */
type ServerState = "up" | "down" | "waits";

/** `undefined` where it was not there: the server was killed, or gave up a hint. */
type MediaFile = Uint8Array<ArrayBuffer> | undefined;

/** How long what a playlist names may be cached: preroll is no broadcast's own. */
function cachingOf(file: string): string {
  return file.includes("/") ? "max-age=600" : "max-age=600, immutable";
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
