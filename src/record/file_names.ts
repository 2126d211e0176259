/**
 * What files in the archive's folder are called. NAME is a broadcast's name, which has no dot:
 *
 * ```
 * NAME.mp4                             the last finished recording of the name
 * NAME.20261123T141200Z.mp4            an earlier one, by the time it began (UTC)
 * NAME.20261123T141200Z.mp4.part       one that is not finished
 * NAME.20261123T141200Z.mp4.damaged    one of which nothing can be made, kept as long as others
 * NAME.20261123T141200Z-2.mp4          the second one that began in that second
 * ```
 *
 * @module
 */

/** What a file's name tells of a recording. */
export interface RecordingFile {
  readonly file: string;
  /** The broadcast's name. */
  readonly name: string;
  /** When it began, in milliseconds since the epoch; `undefined` for the last finished one. */
  readonly startTime: number | undefined;
  /** Tells recordings apart that began in the same second; counts from 1. */
  readonly count: number;
  readonly state: FileState;
}

/** The state of a recording, as far as its file's name tells it. */
export type FileState = "unfinished" | "finished" | "damaged";

/** What the name of a recording that is not finished ends with. */
export const PART = ".part";

/** What the name of a file ends with of which no recording can be made. */
export const DAMAGED = ".damaged";

/** Reads a file's name; `undefined` where it is not that of a recording. */
export function parseFileName(file: string): RecordingFile | undefined {
  const match = FILE.exec(file);
  if (match === null) return undefined;
  const [, name = "", year, month, day, hour, minute, second, count, ending = ""] = match;
  const startTime = year === undefined
    ? undefined
    : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const state = STATES[ending];
  if (state === undefined || Number.isNaN(startTime)) return undefined;
  if (state !== "finished" && startTime === undefined) return undefined;
  return { file, name, startTime, count: Number(count ?? 1), state };
}

/** The name of the last finished recording of `name`. */
export function latestFile(name: string): string {
  return `${name}.mp4`;
}

/**
 * The name of one of several recordings.
 * @param startTime milliseconds since the epoch
 * @param count tells those apart that began in the same second, from 1
 */
export function datedFile(name: string, startTime: number, count: number): string {
  const time = new Date(startTime).toISOString().replace(/[-:]|\.\d+/g, "");
  return `${name}.${time}${count > 1 ? `-${count}` : ""}.mp4`;
}

/** For sorting: by the time they began, those of the same second by their number. */
export function byStart(a: RecordingFile, b: RecordingFile): number {
  return (a.startTime ?? Infinity) - (b.startTime ?? Infinity) || a.count - b.count;
}

const FILE =
  /^([A-Za-z0-9_-]{1,128})(?:\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:-([1-9]\d{0,3}))?)?\.mp4(\.part|\.damaged)?$/;

const STATES: Readonly<Record<string, FileState>> = {
  "": "finished",
  [PART]: "unfinished",
  [DAMAGED]: "damaged",
};
