/** Makes finished recordings of what was written while they were live. */
import { getLogger } from "@logtape/logtape";
import { Limiter } from "../disk/limiter.ts";
import { FileError } from "../disk/small_file.ts";
import { Mp4Error } from "../mp4/boxes.ts";
import type { Clock } from "../session/clock.ts";
import { type EventBus, sessionEvent } from "../session/events.ts";
import type { Session } from "../session/session.ts";
import { GivenUp } from "./drive.ts";
import type { RecordingFile } from "./file_names.ts";
import { messageOf } from "./files.ts";
import type { HouseKeeper } from "./house_keeper.ts";
import type { Part } from "./part.ts";
import type { FinishedFile, RecordFolder } from "./record_folder.ts";
import type { Turns } from "./turns.ts";

const logger = getLogger(["echo", "record"]);

/** A session, as far as the archive has to know it. */
export type RecordedSession = Pick<
  Session,
  "id" | "name" | "protocol" | "props" | "streamFacts"
>;

export interface FinisherOptions {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly folder: RecordFolder;
  readonly keeper: HouseKeeper;
  /** Has recordings of the same name wait for each other. */
  readonly turns: Turns;
}

/**
 * Makes plain MP4s of parts: of those that end, and of those that a crash or an error left over.
 */
export class Finisher {
  readonly #options: FinisherOptions;
  readonly #folder: RecordFolder;
  readonly #limiter = new Limiter(AT_A_TIME);
  /** The sessions of parts that are not finished yet, if this run of the server wrote them. */
  readonly #owners = new Map<string, RecordedSession>();
  /** Parts of which no recording can be made, and which could not be set aside. */
  readonly #hopeless = new Set<string>();
  /** Parts that were logged as ones that cannot be finished, kept so that each is logged once. */
  readonly #unusable = new Set<string>();
  #sweeping: Promise<void> | undefined;
  #sweepFails = false;
  #stopping = false;
  #givingUp = false;

  constructor(options: FinisherOptions) {
    this.#options = options;
    this.#folder = options.folder;
  }

  /** Takes over a part that is closed. To be called in the turn of its name. Never rejects. */
  async take(file: string, part: Part, session: RecordedSession): Promise<void> {
    if (part.failed && part.empty) {
      await this.#discard(file);
    } else if (part.failed) {
      this.#owners.set(file, session);
      this.#folder.release(file);
      this.sweep();
    } else {
      this.#owners.set(file, session);
      await this.#finish({ file, name: session.name }, false);
    }
  }

