import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { Gauge, type Registry } from "prom-client";
import type { Clock } from "../session/clock.ts";

const SAMPLE_MS = 15_000;

/**
 * Free space of the disks behind `folders`. It is looked at every 15 s, so that a disk that hangs
 * does not hold up who collects it.
 * @param folders paths by what they are for; they need not exist yet
 * @returns a function that ends the sampling
 */
export function registerDiskMetrics(
  registry: Registry,
  clock: Clock,
  folders: Readonly<Record<string, string>>,
): () => void {
  const free = new Gauge({
    name: "echo_disk_free_bytes",
    help: "Free space where the folder is",
    labelNames: ["folder"],
    registers: [registry],
  });
  const sampling = new Set<string>();
  const sample = async (folder: string, path: string) => {
    if (sampling.has(folder)) return;
    sampling.add(folder);
    const bytes = await freeBytes(path);
    if (bytes === undefined) free.remove({ folder });
    else free.set({ folder }, bytes);
    sampling.delete(folder);
  };
  const sampleAll = () => {
    for (const [folder, path] of Object.entries(folders)) sample(folder, path);
  };
  sampleAll();
  const timer = clock.every(SAMPLE_MS, sampleAll);
  return () => timer.cancel();
}

/** `undefined` where the disk does not say. */
async function freeBytes(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    const parent = dirname(path);
    return parent === path ? undefined : await freeBytes(parent);
  }
}
