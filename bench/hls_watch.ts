/**
 * Reads the playlists that a server writes, again and again, and finds segments that are late or
 * missing.
 */
import { parsePlaylist, type SegmentEntry } from "../src/hls/playlist.ts";
import { PLAYLIST_FILE } from "../src/hls/stream_files.ts";
import { SEGMENT_MS } from "./schedule.ts";

/** Every playlist is read this often, well before what it lists is gone. */
const ROUND_MS = 5000;

/** What comes later than this is late: half a segment. */
export const LATE_MS = Math.round(SEGMENT_MS / 2);

/**
 * What was found of the segments that were due in a stretch of time. A segment is due when its last
 * sample was, by EXT-X-PROGRAM-DATE-TIME and EXTINF; it is late when its file was written more than
 * half a segment's duration after that, and missing when it should be there by the length of the
 * stretch and is not.
 */
export interface Punctuality {
  readonly segments: number;
  readonly late: number;
  readonly missing: number;
  readonly worstDelayMs: number;
  /** Playlists, of those that were read, that listed their newest segment so late. */
  readonly listedLate: number;
}

/** Reads the playlists of `names` below `folder`, again and again, as the server writes them. */
export class HlsWatch {
  readonly #folder: string;
  readonly #streams: readonly Watched[];
  readonly #seen: Seen[] = [];
  readonly #listings: Listing[] = [];
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(folder: string, names: readonly string[]) {
    this.#folder = folder;
    this.#streams = names.map((name) => ({ name, nextSequence: 0 }));
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Looks a last time and ends. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    for (const stream of this.#streams) await this.#visit(stream);
  }

  /** @param fromMs @param toMs the stretch, in milliseconds since the epoch */
  punctuality(fromMs: number, toMs: number): Punctuality {
    const seen = this.#seen.filter(({ dueAt }) => fromMs <= dueAt && dueAt < toMs);
    const listings = this.#listings.filter(({ dueAt }) => fromMs <= dueAt && dueAt < toMs);
    const byStream = new Map(this.#streams.map(({ name }) => [name, 0]));
    for (const { name } of seen) byStream.set(name, (byStream.get(name) ?? 0) + 1);
    const expected = Math.floor((toMs - fromMs) / SEGMENT_MS);
    return {
      segments: seen.length,
      late: seen.filter(isLate).length,
      missing: [...byStream.values()].reduce((sum, n) => sum + Math.max(0, expected - n), 0),
      worstDelayMs: seen.reduce((worst, { delayMs }) => Math.max(worst, delayMs), -Infinity),
      listedLate: listings.filter(isLate).length,
    };
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const start = performance.now();
      for (const [index, stream] of this.#streams.entries()) {
        const aheadMs = start + ROUND_MS * index / this.#streams.length - performance.now();
        if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
        if (this.#stopped) return;
        await this.#visit(stream);
      }
    }
  }

  async #visit(stream: Watched): Promise<void> {
    const path = `${this.#folder}/${stream.name}`;
    const version = await readVersion(`${path}/${PLAYLIST_FILE}`);
    if (version === undefined) return;
    const { mediaSequence, segments, writtenAt } = version;
    for (const [index, segment] of segments.entries()) {
      if (mediaSequence + index < stream.nextSequence) continue;
      const writtenAt = await writtenAtMs(`${path}/${segment.uri}`);
      this.#seen.push({ name: stream.name, ...punctual(segment, writtenAt) });
    }
    const newest = segments.at(-1);
    if (newest === undefined || mediaSequence + segments.length <= stream.nextSequence) return;
    this.#listings.push(punctual(newest, writtenAt));
    stream.nextSequence = mediaSequence + segments.length;
  }
}

interface Watched {
  readonly name: string;
  nextSequence: number;
}

/** When something was due and how much later it was. */
interface Listing {
  readonly dueAt: number;
  readonly delayMs: number;
}

interface Seen extends Listing {
  readonly name: string;
}

function punctual({ wallMs = NaN, durationUs }: SegmentEntry, atMs: number): Listing {
  const dueAt = wallMs + durationUs / 1000;
  return { dueAt, delayMs: atMs - dueAt };
}

function isLate({ delayMs }: Listing): boolean {
  return !(delayMs <= LATE_MS);
}

/** `Infinity` for a file that is not there, though it is listed. */
async function writtenAtMs(path: string): Promise<number> {
  try {
    const { mtime } = await Deno.stat(path);
    return mtime?.getTime() ?? NaN;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return Infinity;
    throw error;
  }
}

interface Version {
  readonly mediaSequence: number;
  readonly segments: readonly SegmentEntry[];
  readonly writtenAt: number;
}

async function readVersion(path: string): Promise<Version | undefined> {
  try {
    using file = await Deno.open(path);
    // One version: it may be replaced at any time.
    const { mtime } = await file.stat();
    const playlist = parsePlaylist(await new Response(file.readable).text());
    if (playlist === undefined) throw new Error(`Cannot parse ${path}: expected a playlist`);
    const { mediaSequence, segments } = playlist;
    return { mediaSequence, segments, writtenAt: mtime?.getTime() ?? NaN };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
