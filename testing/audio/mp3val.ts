/** mp3val, which checks files of MP3 frame by frame. */

/** What it says of every stream: only files have such headers and tags. */
const OF_EVERY_STREAM = [/VBR detected, but no VBR header is present/, /No supported tags/];

/** What it has to complain about in a file; `undefined` where it is not installed. */
export async function mp3valWarnings(file: string): Promise<string[] | undefined> {
  try {
    const { stdout } = await new Deno.Command("mp3val", { args: [file] }).output();
    return new TextDecoder().decode(stdout).split(/\r?\n/).filter((line) => {
      return /^(?:WARNING|ERROR)/.test(line) && !OF_EVERY_STREAM.some((usual) => usual.test(line));
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
