/** The inputs that once showed a fault, as files: `TARGET-KIND-DIGEST.bin`. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Finding } from "./fuzzer.ts";

/** Where they are. */
export const CRASHES_FOLDER = fileURLToPath(new URL("./crashes", import.meta.url));

const FILE = /^(\w+)-(exception|slow|memory|hang)-[0-9a-f]{8}\.bin$/;

/** An input that once showed a fault. */
export interface Crash {
  readonly file: string;
  readonly target: string;
  readonly input: Uint8Array;
}

/** Writes the input of a finding. @returns the file's path */
export async function saveCrash({ target, kind, input }: Finding): Promise<string> {
  await Deno.mkdir(CRASHES_FOLDER, { recursive: true });
  const digest = createHash("sha256").update(input).digest("hex").slice(0, 8);
  const path = `${CRASHES_FOLDER}/${target}-${kind}-${digest}.bin`;
  await Deno.writeFile(path, input);
  return path;
}

/** Reads all inputs that were kept. */
export async function readCrashes(): Promise<Crash[]> {
  const crashes: Crash[] = [];
  for await (const { name: file } of Deno.readDir(CRASHES_FOLDER)) {
    const target = FILE.exec(file)?.[1];
    if (target === undefined) continue;
    crashes.push({ file, target, input: await Deno.readFile(`${CRASHES_FOLDER}/${file}`) });
  }
  return crashes.sort((a, b) => a.file < b.file ? -1 : 1);
}
