import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../audio/audio_config.ts";
import { codecOf } from "../audio/codec_of.ts";
import type { Frame } from "../audio/frame.ts";
import type { Clock, Timer } from "../session/clock.ts";
import type { StateNeed } from "../session/continuity.ts";
import type { EventBus } from "../session/events.ts";
import type { FrameSink, SessionEnd } from "../session/frame_sink.ts";
import { type Session, sessionEvent } from "../session/session.ts";
import { BufferPool } from "./buffer_pool.ts";
import { SessionAudience } from "./session_audience.ts";
import { Segmenter } from "./segmenter.ts";
import { HlsStream } from "./stream.ts";
import { type HlsFolder, PLAYLIST_FILE } from "./stream_files.ts";
import { type Numbering, Window } from "./window.ts";
import { type NamedState, type NameStates, Reservation } from "./name_states.ts";
import { type MediaPlaylist, restorePlaylist } from "./playlist.ts";
import type { Preroll } from "./preroll.ts";

const logger = getLogger(["echo", "hls"]);

/** A playlist of this length is enough for a player to start. */
const READY_MS = 6000;
const SWEEP_MS = 1000;
/** How long a stop waits for the disk. */
const STOP_MS = 1500;
const RESTORED_AT_ONCE = 16;
const POOL_BYTES = 16 * 1024 * 1024;

/** A name's numbering may be forgotten this long after its release. */
const FORGET_MS = 24 * 3_600_000;

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
  /** How many listen to the broadcast `name`; `undefined` where they are not counted. */
  readonly countListeners?: ((name: string) => number) | undefined;
}

interface Memory {
  readonly numbering: Numbering;
  /** On {@link Clock.monotonic}. */
  readonly releasedAt: number;
}

/** The HLS output: a stream for each name that is or was lately on air. */
export class Hls {
  readonly #options: HlsOptions;
  readonly #targetDuration: number;
  readonly #streams = new Map<string, HlsStream>();
  readonly #clearing = new Set<Promise<unknown>>();
  readonly #memories = new Map<string, Memory>();
  readonly #pool = new BufferPool(POOL_BYTES);
  #sweeper: Timer | undefined;

