/** Looks at files that may be recordings. */
import { FileError } from "../disk/small_file.ts";
import { readRecording, type Recording } from "../mp4/recording.ts";
import { drive } from "./drive.ts";
import { attributes, messageOf } from "./files.ts";

/** What has the name of a recording, whoever put it there. */
export interface Inspected {
  /**
   * When the recording began, or else when the file was changed; in milliseconds since the epoch.
   */
  readonly startTime: number;
  /** Why it is no recording, in words; `undefined` where it is one. */
  readonly problem: string | undefined;
}

/**
 * Looks at what is at a path; `undefined` where nothing is. Rejects where the folder is at fault.
 */
export async function inspect(path: string): Promise<Inspected | undefined> {
  const there = await attributes(path);
  if (there === undefined) return undefined;
  try {
    // To open a pipe is to wait for somebody who writes to it.
    if (!there.isFile) throw new FileError("it is no file");
    using handle = await Deno.open(path);
    return { startTime: (await readFrom(handle)).startTime, problem: undefined };
  } catch (error) {
    return { startTime: there.mtime?.getTime() ?? 0, problem: messageOf(error) };
  }
}

/** Describes a finished recording. @throws {Mp4Error} where it is none of Echo's, or damaged */
export async function readFrom(handle: Deno.FsFile): Promise<Recording> {
  return await drive(handle, readRecording((await handle.stat()).size));
}