  /** Finishes what is left over, and deletes what is too old or too much. Never rejects. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => this.#sweeping = undefined);
    return this.#sweeping;
  }

  /** Emits that a session is not recorded as it should be. */
  reportError(session: RecordedSession, file: string, error: unknown): void {
    const { clock, events } = this.#options;
    const details = { path: this.#folder.pathOf(file), message: messageOf(error) };
    events.emit(sessionEvent(session, "record-error", clock.now(), details));
  }

  /** Finishes what it can in a few seconds. The next start of the server finishes the rest. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const done = Promise.all([this.#options.turns.idle(), this.#sweeping]);
    await this.#within(STOP_MS, done);
    this.#givingUp = true;
    await this.#within(GIVE_UP_MS, done);
    const left = this.#owners.size;
    if (left > 0) logger.warn("{left} recordings are left for the next start to finish", { left });
  }

  async #sweep(): Promise<void> {
    try {
      const finishes = await this.#finishLeftOvers();
      if (this.#stopping) return;
      await this.#options.keeper.clean();
      if (finishes) this.#sweepFails = false;
    } catch (error) {
      this.#reportSweep(error);
    }
  }

  /** @returns whether the disk lets parts be finished */
  async #finishLeftOvers(): Promise<boolean> {
    for (const part of await this.#folder.files()) {
      if (this.#stopping) return false;
      const { file, name, state, bytes } = part;
      if (state !== "unfinished" || this.#folder.isBusy(file) || this.#hopeless.has(file)) continue;
      if (bytes === 0) await this.#discard(file);
      // Where the disk does not allow it, the next part would be read for nothing.
      else if (!await this.#options.turns.run(name, () => this.#finish(part, true))) return false;
    }
    return true;
  }

  /** @returns whether the disk lets other parts be finished */
  async #finish(part: PartFile, leftOver: boolean): Promise<boolean> {
    const { file } = part;
    const session = this.#owners.get(file);
    try {
      const finished = await this.#limiter.run(() =>
        this.#folder.finish(part, leftOver, () => this.#givingUp)
      );
      this.#owners.delete(file);
      if (finished !== undefined) this.#reportFinished(part, finished, session);
      this.#unusable.delete(file);
      return true;
    } catch (error) {
      if (error instanceof GivenUp) return false;
      const isGone = error instanceof Deno.errors.NotFound;
      const isHopeless = error instanceof Mp4Error;
      const isFilesOwn = isGone || isHopeless || error instanceof FileError;
      if (isGone || isHopeless) this.#owners.delete(file);
      if (session !== undefined && !leftOver) this.reportError(session, file, error);
      if (isHopeless) await this.#setAside(part, error);
      else if (!isFilesOwn && (session === undefined || leftOver)) this.#reportSweep(error);
      else if (!isGone) this.#reportUnusable(file, error);
      return isFilesOwn;
    } finally {
      this.#folder.release(file);
    }
  }

  async #setAside(part: PartFile, why: Mp4Error): Promise<void> {
    const { file } = part;
    try {
      const aside = await this.#folder.setAside(part);
      logger.error("Cannot finish {file}, which is kept as {aside}: {why}", {
        ...{ file, aside },
        why: why.message,
      });
    } catch (error) {
      this.#hopeless.add(file);
      logger.error("Cannot finish {file}: {why}; nor set it aside: {error}", {
        file,
        why: why.message,
        error: messageOf(error),
      });
    }
  }

  async #discard(file: string): Promise<void> {
    try {
      await this.#limiter.run(() => this.#folder.remove(file));
    } catch (error) {
      logger.debug("Cannot remove {file}: {error}", { file, error: messageOf(error) });
    }
    this.#folder.release(file);
  }

  #reportFinished(
    part: PartFile,
    finished: FinishedFile,
    session: RecordedSession | undefined,
  ): void {
    const { clock, events } = this.#options;
    const path = this.#folder.pathOf(finished.file);
    const { damagedBytes } = finished.recording;
    const durationMs = Math.round(finished.recording.durationMs);
    if (damagedBytes > 0) {
      logger.warn("{path} was damaged: {damagedBytes} bytes are left out", {
        path,
        damagedBytes,
      });
    }
    if (session === undefined) {
      logger.info("was left over, and is finished as {path}, {durationMs} ms", {
        ...{ path, durationMs },
        name: part.name,
      });
    } else {
      const details = { path, part: this.#folder.pathOf(part.file), durationMs };
      events.emit(sessionEvent(session, "record-complete", clock.now(), details));
    }
  }

  /** Logs a part that cannot be finished, once. */
  #reportUnusable(file: string, error: unknown): void {
    if (!this.#unusable.has(file)) {
      logger.error("Cannot finish {file}: {error}", { file, error: messageOf(error) });
    }
    this.#unusable.add(file);
  }

  /** Logs that no part can be finished, once until they can be again. */
  #reportSweep(error: unknown): void {
    if (!this.#sweepFails) {
      logger.error("Cannot tidy up {path}: {error}", {
        path: this.#folder.path,
        error: messageOf(error),
      });
    }
    this.#sweepFails = true;
  }

  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(ms, resolve);
    await Promise.race([work, late]);
    timer.cancel();
  }
}

type PartFile = Pick<RecordingFile, "file" | "name">;

/** How many recordings are finished at a time. */
const AT_A_TIME = 2;
/** How long {@link Finisher.stop} goes on finishing. */
const STOP_MS = 5000;
/** How long it waits for the disk after that. */
const GIVE_UP_MS = 1000;
