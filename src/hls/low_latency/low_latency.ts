/**
 * Low latency of one name: there while somebody listens to it in this way, and no longer.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../../audio/audio_config.ts";
import type { Clock } from "../../session/clock.ts";
import type { Place } from "../../session/shares.ts";
import { entityTag } from "../../web/entity_tag.ts";
import { renderMasterPlaylist } from "../master_playlist.ts";
import type { ServedPlaylist } from "../origin.ts";
import type { PlayedTags } from "../played_tags.ts";
import type { PlaylistPublisher } from "../playlist_publisher.ts";
import type { Segment } from "../segment.ts";
import type { SegmentLabels } from "../segment_labels.ts";
import type { Segmenter } from "../segmenter.ts";
import type { ShownOpen } from "../silent_end.ts";
import type { StreamFiles } from "../stream_files.ts";
import type { Numbering } from "../window.ts";
import { LOW_MEDIA_FILE, newNonce } from "./low_names.ts";
import type { LowPlaces } from "./low_places.ts";
import { type LowFile, LowStream, type LowVersion } from "./low_stream.ts";
import type { SegmentStart } from "./low_window.ts";
import { readTsFrames, type TsFrames } from "./ts_frames.ts";

const logger = getLogger(["echo", "hls"]);

/** How a broadcast stands. */
export interface LowSource {
  /** `undefined` while nobody sends. */
  readonly segmenter: Pick<Segmenter, "config" | "tap"> | undefined;
  /** RFC 6381 name of what the segments hold. */
  readonly codecs: string;
  /** Whether nothing follows. */
  readonly ended: boolean;
}

export interface LowLatencyOptions {
  /** The broadcast's. */
  readonly name: string;
  readonly clock: Pick<Clock, "awake" | "after">;
  readonly files: Pick<StreamFiles, "readSegment">;
  readonly labels: Pick<SegmentLabels, "begin" | "next">;
  /** Keeps that players may have parts of the segment `sequence`; resolves once that is done. */
  readonly showOpen: (shown: ShownOpen) => Promise<void>;
  /** What `EXT-X-TARGETDURATION` says, in seconds. */
  readonly targetDuration: number;
  /** What there is as MPEG-TS. */
  readonly main: Pick<PlaylistPublisher, "known" | "numbering">;
  readonly played: Pick<PlayedTags, "at" | "since">;
  readonly source: () => LowSource;
  /** A version is out, with files that are new in it. */
  readonly onVersion: (files: readonly LowFile[]) => void;
  /** Shared with all other names. */
  readonly places: Pick<LowPlaces, "take" | "inTurn">;
  /** There is no place for it, or none any more. */
  readonly onRefused: () => void;
}

/** Low latency of a name. */
export class LowLatency {
  readonly #options: LowLatencyOptions;
  /** `undefined` while nobody listens. */
  #place: Place | undefined;
  #stream: LowStream | undefined;
  /** Resolves once it is open; `undefined` while it is not about to be. */
  #opening: Promise<void> | undefined;
  #version: ServedPlaylist | undefined;
  /** That of what an earlier run of the server left. */
  #earlierConfig: AudioConfig | undefined;

  constructor(options: LowLatencyOptions) {
    this.#options = options;
  }

  /** Segments of an earlier run of the server have the configuration `config`. */
  resume(config: AudioConfig): void {
    this.#earlierConfig = config;
  }

