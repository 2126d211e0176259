/** The archive: begins and ends recordings, and keeps them safe while they are live. */
import type { AudioConfig } from "../audio/audio_config.ts";
import { Limiter } from "../disk/limiter.ts";
import { recordingHeader } from "../mp4/recording.ts";
import type { RecordingTags } from "../mp4/user_data.ts";
import type { Clock, Timer } from "../session/clock.ts";
import { type EventBus, sessionEvent } from "../session/events.ts";
import type { FrameSink } from "../session/frame_sink.ts";
import { FragmentPool } from "./batch.ts";
import { latestFile } from "./file_names.ts";
import { Finisher, type RecordedSession } from "./finisher.ts";
import { HouseKeeper, type HouseRules } from "./house_keeper.ts";
import { Part, type PartIndex } from "./part.ts";
import type { OpenPart, RecordFolder } from "./record_folder.ts";
import { SessionRecording } from "./session_recording.ts";
import type { StoredFile } from "./stored_file.ts";
import { Turns } from "./turns.ts";

export interface RecorderOptions {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly folder: RecordFolder;
  /** Whether a later session of a name continues the recording of the session before. */
  readonly append: boolean;
  readonly rules: HouseRules;
  /** Whether what is heard of a fallback file is recorded; silence stands in its place by default. */
  readonly recordsFallback?: boolean;
  /** A file of the broadcast `name` begins: gives who is to hear what is in it, if anybody is. */
  readonly index?:
    | ((name: string, config: AudioConfig, startTime: number) => PartIndex | undefined)
    | undefined;
  /** A recording was deleted because the rules do not keep it: gets what told it from all others. */
  readonly onRemoved?: ((identity: string) => void) | undefined;
  /** Whether the rules may have a finished recording deleted; by default, they always may. */
  readonly mayRemove?: ((file: StoredFile) => boolean) | undefined;
}

/** What is being done with a file. */
export interface FileInWork {
  readonly state: "live" | "finishing";
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  /** What is in the file so far. */
  readonly durationMs: number;
}

