/**
 * What is in a folder of log files.
 *
 * @module
 */

/** The files of `folder`, by name. */
export async function contents(folder: string): Promise<Record<string, string>> {
  const files: [string, string][] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile) files.push([name, await Deno.readTextFile(`${folder}/${name}`)]);
  }
  return Object.fromEntries(files.sort(([a], [b]) => a < b ? -1 : 1));
}