  /**
   * Somebody wants to listen, or still does. Resolves once all is there that can be, and never
   * rejects.
   * @param client as `LowGuest.client`
   */
  open(client?: string): Promise<void> {
    if (this.#stream !== undefined) return Promise.resolve();
    const { name, places, onRefused } = this.#options;
    this.#place ??= places.take({ name, client, giveWay: () => this.#giveWay() });
    if (this.#place === undefined) {
      onRefused();
      return Promise.resolve();
    }
    this.#opening ??= places.inTurn(() => this.#open())
      .catch((error) => this.#fail(error))
      .finally(() => this.#opening = undefined);
    return this.#opening;
  }

  /** Somebody hears it: it does not give way to others. */
  keep(): void {
    this.#place?.keep();
  }

  /** Nobody listens any more. */
  close(): void {
    this.#place?.release();
    this.#place = undefined;
    this.#clear();
  }

  /** Another session's frames follow. @param isNew whether they are a new presentation's */
  join(isNew: boolean): void {
    if (isNew) return this.#clear();
    const { segmenter } = this.#options.source();
    if (segmenter !== undefined) this.#stream?.join(segmenter);
  }

  /** Nothing follows. */
  end(): void {
    this.#stream?.finish();
  }

  /** Lets go of what may go, so long after it has left the playlist, in milliseconds. */
  sweep(keepMs: number): void {
    this.#stream?.sweep(keepMs);
  }

  /** What players get in the playlist `file`. */
  playlist(file: string): ServedPlaylist | undefined {
    return file === LOW_MEDIA_FILE ? this.#version : undefined;
  }

  /** A multivariant playlist, with bandwidths as measured; `undefined` before the first version. */
  get masterPlaylist(): string | undefined {
    if (this.#stream === undefined || this.#version === undefined) return undefined;
    const { codecs } = this.#options.source();
    return renderMasterPlaylist(LOW_MEDIA_FILE, codecs, this.#stream.segments);
  }

  /** The bytes of a file that a version names. */
  segment(file: string): Uint8Array<ArrayBuffer> | undefined {
    return this.#stream?.files.get(file)?.bytes;
  }

  /** All that {@link segment} has: there is no other place for it. */
  get unwritten(): readonly string[] {
    return [...this.#stream?.files.keys() ?? []];
  }

  #giveWay(): void {
    this.#place = undefined;
    this.#clear();
    this.#options.onRefused();
  }

  /** What there is of it goes. */
  #clear(): void {
    if (this.#stream === undefined) return;
    this.#options.source().segmenter?.tap(undefined);
    this.#stream = undefined;
    this.#version = undefined;
  }

  async #open(): Promise<void> {
    if (this.#place === undefined) return;
    const read = await this.#askDisk();
    // Nobody may listen any more.
    if (this.#place === undefined) return;
    // What follows waits for nothing, so that no frame is missed.
    this.#begin(({ uri, bytes }) => bytes ?? read.get(uri));
  }

  /** Keeps what players are about to be shown, and reads what is in memory no more: not for long. */
  async #askDisk(): Promise<ReadonlyMap<string, Uint8Array | undefined>> {
    const { clock, main, files, labels } = this.#options;
    const late = Promise.withResolvers<undefined>();
    const timer = clock.after(DISK_MS, () => late.resolve(undefined));
    const inTime = <T>(work: Promise<T>) => Promise.race([work, late.promise]);
    const read = new Map<string, Uint8Array | undefined>();
    const isMissing = ({ uri, bytes, wallMs }: Segment) =>
      bytes === undefined && wallMs !== undefined && !read.has(uri);
    try {
      await inTime(this.#showOpen({ sequence: labels.next, discontinuity: false }));
      for (;;) {
        const missing = main.known.filter(isMissing);
        if (missing.length === 0) return read;
        await Promise.all(missing.map(async ({ uri }) => {
          read.set(uri, await inTime(files.readSegment(uri)));
        }));
      }
    } finally {
      timer.cancel();
    }
  }

  /** It is closed, and opened anew for whoever asks; the broadcast goes on. */
  #fail(error: unknown): void {
    logger.fatal("A bug in low latency, please report it: {error}", { error });
    this.#clear();
  }

  #begin(bytesOf: (segment: Segment) => Uint8Array | undefined): void {
    const { clock, targetDuration, labels, played, source } = this.#options;
    const { segmenter, ended } = source();
    const told = [segmenter?.config, this.#earlierConfig].filter((config) => config !== undefined);
    const { numbering, earlier } = this.#readEarlier(bytesOf, told);
    const stream: LowStream = new LowStream({
      ...{ clock, targetDuration, numbering, played },
      nonce: newNonce(),
      introduce: (begun) => {
        const label = labels.begin(begun);
        this.#showOpen(label);
        return label;
      },
      onVersion: (version) => this.#show(stream, version),
      onError: (error) => this.#fail(error),
    });
    this.#stream = stream;
    for (const { start, frames } of earlier) stream.takeEarlier(start, frames);
    if (segmenter !== undefined) stream.takeUp(segmenter);
    if (ended) stream.finish();
  }

  /** The first part of a segment comes some time after its beginning: nobody waits for that. */
  async #showOpen({ sequence, discontinuity }: Omit<ShownOpen, "config">): Promise<void> {
    const config = this.#options.source().segmenter?.config;
    if (config !== undefined) await this.#options.showOpen({ sequence, config, discontinuity });
  }

  /** Reads the broadcast's segments from the last one back, up to one that cannot be had. */
  #readEarlier(
    bytesOf: (segment: Segment) => Uint8Array | undefined,
    told: readonly AudioConfig[],
  ): { numbering: Numbering; earlier: readonly Earlier[] } {
    const { known, numbering } = this.#options.main;
    const earlier: Earlier[] = [];
    for (const segment of known.toReversed()) {
      const { wallMs, discontinuity } = segment;
      const bytes = wallMs === undefined ? undefined : bytesOf(segment);
      const frames = bytes && readTsFrames(bytes, told);
      if (wallMs === undefined || frames === undefined) break;
      earlier.unshift({ start: { wallMs, discontinuity }, frames });
    }
    const passedOver = known.slice(0, known.length - earlier.length);
    const discontinuities = passedOver.filter(({ discontinuity }) => discontinuity).length;
    return {
      numbering: {
        mediaSequence: numbering.mediaSequence + passedOver.length,
        discontinuitySequence: numbering.discontinuitySequence + discontinuities,
      },
      earlier,
    };
  }

  #show(stream: LowStream, { text, edge, files }: LowVersion): void {
    if (stream !== this.#stream) return;
    const bytes = new TextEncoder().encode(text);
    this.#version = { text: bytes, etag: entityTag(bytes), edge };
    this.#options.onVersion(files);
  }
}

/** A segment that was made before anybody listened. */
interface Earlier {
  readonly start: Omit<SegmentStart, "initUri">;
  readonly frames: TsFrames;
}

/** So long it is waited for the disk. */
const DISK_MS = 1000;