  private constructor(options: HlsOptions) {
    this.#options = options;
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
    const stream = this.#streams.get(name) ?? this.#create(name);
    return new SessionSegments(session, stream, stateNeed, this.#options);
  };

  /** What is served under `name`, if anything is. */
  find(name: string): HlsStream | undefined {
    return this.#streams.get(name);
  }

  /** Ends the playlist that the session `id` left a moment ago, and that waits for its return. */
  endNow(name: string, id: number): void {
    this.#streams.get(name)?.endNow(id);
  }

  /** Writes out what is open. To be called once all sessions have ended. */
  async stop(): Promise<void> {
    this.#sweeper?.cancel();
    const streams = [...this.#streams.values()];
    const late = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(STOP_MS, late.resolve);
    const written = Promise.all([...streams.map((stream) => stream.flush()), ...this.#clearing]);
    await Promise.race([written, late.promise]);
    timer.cancel();
    for (const stream of streams) stream.close();
  }

  #create(name: string): HlsStream {
    const { clock, targetMs, folder, preroll, onListed } = this.#options;
    const now = Math.floor(clock.now() / 1000);
    const known = this.#memories.get(name)?.numbering;
    const stream = new HlsStream(name, {
      clock,
      targetMs,
      targetDuration: this.#targetDuration,
      preroll: preroll.entries,
      files: folder.stream(name),
      pool: this.#pool,
      reservation: new Reservation(name, this.#options.states),
      numbering: {
        mediaSequence: Math.max(now, known?.mediaSequence ?? 0),
        discontinuitySequence: known?.discontinuitySequence ?? 0,
      },
      onListed: (file, lateMs) => onListed?.(name, file, lateMs),
      onGone: (next, cleared) => {
        this.#streams.delete(name);
        this.#clearing.add(cleared);
        cleared.finally(() => this.#clearing.delete(cleared));
        this.#memories.set(name, { numbering: next, releasedAt: clock.monotonic() });
      },
    });
    this.#streams.set(name, stream);
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
      const window = playlist === undefined ? undefined : restorePlaylist(playlist);
      if (playlist !== undefined && window === undefined) {
        const path = folder.pathOf(name, PLAYLIST_FILE);
        logger.warn("{path} is damaged, so the broadcast begins a new playlist", { path, name });
      }
      const numbering = highest(state, window);
      const releasedAt = clock.monotonic() - Math.max(0, clock.now() - changedAt);
      if (numbering !== undefined) this.#memories.set(name, { numbering, releasedAt });
      if (segments.length === 0 && window === undefined) return;
      const fits = state?.written && window?.targetDuration === this.#targetDuration;
      this.#create(name).restore(fits ? window : undefined, segments, ageMs);
    } catch (error) {
      logger.error("Cannot take up what an earlier run left of {name}: {error}", {
        name,
        error: String(error),
      });
    }
  }

  #sweep(): void {
    for (const stream of this.#streams.values()) stream.sweep();
    const now = this.#options.clock.monotonic();
    for (const [name, { releasedAt }] of this.#memories) {
      if (now - releasedAt < FORGET_MS || this.#streams.has(name)) continue;
      this.#memories.delete(name);
      this.#options.states.forget(name);
    }
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

/** One session's way into the stream of its name. */
class SessionSegments implements FrameSink {
  readonly #session: Session;
  readonly #stream: HlsStream;
  readonly #options: HlsOptions;
  readonly #segmenter: Segmenter;
  readonly #audience: SessionAudience | undefined;
  #heard = false;
  #ready = false;

  constructor(
    session: Session,
    stream: HlsStream,
    stateNeed: StateNeed,
    options: HlsOptions,
  ) {
    this.#session = session;
    this.#stream = stream;
    this.#options = options;
    this.#segmenter = new Segmenter(options.targetMs, (segment) => stream.add(segment));
    this.#audience = this.#watchAudience();
    stream.join({
      sessionId: session.id,
      missingFrames: () => this.#segmenter.missingFrames,
      stateNeed,
      listed: () => {
        this.#tellHeard();
        this.#checkReady();
        this.#audience?.update();
      },
    });
  }

  start(config: AudioConfig): void {
    this.#segmenter.start(config);
    this.#stream.codecs = codecOf(config).codecString(config);
  }

  write(frame: Frame): void {
    this.#segmenter.write(frame);
  }

  discontinuity(): void {
    this.#segmenter.discontinuity();
  }

  end(how: SessionEnd): void {
    this.#segmenter.cut();
    const { clock, events } = this.#options;
    this.#stream.leave(how, () => {
      const peak = this.#audience?.peak;
      const details = peak === undefined ? {} : { peakListeners: peak };
      events.emit(sessionEvent(this.#session, "hls-release", clock.now(), details));
      if (this.#heard && !this.#stream.heard) this.#log("can no longer be heard");
    });
  }

  #watchAudience(): SessionAudience | undefined {
    const { clock, events, countListeners } = this.#options;
    if (countListeners === undefined) return undefined;
    const count = () => countListeners(this.#session.name);
    return new SessionAudience(clock, count, (listeners, peak) => {
      const details = { listeners, peak };
      events.emit(sessionEvent(this.#session, "audience", clock.now(), details));
    });
  }

  /** A line for people; {@link #checkReady} tells programs, and later. */
  #tellHeard(): void {
    if (this.#heard) return;
    this.#heard = true;
    this.#log("can be heard at {path}");
  }

  #log(what: string): void {
    const { id, name } = this.#session;
    logger.info(what, { id, name, path: this.#options.folder.pathOf(name, PLAYLIST_FILE) });
  }

  #checkReady(): void {
    if (this.#ready || this.#stream.durationMs < READY_MS) return;
    this.#ready = true;
    const { clock, events, folder } = this.#options;
    const path = folder.pathOf(this.#session.name, PLAYLIST_FILE);
    events.emit(sessionEvent(this.#session, "hls-ready", clock.now(), { path }));
  }
}
