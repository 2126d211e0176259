/**
 * What recordings are called in a bucket: `PREFIX/NAME/20261123T141200Z.mp4`, and with `-2` before
 * the extension for the second one that began in that second.
 *
 * @module
 */
import { datedFile, parseFileName } from "../record/file_names.ts";

/** What tells recordings from each other, wherever they are. */
export interface RecordingId {
  /** The broadcast's name. */
  readonly name: string;
  /** When it began, in milliseconds since the epoch, to the second. */
  readonly startTime: number;
  /** Tells those apart that began in the same second; counts from 1. */
  readonly count: number;
}

/** The key of a recording. @param prefix without a slash at its end; it may be empty */
export function keyOf(prefix: string, { name, startTime, count }: RecordingId): string {
  const dated = datedFile(name, startTime, count).slice(name.length + 1);
  return `${folderOf(prefix)}${name}/${dated}`;
}

/** What a recording is called as a file, `NAME.20261123T141200Z.mp4`, by its key. */
export function fileOfKey(prefix: string, key: string): string | undefined {
  const folder = folderOf(prefix);
  if (!key.startsWith(folder)) return undefined;
  const [name, dated, ...more] = key.slice(folder.length).split("/");
  const file = `${name}.${dated}`;
  return dated !== undefined && more.length === 0 && recordingOf(file) !== undefined
    ? file
    : undefined;
}

/** The recording that a file is by its name; `undefined` where that has no time in it. */
export function recordingOf(file: string): RecordingId | undefined {
  const { name, startTime, count, state } = parseFileName(file) ?? {};
  if (name === undefined || startTime === undefined || count === undefined) return undefined;
  return state === "finished" ? { name, startTime, count } : undefined;
}

/** What all keys of recordings begin with. */
export function folderOf(prefix: string): string {
  return prefix === "" ? "" : `${prefix}/`;
}
