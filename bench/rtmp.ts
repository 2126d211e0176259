/** The benchmark `rtmp`: many publishers by RTMP. */
import { measureIngest, type PublisherLoad } from "./ingest.ts";
import { ingestFigures, ingestNotes } from "./ingest_report.ts";
import type { BenchmarkOptions } from "./options.ts";
import type { Report } from "./report.ts";

const STREAMS = 500;
const SECONDS = 60;

/** RTMP publishers of 128 kb/s, 2 s segments to memory and disk. */
export async function rtmp(options: BenchmarkOptions): Promise<Report> {
  const { numbers: [streams = STREAMS, seconds = SECONDS], record, watched } = options;
  const result = await measureIngest({
    loads: [rtmpLoad(streams)],
    seconds,
    env: { ECHO_ENABLED: "0", RECORD_ENABLED: record ? "1" : "0" },
    options,
  });
  const budget = streams === STREAMS && !record ? { cpu: 60, memory: 320 } : undefined;
  return {
    title: `rtmp: ${streams} publishers, 128 kb/s, 2 s segments, ${seconds} s` +
      (record ? ", recorded" : "") + (watched ? ", watched" : ""),
    figures: ingestFigures(result, budget),
    notes: ingestNotes(result),
  };
}

/** RTMP publishers of 128 kb/s. */
export function rtmpLoad(streams: number): PublisherLoad {
  return {
    streams,
    script: "rtmp_load.ts",
    prefix: "bench",
    args: ({ rtmp }) => [`${rtmp}`, `${streams}`],
  };
}
