/** Keeps the lines of reports on disk, whatever the disk does. */
import { getLogger } from "@logtape/logtape";
import { readSmallTextFile } from "../../disk/small_file.ts";
import type { Clock } from "../../session/clock.ts";
import { DayFiles } from "./day_files.ts";
import { formatLine, parseLine, type ReportLine } from "./report_line.ts";

const logger = getLogger(["echo", "stat"]);

/** Lines that wait for a disk that cannot be written. */
const MAX_WAITING = 10_000;
/** What is written once more of each show that is open. */
const MAX_OPEN_BYTES = 16 * 1024 * 1024;
/** How long the last write may take. */
const CLOSING_MS = 2000;
const PRUNE_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface ReportFilesOptions {
  readonly clock: Clock;
  /** Where they are; it is made where it is missing. */
  readonly folder: string;
}

/**
 * The files of reports: one for each day, and `open.jsonl` with the lines that end what is under way,
 * in case that the process dies now. Nobody waits for them: where they cannot be written, lines wait in
 * memory, and the last ones are lost where these are too many.
 */
export class ReportFiles {
  readonly #clock: Clock;
  readonly #path: string;
  readonly #openPath: string;
  readonly #days: DayFiles;
  #waiting: ReportLine[] = [];
  /** The reading or writing under way, and whether it is. */
  #busy: Promise<void>;
  #isBusy = true;
  #hasOpen = true;
  #prunedAt = -Infinity;
  #lost = 0;
  /** Why the last write failed, where it did. */
  #failure: string | undefined;
  /** The day (since the epoch) that had no more room. */
  #fullDay: number | undefined;

  constructor({ clock, folder }: ReportFilesOptions) {
    this.#clock = clock;
    this.#path = folder;
    this.#openPath = `${folder}/open.jsonl`;
    this.#days = new DayFiles(folder);
    this.#busy = this.#restore().finally(() => this.#isBusy = false);
  }

  /** Why they cannot be written at the moment. */
  get problem(): string | undefined {
    if (this.#failure !== undefined || this.#fullDay !== this.#today) return this.#failure;
    return `Reports in ${this.#path} have no room for all of today`;
  }

  /** Lines that are not in reports. */
  get lost(): number {
    return this.#lost;
  }

  /** Keeps a line, once it is written. */
  add(line: ReportLine): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(line);
    else this.#lost++;
  }

  /** A line that is not to be kept. */
  refuse(): void {
    this.#lost++;
  }

  /**
   * Writes what waits, unless a write is under way.
   * @param open the lines that end what is under way
   */
  save(open: readonly ReportLine[]): void {
    if (!this.#isBusy) void this.#save(open);
  }

  /**
   * The lines from the day of `fromMs` on, some at a time, with those that waited.
   * @throws what the disk says
   */
  async *read(fromMs: number): AsyncGenerator<readonly ReportLine[]> {
    await this.#busy;
    const waiting = [...this.#waiting];
    yield* this.#days.read(fromMs);
    yield waiting;
  }

  /** Writes what waits; a disk that hangs does not hold up what stops after it. */
  async close(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(CLOSING_MS, resolve);
    await Promise.race([this.#busy.then(() => this.#save([])), late]);
    timer.cancel();
  }

  /** Ends what was under way when the process died. */
  async #restore(): Promise<void> {
    try {
      const text = await readSmallTextFile(this.#openPath, MAX_OPEN_BYTES);
      const lines = text.split("\n").map(parseLine).filter((line) => line !== undefined);
      this.#waiting = [...lines, ...this.#waiting];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) this.#hasOpen = false;
      else this.#fail(error);
    }
  }

  #save(open: readonly ReportLine[]): Promise<void> {
    this.#isBusy = true;
    return this.#busy = this.#write(open).finally(() => this.#isBusy = false);
  }

  async #write(open: readonly ReportLine[]): Promise<void> {
    const lines = [...this.#waiting];
    try {
      const full = await this.#days.append(lines);
      this.#waiting.splice(0, lines.length);
      if (full > 0) this.#noteFull(full);
      await this.#writeOpen(open);
      await this.#prune();
      this.#failure = undefined;
    } catch (error) {
      this.#fail(error);
    }
  }

  async #writeOpen(open: readonly ReportLine[]): Promise<void> {
    if (open.length > 0) {
      const text = open.map(formatLine).join("");
      await Deno.mkdir(this.#path, { recursive: true, mode: 0o700 });
      await Deno.writeTextFile(`${this.#openPath}.new`, text, { mode: 0o600 });
      await Deno.rename(`${this.#openPath}.new`, this.#openPath);
    } else if (this.#hasOpen) await removeIfThere(this.#openPath);
    this.#hasOpen = open.length > 0;
  }

  async #prune(): Promise<void> {
    const now = this.#clock.monotonic();
    if (now - this.#prunedAt < PRUNE_MS) return;
    await this.#days.prune(this.#clock.now());
    this.#prunedAt = now;
  }

  get #today(): number {
    return Math.floor(this.#clock.now() / DAY_MS);
  }

  #noteFull(lines: number): void {
    this.#lost += lines;
    if (this.#fullDay === this.#today) return;
    this.#fullDay = this.#today;
    logger.warn("{problem}", { problem: this.problem });
  }

  #fail(error: unknown): void {
    const failed = this.#failure !== undefined;
    this.#failure = `Cannot write reports to ${this.#path}: ${String(error)}`;
    if (!failed) logger.warn("{problem}", { problem: this.#failure });
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
