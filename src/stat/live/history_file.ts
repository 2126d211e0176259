/** Keeps the last hour in a file, so that plots go on after a restart. */
import { getLogger } from "@logtape/logtape";
import { readSmallTextFile } from "../../disk/small_file.ts";
import { type Clock, type Timer, wallTimeOf } from "../../session/clock.ts";
import { type Columns, columnsOf, type History, HISTORY_SAMPLES, samplesOf } from "./history.ts";

const SAVE_MS = 60_000;
/** How long the last write may take. */
const CLOSING_MS = 2000;
const HOUR_MS = 3_600_000;
/** An hour of samples takes 40 to 80 kB. */
const MAX_FILE_BYTES = 512 * 1024;

const logger = getLogger(["echo", "stat"]);

export interface HistoryFileOptions {
  readonly clock: Clock;
  readonly history: History;
  /** Where the file is; its folder is made where it is missing. */
  readonly path: string;
}

/**
 * The file of a {@link History}. It is written once a minute and at the end, by rename, and waited for
 * by nobody. Only who runs the server may read it.
 */
export class HistoryFile {
  readonly #options: HistoryFileOptions;
  readonly #timer: Timer;
  /** The reading or writing under way. */
  #busy: Promise<void>;
  #isBusy = true;
  /** Whether the last write failed, which has been logged. */
  #fails = false;
  /** Resolves when what was kept is in the history. */
  readonly restored: Promise<void>;

  constructor(options: HistoryFileOptions) {
    this.#options = options;
    this.restored = this.#busy = this.#restore().finally(() => this.#isBusy = false);
    this.#timer = options.clock.every(SAVE_MS, () => {
      // A disk that hangs is asked once.
      if (!this.#isBusy) void this.#save();
    });
  }

  /** Writes it once more; a disk that hangs does not hold up what stops after it. */
  async close(): Promise<void> {
    this.#timer.cancel();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(CLOSING_MS, resolve);
    await Promise.race([this.#busy.then(() => this.#save()), late]);
    timer.cancel();
  }

  async #restore(): Promise<void> {
    const { clock, history, path } = this.#options;
    const startedAt = clock.monotonic();
    try {
      const columns = parseHistory(await readSmallTextFile(path, MAX_FILE_BYTES));
      const offsetMs = wallTimeOf(clock, 0);
      const samples = samplesOf(columns)
        .map((sample) => ({ ...sample, at: sample.at - offsetMs }))
        // Later ones are of a clock that was set back.
        .filter(({ at }) => at > startedAt - HOUR_MS && at <= startedAt);
      history.prepend(samples);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      logger.warn("{path} cannot be read, so the plots of the last hour begin anew: {error}", {
        ...{ path, error: String(error) },
      });
    }
  }

  #save(): Promise<void> {
    this.#isBusy = true;
    return this.#busy = this.#write().finally(() => this.#isBusy = false);
  }

  async #write(): Promise<void> {
    const { clock, history, path } = this.#options;
    const { at, ...columns } = history.columns;
    const text = JSON.stringify({ at: at.map((at) => wallTimeOf(clock, at)), ...columns });
    try {
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/") + 1) || ".", { recursive: true });
      await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
      await Deno.rename(`${path}.new`, path);
      this.#fails = false;
    } catch (error) {
      if (!this.#fails) {
        logger.warn("Cannot write {path}, so a restart ends the plots of the last hour: {error}", {
          ...{ path, error: String(error) },
        });
      }
      this.#fails = true;
    }
  }
}

/**
 * Reads what {@link HistoryFile} writes.
 * @throws {SyntaxError} where it is something else
 */
export function parseHistory(text: string): Columns {
  const value: unknown = JSON.parse(text);
  const kept: Readonly<Record<string, unknown>> = Object(value);
  const columns = columnsOf((field) => numbersOf(kept[field]));
  const { at } = columns;
  const isRising = at.every((time, i) => i === 0 || time > (at[i - 1] ?? time));
  if (!isRising || Object.values(columns).some(({ length }) => length !== at.length)) {
    throw new SyntaxError("Cannot parse a history: its columns do not belong together");
  }
  return columns;
}

function numbersOf(value: unknown): number[] {
  const isColumn = Array.isArray(value) && value.length <= HISTORY_SAMPLES &&
    value.every((it) => typeof it === "number");
  if (!isColumn) throw new SyntaxError("Cannot parse a history: expected columns of numbers");
  return value;
}
