/** The benchmark `rtmp`: many publishers by RTMP. */
import { measureIngest, type PublisherLoad } from "./ingest.ts";
import { ingestFigures, ingestNotes } from "./ingest_report.ts";
import type { BenchmarkOptions } from "./options.ts";
import type { Report } from "./report.ts";
import { SecureDoors } from "./secure_doors.ts";

const STREAMS = 500;
const SECONDS = 60;

/** RTMP publishers of 128 kb/s, 2 s segments to memory and disk. */
export async function rtmp(options: BenchmarkOptions): Promise<Report> {
  const { numbers: [streams = STREAMS, seconds = SECONDS], record, watched, tls } = options;
  await using secure = tls ? await SecureDoors.open() : undefined;
  const result = await measureIngest({
    loads: [secure === undefined ? rtmpLoad(streams) : rtmpsLoad(streams, secure)],
    seconds,
    env: { ECHO_ENABLED: "0", RECORD_ENABLED: record ? "1" : "0", ...secure?.env },
    options,
  });
  const budget = streams === STREAMS && !record && !tls ? { cpu: 60, memory: 320 } : undefined;
  return {
    title: `rtmp: ${streams} publishers, 128 kb/s, 2 s segments, ${seconds} s` +
      (record ? ", recorded" : "") + (tls ? ", over TLS" : "") + (watched ? ", watched" : ""),
    figures: ingestFigures(result, budget),
    notes: ingestNotes(result),
  };
}

/** The same over TLS. */
function rtmpsLoad(streams: number, { ports, rootFile }: SecureDoors): PublisherLoad {
  return { ...rtmpLoad(streams), args: () => [`${ports.rtmps}`, `${streams}`, rootFile] };
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
