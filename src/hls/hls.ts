/**
 * The HLS output: makes the streams of all names, and takes up what an earlier run left of them.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../session/clock.ts";
import type { StateNeed } from "../session/continuity.ts";
import type { EventBus } from "../session/events.ts";
import type { FrameSink } from "../session/frame_sink.ts";
import type { Session } from "../session/session.ts";
import type { TimedTags } from "../session/tags.ts";
import { BufferPool } from "./buffer_pool.ts";
import { Distributor, type ServedStream } from "./distributor.ts";
import { readEarlierRun } from "./earlier_run.ts";
import { FORMATS, FORMATS_WITH_ID3 } from "./formats.ts";
import type { NameHandover } from "./handed_window.ts";
import { LOW_MEDIA_FILE, lowFeed, nameOfLowFeed } from "./low_latency/low_names.ts";
import { LowPlaces } from "./low_latency/low_places.ts";
import {
  type NamedState,
  type NameState,
  type NameStates,
  NOTHING_KEPT,
  Reservation,
} from "./name_states.ts";
import { Numberings } from "./numberings.ts";
import { filesOfBoxes, isBehind, type OtherBoxes } from "./other_boxes.ts";
import type { Preroll } from "./preroll.ts";
import { SessionSegments } from "./session_segments.ts";
import { HlsStream } from "./stream.ts";
import { type HlsFolder, PLAYLIST_FILE, type StreamFiles } from "./stream_files.ts";
import type { Numbering } from "./window.ts";
import { takenOver } from "./window_handover.ts";

export interface HlsOptions {
  readonly clock: Clock;
  readonly events: EventBus;
  /** What segments aim at, in milliseconds. */
  readonly targetMs: number;
  readonly folder: Pick<HlsFolder, "stream" | "list" | "pathOf">;
  readonly states: NameStates;
  /** Stands first in every presentation. */
  readonly preroll: Preroll;
  /** A segment of the broadcast `name` is listed, `lateMs` after it was due. */
  readonly onListed?: ((name: string, file: string, lateMs: number) => void) | undefined;
  /** Whether segments tell title and artist as ID3; not by default. */
  readonly id3?: boolean;
  /** What is heard of the broadcast `name` has changed. */
  readonly onTags?: ((name: string, tags: TimedTags) => void) | undefined;
  /** How many listen to the broadcast `name`; `undefined` where they are not counted. */
  readonly countListeners?: ((name: string) => number) | undefined;
  /** Places in low latency; by default none are known to others. */
  readonly lowPlaces?: LowPlaces;
  /** The other boxes; `undefined` where there is one. */
  readonly fleet?: OtherBoxes | undefined;
}

/** The HLS output: a stream for each name that is or was lately on air. */
export class Hls {
  /** Hands out what is served. */
  readonly distributor: Distributor = new Distributor((feed) => this.#serve(feed));
  readonly #options: HlsOptions;
  readonly #targetDuration: number;
  readonly #streams = new Map<string, HlsStream>();
  readonly #clearing = new Set<Promise<unknown>>();
  readonly #numberings: Numberings;
  readonly #pool = new BufferPool(POOL_BYTES);
  readonly #lowPlaces: LowPlaces;
  #sweeper: Timer | undefined;

  private constructor(options: HlsOptions) {
    this.#options = options;
    this.#lowPlaces = options.lowPlaces ?? new LowPlaces(options.clock);
    this.#numberings = new Numberings(options.clock, options.states);
    const longest = Math.max(
      0,
      ...options.preroll.entries.map((segment) => segment.durationUs / 1e6),
    );
    this.#targetDuration = Math.max(Math.ceil(options.targetMs / 1000), Math.ceil(longest));
  }

  /** Begins where an earlier run left off: what it listed is served again at once. */
  static async open(options: HlsOptions): Promise<Hls> {
    const hls = new Hls(options);
    await hls.#restore();
    hls.#sweeper = options.clock.every(SWEEP_MS, () => hls.#sweep());
    return hls;
  }

  /** Takes a session's frames. */
  readonly output = (session: Session, stateNeed: StateNeed): FrameSink => {
    const { name } = session;
    const { clock, events, targetMs, folder, id3, onTags, countListeners } = this.#options;
    return new SessionSegments(session, this.#streams.get(name) ?? this.#create(name), {
      ...{ clock, events, targetMs, stateNeed },
      formats: id3 ? FORMATS_WITH_ID3 : FORMATS,
      onTags: onTags && ((tags) => onTags(name, tags)),
      playlistPath: folder.pathOf(name, PLAYLIST_FILE),
      countListeners: countListeners && (() => countListeners(name)),
    });
  };

