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
import { PART_TARGET_MS } from "../fmp4_packager.ts";
import type { Segment } from "../segment.ts";
import type { SegmentLabels } from "../segment_labels.ts";
import type { Segmenter } from "../segmenter.ts";
import type { ShownOpen } from "../silent_end.ts";
import type { StreamFiles } from "../stream_files.ts";
import { type Numbering, Window } from "../window.ts";
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
  readonly labels: Pick<SegmentLabels, "begin">;
  /** Keeps that players may have parts of these segments; resolves once that is done. */
  readonly showOpen: (shown: readonly ShownOpen[]) => Promise<void>;
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
  /** Resolves once it is kept that the newest segment is shown; `undefined` where it is kept. */
  #keeping: Promise<void> | undefined;
  /** Versions that wait for that. */
  #held: LowVersion[] = [];
  /** Those of what an earlier run of the server left. */
  #earlierConfigs: readonly AudioConfig[] = [];

  constructor(options: LowLatencyOptions) {
    this.#options = options;
  }

  /** Segments of an earlier run of the server have the configurations `configs`, the newest last. */
  resume(configs: readonly AudioConfig[]): void {
    this.#earlierConfigs = configs;
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
    this.#keeping = undefined;
    this.#held = [];
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
    const { main, files } = this.#options;
    const read = new Map<string, Uint8Array | undefined>();
    const isMissing = ({ uri, bytes, wallMs }: Segment) =>
      bytes === undefined && wallMs !== undefined && !read.has(uri);
    for (;;) {
      const missing = main.known.filter(isMissing);
      if (missing.length === 0) break;
      await Promise.all(missing.map(async ({ uri }) => {
        read.set(uri, await this.#patience(files.readSegment(uri), DISK_MS));
      }));
    }
    // What follows waits for nothing, so that no frame is missed.
    this.#begin(this.#readEarlier(({ uri, bytes }) => bytes ?? read.get(uri)));
    await this.#keeping;
  }

  /** Waits for the disk, but not as long as it likes. */
  async #patience<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
    const late = Promise.withResolvers<undefined>();
    const timer = this.#options.clock.after(ms, () => late.resolve(undefined));
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

  #begin({ numbering, segments }: EarlierSegments): void {
    const { clock, targetDuration, labels, played, source } = this.#options;
    const { segmenter, ended } = source();
    const stream: LowStream = new LowStream({
      ...{ clock, targetDuration, numbering, played },
      nonce: newNonce(),
      introduce: (begun) => {
        const label = labels.begin(begun);
        const config = source().segmenter?.config;
        const beforeUs = stream.segments.at(-1)?.durationUs;
        if (config !== undefined) this.#keep([{ ...label, config, beforeUs }]);
        return label;
      },
      onVersion: (version) => this.#take(stream, version),
      onError: (error) => this.#fail(error),
    });
    this.#stream = stream;
    this.#keep(shownBy(segments));
    for (const { takeInto } of segments) takeInto(stream);
    if (segmenter !== undefined) stream.takeUp(segmenter);
    if (ended) stream.finish();
  }

  /**
   * Has it kept that players may have parts of these segments. Until then they see none of them, so
   * that no number is another segment's behind a crash.
   */
  #keep(shown: readonly ShownOpen[]): void {
    const kept = this.#patience(this.#options.showOpen(shown), PART_TARGET_MS);
    const keeping = kept.then(() => {
      if (this.#keeping !== keeping) return;
      this.#keeping = undefined;
      for (const version of this.#held.splice(0)) this.#show(version);
    });
    this.#keeping = keeping;
  }

  /**
   * Reads what is listed from the last segment back, up to one that cannot be had, and no more than
   * the playlist of low latency needs: what had left it before, under an earlier run of the server
   * too, does not come back.
   */
  #readEarlier(bytesOf: (segment: Segment) => Uint8Array | undefined): EarlierSegments {
    const { main: { known, numbering }, targetDuration, source } = this.#options;
    const told = [source().segmenter?.config, ...this.#earlierConfigs.toReversed()]
      .filter((config) => config !== undefined);
    const window = new Window<Segment>(targetDuration, numbering);
    window.slide(known, () => true);
    const segments: Earlier[] = [];
    for (const segment of window.segments.toReversed()) {
      const read = this.#read(segment, bytesOf(segment), told);
      if (read === undefined) break;
      segments.unshift(read);
    }
    const passedOver = window.segments.slice(0, window.segments.length - segments.length);
    return { numbering: new Window(targetDuration, window.begin, passedOver).end, segments };
  }

  /** @returns `undefined` where it cannot be had */
  #read(
    segment: Segment,
    bytes: Uint8Array | undefined,
    told: readonly AudioConfig[],
  ): Earlier | undefined {
    const { uri, wallMs, discontinuity } = segment;
    if (wallMs === undefined) {
      const preroll = this.#options.preroll.low.get(uri);
      return preroll && {
        segment,
        config: undefined,
        takeInto: (stream) => stream.takePreroll(preroll, discontinuity),
      };
    }
    const frames = bytes && readTsFrames(bytes, told);
    return frames && {
      segment,
      config: frames.config,
      takeInto: (stream) => stream.takeEarlier({ wallMs, discontinuity }, frames),
    };
  }

  #take(stream: LowStream, version: LowVersion): void {
    if (stream !== this.#stream) return;
    if (this.#keeping === undefined) this.#show(version);
    else this.#held.push(version);
  }

  #show({ text, edge, files }: LowVersion): void {
    const bytes = new TextEncoder().encode(text);
    this.#version = { text: bytes, etag: entityTag(bytes), edge };
    this.#options.onVersion(files);
  }
}

/** What was made before anybody listened. */
interface EarlierSegments {
  /** That of the first of them, or of what follows. */
  readonly numbering: Numbering;
  readonly segments: readonly Earlier[];
}

/** A segment that was made before anybody listened. */
interface Earlier {
  readonly segment: Segment;
  /** That of its audio; `undefined` for preroll. */
  readonly config: AudioConfig | undefined;
  /** Has a stream take it in. */
  readonly takeInto: (stream: LowStream) => void;
}

/** What is to be kept of them; nothing of preroll, which is there behind a crash too. */
function shownBy(segments: readonly Earlier[]): ShownOpen[] {
  return segments.flatMap(({ segment: { sequence, discontinuity, wallMs }, config }, i) => {
    if (wallMs === undefined || config === undefined) return [];
    const beforeUs = segments[i - 1]?.segment.durationUs;
    return [{ sequence, discontinuity, wallMs, config, beforeUs }];
  });
}

/** Who opens it waits so long for a segment on the disk. */
const DISK_MS = 1000;
