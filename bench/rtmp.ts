/** The benchmark `rtmp`: many publishers by RTMP. */
import { measureIngest } from "./ingest.ts";
import type { BenchmarkOptions } from "./options.ts";
import type { Report } from "./report.ts";

const STREAMS = 500;
const SECONDS = 60;

/** RTMP publishers of 128 kb/s, 2 s segments to memory and disk. */
export async function rtmp(options: BenchmarkOptions): Promise<Report> {
  const { numbers: [streams = STREAMS, seconds = SECONDS], record, watched } = options;
  return await measureIngest({
    title: `rtmp: ${streams} publishers, 128 kb/s, 2 s segments, ${seconds} s` +
      (record ? ", recorded" : "") + (watched ? ", watched" : ""),
    streams,
    seconds,
    script: "rtmp_load.ts",
    args: ({ ports }) => [`${ports.rtmp}`, `${streams}`],
    env: { ECHO_ENABLED: "0", RECORD_ENABLED: record ? "1" : "0" },
    options,
    budget: streams === STREAMS && !record ? { cpu: 60, memory: 320 } : undefined,
  });
}
