/**
 * What a stream takes up of an earlier run of the server or of another box, and what it hands over to
 * one.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { HandedWindow, NameHandover, ReservedNumbers } from "./handed_window.ts";
import type { Life } from "./life.ts";
import type { LowLatency } from "./low_latency/low_latency.ts";
import type { PlayedTags } from "./played_tags.ts";
import { durationMs, type MediaPlaylist } from "./playlist.ts";
import type { Publishers } from "./publishers.ts";
import type { SegmentIntake } from "./segment_intake.ts";
import type { SegmentLabels } from "./segment_labels.ts";
import { makerOf, type SegmentMaker } from "./segment_name.ts";
import { KEEP_MS, type Shelf } from "./shelf.ts";
import type { SilentEnd } from "./silent_end.ts";
import type { EarlierRun, StreamOptions } from "./stream_options.ts";
import { handedWindow, playedTitle } from "./window_handover.ts";

/** The parts of a stream. */
export interface StreamParts {
  readonly options: Pick<StreamOptions, "clock" | "files" | "targetDuration">;
  readonly life: Life;
  readonly shelf: Pick<Shelf, "files" | "lastGoesAt">;
  readonly labels: Pick<SegmentLabels, "endsAtMs" | "startAfter">;
  readonly publishers: Publishers;
  readonly intake: SegmentIntake;
  readonly low: Pick<LowLatency, "resume" | "shown" | "freeze" | "thaw" | "letGo">;
  readonly stream: HandedStream;
  /** Ends the open segment, if there is one. */
  readonly cut: () => void;
  /** Lets the session go that has joined, if there is one. */
  readonly part: () => void;
  /** When all of it goes, where nobody sends any more, on `Clock.awake`. */
  readonly goesAt: () => number;
}

/** What is public of a stream, as far as it is handed over. */
export interface HandedStream {
  /** That of what is heard, or was heard last; `undefined` where it is not known. */
  config: AudioConfig | undefined;
  readonly played: Pick<PlayedTags, "add" | "since">;
  /** Stops all timers. */
  close(): void;
}

/** A stream as far as it goes on with what others began, or others go on with it. */
export class StreamHandover {
  readonly #parts: StreamParts;
  /** Those of segments that this stream has not made, the newest last. */
  #earlierConfigs: readonly AudioConfig[] = [];
  #goesOn = false;
  /** How much the owner before had listed of what goes on here, in milliseconds. */
  #takenMs = 0;
  /** The session that goes on here. */
  #carriedId: number | undefined;

  constructor(parts: StreamParts) {
    this.#parts = parts;
  }

  /** Whether it goes on with a presentation of which it has nothing: that had its preroll. */
  get goesOn(): boolean {
    return this.#goesOn;
  }

  /**
   * Whether the session `id` is the one of an owner before, who had listed `leastMs` of it for all
   * that is known: it is the first one here.
   */
  carries(id: number, leastMs: number): boolean {
    this.#carriedId ??= id;
    return this.#carriedId === id && (this.#goesOn || this.#takenMs >= leastMs);
  }

  /** Whether another box goes on with it. */
  get isElsewhere(): boolean {
    return this.#parts.life.state.phase === "elsewhere";
  }

  /**
   * Goes on behind what is listed here, where that is the newest: it was the owner before that listed
   * it, and nobody has since.
   * @returns whether it does
   */
  goOnHere({ madeBy, goesOn }: ReservedNumbers): boolean {
    const own = this.#lastMaker;
    if (this.isElsewhere || own === undefined) return false;
    if (own.box !== madeBy?.box || own.epoch !== madeBy.epoch) return false;
    if (goesOn) this.#takenMs = this.#parts.publishers.main.durationMs;
    return true;
  }

