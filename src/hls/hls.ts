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
import { FORMATS, FORMATS_WITH_ID3 } from "./formats.ts";
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
import { type MediaPlaylist, restorePlaylist } from "./playlist.ts";
import type { Preroll } from "./preroll.ts";
import { SessionSegments } from "./session_segments.ts";
import { type ShownOpen, type SilentEnd, silentEnd } from "./silent_end.ts";
import { HlsStream } from "./stream.ts";
import { type HlsFolder, PLAYLIST_FILE } from "./stream_files.ts";
import { type Numbering, Window } from "./window.ts";

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

  /** What a replica gets that has subscribed to `feed`: a name, or low latency of it. */
  #serve(feed: string): ServedStream | undefined {
    const name = nameOfLowFeed(feed);
    return name === undefined ? this.find(feed) : this.find(name)?.low;
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

  /** @param kept what an earlier run of the server kept */
  #create(name: string, kept?: NameState): HlsStream {
    const { clock, targetMs, folder, preroll, onListed } = this.#options;
    const now = Math.floor(clock.now() / 1000);
    const known = this.#numberings.get(name);
    const stream = new HlsStream(name, {
      clock,
      targetMs,
      targetDuration: this.#targetDuration,
      preroll,
      files: folder.stream(name),
      pool: this.#pool,
      formats: FORMATS,
      lowPlaces: this.#lowPlaces,
      reservation: new Reservation(name, this.#options.states, {
        ...NOTHING_KEPT,
        ...kept,
        ...known,
      }),
      numbering: {
        mediaSequence: Math.max(now, known?.mediaSequence ?? 0),
        discontinuitySequence: known?.discontinuitySequence ?? 0,
      },
      onVersion: (file, segments) => this.distributor.version(name, file, segments),
      onLowVersion: (files) => this.distributor.version(lowFeed(name), LOW_MEDIA_FILE, files),
      onLowRefused: () => this.distributor.refuse(lowFeed(name)),
      onListed: (file, lateMs) => onListed?.(name, file, lateMs),
      onGone: (next, cleared) => {
        this.#streams.delete(name);
        for (const feed of [name, lowFeed(name)]) this.distributor.end(feed);
        this.#clearing.add(cleared);
        cleared.finally(() => this.#clearing.delete(cleared));
        this.#numberings.set(name, next);
      },
    });
    this.#streams.set(name, stream);
    this.distributor.begin(name);
    return stream;
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
    const { clock, folder, states } = this.#options;
    try {
      const state = await states.load(name);
      const { segments, playlist, ageMs } = await folder.list(name, clock.now());
      const { extension } = FORMATS[0];
      const window = playlist === undefined ? undefined : restorePlaylist(playlist, extension);
      if (playlist !== undefined && window === undefined) {
        const path = folder.pathOf(name, PLAYLIST_FILE);
        logger.warn("{path} is damaged, so the broadcast begins a new playlist", { path, name });
      }
      const numbering = highest(state, window);
      const unchangedMs = Math.max(0, clock.now() - changedAt);
      if (numbering !== undefined) this.#numberings.set(name, numbering, unchangedMs);
      if (segments.length === 0 && window === undefined) return;
      const silence = await this.#silenceBehind(name, window, state?.shownOpen);
      const fits = state?.written && window?.targetDuration === this.#targetDuration &&
        silence !== "unknown";
      this.#create(name, state ?? NOT_KNOWN).restore({
        playlist: fits ? window : undefined,
        ...{ files: segments, ageMs, silence: silence === "unknown" ? undefined : silence },
      });
    } catch (error) {
      logger.error("Cannot take up what an earlier run left of {name}: {error}", {
        name,
        error: String(error),
      });
    }
  }

  /** The silence that `window` goes on with, where players were shown more of it. */
  async #silenceBehind(
    name: string,
    window: MediaPlaylist | undefined,
    shown: readonly ShownOpen[] = [],
  ): Promise<SilentEnd | "unknown" | undefined> {
    const last = window?.segments.at(-1);
    if (window === undefined || last === undefined) return;
    const configs = shown.map(({ config }) => config);
    const next = window.mediaSequence + window.segments.length;
    const behind = shown.filter(({ sequence }) => sequence >= next);
    if (behind.length === 0) return { configs, segments: [] };
    if (window.ended || behind.some(({ sequence }, i) => sequence !== next + i)) return "unknown";
    // Nothing continues preroll, so its bytes are not needed.
    const bytes = last.wallMs === undefined
      ? NO_BYTES
      : await this.#options.folder.stream(name).readSegment(last.uri);
    if (bytes === undefined) return "unknown";
    const { targetMs, id3 } = this.#options;
    const [format] = id3 ? FORMATS_WITH_ID3 : FORMATS;
    const segments = silentEnd(behind, bytes, { format, targetMs });
    const isAsShown = segments.every(({ label }, i) =>
      label.discontinuity === behind[i]?.discontinuity
    );
    return isAsShown ? { configs, segments } : "unknown";
  }

  #sweep(): void {
    for (const [name, stream] of this.#streams) {
      stream.sweep();
      if (this.distributor.isWanted(lowFeed(name))) stream.low.open();
      else stream.low.close();
    }
    this.#numberings.sweep((name) => this.#streams.has(name));
  }
}

/** Numbers that nothing has that is known to have been listed; `undefined` where nothing is known. */
function highest(
  state: Numbering | undefined,
  playlist: MediaPlaylist | undefined,
): Numbering | undefined {
  if (playlist === undefined) return state;
  const { targetDuration, mediaSequence, segments } = playlist;
  const numbered = segments.map((entry, i) => ({ ...entry, sequence: mediaSequence + i }));
  const { next } = new Window(targetDuration, playlist, numbered);
  return {
    mediaSequence: Math.max(next.mediaSequence, state?.mediaSequence ?? 0),
    discontinuitySequence: Math.max(next.discontinuitySequence, state?.discontinuitySequence ?? 0),
  };
}

const SWEEP_MS = 1000;
/** How long a stop waits for the disk. */
const STOP_MS = 1500;
const RESTORED_AT_ONCE = 16;
/** The state of a name cannot be read: its playlist may lack what players were shown. */
const NOT_KNOWN: NameState = { ...NOTHING_KEPT, written: false };
const NO_BYTES = new Uint8Array();
const POOL_BYTES = 16 * 1024 * 1024;

const logger = getLogger(["echo", "hls"]);
