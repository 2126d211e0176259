/** The benchmark `flood`: publishers beside listeners who ask as fast as they are answered. */
import { type HttpLoadResult, loadNotes, rateOf, runHttpLoad } from "./http_load.ts";
import { type IngestResult, measureIngest } from "./ingest.ts";
import { deliveryFigures, ingestNotes, loadFigures } from "./ingest_report.ts";
import { LivePaths } from "./listened_files.ts";
import { ListenerWatch, type Listings } from "./listener_watch.ts";
import type { BenchmarkOptions } from "./options.ts";
import { checkOpenFileLimit } from "./process_usage.ts";
import type { Figure, Report } from "./report.ts";
import { rtmpLoad } from "./rtmp.ts";

const PUBLISHERS = 100;
const CONNECTIONS = 1000;
/** Shorter than segments are kept, so that all frames can be counted. */
const SECONDS = 30;
const WARM_UP_SECONDS = 20;
/** Beside listeners: publishers, files, the runtime's own. */
const OTHER_FILES = 500;

/** What listeners cost DJs, and DJs listeners: the same flood with and without publishers. */
export async function flood(options: BenchmarkOptions): Promise<Report> {
  const { numbers } = options;
  const [publishers = PUBLISHERS, connections = CONNECTIONS, seconds = SECONDS] = numbers;
  const busy = await floodOnce(publishers, connections, seconds, options);
  const quiet = await floodOnce(1, connections, seconds, options);
  const { result, answers, listings } = busy;
  const { cpu, memory } = result.usage;
  return {
    title: `flood: ${publishers} RTMP publishers, ${connections} connections that ask for ` +
      `playlists and segments, ${seconds} s`,
    figures: [
      ...answerFigures("answers", answers),
      ...answerFigures("answers without publishers", quiet.answers),
      {
        what: "… with publishers, of that",
        value: rateOf(answers) / rateOf(quiet.answers),
        unit: "",
        digits: 2,
      },
      { what: "CPU of the server", value: cpu.all, unit: "% of core", digits: 1 },
      { what: "resident memory, peak", value: memory.peak, unit: "MiB" },
      ...deliveryFigures(result),
      ...listingFigures(listings),
      ...loadFigures(result),
    ],
    notes: [
      "without publishers: with one, so that there is something to ask for",
      "playlists late by HTTP: asked for more than half a segment after a segment was due that is " +
      "not in it",
      ...loadNotes([answers, quiet.answers]),
      ...ingestNotes(result),
    ],
  };
}

interface Flood {
  readonly result: IngestResult;
  readonly answers: HttpLoadResult;
  readonly listings: Listings;
}

async function floodOnce(
  publishers: number,
  connections: number,
  seconds: number,
  { warmUpSeconds = WARM_UP_SECONDS, ...options }: BenchmarkOptions,
): Promise<Flood> {
  const found: { answers?: HttpLoadResult; listings?: Listings } = {};
  const result = await measureIngest({
    loads: [rtmpLoad(publishers)],
    seconds,
    env: { ECHO_ENABLED: "0" },
    options: { ...options, warmUpSeconds },
    counted: publishers,
    meanwhile: async ({ pid, ports, hlsFolder }, names) => {
      checkOpenFileLimit(pid, "the server", connections + 2 * publishers + OTHER_FILES);
      const paths = new LivePaths(hlsFolder, names, `${hlsFolder}/../paths`);
      const watch = new ListenerWatch(ports.hls, names);
      await paths.start();
      watch.start();
      const pathsFile = paths.file;
      found.answers = await runHttpLoad({ port: ports.hls, connections, seconds, pathsFile });
      found.listings = await watch.stop();
      await paths.stop();
    },
  });
  const { answers, listings } = found;
  if (answers === undefined || listings === undefined) throw new Error("Cannot tell: no flood");
  return { result, answers, listings };
}

function answerFigures(what: string, answers: HttpLoadResult): Figure[] {
  return [
    { what, value: rateOf(answers), unit: "a second" },
    { what: "… p50", value: answers.p50Ms, unit: "ms", digits: 1 },
    { what: "… p99", value: answers.p99Ms, unit: "ms", digits: 1 },
    { what: "… failures", value: answers.failures, unit: "", budget: 0 },
  ];
}

function listingFigures({ asked, late, failed, worstMs }: Listings): Figure[] {
  return [
    { what: "playlists asked for by HTTP beside it", value: asked, unit: "" },
    { what: "… late", value: late, unit: "", budget: 0 },
    { what: "… failed", value: failed, unit: "", budget: 0 },
    { what: "… longest that a segment was due", value: worstMs, unit: "ms" },
  ];
}
