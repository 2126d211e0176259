/** Makes sure that there are file descriptors for a thread. */
import { isShortage } from "../../listening/listening_sockets.ts";

/**
 * Deno crashes where a thread starts and no file descriptor is left.
 * @throws {Error} of the system, where too few are left
 */
export function requireDescriptors(): void {
  const open: Deno.FsFile[] = [];
  try {
    while (open.length < DESCRIPTORS) open.push(Deno.openSync(Deno.execPath()));
  } catch (error) {
    // Where the file is not there any more, nothing is known.
    if (error instanceof Error && isShortage(error.message)) throw error;
  } finally {
    for (const file of open) file.close();
  }
}

/** A thread takes seven, and a few more while it starts. */
const DESCRIPTORS = 16;
