/** Folders of preroll. */
import { loadPreroll, type Preroll } from "../../src/hls/preroll.ts";
import { withFolder } from "../temporary_folder.ts";

/** What is to be in a folder, by the names of the files. */
export type PrerollFiles = Readonly<Record<string, Uint8Array | string>>;

/** Has `use` read a folder with these files. */
export async function withPrerollFolder(
  files: PrerollFiles,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    for (const [name, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    await use(folder);
  });
}

/** A preroll of these files, as it is loaded. */
export async function prerollOf(files: PrerollFiles): Promise<Preroll> {
  const loaded: Preroll[] = [];
  await withPrerollFolder(files, async (folder) => void loaded.push(await loadPreroll(folder)));
  const [preroll] = loaded;
  if (preroll === undefined) throw new Error("nothing was loaded");
  return preroll;
}