  /** Takes up what an earlier run or another box left, to be called before anything else. */
  restore(run: EarlierRun): void {
    const { options: { clock }, life, shelf, intake } = this.#parts;
    const { playlist, files, ageMs, silence, handed, behind } = run;
    const leftMs = joinableMs(run, clock.now());
    const isJoined = playlist !== undefined && leftMs > 0;
    if (isJoined) this.#restoreWindow(playlist, silence, handed);
    else if (behind !== undefined) this.#goBehind(behind);
    const now = clock.awake();
    intake.putOrphans(files, now + Math.max(0, KEEP_MS - ageMs));
    const goesAt = Math.max(now + leftMs, shelf.lastGoesAt ?? now);
    life.move({ phase: isJoined && playlist.ended ? "ended" : "live", goesAt });
  }

  /** Ends the open segment, lists no other until {@link thaw}, and says what to go on with. */
  handOver(): NameHandover {
    const { options, life, labels, publishers, intake, low, stream, cut } = this.#parts;
    const { main } = publishers;
    cut();
    const mayGoOn = life.state.phase === "live" || life.state.phase === "grace";
    if (main.isEmpty || !mayGoOn) {
      const { endsAtMs } = labels;
      const madeBy = this.#lastMaker;
      const goesOn = mayGoOn && this.#goesOn;
      return { kind: "numbers", ...intake.next, endsAtMs, madeBy, goesOn };
    }
    publishers.freeze();
    low.freeze();
    const { targetDuration } = options;
    const configs = [...this.#earlierConfigs, stream.config].filter((config) =>
      config !== undefined
    );
    const titles = stream.played.since(0);
    return handedWindow({ main, targetDuration, configs, titles, low: low.shown });
  }

  /** Goes on: no other box has taken it over. */
  thaw(): void {
    this.#parts.publishers.thaw();
    this.#parts.low.thaw();
  }

  /** Another box goes on with it. Its segments stay for those who have its playlist. */
  letGo(): void {
    if (this.isElsewhere) return;
    const { options, life, publishers, low, part, goesAt } = this.#parts;
    low.letGo();
    life.move({ phase: "elsewhere", goesAt: goesAt() });
    part();
    publishers.letGo();
    options.files.remove(publishers.files);
  }

  /** Gives way to another stream of the name, which takes care of these files. */
  giveWay(): readonly string[] {
    this.letGo();
    this.#parts.stream.close();
    return this.#parts.shelf.files;
  }

  /** Who has made what is listed last; `undefined` where its name does not tell. */
  get #lastMaker(): SegmentMaker | undefined {
    return makerOf(this.#parts.publishers.main.known.at(-1)?.uri ?? "");
  }

  #restoreWindow(
    playlist: MediaPlaylist,
    { configs = [], segments = [] }: Partial<SilentEnd> = {},
    handed: HandedWindow | undefined,
  ): void {
    const { life, intake, low, stream } = this.#parts;
    life.begin();
    stream.config = configs.at(-1);
    this.#earlierConfigs = configs;
    low.resume(configs, handed?.low?.map((segment) => ({ ...segment, wallMs: segment.wallMs })));
    if (handed !== undefined) this.#takenMs = durationMs(playlist);
    for (const title of handed?.titles ?? []) stream.played.add(playedTitle(title));
    intake.restore(playlist, segments, handed);
  }

  /** Another box had listed something, of which nothing is listed here. */
  #goBehind({ endsAtMs, goesOn }: NonNullable<EarlierRun["behind"]>): void {
    const { life, labels, intake } = this.#parts;
    if (endsAtMs > 0) labels.startAfter(endsAtMs);
    if (!goesOn) return;
    life.begin();
    this.#goesOn = true;
    intake.coverNumbers();
  }
}

/**
 * For how long a session may still join what was left, in milliseconds.
 * @param nowMs in milliseconds since the epoch
 */
function joinableMs({ playlist, ageMs, behind }: EarlierRun, nowMs: number): number {
  if (playlist !== undefined) return durationMs(playlist) + KEEP_MS - ageMs;
  if (behind === undefined) return 0;
  // Of a presentation that is over, there is nothing to know once its end is past.
  return behind.goesOn ? KEEP_MS : Math.max(0, behind.endsAtMs - nowMs);
}
