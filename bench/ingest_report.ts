/** What is told of a server that took many publishers. */
import { LATE_MS } from "./hls_watch.ts";
import type { IngestResult } from "./ingest.ts";
import type { Figure } from "./report.ts";

/** What the server may use: percent of a core, and MiB. */
export interface IngestBudget {
  readonly cpu: number;
  readonly memory: number;
}

/** All figures. @param budget `undefined` for a load that none is set for */
export function ingestFigures(result: IngestResult, budget?: IngestBudget): Figure[] {
  const { usage: { cpu, memory }, sample } = result;
  const core = "% of core";
  return [
    { what: "CPU of the server", value: cpu.all, unit: core, budget: budget?.cpu, digits: 1 },
    { what: "… of it in the kernel", value: cpu.system, unit: core, digits: 1 },
    { what: "resident memory, peak", value: memory.peak, unit: "MiB", budget: budget?.memory },
    { what: "resident memory, end", value: memory.now, unit: "MiB" },
    ...deliveryFigures(result),
    { what: "… of silence put in", value: sample.silent, unit: "" },
    ...loadFigures(result),
  ];
}

/** Whether the publishers kept their time: where they did not, the server is not to blame. */
export function loadFigures({ usage: { loadCpu }, ends }: IngestResult): Figure[] {
  const lagMs = Math.max(...ends.map(({ maxLagMs }) => maxLagMs));
  return [
    { what: "CPU of the load generator", value: loadCpu, unit: "% of core", digits: 1 },
    { what: "… behind its schedule, most", value: lagMs, unit: "ms" },
  ];
}

/** Whether all came through, and in time. */
export function deliveryFigures({ punctuality, sample }: IngestResult): Figure[] {
  return [
    { what: "segments written", value: punctuality.segments, unit: "" },
    { what: "segments late", value: punctuality.late, unit: "", budget: 0 },
    { what: "segments missing", value: punctuality.missing, unit: "", budget: 0 },
    { what: "playlists late", value: punctuality.listedLate, unit: "", budget: 0 },
    { what: "worst delay of a segment", value: punctuality.worstDelayMs, unit: "ms" },
    {
      what: "… from encoder to disk (sample)",
      value: sample.worstDelayMs,
      unit: "ms",
      budget: LATE_MS,
    },
    { what: `frames in ${sample.streams} streams`, value: sample.frames, unit: "" },
    { what: "… lost", value: sample.lost, unit: "", budget: 0 },
  ];
}

/** What a reader of the figures has to know. */
export function ingestNotes({ ends, complaints, watched }: IngestResult): string[] {
  const notes = [
    "late: written more than half a segment after its last sample was due, which is at " +
    "EXT-X-PROGRAM-DATE-TIME + EXTINF",
    "frames are counted in the segments that are still there at the end, those of about 50 s",
  ];
  for (const { failures, firstFailure } of ends) {
    if (failures > 0) notes.push(`${failures} writes failed, first: ${firstFailure}`);
  }
  if (complaints.length > 0) {
    notes.push(`the server complained ${complaints.length} times, first: ${complaints[0]}`);
  }
  if (watched !== undefined) notes.push(watched);
  return notes;
}
