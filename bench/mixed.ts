/** The benchmark `mixed`: publishers by RTMP and by SRT together. */
import { measureIngest } from "./ingest.ts";
import { ingestFigures, ingestNotes } from "./ingest_report.ts";
import type { BenchmarkOptions } from "./options.ts";
import type { Report } from "./report.ts";
import { rtmpLoad } from "./rtmp.ts";
import { srtLoad } from "./srt.ts";

const BY_RTMP = 1000;
const BY_SRT = 100;
const SECONDS = 60;

/** Publishers of 128 kb/s by RTMP, and by SRT on the shared port in MPEG-TS. */
export async function mixed(options: BenchmarkOptions): Promise<Report> {
  const { numbers: [byRtmp = BY_RTMP, bySrt = BY_SRT, seconds = SECONDS], record } = options;
  const result = await measureIngest({
    loads: [rtmpLoad(byRtmp), srtLoad("mpegts", bySrt, "srt")],
    seconds,
    env: { RECORD_ENABLED: record ? "1" : "0" },
    options,
  });
  return {
    title: `mixed: ${byRtmp} publishers by RTMP and ${bySrt} by SRT, 128 kb/s, 2 s segments, ` +
      `${seconds} s` + (record ? ", recorded" : ""),
    figures: ingestFigures(result),
    notes: ingestNotes(result),
  };
}
