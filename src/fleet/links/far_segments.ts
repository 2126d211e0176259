/**
 * Segments that other boxes have made: those of late are kept in memory, and each is fetched once. So
 * are those of shows that are rewound.
 *
 * @module
 */
import { mediaTypeOf } from "../../hls/formats.ts";
import { LOW_MEDIA_TYPE } from "../../hls/low_latency/low_names.ts";
import { servedFile } from "../../hls/name_copy.ts";
import { SegmentUnavailable } from "../../hls/origin.ts";
import { type CachedSegments, SegmentCache } from "../../hls/segment_cache.ts";
import type { Clock } from "../../session/clock.ts";
import { type BoxLinks, type BoxPlace, BoxUnreachable } from "./box_links.ts";

export interface FarSegmentsOptions {
  readonly clock: Pick<Clock, "awake">;
  readonly links: Pick<BoxLinks, "request">;
  /** What all may have together, in bytes. Default: 128 MiB. */
  readonly maxBytes?: number;
}

/** How segments of other boxes have come. */
export interface SegmentArrivals {
  /** With a version of their playlist. */
  told: number;
  /** Because somebody asked for them. */
  asked: number;
}

/** Segments of other boxes, by the name of their broadcast. */
export class FarSegments {
  /** So far. */
  readonly arrivals: SegmentArrivals = { told: 0, asked: 0 };
  readonly #options: FarSegmentsOptions;
  readonly #cache: SegmentCache;
  readonly #names = new Map<string, CachedSegments>();
  /** By path. */
  readonly #fetches = new Map<string, Promise<Uint8Array<ArrayBuffer> | undefined>>();
  /** Playlists of shows, by path, and until when they are told to others, on `Clock.awake`. */
  readonly #playlists = new Map<string, KeptPlaylist>();
  /** What was not there, and until when that is taken for sure, on `Clock.awake`. */
  readonly #missing = new Map<string, number>();
  /** Boxes that did not answer, and until when they are not asked again. */
  readonly #silent = new Map<string, number>();

  constructor(options: FarSegmentsOptions) {
    this.#options = options;
    this.#cache = new SegmentCache(options.maxBytes ?? MAX_BYTES);
  }

  /** A segment that is in memory. */
  get(name: string, file: string): Uint8Array<ArrayBuffer> | undefined {
    return this.#names.get(name)?.get(file)?.bytes;
  }

  /** Keeps a segment that has come with a version of its playlist. */
  add(name: string, file: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.arrivals.told++;
    this.#keep(name, file, bytes);
  }

  /**
   * A segment, out of memory or from the box that has it; `undefined` where it has none.
   * @param file also `show.m3u8`, and what that names
   * @throws {SegmentUnavailable}
   */
  async read(
    box: BoxPlace,
    name: string,
    file: string,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const route = mediaTypeOf(file) === undefined ? "show" : "file";
    const path = `/fleet/1/${route}/${name}/${file}`;
    const now = this.#options.clock.awake();
    const playlist = this.#playlists.get(path);
    const kept = playlist !== undefined && playlist.until > now
      ? playlist.text
      : this.get(name, file);
    if (kept !== undefined || (this.#missing.get(path) ?? 0) > now) return kept;
    const known = this.#fetches.get(path);
    if (known !== undefined) return await known;
    if ((this.#silent.get(box.id) ?? 0) > now) {
      throw new SegmentUnavailable(`Cannot have ${file} now: box ${box.id} does not answer`);
    }
    const fetching = this.#fetch(box, path, (bytes) => {
      if (!PLAYLIST.test(file)) return this.#keep(name, file, bytes);
      this.#playlists.set(path, { text: bytes, until: this.#options.clock.awake() + FRESH_MS });
    })
      .finally(() => this.#fetches.delete(path));
    this.#fetches.set(path, fetching);
    return await fetching;
  }

  /** Nobody hears `name` any more. */
  forget(name: string): void {
    this.#names.get(name)?.clear();
    this.#names.delete(name);
  }

  /** To be called every second or so. */
  sweep(): void {
    const now = this.#options.clock.awake();
    for (const known of [this.#missing, this.#silent]) {
      for (const [key, until] of known) if (until <= now) known.delete(key);
    }
    for (const [path, { until }] of this.#playlists) if (until <= now) this.#playlists.delete(path);
  }

  async #fetch(
    box: BoxPlace,
    path: string,
    keep: (bytes: Uint8Array<ArrayBuffer>) => void,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { links, clock } = this.#options;
    try {
      const answer = await links.request(box, path, { maxBytes: MAX_SEGMENT_BYTES });
      if (answer.status === 404) {
        if (this.#missing.size < MAX_MISSING) this.#missing.set(path, clock.awake() + MISSING_MS);
        return undefined;
      }
      if (answer.status !== 200) {
        throw new SegmentUnavailable(`Cannot have ${path} now: its box answers ${answer.status}`);
      }
      const bytes = new Uint8Array(await answer.arrayBuffer());
      this.arrivals.asked++;
      keep(bytes);
      return bytes;
    } catch (error) {
      if (!(error instanceof BoxUnreachable)) throw error;
      this.#silent.set(box.id, clock.awake() + SILENT_MS);
      throw new SegmentUnavailable(`Cannot have ${path} now: ${error.message}`, { cause: error });
    }
  }

  #keep(name: string, file: string, bytes: Uint8Array<ArrayBuffer>): void {
    const served = servedFile(file, bytes) ?? { bytes, type: LOW_MEDIA_TYPE, etag: `"${file}"` };
    let segments = this.#names.get(name);
    if (segments === undefined) this.#names.set(name, segments = this.#cache.addName());
    segments.add(file, served);
  }
}

interface KeptPlaylist {
  readonly text: Uint8Array<ArrayBuffer>;
  readonly until: number;
}

const PLAYLIST = /\.m3u8$/;
/** How long a playlist is told to others. */
const FRESH_MS = 1000;
/** A quarter of a minute of a thousand broadcasts. */
const MAX_BYTES = 128 * 2 ** 20;
/** Above any segment. */
const MAX_SEGMENT_BYTES = 32 * 2 ** 20;
/** What is not there may be there a moment later. */
const MISSING_MS = 1000;
const MAX_MISSING = 10_000;
/** Of a box that did not answer, others are not kept waiting. */
const SILENT_MS = 1000;
