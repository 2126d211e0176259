/** Files of the archive, with what the disk tells of them. */
import { getLogger } from "@logtape/logtape";
import type { RecordingFile } from "./file_names.ts";
import { identityOf } from "./files.ts";

const logger = getLogger(["echo", "record"]);

/** A file with what the folder knows of it. */
export interface StoredFile extends RecordingFile {
  readonly bytes: number;
  /** When it was last written to, in milliseconds since the epoch. */
  readonly changedAt: number;
  /** See {@link identityOf}. */
  readonly identity: string;
}

/** Looks at a file; `undefined` where that cannot be done. @param folder the archive's */
export async function storedFile(
  folder: string,
  file: RecordingFile,
): Promise<StoredFile | undefined> {
  try {
    const info = await Deno.stat(`${folder}/${file.file}`);
    const { size, mtime } = info;
    return {
      ...file,
      bytes: size,
      changedAt: mtime?.getTime() ?? 0,
      identity: identityOf(info),
    };
  } catch (error) {
    // Most often it was renamed or removed since the folder was read.
    logger.debug("Cannot look at {file}: {error}", { file: file.file, error: String(error) });
    return undefined;
  }
}
