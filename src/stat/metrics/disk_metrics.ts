/** Metrics of the disks on which HLS and recordings are. */
import { Gauge, type Registry } from "prom-client";
import type { Clock } from "../../session/clock.ts";
import { spaceAt } from "../disk_space.ts";

const SAMPLE_MS = 15_000;

/**
 * Free space and size of the disks behind `folders`. They are looked at every 15 s, so that a disk
 * that hangs does not hold up who collects it.
 * @param folders paths by what they are for; they need not exist yet
 * @returns a function that ends the sampling
 */
export function registerDiskMetrics(
  registry: Registry,
  clock: Clock,
  folders: Readonly<Record<string, string>>,
): () => void {
  const gauge = (name: string, help: string) => {
    return new Gauge({ name, help, labelNames: ["folder"], registers: [registry] });
  };
  const free = gauge("echo_disk_free_bytes", "Free space where the folder is");
  const size = gauge("echo_disk_size_bytes", "Size of the disk where the folder is");
  const sampling = new Set<string>();
  const sample = async (folder: string, path: string) => {
    if (sampling.has(folder)) return;
    sampling.add(folder);
    const space = await spaceAt(path);
    sampling.delete(folder);
    if (space === undefined) {
      free.remove({ folder });
      size.remove({ folder });
    } else {
      free.set({ folder }, space.free);
      size.set({ folder }, space.size);
    }
  };
  const sampleAll = () => {
    for (const [folder, path] of Object.entries(folders)) sample(folder, path);
  };
  sampleAll();
  const timer = clock.every(SAMPLE_MS, sampleAll);
  return () => timer.cancel();
}
