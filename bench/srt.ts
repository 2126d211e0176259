/** The benchmarks `srt`, `srt-adts` and `srt-ports`: many publishers by SRT. */
import { measureIngest, type PublisherLoad } from "./ingest.ts";
import { ingestFigures, ingestNotes } from "./ingest_report.ts";
import type { BenchmarkOptions } from "./options.ts";
import type { Report } from "./report.ts";
import type { SrtForm } from "./srt_load.ts";

const STREAMS = 100;
const SECONDS = 60;

/** The load generator asks for ports with it. */
const TOKEN = "bench";

/** SRT publishers of MPEG-TS, 128 kb/s, 2 s segments to memory and disk. */
export function srt(options: BenchmarkOptions): Promise<Report> {
  return measure("mpegts", "MPEG-TS on the shared port", options, { cpu: 30, memory: 180 });
}

/** The same of ADTS. */
export function srtAdts(options: BenchmarkOptions): Promise<Report> {
  return measure("adts", "ADTS on the shared port", options, { cpu: 60, memory: 200 });
}

/** The same, on a port for each. */
export function srtPorts(options: BenchmarkOptions): Promise<Report> {
  return measure("adts-ports", "ADTS on a port each", options, { cpu: 80, memory: 260 });
}

/** SRT publishers of 128 kb/s, whose streams are PREFIX-0 and so on. */
export function srtLoad(form: SrtForm, streams: number, prefix: string): PublisherLoad {
  return {
    streams,
    script: "srt_load.ts",
    prefix,
    args: ({ srt, control }) => [form, `${srt}`, `${control}`, `${streams}`, TOKEN, prefix],
  };
}

async function measure(
  form: SrtForm,
  what: string,
  options: BenchmarkOptions,
  budget: { readonly cpu: number; readonly memory: number },
): Promise<Report> {
  const { numbers: [streams = STREAMS, seconds = SECONDS], record } = options;
  const ofPorts = {
    ECHO_AUTH: "key", // in `open`, 4 sessions of an address may wait
    ECHO_BEARER_TOKEN: TOKEN,
    ECHO_SRT_MAX_WAITING: `${streams}`,
  };
  const result = await measureIngest({
    loads: [srtLoad(form, streams, "bench")],
    seconds,
    env: { RECORD_ENABLED: record ? "1" : "0", ...(form === "adts-ports" ? ofPorts : {}) },
    options,
  });
  return {
    title: `srt: ${streams} publishers of ${what}, 128 kb/s, 2 s segments, ${seconds} s` +
      (record ? ", recorded" : ""),
    figures: ingestFigures(result, streams === STREAMS && !record ? budget : undefined),
    notes: ingestNotes(result),
  };
}
