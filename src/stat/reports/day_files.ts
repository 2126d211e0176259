/** A file of lines for each day (UTC), and no more of them than there is to be. */
import { getLogger } from "@logtape/logtape";
import { formatLine, parseLine, type ReportLine } from "./report_line.ts";

const logger = getLogger(["echo", "stat"]);

const DAY_MS = 86_400_000;
/** How long lines are kept. */
export const KEEP_DAYS = 400;
/** The clock is believed once there were shows for so long up to now, with no pause that is longer. */
const PROOF_DAYS = 31;
/** Of one day. */
export const MAX_DAY_BYTES = 16 * 1024 * 1024;
/** Titles fill a day so far, so that shows still have room. */
export const MAX_TITLE_BYTES = 12 * 1024 * 1024;
/** The oldest days go while all together have more. */
export const MAX_BYTES = 256 * 1024 * 1024;

const CHUNK_BYTES = 64 * 1024;
/** Longer than any line that is written. */
const MAX_LINE = 8192;
const LINE_END = 0x0a;

const encoder = new TextEncoder();

/** Files of lines, by day, in a folder. Only who runs the server may read them. */
export class DayFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Adds lines to the days that they are of, as far as these have room.
   * @returns how many had none
   */
  async append(lines: readonly ReportLine[]): Promise<number> {
    let left = 0;
    for (const [day, ofDay] of Map.groupBy(lines, ({ at }) => dayOf(at))) {
      left += await this.#append(this.#path(day), ofDay);
    }
    return left;
  }

  /** The lines of all days, the oldest day first, from that of `fromMs` on, some at a time. */
  async *read(fromMs: number): AsyncGenerator<readonly ReportLine[]> {
    const from = dayOf(fromMs);
    for (const day of (await this.#days()).filter((day) => day >= from)) {
      yield* readLines(this.#path(day));
    }
  }

  /**
   * Removes the days that are too old by now, unless the clock may be wrong, and the oldest where all
   * together are too large.
   */
  async prune(nowMs: number): Promise<void> {
    const newestFirst = (await this.#days()).reverse();
    const oldest = dayOf(nowMs - KEEP_DAYS * DAY_MS);
    const isBelieved = reachesBack(newestFirst, nowMs);
    let bytes = 0;
    for (const day of newestFirst) {
      const path = this.#path(day);
      bytes += (await Deno.stat(path)).size;
      const isTooOld = isBelieved && day < oldest;
      if (bytes <= MAX_BYTES && !isTooOld) continue;
      await Deno.remove(path);
      if (isTooOld) continue;
      logger.warn("Removed {path}: reports of all days have more than {mebibytes} MiB", {
        ...{ path, mebibytes: MAX_BYTES / 1024 ** 2 },
      });
    }
  }

  async #append(path: string, lines: readonly ReportLine[]): Promise<number> {
    await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const options = { read: true, append: true, create: true, mode: 0o600 };
    using file = await Deno.open(path, options);
    const { size } = await file.stat();
    const { bytes, left } = fitting(lines, size, await isTorn(file, size));
    try {
      for (let written = 0; written < bytes.length;) {
        written += await file.write(bytes.subarray(written));
      }
    } catch (error) {
      // They will be written once more.
      await file.truncate(size);
      throw error;
    }
    return left;
  }

  /** The oldest first. */
  async #days(): Promise<string[]> {
    const days: string[] = [];
    try {
      for await (const { name } of Deno.readDir(this.#folder)) {
        const [, day] = FILE.exec(name) ?? [];
        if (day !== undefined) days.push(day);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return days.sort();
  }

  #path(day: string): string {
    return `${this.#folder}/${day}.jsonl`;
  }
}

const FILE = /^(\d{4}-\d\d-\d\d)\.jsonl$/;

function dayOf(ms: number): string {
  return new Date(Math.max(0, ms)).toISOString().slice(0, 10);
}

/**
 * Whether there is a day that is {@link PROOF_DAYS} old, and no pause since that is longer than that.
 * A clock that was set years ahead has none at first.
 */
function reachesBack(newestFirst: readonly string[], nowMs: number): boolean {
  const today = dayOf(nowMs);
  const daysBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / DAY_MS;
  let since = today;
  for (const day of newestFirst) {
    if (day > today) continue;
    if (daysBetween(day, since) > PROOF_DAYS) return false;
    since = day;
    if (daysBetween(since, today) >= PROOF_DAYS) return true;
  }
  return false;
}

/** What of `lines` has room in a file of that size. */
function fitting(
  lines: readonly ReportLine[],
  size: number,
  isTorn: boolean,
): { bytes: Uint8Array; left: number } {
  let used = size;
  let text = isTorn ? "\n" : "";
  let left = 0;
  for (const line of lines) {
    const added = formatLine(line);
    const after = used + encoder.encode(added).length;
    if (after > (line.kind === "title" ? MAX_TITLE_BYTES : MAX_DAY_BYTES)) {
      left++;
      continue;
    }
    used = after;
    text += added;
  }
  return { bytes: encoder.encode(text), left };
}

/** Whether its last line was not written to its end. */
async function isTorn(file: Deno.FsFile, size: number): Promise<boolean> {
  if (size === 0) return false;
  await file.seek(size - 1, Deno.SeekMode.Start);
  const last = new Uint8Array(1);
  await file.read(last);
  return last[0] !== LINE_END;
}

/**
 * The lines of a file that can be read, of those that are whole. Each part of the file takes a moment,
 * so that nothing else waits for long.
 */
async function* readLines(path: string): AsyncGenerator<readonly ReportLine[]> {
  using file = await openDay(path);
  if (file === undefined) return;
  const chunk = new Uint8Array(CHUNK_BYTES);
  const decoder = new TextDecoder();
  let open = "";
  let bad = 0;
  for (;;) {
    const count = await file.read(chunk);
    if (count === null) break;
    const texts = (open + decoder.decode(chunk.subarray(0, count), { stream: true })).split("\n");
    // What is no line of ours may have no end.
    open = texts.pop()?.slice(0, MAX_LINE) ?? "";
    const written = texts.filter((text) => text !== "");
    const lines = written.map(parseLine).filter((line) => line !== undefined);
    bad += written.length - lines.length;
    yield lines;
  }
  if (bad > 0) logger.warn("Cannot read {bad} lines of {path}: they are left out", { bad, path });
}

/** @returns `undefined` where it was removed since it was listed */
async function openDay(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
