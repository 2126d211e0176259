import { FileError } from "../disk/small_file.ts";
import { readRecording, type Recording } from "../mp4/recording.ts";
import { drive } from "./drive.ts";
import { attributes, messageOf } from "./files.ts";

/** What stands under a recording's name, whoever put it there. */
export interface Inspected {
  /** When it began, or was last changed where it is no recording; in milliseconds since the epoch. */
  readonly startTime: number;
  /** Why it is no recording, in words; `undefined` where it is one. */
  readonly problem: string | undefined;
}

/** Looks at what has a name; `undefined` where nothing has it. Rejects where the folder is at fault. */
export async function inspect(path: string): Promise<Inspected | undefined> {
  const there = await attributes(path);
  if (there === undefined) return undefined;
  try {
    // To open a pipe would be to wait for who writes to it.
    if (!there.isFile) throw new FileError("it is no file");
    using handle = await Deno.open(path);
    return { startTime: (await readFrom(handle)).startTime, problem: undefined };
  } catch (error) {
    return { startTime: there.mtime?.getTime() ?? 0, problem: messageOf(error) };
  }
}

/** Reads what a finished recording is. @throws {Mp4Error} where it is none of Echo's, or damaged */
export async function readFrom(handle: Deno.FsFile): Promise<Recording> {
  return await drive(handle, readRecording((await handle.stat()).size));
}
