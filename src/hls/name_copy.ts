/**
 * What a replica has of one name.
 *
 * @module
 */
import { siteOf } from "../session/network.ts";
import { mediaTypeOf } from "./formats.ts";
import { ListedFiles } from "./listed_files.ts";
import { nameOfLowFeed } from "./low_latency/low_names.ts";
import type { ClientAddress, ServedFile, ServedPlaylist } from "./origin.ts";
import type { VersionOut } from "./replica_messages.ts";
import type { CachedSegments } from "./segment_cache.ts";
import { Waiters } from "./waiters.ts";

/** A name to which a replica has subscribed. */
export class NameCopy {
  readonly name: string;
  /** The address for which the replica has subscribed; `undefined` where it stands for many. */
  readonly client: string | undefined;
  /** By name of the file. */
  readonly playlists = new Map<string, ServedPlaylist>();
  /** What the playlists list. */
  readonly listed = new ListedFiles(this.playlists);
  readonly segments: CachedSegments;
  /** Who waits for the next version of any of its playlists. */
  readonly waiters = new Waiters();
  /** Segments that are being fetched, by name of the file. */
  readonly fetches = new Map<string, Promise<ServedFile | undefined>>();
  /** Whether somebody asked for it since {@link sweep}. */
  isAsked = true;
  #isHeard: boolean;
  /** Who has heard it since {@link takeHearers}: an address for each site. */
  readonly #hearers = new Map<string, string | undefined>();
  #unwritten: ReadonlySet<string> = new Set();
  #isElsewhere = false;
  readonly #first = Promise.withResolvers<void>();
  #isThere = false;
  #isGone = false;
  #sweeps = 0;
  #sweepsUnasked = 0;
  /** Since something is there. */
  #sweepsThere = 0;

  constructor(name: string, segments: CachedSegments, client?: string) {
    this.name = name;
    this.client = client;
    this.segments = segments;
    // Only what is made for those who ask is to be heard, too.
    this.#isHeard = nameOfLowFeed(name) === undefined;
  }

  /** Whether the replica has no subscription to it any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whether the source has told something of it. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** Resolves once there is something, it is gone, or after some sweeps; `undefined` behind that. */
  get coming(): Promise<void> | undefined {
    return this.#isThere || this.#isGone ? undefined : this.#first.promise;
  }

  /** Whether a segment may be in memory alone, at the source. */
  isUnwritten(file: string): boolean {
    return this.#unwritten.has(file);
  }

  /** Whether another box makes it. */
  get isElsewhere(): boolean {
    return this.#isElsewhere;
  }

  /** Takes what is new. */
  take({ playlists, segments, unwritten, isElsewhere = false }: VersionOut): void {
    for (const { file, ...playlist } of playlists) this.playlists.set(file, playlist);
    this.listed.change();
    for (const { file, bytes } of segments) {
      const served = servedFile(file, bytes);
      if (served !== undefined) this.segments.add(file, served);
    }
    this.#unwritten = new Set(unwritten);
    this.#isElsewhere = isElsewhere;
    this.#isThere = true;
    this.#first.resolve();
    this.waiters.wake();
  }

  /** Somebody has what is new of it. */
  hear(client: ClientAddress): void {
    this.#isHeard = true;
    if (this.#hearers.size >= MAX_HEARERS) return;
    const address = client();
    this.#hearers.set(siteOf(address ?? ""), address);
  }

  /** Who has heard it since the last call, or some of them. */
  takeHearers(): readonly (string | undefined)[] {
    const hearers = [...this.#hearers.values()];
    this.#hearers.clear();
    return hearers;
  }

  /** Called every second or so. @returns whether it is to be let go */
  sweep(now: number): boolean {
    this.waiters.sweep(now);
    if (++this.#sweeps === FIRST_SWEEPS) this.#first.resolve();
    this.#sweepsUnasked = this.isAsked || !this.waiters.isEmpty ? 0 : this.#sweepsUnasked + 1;
    this.isAsked = false;
    if (this.#isThere) this.#sweepsThere++;
    const isTriedOnly = !this.#isHeard && this.#sweepsThere >= TRIED_SWEEPS;
    return isTriedOnly || this.#sweepsUnasked >= KEPT_SWEEPS;
  }

  /** It has nothing any more, and lets go who waits. */
  letGo(): void {
    this.#isGone = true;
    this.playlists.clear();
    this.segments.clear();
    this.#first.resolve();
    this.waiters.dismiss();
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
/** … and what is made for those who ask, where so long nobody hears it. */
const TRIED_SWEEPS = 10;
/** Of so many the source is told, which is enough to know that many hear it. */
const MAX_HEARERS = 16;
/** A source that has not told anything after so many sweeps is not waited for. */
const FIRST_SWEEPS = 10;