  /** What is served under `name`, if anything is. */
  find(name: string): HlsStream | undefined {
    return this.#streams.get(name);
  }

  /**
   * Lists what there is of `name`, and nothing more until {@link thaw} or {@link letGo}.
   * @returns what another box goes on with; `undefined` where nothing of it is here
   */
  handOver(name: string): NameHandover | undefined {
    const handover = this.#streams.get(name)?.handover;
    return handover === undefined || handover.isElsewhere ? undefined : handover.handOver();
  }

  /** No other box has taken `name` over: it goes on here. */
  thaw(name: string): void {
    this.#streams.get(name)?.handover.thaw();
  }

  /**
   * Another box goes on with `name`: nothing is listed here any more, nor ended. What was listed stays
   * for players that have its playlist.
   */
  letGo(name: string): void {
    this.#streams.get(name)?.handover.letGo();
  }

  /** Names that another box goes on with, and of which players may still have the playlist of here. */
  get leftElsewhere(): readonly string[] {
    return [...this.#streams].flatMap(([name, { handover }]) => handover.isElsewhere ? [name] : []);
  }

  /** Goes on with `name` behind another owner, before a session of it sends here. */
  takeOver(name: string, handed: NameHandover): void {
    const known = this.#streams.get(name);
    if (handed.kind === "numbers" && known?.handover.goOnHere(handed)) return;
    if (known !== undefined) this.#numberings.set(name, known.next);
    const files = known?.handover.giveWay() ?? [];
    const { numbering, run } = takenOver(handed, FORMATS[0].extension, this.#targetDuration);
    this.#create(name, undefined, numbering).restore({ ...run, files });
    this.distributor.version(name, PLAYLIST_FILE, []);
    this.#tendLow(name);
  }

  /** What a replica gets that has subscribed to `feed`: a name, or low latency of it. */
  #serve(feed: string): ServedStream | undefined {
    const lowOf = nameOfLowFeed(feed);
    const stream = this.find(lowOf ?? feed);
    const own = lowOf === undefined ? stream : stream?.low;
    const { fleet } = this.#options;
    if (fleet === undefined) return own;
    const file = lowOf === undefined ? PLAYLIST_FILE : LOW_MEDIA_FILE;
    const isHere = stream?.handover.isElsewhere === false && own?.playlist(file) !== undefined;
    if (isHere) return own;
    // What another box listed last is better than nothing.
    const other = fleet.elsewhere(feed);
    if (stream?.isAwaited === true && other?.playlist(file) === undefined) return own;
    return isBehind(other?.playlist(file), own?.playlist(file)) ? own : other ?? own;
  }

  /** Ends the playlist that the session `id` left a moment ago, and that waits for its return. */
  endNow(name: string, id: number): void {
    this.#streams.get(name)?.endNow(id);
  }

  /** Writes out what is open. To be called once all sessions have ended. */
  async stop(): Promise<void> {
    this.#sweeper?.cancel();
    this.#lowPlaces.close();
    const streams = [...this.#streams.values()];
    const late = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(STOP_MS, late.resolve);
    const written = Promise.all([...streams.map((stream) => stream.flush()), ...this.#clearing]);
    await Promise.race([written, late.promise]);
    timer.cancel();
    for (const stream of streams) stream.close();
  }

  /**
   * @param kept what an earlier run of the server kept
   * @param handed where the numbering of another box goes on
   */
  #create(name: string, kept?: NameState, handed?: Numbering): HlsStream {
    const { clock, targetMs, preroll, onListed, fleet } = this.#options;
    const now = Math.floor(clock.now() / 1000);
    const known = this.#numberings.get(name);
    const stream = new HlsStream(name, {
      clock,
      targetMs,
      targetDuration: this.#targetDuration,
      preroll,
      files: this.#filesOf(name),
      pool: this.#pool,
      formats: FORMATS,
      lowPlaces: this.#lowPlaces,
      reservation: new Reservation(name, this.#options.states, {
        ...NOTHING_KEPT,
        ...kept,
        ...known,
      }),
      numbering: {
        mediaSequence: Math.max(handed?.mediaSequence ?? now, known?.mediaSequence ?? 0),
        discontinuitySequence: Math.max(
          handed?.discontinuitySequence ?? 0,
          known?.discontinuitySequence ?? 0,
        ),
      },
      onVersion: (file, segments) => this.distributor.version(name, file, segments),
      onLowVersion: (files) => this.distributor.version(lowFeed(name), LOW_MEDIA_FILE, files),
      onLowRefused: () => this.distributor.refuse(lowFeed(name)),
      onListed: (file, lateMs) => onListed?.(name, file, lateMs),
      maker: fleet && { box: fleet.box, epoch: () => fleet.epochOf(name) },
      onNumbers: fleet && ((numbers) => fleet.onNumbers(name, numbers)),
      onGone: (next, cleared) => {
        this.#streams.delete(name);
        for (const feed of [name, lowFeed(name)]) {
          if (fleet?.elsewhere(feed) === undefined) this.distributor.end(feed);
        }
        this.#clearing.add(cleared);
        cleared.finally(() => this.#clearing.delete(cleared));
        this.#numberings.set(name, next);
      },
    });
    this.#streams.set(name, stream);
    this.distributor.begin(name);
    return stream;
  }

  #filesOf(name: string): StreamFiles {
    const { folder, fleet } = this.#options;
    const files = folder.stream(name);
    if (fleet === undefined) return files;
    return filesOfBoxes(files, fleet.box, (file) => fleet.readElsewhere(name, file));
  }

  async #restore(): Promise<void> {
    const names = [...await this.#options.states.names()];
    const restoreNext = async () => {
      for (let next = names.pop(); next !== undefined; next = names.pop()) {
        await this.#restoreName(next);
      }
    };
    await Promise.all(Array.from({ length: RESTORED_AT_ONCE }, restoreNext));
  }

  async #restoreName({ name, changedAt }: NamedState): Promise<void> {
    const { clock, folder, states, targetMs, id3 } = this.#options;
    try {
      const { state, numbering, run } = await readEarlierRun(name, {
        ...{ clock, folder, states, targetMs, targetDuration: this.#targetDuration },
        format: (id3 ? FORMATS_WITH_ID3 : FORMATS)[0],
        files: this.#filesOf(name),
      });
      const unchangedMs = Math.max(0, clock.now() - changedAt);
      if (numbering !== undefined) this.#numberings.set(name, numbering, unchangedMs);
      if (run !== undefined) this.#create(name, state).restore(run);
    } catch (error) {
      logger.error("Cannot take up what an earlier run left of {name}: {error}", {
        name,
        error: String(error),
      });
    }
  }

  #sweep(): void {
    for (const [name, stream] of this.#streams) {
      stream.sweep();
      this.#tendLow(name);
    }
    this.#numberings.sweep((name) => this.#streams.has(name));
  }

  /** Low latency is there while somebody listens. */
  #tendLow(name: string): void {
    const stream = this.#streams.get(name);
    if (stream === undefined || stream.handover.isElsewhere) return;
    if (this.distributor.isWanted(lowFeed(name))) stream.low.open();
    else stream.low.close();
  }
}

const SWEEP_MS = 1000;
/** How long a stop waits for the disk. */
const STOP_MS = 1500;
const RESTORED_AT_ONCE = 16;
const POOL_BYTES = 16 * 1024 * 1024;

const logger = getLogger(["echo", "hls"]);
