/** A listener that follows a broadcast in low latency, and checks every version and every file. */
import assert from "node:assert/strict";
import { checkHeaders, LowFiles } from "./low_files.ts";
import { LowMediaRules, type SeenTitle } from "./low_media_rules.ts";
import {
  parseLowPlaylist,
  type SeenLowPlaylist,
  type SeenLowSegment,
} from "./low_playlist_reader.ts";
import { checkReload, type LowReload, LowReloads } from "./low_reloads.ts";
import { isLowPreroll, LowRules } from "./low_rules.ts";
import { PlaylistError } from "./media_playlist.ts";
import { complaintsOf } from "./other_readers.ts";

const FIRST_POLL_MS = 200;
const MAX_BREACHES = 20;
/** A reload is answered after three target durations (6.2.5.2); and a busy machine takes its time. */
const MAX_WAIT_TARGETS = 3;
const WAIT_SLACK_MS = 25_000;
/** Before the first version it is not known. */
const DEFAULT_TARGET = 6;
/** So many answers in a row may say that there is nothing new, where that may be. */
const MAX_REFUSALS = 10;
/** Files of one in so many segments are asked for twice. */
const AGAIN_EVERY = 5;
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
  /** How often it was answered with a version that it had already, and had asked for once more. */
  repeats = 0;
  /** How long the server has kept a reload waiting, in milliseconds. */
  longestWaitMs = 0;
  /** Whether nothing new may come: the encoder is away for longer than the hold. */
  mayStandStill = false;
  readonly #fetch: typeof fetch;
  readonly #rules = new LowRules((breach) => this.#report(breach));
  readonly #mediaRules = new LowMediaRules((breach) => this.#report(breach));
  readonly #files: LowFiles;
  readonly #reloads = new LowReloads();
  /** Names of whole segments that were or are being fetched. */
  readonly #taken = new Set<string>();
  readonly #stopped = new AbortController();
  readonly #following: Promise<void>;
  #checking: Promise<void> = Promise.resolve();
  #playlist: SeenLowPlaylist | undefined;
  #text = "";
  #server: ServerState = "up";
  #refusals = 0;

  /** @param client by which servers are asked; by default Deno's own */
  constructor(url: string, client?: Deno.HttpClient) {
    this.url = url;
    this.#fetch = client === undefined ? fetch : (input, init) => fetch(input, { ...init, client });
    this.#files = new LowFiles(url, {
      fetch: this.#fetch,
      isListed: (file) => this.#isListed(file),
      mayStandStill: () => this.mayStandStill,
      isDown: () => this.#server === "down",
      onBreach: (breach) => this.#report(breach),
    });
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
      const reload = this.#reloads.next(this.#playlist);
      let isAnswered = false;
      try {
        isAnswered = await this.#reload(reload);
      } catch (error) {
        if (!signal.aborted && this.#server !== "down") this.#report(`${reload.query}: ${error}`);
      }
      if (!isAnswered) await pause(FIRST_POLL_MS);
    }
  }

  /** @returns as {@link #take}; fails where there is no answer */
  async #reload(reload: LowReload): Promise<boolean> {
    const target = this.#playlist?.targetDuration ?? DEFAULT_TARGET;
    const hung = new AbortController();
    const end = () => hung.abort(new Error("it is not answered"));
    const timer = setTimeout(end, MAX_WAIT_TARGETS * 1000 * target + WAIT_SLACK_MS);
    try {
      const signal = AbortSignal.any([this.#stopped.signal, hung.signal]);
      const since = performance.now();
      const url = new URL(`low-media.m3u8${reload.query}`, this.url);
      const response = await this.#fetch(url, { signal });
      const text = await response.text();
      if (response.ok) {
        this.longestWaitMs = Math.max(this.longestWaitMs, performance.now() - since);
      }
      return this.#take(response, text, reload);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @returns whether it is a version that answers the request */
  #take(response: Response, text: string, reload: LowReload): boolean {
    const { status } = response;
    const { query, isAgain } = reload;
    if (!response.ok) {
      if (!this.#mayRefuse(status)) this.#report(`status ${status} for ${query}: ${text}`);
      return false;
    }
    let playlist: SeenLowPlaylist;
    try {
      playlist = parseLowPlaylist(text);
    } catch (error) {
      if (!(error instanceof PlaylistError)) throw error;
      this.#report(error.message);
      return false;
    }
    const caching = query === "" ? "no-cache" : `max-age=${6 * playlist.targetDuration}`;
    const breaches = [
      ...checkHeaders(response, PLAYLIST_TYPE, caching),
      ...checkReload(reload, playlist),
    ];
    for (const breach of breaches) this.#report(breach);
    if (text !== this.#text) this.#takeVersion(text, playlist);
    else if (isAgain) this.repeats++;
    else {
      this.#report(`the answer to ${query} is the version before`);
      return false;
    }
    return true;
  }

  /** Nothing is there before the broadcast begins, nor while there is no server or no encoder. */
  #mayRefuse(status: number): boolean {
    if (this.#server === "down" || status === 404 && this.#playlist === undefined) return true;
    if (status !== 503 || this.#server !== "waits" && !this.mayStandStill) return false;
    return ++this.#refusals <= MAX_REFUSALS;
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
    this.#refusals = 0;
    for (const complaint of complaintsOf(text, playlist)) this.#report(complaint);
    for (const segment of playlist.segments) this.#takeSegment(segment);
    const { hint } = playlist;
    if (hint === undefined) return;
    // The answer is waited for where the part is looked at, or at the end.
    const hinted = this.#files.fetch(hint);
    this.#checking = this.#checking.then(async () => void await hinted);
  }

  /** What is named is fetched at once, and looked at one after the other. */
  #takeSegment(segment: SeenLowSegment): void {
    const { map, parts, whole, sequence } = segment;
    const init = this.#files.fetch(map);
    const media = parts.map(({ uri }) => this.#files.fetch(uri));
    for (const { uri } of parts) this.#files.listed(uri);
    if (whole === undefined || this.#taken.has(whole.uri)) return;
    this.#taken.add(whole.uri);
    const all = this.#files.fetch(whole.uri);
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
      // The next server has other names.
      if (sequence % AGAIN_EVERY === 0 && this.#server === "up") {
        await this.#files.checkSame([map, whole.uri, ...parts.map(({ uri }) => uri)]);
      }
      const earlier = this.segments.get(sequence) ?? [];
      const isPreroll = isLowPreroll(segment);
      this.segments.set(sequence, [
        ...earlier,
        { listed: segment, hashes: isPreroll ? [] : hashes },
      ]);
    });
  }

  #isListed(file: string): boolean {
    const { segments = [] } = this.#playlist ?? {};
    return segments.some(({ map, parts, whole }) => {
      return map === file || whole?.uri === file || parts.some(({ uri }) => uri === file);
    });
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