/**
 * The archive: every session becomes an MP4 in a folder. Fragments of a second are written as they
 * come, so a process that dies loses the last one. Live files are synced to the disk one at a time,
 * each every 10 s, or 20 a second where there are more than 200. Finishing syncs a file as well. So
 * a power cut costs the last seconds of what is live, and nothing of what is finished.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #folder: RecordFolder;
  readonly #pool = new FragmentPool();
  readonly #writes = new Limiter(WRITES);
  readonly #turns = new Turns();
  /** Of writes: each name has one under way, so that many for one name delay no other. */
  readonly #writeTurns = new Turns();
  readonly #keeper: HouseKeeper;
  readonly #finisher: Finisher;
  readonly #parts = new Map<Part, PartInWork>();
  readonly #timers: readonly Timer[];
  #syncing = false;
  #writtenBytes = 0;

  /** Finishes in the background what an earlier run of the server left over. */
  constructor(options: RecorderOptions) {
    const { clock, events, folder, rules, onRemoved, mayRemove } = options;
    this.#options = options;
    this.#folder = folder;
    const keeper = new HouseKeeper(folder, rules, clock, { onRemoved, mayRemove });
    this.#keeper = keeper;
    this.#finisher = new Finisher({ clock, events, folder, keeper, turns: this.#turns });
    this.#timers = [
      clock.every(SYNC_GAP_MS, () => this.#syncNext()),
      clock.every(SWEEP_MS, () => this.#finisher.sweep()),
    ];
    this.#finisher.sweep();
  }

  /** Takes a session's frames. */
  readonly output = (session: RecordedSession): FrameSink => {
    const trouble = { told: false };
    return new SessionRecording({
      clock: this.#options.clock,
      pool: this.#pool,
      recordsFallback: this.#options.recordsFallback ?? false,
      begin: (config, startTime, onError) =>
        this.#begin(session, trouble, { config, startTime, onError }),
      finish: (part) => this.#finish(part),
    });
  };

  /** Bytes that were written to recordings while they were live. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** What is kept of finished recordings, from the next cleaning on. */
  set rules(rules: HouseRules) {
    this.#keeper.rules = rules;
  }

  /** What is being done with a part; `undefined` where nothing is. */
  find(file: string): FileInWork | undefined {
    for (const [part, { state }] of this.#parts) {
      const { startTime, durationMs } = part;
      if (part.file === file) return { state, startTime, durationMs };
    }
    return undefined;
  }

  /**
   * Finishes what it can in a few seconds. The next start of the server finishes the rest. To be
   * called once all sessions have ended.
   */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    await this.#finisher.stop();
  }

  #begin(
    session: RecordedSession,
    trouble: { told: boolean },
    { config, startTime, onError }: Beginning,
  ): Part {
    const part = new Part({
      clock: this.#options.clock,
      config,
      startTime,
      header: recordingHeader(config, { startTime, tags: tagsOf(session) }),
      open: () => this.#open(session.name, config, startTime),
      write: (work) => this.#write(session.name, work),
      pool: this.#pool,
      index: this.#options.index?.(session.name, config, startTime),
      onStart: (file) => {
        trouble.told = false;
        const path = this.#folder.pathOf(file);
        const { clock, events } = this.#options;
        events.emit(sessionEvent(session, "record-start", clock.now(), { path }));
      },
      onWritten: (bytes) => this.#writtenBytes += bytes,
      onError: (error) => {
        const file = part.file ?? latestFile(session.name);
        if (!trouble.told) this.#finisher.reportError(session, file, error);
        trouble.told = true;
        onError();
      },
    });
    this.#parts.set(part, { session, state: "live", syncedAt: -Infinity, isNameSynced: false });
    return part;
  }

  /** Continues the last recording of the name, once it is finished, or begins a new one. */
  async #open(name: string, config: AudioConfig, startTime: number): Promise<OpenPart> {
    const unfinished = this.#unfinishedOf(name);
    if (unfinished > MAX_UNFINISHED) {
      throw new Error(`${unfinished} recordings of ${name} wait to be finished`);
    }
    const folder = this.#folder;
    const continued = this.#options.append
      ? await this.#turns.run(name, () => this.#write(name, () => folder.reopen(name, config)))
      : undefined;
    return continued ?? await this.#write(name, () => folder.create(name, startTime));
  }

  #unfinishedOf(name: string): number {
    return [...this.#parts.values()].filter(({ state, session }) =>
      state === "finishing" && session.name === name
    ).length;
  }

  #write<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#writeTurns.run(name, () => this.#writes.run(work));
  }

  async #finish(part: Part): Promise<void> {
    const inWork = this.#parts.get(part);
    if (inWork === undefined) return;
    inWork.state = "finishing";
    const { session } = inWork;
    // Whoever waits for a turn keeps no file open.
    const closed = part.close();
    await this.#turns.run(session.name, async () => {
      await closed;
      if (part.file !== undefined) await this.#finisher.take(part.file, part, session);
    });
    this.#parts.delete(part);
  }

  /** Syncs the live recording that has waited for it longest, if it is due. */
  async #syncNext(): Promise<void> {
    if (this.#syncing) return;
    const now = this.#options.clock.monotonic();
    let [next, longest]: [Part | undefined, number] = [undefined, now - SYNC_MS];
    for (const [part, { state, syncedAt }] of this.#parts) {
      if (state === "live" && part.file !== undefined && syncedAt <= longest) {
        [next, longest] = [part, syncedAt];
      }
    }
    const inWork = next && this.#parts.get(next);
    if (next === undefined || inWork === undefined) return;
    this.#syncing = true;
    inWork.syncedAt = now;
    await next.check(async (part) => {
      inWork.isNameSynced ||= await this.#folder.sync();
      return await this.#folder.holds(part);
    });
    this.#syncing = false;
  }
}

/** What a part begins with. */
interface Beginning {
  readonly config: AudioConfig;
  readonly startTime: number;
  readonly onError: () => void;
}

/** The session of a part, and what is being done with it. */
interface PartInWork {
  readonly session: RecordedSession;
  state: FileInWork["state"];
  /** When it was synced last, on the monotonic clock. */
  syncedAt: number;
  /** Whether its name survives a power cut. */
  isNameSynced: boolean;
}

/** How many writes are under way at a time. Each takes one of Deno's few threads while it waits. */
const WRITES = 8;
/** How many recordings of a name may wait to be finished, where another one begins. */
const MAX_UNFINISHED = 8;
/** How often a recording is synced to the disk. */
const SYNC_MS = 10_000;
/** How long passes at least between two syncs of any recordings: during each, all writes wait. */
const SYNC_GAP_MS = 50;
const SWEEP_MS = 60_000;

/** What a recording says of itself: all that its DJ said, but not the DJ's address. */
function tagsOf({ name, props, streamFacts }: RecordedSession): RecordingTags {
  const { client_ip: _, ...facts } = props;
  const { title } = streamFacts;
  return { title: typeof title === "string" && title !== "" ? title : name, facts };
}
