/**
 * Low latency of one name: there while somebody listens to it in this way, and no longer.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../../audio/audio_config.ts";
import { codecOf } from "../../audio/codec_of.ts";
import { entityTag } from "../../web/entity_tag.ts";
import { renderMasterPlaylist } from "../master_playlist.ts";
import { inTime } from "../in_time.ts";
import type { ServedPlaylist } from "../origin.ts";
import { PART_TARGET_MS } from "../fmp4_packager.ts";
import type { Segment } from "../segment.ts";
import type { ShownOpen } from "../silent_end.ts";
import { type EarlierSegments, earlierSegments, readMissing, shownBy } from "./earlier_segments.ts";
import { HeldVersions } from "./held_versions.ts";
import { LOW_MEDIA_FILE, newNonce } from "./low_names.ts";
import type { LowLatencyOptions } from "./low_options.ts";
import type { LowClient, LowPlace } from "./low_places.ts";
import type { WholeSegment } from "./low_playlist.ts";
import { LowStream, type LowVersion } from "./low_stream.ts";

const logger = getLogger(["echo", "hls"]);

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
  /** What another box has shown, by number. */
  #handed: ReadonlyMap<number, WholeSegment> = new Map();
  #isOffered = true;
  /** It has failed, and is not opened before that, on `Clock.awake`. */
  #brokenUntil = -Infinity;

  constructor(options: LowLatencyOptions) {
    this.#options = options;
  }

  /**
   * Segments of an earlier run of the server, or of another box, have the configurations `configs`,
   * the newest last.
   * @param handed those that the other box has shown in low latency
   */
  resume(configs: readonly AudioConfig[], handed: readonly WholeSegment[] = []): void {
    this.#earlierConfigs = configs;
    this.#handed = new Map(handed.map((segment) => [segment.sequence, segment]));
  }

  /** What another box goes on with: the whole segments that players were shown. */
  get shown(): readonly WholeSegment[] {
    return this.#version === undefined ? [] : this.#stream?.segments ?? [];
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

  /** Another box goes on with it: what it has shown is there until {@link close}. */
  letGo(): void {
    this.#options.source().segmenter?.tap(undefined);
    this.#place?.release();
    this.#place = undefined;
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
    const earlier = { bytesOf, main, targetDuration, configs, preroll: preroll.low };
    this.#begin(earlierSegments({ ...earlier, handed: this.#handed }));
  }

  /** Reads what is in memory no more: a second at most for all together. */
  #readMissing(): Promise<ReadonlyMap<string, Uint8Array>> {
    const { clock, main, files } = this.#options;
    const until = clock.awake() + DISK_MS;
    return readMissing(main, Math.max(...this.#handed.keys()), async (uri) => {
      if (this.#place === undefined) return undefined;
      return await inTime(clock, files.readSegment(uri), until - clock.awake());
    });
  }

  /** It is closed, and for a while not opened for whoever asks; the broadcast goes on. */
  #fail(error: unknown): void {
    logger.fatal("A bug in low latency, please report it: {error}", { error });
    this.#brokenUntil = this.#options.clock.awake() + BROKEN_MS;
    this.#giveWay();
  }

  #begin({ numbering, segments }: EarlierSegments): void {
    const { clock, targetDuration, labels, played, source, maker } = this.#options;
    const { segmenter, ended, goesOn } = source();
    const stream: LowStream = new LowStream({
      ...{ clock, targetDuration, numbering, played },
      ...{ nonce: newNonce(), maker: maker?.(), leastSegments: goesOn ? 1 : undefined },
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
    const { clock, showOpen } = this.#options;
    this.#held.keep(inTime(clock, showOpen(shown), PART_TARGET_MS));
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
