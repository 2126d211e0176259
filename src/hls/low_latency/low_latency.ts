/**
 * Low latency of one name: there while somebody listens to it in this way, and no longer.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../../audio/audio_config.ts";
import { codecOf } from "../../audio/codec_of.ts";
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
import { type EarlierSegments, earlierSegments, readMissing, shownBy } from "./earlier_segments.ts";
import { HeldVersions } from "./held_versions.ts";
import { LOW_MEDIA_FILE, newNonce } from "./low_names.ts";
import type { LowClient, LowPlace, LowPlaces } from "./low_places.ts";
import type { LowPreroll } from "./low_preroll.ts";
import { type LowFile, LowStream, type LowVersion } from "./low_stream.ts";

const logger = getLogger(["echo", "hls"]);

/** How a broadcast stands. */
export interface LowSource {
  /** `undefined` while nobody sends. */
  readonly segmenter: Pick<Segmenter, "config" | "tap"> | undefined;
  /** That of what is heard, or was heard last; `undefined` where it is not known. */
  readonly config: AudioConfig | undefined;
  /** Whether nothing follows. */
  readonly ended: boolean;
}

export interface LowLatencyOptions {
  /** The broadcast's. */
  readonly name: string;
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
  /** Shared with all other names. */
  readonly places: Pick<LowPlaces, "take" | "inTurn">;
  /** There is no place for it, or none any more. */
  readonly onRefused: () => void;
}

/** Low latency of a name. */
export class LowLatency {
  readonly #options: LowLatencyOptions;
  /** `undefined` while nobody listens. */
  #place: LowPlace | undefined;
  #stream: LowStream | undefined;
  /** Resolves once it is open; `undefined` while it is not about to be. */
  #opening: Promise<void> | undefined;
  #version: ServedPlaylist | undefined;
  /** Versions that wait until it is kept that their segments are shown. */
  readonly #held = new HeldVersions((version) => this.#show(version));
  /** Those of what an earlier run of the server left. */
  #earlierConfigs: readonly AudioConfig[] = [];
  #isOffered = true;
  /** It has failed, and is not opened before that, on `Clock.awake`. */
  #brokenUntil = -Infinity;

  constructor(options: LowLatencyOptions) {
    this.#options = options;
  }

  /** Segments of an earlier run of the server have the configurations `configs`, the newest last. */
  resume(configs: readonly AudioConfig[]): void {
    this.#earlierConfigs = configs;
  }

  /** Whether what is heard may be had in this way, by its codec. */
  get isOffered(): boolean {
    return this.#isOffered;
  }

  /** What follows has this configuration: where it may not be had so, nothing is there any more. */
  configure(config: AudioConfig): void {
    this.#isOffered = codecOf(config).inFragmentedMp4;
    if (!this.#isOffered && this.#place !== undefined) this.#giveWay();
  }

  /**
   * Somebody wants to listen, or still does. Resolves once all is there that can be, and never
   * rejects.
   * @param client as `LowGuest.client`
   */
  open(client?: string): Promise<void> {
    if (this.#stream !== undefined) return this.#opening ?? Promise.resolve();
    if (!this.#isOffered) return Promise.resolve();
    const { name, places, clock, onRefused } = this.#options;
    if (clock.awake() >= this.#brokenUntil) {
      this.#place ??= places.take({ name, client, giveWay: () => this.#giveWay() });
    }
    if (this.#place === undefined) {
      onRefused();
      return Promise.resolve();
    }
    this.#opening ??= this.#openUntilKept();
    return this.#opening;
  }

  /** These have heard it just now. */
  hear(clients: readonly LowClient[]): void {
    this.#place?.hear(clients);
  }

  /** Nobody listens any more. */
  close(): void {
    this.#place?.release();
    this.#place = undefined;
    this.#clear();
  }

  /** What has come so far is shown, and nothing more until {@link thaw}. */
  freeze(): void {
    // What comes at once is in one version, which is made behind that.
    queueMicrotask(() => this.#held.freeze());
  }

  /** Ends {@link freeze}. */
  thaw(): void {
    this.#held.thaw();
  }

  /** Another session's frames follow. @param isNew whether they begin a presentation */
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
    const { config } = this.#options.source();
    return renderMasterPlaylist(LOW_MEDIA_FILE, config, this.#stream.segments);
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
    this.close();
    this.#options.onRefused();
  }

  /** What there is of it goes. */
  #clear(): void {
    if (this.#stream === undefined) return;
    this.#options.source().segmenter?.tap(undefined);
    this.#stream = undefined;
    this.#version = undefined;
    this.#held.clear();
  }

  /** What it had may go meanwhile, and somebody may want it again: then it is opened again. */
  async #openUntilKept(): Promise<void> {
    const { places } = this.#options;
    try {
      while (this.#place !== undefined) {
        if (this.#stream === undefined) {
          await places.inTurn(() => this.#readMissing(), (read) => this.#open(read));
        } else if (this.#held.keeping !== undefined) await this.#held.keeping;
        else break;
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#opening = undefined;
    }
  }

  /** Waits for nothing, so that no frame is missed. */
  #open(read: ReadonlyMap<string, Uint8Array>): void {
    // Nobody may listen any more.
    if (this.#place === undefined) return;
    const { source, main, targetDuration, preroll } = this.#options;
    const configs = [source().segmenter?.config, ...this.#earlierConfigs.toReversed()]
      .filter((config) => config !== undefined);
    const bytesOf = ({ uri, bytes }: Segment) => bytes ?? read.get(uri);
    this.#begin(earlierSegments({ bytesOf, main, targetDuration, configs, preroll: preroll.low }));
  }

  /** Reads what is in memory no more: a second at most for all together. */
  #readMissing(): Promise<ReadonlyMap<string, Uint8Array>> {
    const { clock, main, files } = this.#options;
    const until = clock.awake() + DISK_MS;
    return readMissing(main, async (uri) => {
      if (this.#place === undefined) return undefined;
      return await this.#patience(files.readSegment(uri), until - clock.awake());
    });
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

  /** It is closed, and for a while not opened for whoever asks; the broadcast goes on. */
  #fail(error: unknown): void {
    logger.fatal("A bug in low latency, please report it: {error}", { error });
    this.#brokenUntil = this.#options.clock.awake() + BROKEN_MS;
    this.#giveWay();
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
    this.#held.keep(this.#patience(this.#options.showOpen(shown), PART_TARGET_MS));
  }

  #take(stream: LowStream, version: LowVersion): void {
    if (stream === this.#stream) this.#held.take(version);
  }

  #show({ text, edge, files }: LowVersion): void {
    const bytes = new TextEncoder().encode(text);
    this.#version = { text: bytes, etag: entityTag(bytes), edge };
    this.#options.onVersion(files);
  }
}

/** What has failed would fail again, and the log has it already. */
const BROKEN_MS = 60_000;
/** Who opens it waits so long for the disk. */
const DISK_MS = 1000;
