/**
 * What a replica has of one name.
 *
 * @module
 */
import { mediaTypeOf } from "./formats.ts";
import type { ServedFile, ServedPlaylist } from "./origin.ts";
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
  #unwritten: ReadonlySet<string> = new Set();
  readonly #first = Promise.withResolvers<void>();
  #isThere = false;
  #sweeps = 0;
  #sweepsUnasked = 0;

  constructor(name: string, segments: CachedSegments) {
    this.name = name;
    this.segments = segments;
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

  /** Called every second or so. @returns for how many calls nobody has asked for it */
  sweep(now: number): number {
    this.waiters.sweep(now);
    if (++this.#sweeps === FIRST_SWEEPS) this.#first.resolve();
    this.#sweepsUnasked = this.isAsked || !this.waiters.isEmpty ? 0 : this.#sweepsUnasked + 1;
    this.isAsked = false;
    return this.#sweepsUnasked;
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

/** A source that has not told anything after so many sweeps is not waited for. */
const FIRST_SWEEPS = 10;
