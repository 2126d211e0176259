/**
 * Low latency of one name: there while somebody listens to it in this way, and no longer.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../../audio/audio_config.ts";
import type { Clock } from "../../session/clock.ts";
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
import type { LowPreroll } from "./low_preroll.ts";
import { type LowFile, LowStream, type LowVersion } from "./low_stream.ts";
import { readTsFrames } from "./ts_frames.ts";

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
  readonly clock: Pick<Clock, "awake" | "after">;
  readonly files: Pick<StreamFiles, "readSegment">;
  readonly labels: Pick<SegmentLabels, "begin" | "next">;
  /** Keeps that players may have parts of the segment `sequence`; resolves once that is done. */
  readonly showOpen: (shown: ShownOpen) => Promise<void>;
  /** What `EXT-X-TARGETDURATION` says, in seconds. */
  readonly targetDuration: number;
  /** The preroll's segments in fragmented MP4. */
  readonly preroll: { readonly low: LowPreroll["segments"] };
  /** What there is as MPEG-TS. */
  readonly main: Pick<PlaylistPublisher, "known" | "numbering">;
  readonly played: Pick<PlayedTags, "at" | "since">;
  readonly source: () => LowSource;
  /** A version is out, with files that are new in it. */
  readonly onVersion: (files: readonly LowFile[]) => void;
}

/** Low latency of a name. */
export class LowLatency {
  readonly #options: LowLatencyOptions;
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

  /** Somebody listens, or still does. Resolves once all is there that can be, and never rejects. */
  open(): Promise<void> {
    if (this.#stream !== undefined) return Promise.resolve();
    this.#opening ??= this.#open()
      .catch((error) => this.#fail(error))
      .finally(() => this.#opening = undefined);
    return this.#opening;
  }

  /** Nobody listens any more, or a new presentation begins. */
  close(): void {
    if (this.#stream === undefined) return;
    this.#options.source().segmenter?.tap(undefined);
    this.#stream = undefined;
    this.#version = undefined;
  }

  /** Another session's frames follow. @param isNew whether they begin a presentation */
  join(isNew: boolean): void {
    if (isNew) return this.close();
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

  async #open(): Promise<void> {
    const { main, files, labels } = this.#options;
    await this.#patience(this.#showOpen({ sequence: labels.next, discontinuity: false }));
    const read = new Map<string, Uint8Array | undefined>();
    const isMissing = ({ uri, bytes, wallMs }: Segment) =>
      bytes === undefined && wallMs !== undefined && !read.has(uri);
    for (;;) {
      const missing = main.known.filter(isMissing);
      if (missing.length === 0) break;
      await Promise.all(missing.map(async ({ uri }) => {
        read.set(uri, await this.#patience(files.readSegment(uri)));
      }));
    }
    // What follows waits for nothing, so that no frame is missed.
    this.#begin(({ uri, bytes }) => bytes ?? read.get(uri));
  }

  /** Waits for the disk, but not as long as it likes. */
  async #patience<T>(work: Promise<T>): Promise<T | undefined> {
    const late = Promise.withResolvers<undefined>();
    const timer = this.#options.clock.after(DISK_MS, () => late.resolve(undefined));
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  /** It is closed, and opened anew for whoever asks; the broadcast goes on. */
  #fail(error: unknown): void {
    logger.fatal("A bug in low latency, please report it: {error}", { error });
    this.close();
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
    for (const takeInto of earlier) takeInto(stream);
    if (segmenter !== undefined) stream.takeUp(segmenter);
    if (ended) stream.finish();
  }

  /** The first part of a segment comes some time after its beginning: nobody waits for that. */
  async #showOpen({ sequence, discontinuity }: Omit<ShownOpen, "config">): Promise<void> {
    const config = this.#options.source().segmenter?.config;
    if (config !== undefined) await this.#options.showOpen({ sequence, config, discontinuity });
  }

  /** Reads what is listed from the last segment back, up to one that cannot be had. */
  #readEarlier(
    bytesOf: (segment: Segment) => Uint8Array | undefined,
    told: readonly AudioConfig[],
  ): { numbering: Numbering; earlier: readonly Earlier[] } {
    const { known, numbering } = this.#options.main;
    const earlier: Earlier[] = [];
    for (const segment of known.toReversed()) {
      const read = this.#read(segment, bytesOf(segment), told);
      if (read === undefined) break;
      earlier.unshift(read);
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

  /** @returns `undefined` where it cannot be had */
  #read(
    { uri, wallMs, discontinuity }: Segment,
    bytes: Uint8Array | undefined,
    told: readonly AudioConfig[],
  ): Earlier | undefined {
    if (wallMs === undefined) {
      const preroll = this.#options.preroll.low.get(uri);
      return preroll && ((stream) => stream.takePreroll(preroll, discontinuity));
    }
    const frames = bytes && readTsFrames(bytes, told);
    return frames && ((stream) => stream.takeEarlier({ wallMs, discontinuity }, frames));
  }

  #show(stream: LowStream, { text, edge, files }: LowVersion): void {
    if (stream !== this.#stream) return;
    const bytes = new TextEncoder().encode(text);
    this.#version = { text: bytes, etag: entityTag(bytes), edge };
    this.#options.onVersion(files);
  }
}

/** Has a stream take in a segment that was made before anybody listened. */
type Earlier = (stream: LowStream) => void;

/** Who opens it waits so long for a segment on the disk, and for its state. */
const DISK_MS = 1000;
