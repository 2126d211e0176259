/**
 * What a replica has of one name.
 *
 * @module
 */
import { mediaTypeOf } from "./formats.ts";
import { nameOfLowFeed } from "./low_latency/low_names.ts";
import { NoPlace, type ServedFile, type ServedPlaylist } from "./origin.ts";
import type { VersionOut } from "./replica_messages.ts";
import type { CachedSegments } from "./segment_cache.ts";
import { Waiters } from "./waiters.ts";

/** A name to which a replica has subscribed. */
export class NameCopy {
  readonly name: string;
  /** By name of the file. */
  readonly playlists = new Map<string, ServedPlaylist>();
  readonly segments: CachedSegments;
  /** Who waits for the next version of any of its playlists. */
  readonly waiters = new Waiters();
  /** Segments that are being fetched, by name of the file. */
  readonly fetches = new Map<string, Promise<ServedFile | undefined>>();
  /** Whether somebody asked for it since {@link sweep}. */
  isAsked = true;
  #isHeard: boolean;
  #isRefused = false;
  #unwritten: ReadonlySet<string> = new Set();
  readonly #first = Promise.withResolvers<void>();
  #isThere = false;
  #sweeps = 0;
  #sweepsUnasked = 0;
  /** Since something is there. */
  #sweepsThere = 0;

  constructor(name: string, segments: CachedSegments) {
    this.name = name;
    this.segments = segments;
    // Only what is made for those who ask is to be heard, too.
    this.#isHeard = nameOfLowFeed(name) === undefined;
  }

  /** The newest version of a playlist. @throws {NoPlace} */
  playlist(file: string): ServedPlaylist | undefined {
    if (this.#isRefused) throw new NoPlace(`Cannot serve ${this.name}: there is no place for it`);
    return this.playlists.get(file);
  }

  /** Resolves once there is something, or after some sweeps; `undefined` where there is. */
  get coming(): Promise<void> | undefined {
    return this.#isThere ? undefined : this.#first.promise;
  }

  /** Whether a segment may be in memory alone, at the source. */
  isUnwritten(file: string): boolean {
    return this.#unwritten.has(file);
  }

  /** Takes what is new. */
  take({ playlists, segments, unwritten }: VersionOut): void {
    for (const { file, ...playlist } of playlists) this.playlists.set(file, playlist);
    for (const { file, bytes } of segments) {
      const served = servedFile(file, bytes);
      if (served !== undefined) this.segments.add(file, served);
    }
    this.#unwritten = new Set(unwritten);
    this.#arrive();
    this.waiters.wake();
  }

  /** Somebody has media of it, or waits for them. @returns whether nobody had before */
  hear(): boolean {
    const isNew = !this.#isHeard;
    this.#isHeard = true;
    return isNew;
  }

  /** There is no place for it at the source. */
  refuse(): void {
    this.#isRefused = true;
    this.#sweepsThere = 0;
    this.clear();
  }

  /** Called every second or so. @returns whether it is to be let go */
  sweep(now: number): boolean {
    this.waiters.sweep(now);
    if (++this.#sweeps === FIRST_SWEEPS) this.#first.resolve();
    this.#sweepsUnasked = this.isAsked || !this.waiters.isEmpty ? 0 : this.#sweepsUnasked + 1;
    this.isAsked = false;
    if (this.#isThere) this.#sweepsThere++;
    if (this.#isRefused) return this.#sweepsThere >= REFUSED_SWEEPS;
    const isTriedOnly = !this.#isHeard && this.#sweepsThere >= TRIED_SWEEPS;
    return isTriedOnly || this.#sweepsUnasked >= KEPT_SWEEPS;
  }

  /** Shows nothing any more, and lets go who waits. */
  clear(): void {
    this.playlists.clear();
    this.segments.clear();
    this.#arrive();
    this.waiters.dismiss();
  }

  #arrive(): void {
    this.#isThere = true;
    this.#first.resolve();
  }
}

/** A segment as it is served; `undefined` where the file is none. */
export function servedFile(file: string, bytes: Uint8Array<ArrayBuffer>): ServedFile | undefined {
  const type = mediaTypeOf(file);
  // No two segments of a name have the same file's name.
  return type === undefined ? undefined : { bytes, type, etag: `"${file}"` };
}

/** What nobody has asked for in so many sweeps is let go … */
const KEPT_SWEEPS = 60;
/** … and what is made for those who ask, where so long nobody hears it … */
const TRIED_SWEEPS = 10;
/** … and that there is no place for it is told for so long. */
const REFUSED_SWEEPS = 5;
/** A source that has not told anything after so many sweeps is not waited for. */
const FIRST_SWEEPS = 10;
